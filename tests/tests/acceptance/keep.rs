//! What is kept, and for how long.

use hookwright_host::receiver::{Receiver, Script};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::serve::Serve;

#[test]
fn a_webhook_or_a_tenant_keeps_no_bodies() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let quiet = serve.register(&json!({"url": receiver.url("/"), "events": ["*"], "keepBodies": false}));
    assert_eq!(quiet["keepBodies"], false);
    let id = quiet["id"].as_str().unwrap();
    let message = serve.accept(&json!({"type": "a", "data": {"x": 1}}));
    assert_eq!(serve.wait_for_attempts(id, 1)[0]["responseExcerpt"], Value::Null);
    let payload = format!("/messages/{message}/deliveries/{id}/payload");
    serve.call("GET", &payload, "").expect_problem(409, None);
    assert_eq!(serve.get(&format!("/messages/{message}"))["event"]["data"], json!({"x": 1}));

    assert_eq!(serve.get("/settings"), json!({"keepBodies": true}));
    let changed = serve.call("PATCH", "/settings", r#"{"keepBodies":false}"#).expect(200).json();
    assert_eq!(changed, json!({"keepBodies": false}));
    assert_eq!(serve.get("/settings"), changed);
    assert_eq!(serve.call_for("other", "GET", "/settings", "").expect(200).json(), json!({"keepBodies": true}));
    assert_eq!(serve.get(&format!("/messages/{message}"))["event"], Value::Null);
    serve.call("PATCH", &format!("/webhooks/{id}"), r#"{"keepBodies":true}"#).expect(200);
    serve.call("GET", &payload, "").expect_problem(409, None);
    serve.call("PATCH", "/settings", r#"{"keepBodies":1}"#).expect_problem(422, Some("keepBodies"));
    serve.call("POST", "/settings", "{}").expect_problem(405, None);
    serve.stop();
}
