//! Jobs over the real binary: what failed is sent again, what was missed is sent, what is removed is purged.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::raw::RawReceiver;
use super::serve::Serve;

#[test]
fn recover_sends_failed_and_replay_sends_missed_messages() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let raw = RawReceiver::start();
    let webhook = serve.register(&json!({"url": raw.url("/a"), "events": ["*"], "schedule": []}));
    let id = webhook.id.as_str();
    let message = serve.accept(&json!({"type": "a", "data": {"n": 1}}));
    let first = raw.next();
    let body = first.body.clone();
    first.answer(500);
    serve.wait_for_attempts(id, 1);

    let ever = r#"{"since":"1970-01-01T00:00:00Z"}"#;
    let answer = serve.call("POST", &format!("/webhooks/{id}/recover"), ever).expect(202);
    let job = answer.json();
    assert_eq!((&job["kind"], &job["state"], &job["webhookId"]), (&json!("recover"), &json!("running"), &json!(id)));
    let path = format!("/jobs/{}", job["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), Some(path.as_str()));
    let second = raw.next();
    assert_eq!((second.header("webhook-id"), &second.body), (Some(message.as_str()), &body));
    second.answer(200);
    let done = serve.wait_for_job(&path);
    assert_eq!((&done["state"], &done["affected"]), (&json!("done"), &json!(1)), "{done}");
    serve.wait_for_attempts(id, 2);
    serve.call("POST", &format!("{path}/cancel"), "").expect_problem(409, None);

    let later = serve.register(&json!({"url": raw.url("/b"), "events": ["*"]}));
    let later = later.id.as_str();
    let replay = serve.call("POST", &format!("/webhooks/{later}/replay"), ever).expect(202).json();
    let third = raw.next();
    assert_eq!((third.target.as_str(), &third.body), ("/b", &body));
    third.answer(200);
    let done = serve.wait_for_job(&format!("/jobs/{}", replay["id"].as_str().unwrap()));
    assert_eq!((&done["state"], &done["scanned"], &done["affected"]), (&json!("done"), &json!(1), &json!(1)), "{done}");
    let listed = serve.get("/jobs");
    let kinds: Vec<&Value> = listed["data"].as_array().unwrap().iter().map(|job| &job["kind"]).collect();
    assert_eq!(kinds, ["replay", "recover"], "{listed}");
    let page = serve.get("/jobs?limit=1");
    assert_eq!(page["nextCursor"], page["data"][0]["id"]);
    assert_eq!(serve.call_for("other", "GET", "/jobs", "").expect(200).json()["data"], json!([]));
    serve.call_for("other", "GET", &path, "").expect_problem(404, Some("jobId"));
}

#[test]
fn a_removed_webhook_is_purged_by_a_job() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let raw = RawReceiver::start();
    let webhook = serve.register(&json!({"url": raw.url("/a"), "events": ["*"], "schedule": [3600]}));
    let id = webhook.id.as_str();
    let message = serve.accept(&json!({"type": "a"}));
    raw.next().answer(500);
    serve.wait_for_attempts(id, 1);
    let removed = serve.call("DELETE", &format!("/webhooks/{id}"), "").expect(204);
    let path = removed.header("location").unwrap().to_owned();
    serve.call("POST", &format!("{path}/cancel"), "").expect_problem(409, None);
    let job = serve.wait_for_job(&path);
    assert_eq!((&job["kind"], &job["state"]), (&json!("purge"), &json!("done")));
    let attempts = serve.get(&format!("/messages/{message}/attempts"));
    let states: Vec<&Value> = attempts["data"].as_array().unwrap().iter().map(|attempt| &attempt["state"]).collect();
    assert_eq!(states, ["cancelled", "retrying"], "they stay with their message");
}

#[test]
fn invalid_jobs_are_refused() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let raw = RawReceiver::start();
    let webhook = serve.register(&json!({"url": raw.url("/a"), "events": ["*"], "isActive": false}));
    let path = format!("/webhooks/{}/recover", webhook.id.as_str());
    let ever = r#"{"since":"1970-01-01T00:00:00Z"}"#;
    serve.call("POST", &path, ever).expect_problem(409, Some("webhookId"));
    serve.call("POST", &path, "{}").expect_problem(422, Some("since"));
    serve.call("POST", &path, r#"{"since":"now"}"#).expect_problem(422, Some("since"));
    serve.call("POST", &path, "").expect_problem(400, None);
    serve.call("GET", &path, "").expect_problem(405, None);
    serve.call("POST", "/webhooks/wh_x/replay", ever).expect_problem(404, Some("webhookId"));
    serve.call("GET", "/jobs/job_x", "").expect_problem(404, Some("jobId"));
    serve.call("POST", "/jobs", "").expect_problem(405, None);
    serve.call("GET", "/jobs?cursor=x", "").expect_problem(422, Some("cursor"));
}
