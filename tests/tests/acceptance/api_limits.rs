//! The API at its bounds: many calls at once, bodies that are far too large, and contradictions to stored values.

use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::raw::RawReceiver;
use super::serve::{Serve, TOKEN};
use super::wire;

const URL: &str = "https://example.com/in";

#[test]
fn registrations_of_one_tenant_do_not_hinder_each_other() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let registration = json!({"url": URL, "events": ["*"]});
    let ids: Vec<String> = thread::scope(|scope| {
        let one = || serve.register(&registration).id;
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(move || (0..4).map(|_| one()).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(ids.len(), 64);
    thread::scope(|scope| {
        for id in &ids {
            let serve = &serve;
            scope.spawn(move || serve.call("DELETE", &format!("/webhooks/{id}"), "").expect(204));
        }
    });
    assert_eq!(serve.get("/webhooks")["data"], json!([]));
}

#[test]
fn registration_far_beyond_the_limits_is_refused_with_a_short_error() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let headers: serde_json::Map<String, Value> = (0..60_000).map(|n| (format!("X-{n}"), json!("v"))).collect();
    let rows = [
        (json!({"url": URL, "events": ["*"], "headers": headers}), "headers"),
        (json!({"url": URL, "events": vec!["a"; 100_000]}), "events"),
        (json!({"url": URL, "events": ["*"], "schedule": vec![1; 100_000]}), "schedule"),
        (json!({"url": format!("https://example.com/{}", "a".repeat(100_000)), "events": ["*"]}), "url"),
        (json!({"url": URL, "events": ["*"], "name": "n".repeat(100_000)}), "name"),
    ];
    for (registration, field) in rows {
        let problem =
            serve.call("POST", "/webhooks", &registration.to_string()).expect_problem(422, Some(field)).json();
        assert!(problem.to_string().len() < 2_000, "{field}: {problem}");
    }
    let pattern = json!({"url": URL, "events": [format!("*{}", "x".repeat(100_000))]});
    let problem = serve.call("POST", "/webhooks", &pattern.to_string()).expect_problem(422, Some("events[0]")).json();
    assert!(problem.to_string().len() < 2_000, "{problem}");
    let user = "u".repeat(257);
    let authorization = format!("Bearer {TOKEN}");
    let headers = [("Authorization", authorization.as_str()), ("X-User", user.as_str())];
    let registration = json!({"url": URL, "events": ["*"]}).to_string();
    let answer = wire::send(serve.address(), "POST", "/webhooks", &headers, &registration).unwrap();
    answer.expect_problem(422, Some("userId"));
    assert_eq!(serve.get("/webhooks")["data"], json!([]));
}

#[test]
fn headers_and_formats_agree() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "perfex-assets");
    let raw = RawReceiver::start();
    let headers = json!({"Signature": "mine", "X-Key": "k3y"});
    let webhook = serve.register(&json!({"url": raw.url("/"), "events": ["*"], "headers": headers}));
    let path = webhook.path.clone();
    let change = |body: Value| serve.call("PATCH", &path, &body.to_string());
    change(json!({"format": "perscom"})).expect_problem(422, Some("headers.Signature"));
    for reserved in ["Accept-Encoding", "content-length", "X-Asset-Webhook-Event"] {
        change(json!({"headers": {reserved: "x"}})).expect_problem(422, Some(&format!("headers.{reserved}")));
    }
    for value in ["a\nb", "a\u{0}", "é", "a\u{1} "] {
        change(json!({"headers": {"X-A": value}})).expect_problem(422, Some("headers.X-A"));
    }
    assert_eq!(serve.get(&path), {
        let mut shown = webhook.clone();
        shown.as_object_mut().unwrap().remove("secret");
        shown
    });
    // A shown webhook can be sent back. The mask stands for the stored value, and for no other.
    change(json!({"headers": {"X-Key": "********", "X-New": "n"}})).expect(200);
    change(json!({"headers": {"X-Other": "********"}})).expect_problem(422, Some("headers.X-Other"));
    serve.accept(&json!({"type": "asset.lost"}));
    let request = raw.next();
    assert_eq!((request.header("x-key"), request.header("x-new")), (Some("k3y"), Some("n")));
    request.answer(200);
    change(json!({"format": "perscom"})).expect(200);
}

#[test]
fn a_leaked_secret_can_always_be_replaced() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "perscom");
    let webhook = serve.register(&json!({"url": URL, "events": ["*"], "secret": "first-secret"}));
    let path = webhook.path.clone();
    let rotate = |body: Value| serve.call("POST", &format!("{path}/rotate-secret"), &body.to_string());
    for number in 2..=10 {
        rotate(json!({"secret": format!("secret-number-{number}")})).expect(200);
    }
    rotate(json!({})).expect_problem(409, None);
    let whsec = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
    rotate(json!({"secret": whsec, "overlapS": 0})).expect(200);
    // The old ones sign no more, so they need not fit another format.
    serve.call("PATCH", &path, r#"{"format":"standard"}"#).expect(200);
}

#[test]
fn a_payload_is_shown_as_it_leaves() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "perscom");
    let raw = RawReceiver::start();
    let post = serve.register(&json!({"url": raw.url("/"), "events": ["*"]}));
    let get = serve.register(&json!({"url": raw.url("/get"), "events": ["*"], "method": "GET"}));
    let message = serve.accept(&json!({"type": "user.created", "after": {"name": "Zoë/", "n": 1}}));
    let mut body = Vec::new();
    for _ in 0..2 {
        let request = raw.next();
        body.extend_from_slice(&request.body);
        request.answer(200);
    }
    for webhook in [&post, &get] {
        let path = format!("/messages/{message}/deliveries/{}/payload", webhook.id.as_str());
        assert_eq!(serve.call("GET", &path, "").expect(200).body.as_bytes(), body);
    }
    assert!(String::from_utf8(body).unwrap().contains(r"Zo\u00eb\/"));
    let path = format!("/messages/{message}/deliveries/wh_x/payload");
    serve.call("GET", &path, "").expect_problem(404, Some("webhookId"));
    serve.call("POST", &path, "").expect_problem(405, None);
}
