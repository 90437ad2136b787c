//! Strict order: one message at a time, in the order of acceptance, while the receiver fails, and a pause where it is wanted.

use hookwright_host::receiver::{Receiver, Script};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::serve::Serve;
use super::{PATIENCE, until};

/// The numbers of the events in the order in which they arrived, and how each was answered.
fn arrived(receiver: &Receiver) -> Vec<(u64, Option<u16>)> {
    let number = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap()["data"]["number"].as_u64().unwrap();
    receiver.received().iter().map(|received| (number(&received.body), received.answered)).collect()
}

fn accept(serve: &Serve, numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(|number| serve.accept(&json!({"type": "a", "data": {"number": number}}))).collect()
}

#[test]
fn receiver_that_fails_at_first_gets_all_messages_in_order() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::FailFirst(2)).unwrap();
    serve.register(&json!({
        "url": receiver.url("/"), "events": ["*"], "schedule": [1, 1, 600], "strictOrder": true, "concurrency": 8,
    }));
    let messages = accept(&serve, 0..40);
    assert!(receiver.wait_for(42, PATIENCE), "{:?}", arrived(&receiver));
    let mut expected = vec![(0, Some(503)), (0, Some(503))];
    expected.extend((0..40).map(|number| (number, Some(200))));
    assert_eq!(arrived(&receiver), expected);
    assert_eq!(messages.len(), 40);
}

#[test]
fn a_webhook_pauses_where_a_message_has_used_up_its_attempts_and_goes_on_when_told() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::FailFirst(2)).unwrap();
    let webhook = serve.register(&json!({
        "url": receiver.url("/"), "events": ["*"], "schedule": [2], "strictOrder": true, "onExhausted": "pause",
    }));
    let path = webhook.path.clone();
    let messages = accept(&serve, 0..3);
    // While the first one waits for its second attempt, the others say what they wait for.
    assert!(receiver.wait_for(1, PATIENCE));
    let explain = format!("/messages/{}/deliveries/{}/explain", messages[2], webhook.id.as_str());
    let behind = format!("in strict order it waits for {}, the first of the queue", messages[0]);
    until("the explanation", || {
        let steps = serve.get(&explain)["steps"].as_array().unwrap().clone();
        steps.iter().any(|step| step["detail"] == behind.as_str()).then_some(())
    });
    let reason = format!("paused: {} exhausted its attempts", messages[0]);
    until("the pause", || (serve.get(&path)["inactiveReason"] == reason.as_str()).then_some(()));
    let attempts = serve.wait_for_attempts(webhook.id.as_str(), 4);
    let states: Vec<&str> = attempts.iter().map(|attempt| attempt["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["skipped", "skipped", "exhausted", "retrying"]);
    assert_eq!(attempts[0]["detail"], reason.as_str());

    serve.update(&webhook.id, &json!({"isActive": true}));
    for message in &messages {
        serve.redeliver(message, &webhook.id);
    }
    assert!(receiver.wait_for(5, PATIENCE), "{:?}", arrived(&receiver));
    let order: Vec<(u64, Option<u16>)> = [0, 1, 2].map(|number| (number, Some(200))).to_vec();
    assert_eq!(arrived(&receiver)[2..], order);
}
