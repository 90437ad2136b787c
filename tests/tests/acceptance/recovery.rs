//! Receivers that go away and come back, and a service that is asked to end while it delivers.

use hookwright_host::receiver::{Received, Receiver, Scheme, Script, Signature};
use serde_json::json;
use tempfile::TempDir;

use super::raw::RawReceiver;
use super::serve::Serve;
use super::{PATIENCE, check_members};

/// The secret of these webhooks.
const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

#[test]
fn receiver_that_returns_gets_the_missed_message() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let mut receiver = Receiver::reserve(Script::FailFirst(1)).unwrap();
    receiver.verify(Scheme::Standard(vec![SECRET.to_owned()]));
    // The first wait is long enough that the receiver is certainly up before it ends.
    let webhook = serve.register(&json!({
        "url": receiver.url("/in"), "events": ["invoice.*"], "secret": SECRET, "schedule": [3, 2, 600],
    }));
    let id = webhook.id.as_str();
    let message = serve.accept(&json!({"type": "invoice.paid", "data": {"amount": 4200}}));

    let [first] = &serve.wait_for_attempts(id, 1)[..] else { panic!("more than one attempt") };
    let connect = json!({"state": "retrying", "status": null, "error": "connect", "number": 1, "messageId": message});
    check_members(first, &connect);
    assert!(first["nextAttemptAt"].is_string() && first["detail"].is_string(), "{first}");
    receiver.come_up().unwrap();
    assert!(receiver.wait_for(2, PATIENCE), "it was not tried again");
    let attempts = serve.wait_for_attempts(id, 3);

    // Newest first: delivered after a 503 after a refused connection.
    let [third, second, first] = &attempts[..] else { panic!("{attempts:?}") };
    let common = json!({"messageId": message, "webhookId": id, "eventType": "invoice.paid", "isTest": false});
    for attempt in &attempts {
        check_members(attempt, &common);
    }
    check_members(first, &connect);
    check_members(second, &json!({"number": 2, "state": "retrying", "status": 503, "error": null}));
    let last = json!({"number": 3, "state": "delivered", "status": 200, "error": null, "nextAttemptAt": null});
    check_members(third, &last);
    let times: Vec<&str> = attempts.iter().map(|attempt| attempt["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|newer, older| newer > older), "{times:?}");
    for (earlier, later) in [(first, second), (second, third)] {
        assert!(earlier["nextAttemptAt"].as_str().unwrap() <= later["at"].as_str().unwrap(), "{attempts:?}");
    }

    let requests = receiver.received();
    let [failed, delivered] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((failed.answered, delivered.answered), (Some(503), Some(200)));
    for request in &requests {
        assert_eq!(request.header("webhook-id"), Some(message.as_str()));
        assert_eq!(request.signature, Signature::Verified);
    }
    assert_eq!(failed.body, delivered.body);
    // At least two seconds lie between them.
    let time = |request: &Received| request.header("webhook-timestamp").unwrap().parse::<u64>().unwrap();
    assert!(time(delivered) > time(failed), "{requests:?}");
    assert_ne!(failed.header("webhook-signature"), delivered.header("webhook-signature"));

    let shown = serve.get(&format!("/webhooks/{id}"));
    check_members(&shown, &json!({"failureCount": 0, "lastResponseCode": 200}));
    assert_eq!(serve.message(&message)["attempts"].as_array().unwrap().len(), 3);
}

#[test]
fn the_schedule_ends() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::FailFirst(u32::MAX)).unwrap();
    let webhook = serve.register(&json!({"url": receiver.url("/"), "events": ["*"], "schedule": [0]}));
    let id = webhook.id.as_str();
    serve.accept(&json!({"type": "a"}));
    let attempts = serve.wait_for_attempts(id, 2);
    check_members(&attempts[1], &json!({"number": 1, "state": "retrying", "status": 503}));
    check_members(&attempts[0], &json!({"number": 2, "state": "exhausted", "status": 503, "nextAttemptAt": null}));
    check_members(&serve.get(&format!("/webhooks/{id}")), &json!({"failureCount": 2, "lastResponseCode": 503}));
    serve.stop();
    assert_eq!(receiver.received().len(), 2);
}

#[test]
fn requests_in_flight_are_recorded_before_the_process_ends() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = RawReceiver::start();
    let webhook = serve.register(&json!({"url": receiver.url("/"), "events": ["*"]}));
    let id = webhook.id.as_str();
    let message = serve.accept(&json!({"type": "a"}));
    let request = receiver.next();
    serve.terminate();
    serve.wait_until_deaf();
    request.answer(200);
    let status = serve.wait();
    assert_eq!(status.code(), Some(0), "{status}");

    let serve = Serve::start(folder.path(), "standard");
    let attempts = serve.attempts(id);
    let [attempt] = &attempts[..] else { panic!("{attempts:?}") };
    check_members(attempt, &json!({"messageId": message, "number": 1, "state": "delivered", "status": 200}));
    // The next request is the next event's: nothing is sent again.
    let next = serve.accept(&json!({"type": "b"}));
    let request = receiver.next();
    assert_eq!(request.header("webhook-id"), Some(next.as_str()));
    request.answer(200);
    serve.wait_for_attempts(id, 2);
    serve.stop();
    assert!(receiver.try_next().is_none());
}
