//! A webhook that is paused: its deliveries wait, and are sent when the pause ends.

use hookwright_engine::time;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::responder::{Reply, Responder};
use crate::acceptance::client::Client;
use crate::acceptance::serve::Serve;
use crate::acceptance::until;

#[test]
fn pause_keeps_the_queue_and_its_end_sends_it() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    for case in super::cases("24-pause") {
        check(&serve.of(&format!("tenant {}", case["name"])), &case);
    }
}

fn check(client: &Client, case: &Value) {
    let name = &case["name"];
    let receiver = Responder::start(vec![Reply { status: 200, headers: Vec::new() }]);
    let end = match case["pauseS"].as_u64() {
        Some(seconds) => time::rfc3339_millis(now_us() + seconds * 1_000_000).into(),
        None => case["value"].clone(),
    };
    let mut registration = case.get("webhook").cloned().unwrap_or_else(|| json!({}));
    registration["url"] = receiver.url().into();
    registration["events"] = json!(["*"]);
    if case["registered"] == true {
        registration["pausedUntil"] = end.clone();
    }
    let webhook = client.register(&registration);
    let answer = client.call("PATCH", &webhook.path, &json!({"pausedUntil": end}).to_string());
    if case["refused"] == true {
        answer.expect_problem(422, Some("pausedUntil"));
        assert_eq!(client.get(&webhook.path)["pausedUntil"], Value::Null, "{name}");
        return;
    }
    assert_eq!(answer.expect(200).json()["pausedUntil"], end, "{name}");
    // Another change keeps the pause.
    client.update(&webhook.id, &json!({"name": "paused"}));
    let messages: Vec<String> = (0..3).map(|n| client.accept(&json!({"type": "a", "data": n}))).collect();
    // A test is sent during the pause, and the deliveries wait.
    assert_eq!(client.test(&webhook.id)["state"], "delivered", "{name}");
    let explained = |state: &str| {
        let path = format!("/messages/{}/deliveries/{}/explain", messages[2], webhook.id);
        until(state, || Some(client.get(&path)).filter(|explained| explained["state"] == state))
    };
    if case["pauseS"] != 3 {
        let waiting = explained("waiting");
        assert!(waiting.to_string().contains("paused"), "{name}: {waiting}");
        assert_eq!(client.attempts(&webhook.id).len(), 1, "{name}: only the test was sent");
    }
    if let Some(end) = case.get("end") {
        client.update(&webhook.id, &json!({"pausedUntil": end}));
    }
    if case["inactive"] == true {
        client.update(&webhook.id, &json!({"isActive": false}));
    }
    let attempts = client.wait_for_attempts(&webhook.id, 4);
    let sent = attempts.iter().filter(|attempt| attempt["state"] == "delivered" && attempt["isTest"] != true).count();
    assert_eq!(json!(sent), case["sent"], "{name}: {attempts:?}");
    explained(if case["inactive"] == true { "skipped" } else { "delivered" });
}

fn now_us() -> u64 {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since_1970.as_micros()).unwrap()
}
