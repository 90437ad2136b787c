//! Registrations: made, shown, changed, switched off, removed; and the bad ones.

use hookwright_host::receiver::{Receiver, Script};
use serde_json::json;
use tempfile::TempDir;

use super::serve::Serve;
use super::{PATIENCE, check_members};

#[test]
fn a_registration_from_beginning_to_end() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "perfex-assets");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let registration = json!({
        "name": "Stock", "url": receiver.url("/in?x=1"), "events": ["asset.*", "alert.low_stock"], "secret": "typed secret",
        "headers": {"X-Api-Key": "hidden value"}, "timeoutMs": 2500, "schedule": [1, 60],
    });
    let made = serve.register(&registration);
    let id = made.id.as_str();
    let path = format!("/webhooks/{id}");
    let shown = json!({
        "name": "Stock", "url": receiver.url("/in?x=1"), "events": ["asset.*", "alert.low_stock"], "method": "POST",
        "format": "perfex-assets", "isActive": true, "timeoutMs": 2500, "schedule": [1, 60],
    });
    check_members(&made, &shown);
    assert_eq!(made["secret"], "typed secret");
    let got = serve.get(&path);
    check_members(&got, &shown);
    assert!(got.get("secret").is_none() && got["secretHint"].is_string(), "{got}");
    assert_eq!(got["headers"].as_object().unwrap().keys().collect::<Vec<_>>(), ["X-Api-Key"]);
    assert_eq!(serve.get("/webhooks"), json!({"data": [got], "nextCursor": null}));

    // An event that it does not want, then one that it wants: only this one comes, with the header.
    serve.accept(&json!({"type": "alert.maintenance_due"}));
    serve.accept(&json!({"type": "asset.lost"}));
    assert!(receiver.wait_for(1, PATIENCE));
    let request = &receiver.received()[0];
    assert_eq!(request.target, "/in?x=1");
    assert_eq!(request.header("x-asset-webhook-event"), Some("asset.lost"));
    assert_eq!(request.header("x-api-key"), Some("hidden value"));

    let changed = serve.call("PATCH", &path, r#"{"name": "Alerts", "events": ["alert.*"]}"#).expect(200).json();
    check_members(&changed, &json!({"name": "Alerts", "events": ["alert.*"], "timeoutMs": 2500}));
    assert!(changed.get("secret").is_none(), "{changed}");
    serve.accept(&json!({"type": "asset.lost"}));
    serve.accept(&json!({"type": "alert.maintenance_due"}));
    assert!(receiver.wait_for(2, PATIENCE));
    assert_eq!(receiver.received()[1].header("x-asset-webhook-event"), Some("alert.maintenance_due"));
    serve.wait_for_attempts(id, 2);

    assert_eq!(serve.call("DELETE", &path, "").expect(204).body, "");
    for (method, path) in [
        ("GET", path.clone()),
        ("DELETE", path.clone()),
        ("GET", format!("{path}/attempts")),
        ("POST", format!("{path}/test")),
        ("POST", format!("{path}/rotate-secret")),
    ] {
        serve.call(method, &path, "").expect_problem(404, Some("webhookId"));
    }
    serve.call("PATCH", &path, "{}").expect_problem(404, Some("webhookId"));
    assert_eq!(serve.get("/webhooks")["data"], json!([]));
    serve.accept(&json!({"type": "alert.low_stock"}));
    serve.stop();
    assert_eq!(receiver.received().len(), 2);
}

#[test]
fn bad_registrations_are_refused_by_field() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "perfex-assets");
    let rows = [
        ("url", json!(null), "url"),
        ("url", json!("ftp://example.com/"), "url"),
        ("url", json!("https://us%3Aer:pw@example.com/"), "url"),
        ("url", json!("http://10.0.0.5/"), "url"),
        ("url", json!("https://example.com/#top"), "url"),
        ("url", json!("nonsense"), "url"),
        ("url", json!(format!("https://example.com/{}", "x".repeat(2_048))), "url"),
        ("events", json!(null), "events"),
        ("events", json!([]), "events"),
        ("events", json!(["asset.*", "asset.crated"]), "events[1]"),
        ("events", json!(["asset*"]), "events[0]"),
        ("events", json!(vec!["*"; 101]), "events"),
        ("name", json!(""), "name"),
        ("name", json!("x".repeat(256)), "name"),
        ("secret", json!("x".repeat(257)), "secret"),
        ("format", json!("standrad"), "format"),
        ("method", json!("PUT"), "method"),
        ("headers", json!({"X-Asset-Webhook-Signature": "mine"}), "headers.X-Asset-Webhook-Signature"),
        ("headers", json!({"host": "other.example"}), "headers.host"),
        ("headers", json!({"content-length": "1"}), "headers.content-length"),
        ("headers", json!({"a b": "c"}), "headers.a b"),
        ("headers", json!({"x": "c\r\nd: e"}), "headers.x"),
        ("timeoutMs", json!(99), "timeoutMs"),
        ("timeoutMs", json!(30_001), "timeoutMs"),
        ("schedule", json!([-1]), "schedule[0]"),
        ("schedule", json!(vec![1; 21]), "schedule"),
        ("isActive", json!("yes"), "isActive"),
        ("colour", json!("red"), "colour"),
    ];
    let good = json!({"url": "https://example.com/", "events": ["*"]});
    let path = serve.register(&good).path;
    for (name, value, field) in rows {
        println!("{name}: {:.80}", value.to_string());
        let mut bad = good.clone();
        bad[name] = value.clone();
        serve.call("POST", "/webhooks", &bad.to_string()).expect_problem(422, Some(field));
        if !value.is_null() {
            serve.call("PATCH", &path, &json!({name: value}).to_string()).expect_problem(422, Some(field));
        }
    }
    for broken in ["", "{", "[]", "7"] {
        let status = serve.call("POST", "/webhooks", broken).status;
        assert!(matches!(status, 400 | 422), "{broken}: {status}");
    }
    // Nothing has come of it.
    let list = serve.get("/webhooks");
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
    check_members(&list["data"][0], &good);
}

#[test]
fn a_webhook_that_is_switched_off_skips() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let webhook = serve.register(&json!({"url": receiver.url("/"), "events": ["*"], "isActive": false}));
    let id = webhook.id.as_str();
    serve.accept(&json!({"type": "a"}));
    let attempts = serve.wait_for_attempts(id, 1);
    check_members(&attempts[0], &json!({"state": "skipped", "status": null, "error": null, "eventType": "a"}));
    serve.update(id, &json!({"isActive": true}));
    serve.accept(&json!({"type": "b"}));
    let attempts = serve.wait_for_attempts(id, 2);
    check_members(&attempts[0], &json!({"state": "delivered", "status": 200, "eventType": "b"}));
    serve.stop();
    assert_eq!(receiver.received().len(), 1);
}
