//! Handing events over: one or many, once or again, good or bad.

use hookwright_host::receiver::{Receiver, Script};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::PATIENCE;
use super::serve::Serve;

#[test]
fn the_same_event_again_is_the_same_message() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    serve.register(&json!({"url": receiver.url("/"), "events": ["*"]}));
    let first = serve.accept(&json!({"type": "invoice.paid", "id": "evt-1", "data": {"amount": 1}}));
    let again = r#" { "data": {"amount":1}, "id":"evt-1", "type": "invoice.paid", "before": null } "#;
    let repeated = serve.call("POST", "/events", again).expect(202).json();
    assert_eq!(repeated, json!({"messageIds": [first]}));
    // Within one call as well, and after it has been delivered.
    assert!(receiver.wait_for(1, PATIENCE));
    let both = json!([serde_json::from_str::<Value>(again).unwrap(), {"type": "b"}, {"type": "c", "id": "evt-2"}]);
    let both = serve.call("POST", "/events", &both.to_string()).expect(202).json();
    let ids = both["messageIds"].as_array().unwrap();
    assert_eq!((ids.len(), &ids[0]), (3, &json!(first)));
    assert!(receiver.wait_for(3, PATIENCE));
    // The service has settled everything before it ends, so nothing else is on its way.
    serve.stop();
    let mut received: Vec<String> =
        receiver.received().iter().map(|request| request.header("webhook-id").unwrap().to_owned()).collect();
    let mut wanted: Vec<String> = ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    received.sort();
    wanted.sort();
    assert_eq!(received, wanted);
}

#[test]
fn the_same_id_with_another_content_is_refused() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let post = |events: Value| serve.call("POST", "/events", &events.to_string());
    post(json!({"type": "a", "id": "evt-1", "data": {"amount": 1}})).expect(202);
    for other in [
        json!({"type": "a", "id": "evt-1", "data": {"amount": 2}}),
        json!({"type": "b", "id": "evt-1", "data": {"amount": 1}}),
        json!({"type": "a", "id": "evt-1"}),
    ] {
        post(other).expect_problem(409, Some("id"));
    }
    let mixed = json!([{"type": "a", "id": "evt-2"}, {"type": "a", "id": "evt-1"}]);
    post(mixed).expect_problem(409, Some("events[1].id"));
    let twice = json!([{"type": "a", "id": "evt-3"}, {"type": "b", "id": "evt-3"}]);
    post(twice).expect_problem(409, Some("events[1].id"));
    // Nothing of those calls was accepted: the ids are still free.
    for id in ["evt-2", "evt-3"] {
        post(json!({"type": "z", "id": id, "data": {"other": true}})).expect(202);
    }
}

#[test]
fn list_with_one_invalid_event_is_refused_as_a_whole() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "perfex-assets");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    serve.register(&json!({"url": receiver.url("/"), "events": ["*"]}));
    let good = json!({"type": "asset.created", "id": "evt-1", "after": {}});
    let list = json!([good, {"type": "asset.crated", "id": "evt-2"}, {"type": "asset.lost"}]);
    let refused = serve.call("POST", "/events", &list.to_string()).expect_problem(422, Some("events[1].type"));
    assert!(refused.json()["hint"].as_str().unwrap().contains("asset.created"), "{refused:?}");
    // The id is free for another content, and this is the first thing to arrive.
    let message = serve.accept(&json!({"type": "asset.lost", "id": "evt-1", "after": {}}));
    assert!(receiver.wait_for(1, PATIENCE));
    serve.stop();
    let received = receiver.received();
    assert_eq!(received.len(), 1, "{received:?}");
    assert_eq!(received[0].header("x-asset-webhook-event"), Some("asset.lost"));
    assert!(message.starts_with("msg_"));
}

#[test]
fn bad_events_are_refused_by_field() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "perfex-assets");
    let rows = [
        ("", 400, None),
        ("{", 400, None),
        ("nonsense", 400, None),
        ("[{]", 400, None),
        ("{\"type\": \"asset.created\"} x", 400, None),
        ("{\"type\": \"asset.created\", \"data\": \"\u{0}\"}", 400, None),
        ("{}", 422, Some("type")),
        ("{\"type\": 1}", 422, Some("type")),
        ("{\"type\": \"asset.crated\"}", 422, Some("type")),
        ("{\"type\": \"asset created\"}", 422, Some("type")),
        ("{\"type\": \"asset.created\", \"after\": 1}", 422, Some("after")),
        ("{\"type\": \"asset.created\", \"occurredAt\": \"yesterday\"}", 422, Some("occurredAt")),
        ("{\"type\": \"asset.created\", \"id\": \"\"}", 422, Some("id")),
        ("{\"type\": \"asset.created\", \"colour\": \"red\"}", 422, Some("colour")),
        ("{\"type\": \"asset.created\", \"subject\": {\"id\": {}}}", 422, Some("subject.id")),
    ];
    for (body, status, field) in rows {
        println!("{body}");
        serve.call("POST", "/events", body).expect_problem(status, field);
    }
    let deep = format!("{{\"type\": \"asset.created\", \"data\": {}{}}}", "[".repeat(100), "]".repeat(100));
    let problem = serve.call("POST", "/events", &deep).expect_problem(422, None).json();
    assert!(problem["field"].as_str().unwrap().starts_with("data"), "{problem}");
    // Nothing of all this has harmed anything.
    serve.accept(&json!({"type": "asset.created"}));
    let none = serve.call("POST", "/events", "[]").expect(202).json();
    assert_eq!(none, json!({"messageIds": []}));
}

#[test]
fn the_catalogue_is_shown() {
    let folder = TempDir::new().unwrap();
    let types = Serve::start(folder.path(), "perfex-assets").get("/event-types");
    assert_eq!(types["profile"], "perfex-assets");
    assert_eq!(types["eventTypes"].as_array().unwrap().len(), 21, "{types}");
    let folder = TempDir::new().unwrap();
    let types = Serve::start(folder.path(), "standard").get("/event-types");
    assert_eq!(types["eventTypes"], json!([]), "{types}");
}
