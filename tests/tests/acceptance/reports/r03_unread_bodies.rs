//! Bodies and parameters that a call does not take, and the event of a test.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::check_members;
use super::super::serve::Serve;
use super::cases;
use hookwright_host::receiver::{Receiver, Script};

#[test]
fn a_call_reads_every_body_and_parameter_or_refuses_it() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "perfex-assets");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let webhook = serve.register(&json!({"url": receiver.url("/in"), "events": ["asset.lost"]}));
    let mut sent = 0;
    for case in cases("03-unread-bodies") {
        let (method, path) = case["call"].as_str().unwrap().split_once(' ').unwrap();
        let path = path.replace('W', &webhook.id).replace('J', &format!("job_{}", "a".repeat(26)));
        let path = path.replace('M', &format!("msg_{}", "a".repeat(26)));
        let body = case["text"].as_str().map_or_else(|| case["body"].to_string(), str::to_owned);
        let answer = serve.call(method, &path, &body);
        let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        if status != 200 {
            let answer = answer.expect_problem(status, case["field"].as_str());
            assert!(answer.body.contains(case["says"].as_str().unwrap_or_default()), "{case}: {}", answer.body);
            continue;
        }
        let attempt = answer.expect(200).json();
        sent += 1;
        check_members(&attempt, &json!({"isTest": true, "state": "delivered", "eventType": case["sent"]["event"]}));
        let received = receiver.received().pop().unwrap();
        let payload: Value = serde_json::from_slice(&received.body).unwrap();
        for (name, value) in case["sent"].as_object().unwrap() {
            match value {
                Value::Object(members) if !members.is_empty() => check_members(&payload[name], value),
                _ => assert_eq!(payload[name], *value, "{case}: {payload}"),
            }
        }
    }
    assert_eq!(receiver.received().len(), sent, "nothing that was refused was sent");
    let log = serve.attempts(&webhook.id);
    assert_eq!(log.len(), sent);
    assert!(log.iter().all(|attempt| attempt["isTest"] == true), "{log:?}");
    let message = serve.message(log[0]["messageId"].as_str().unwrap());
    assert_eq!(message["type"], log[0]["eventType"]);
    // It is still there.
    serve.get(&webhook.path);
}

#[test]
fn event_of_a_test_is_not_kept_where_no_bodies_are_kept() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let webhook = serve.register(&json!({"url": receiver.url("/in"), "events": ["*"], "keepBodies": false}));
    let body = r#"{"type": "a.b", "data": {"name": "geheim"}}"#;
    let attempt = serve.call("POST", &format!("{}/test", webhook.path), body).expect(200).json();
    let message = serve.message(attempt["messageId"].as_str().unwrap());
    assert_eq!(message["event"], Value::Null, "{message}");
    serve.stop();
    let stored = std::fs::read(super::super::serve::database(folder.path())).unwrap();
    assert!(!stored.windows(6).any(|part| part == b"geheim"));
}
