//! Retention, redaction and erasure.

use hookwright_host::receiver::{Receiver, Script};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::serve::{Serve, TOKEN, store};
use super::until;

#[test]
fn a_webhook_or_a_tenant_keeps_no_bodies() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let quiet = serve.register(&json!({"url": receiver.url("/"), "events": ["*"], "keepBodies": false}));
    assert_eq!(quiet["keepBodies"], false);
    let id = quiet.id.as_str();
    let message = serve.accept(&json!({"type": "a", "data": {"x": 1}}));
    assert_eq!(serve.wait_for_attempts(id, 1)[0]["responseExcerpt"], Value::Null);
    let payload = format!("/messages/{message}/deliveries/{id}/payload");
    serve.call("GET", &payload, "").expect_problem(409, None);
    assert_eq!(serve.message(&message)["event"]["data"], json!({"x": 1}));

    assert_eq!(serve.get("/settings"), json!({"keepBodies": true}));
    let changed = serve.call("PATCH", "/settings", r#"{"keepBodies":false}"#).expect(200).json();
    assert_eq!(changed, json!({"keepBodies": false}));
    assert_eq!(serve.get("/settings"), changed);
    assert_eq!(serve.call_for("other", "GET", "/settings", "").expect(200).json(), json!({"keepBodies": true}));
    assert_eq!(serve.message(&message)["event"], Value::Null);
    serve.update(id, &json!({"keepBodies":true}));
    serve.call("GET", &payload, "").expect_problem(409, None);
    serve.call("PATCH", "/settings", r#"{"keepBodies":1}"#).expect_problem(422, Some("keepBodies"));
    serve.call("POST", "/settings", "{}").expect_problem(405, None);
    serve.stop();
}

#[test]
fn messages_older_than_the_retention_are_removed() {
    let folder = TempDir::new().unwrap();
    let store = store(folder.path());
    let usual = ["--store", &store, "--token", TOKEN, "--allow-destination", "127.0.0.0/8"];
    let serve = Serve::start_with(&[&usual[..], &["--retention-s", "1"]].concat()).unwrap();
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let webhook = serve.register(&json!({"url": receiver.url("/"), "events": ["*"]}));
    let id = webhook.id.as_str();
    let event = json!({"type": "a", "id": "e1"});
    let message = serve.accept(&event);
    serve.wait_for_attempts(id, 1);
    let path = format!("/messages/{message}");
    until("the message goes", || (serve.call("GET", &path, "").status == 404).then_some(()));
    until("the index goes", || serve.attempts(id).is_empty().then_some(()));
    assert_eq!(serve.accept(&event), message, "the same id, and a new message");
    serve.wait_for_attempts(id, 1);
    serve.stop();
}

#[test]
fn a_subject_is_erased() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let webhook = serve.register(&json!({"url": receiver.url("/"), "events": ["*"]}));
    let id = webhook.id.as_str();
    let about =
        |subject: Value| json!({"type": "a", "subject": {"type": "asset", "id": subject}, "data": {"x": "needle"}});
    let gone = [serve.accept(&about(json!(7))), serve.accept(&about(json!("7")))];
    let stays = serve.accept(&about(json!(8)));
    serve.wait_for_attempts(id, 3);
    serve.call("POST", "/erase", r#"{"subject":{"type":"asset"}}"#).expect_problem(422, Some("subject.id"));
    serve.call("GET", "/erase", "").expect_problem(405, None);
    let path = serve.begin_job("/erase", r#"{"subject":{"type":"asset","id":7}}"#);
    let job = until("everything is removed", || Some(serve.get(&path)).filter(|job| job["detail"].is_string()));
    assert_eq!((&job["kind"], &job["affected"]), (&json!("erase"), &json!(2)), "{job}");
    for message in &gone {
        serve.call("GET", &format!("/messages/{message}"), "").expect_problem(404, Some("messageId"));
    }
    let attempts = serve.attempts(id);
    assert_eq!((attempts.len(), &attempts[0]["messageId"]), (1, &json!(stays)));
    serve.call_for("other", "GET", &path, "").expect_problem(404, None);
    serve.stop();
}
