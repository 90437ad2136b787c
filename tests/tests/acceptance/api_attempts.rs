//! The log: pages of attempts, messages, test sends.

use hookwright_host::receiver::{Receiver, Script};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::check_members;
use super::raw::RawReceiver;
use super::serve::Serve;

#[test]
fn attempts_come_in_pages_newest_first() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let webhook = serve.register(&json!({"url": receiver.url("/"), "events": ["*"]}));
    let id = webhook.id.as_str();
    let path = format!("/webhooks/{id}/attempts");
    assert_eq!(serve.get(&path), json!({"data": [], "nextCursor": null}));
    // One after the other, then several at once: several attempts of one commit, too, are given out in pages.
    let mut sent: Vec<String> = Vec::new();
    for number in 0..3 {
        sent.push(serve.accept(&json!({"type": "a", "data": {"number": number}})));
        serve.wait_for_attempts(id, sent.len());
    }
    let burst = json!((0..8).map(|number| json!({"type": "b", "data": {"number": number}})).collect::<Vec<_>>());
    let burst = serve.call("POST", "/events", &burst.to_string()).expect(202).json();
    sent.extend(burst["messageIds"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()));
    let all = serve.wait_for_attempts(id, sent.len());

    for limit in [1, 3, 4, 11, 100] {
        let mut pages: Vec<Value> = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = serve.get(&format!("{path}?limit={limit}{cursor}"));
            let data = page["data"].as_array().unwrap();
            assert!(data.len() <= limit && !data.is_empty(), "{page}");
            pages.extend(data.iter().cloned());
            let Some(next) = page["nextCursor"].as_str() else { break };
            assert_eq!(data.len(), limit, "a page that is not the last is full: {page}");
            cursor = format!("&cursor={}", next.replace('/', "%2F"));
        }
        assert_eq!(pages, all, "in pages of {limit}");
    }
    let messages: Vec<&str> = all.iter().map(|attempt| attempt["messageId"].as_str().unwrap()).collect();
    assert_eq!(messages[8..], [&sent[2], &sent[1], &sent[0]], "newest first");
    let mut sorted = messages.clone();
    sorted.sort_unstable();
    sent.sort_unstable();
    assert_eq!(sorted, sent);

    for (query, field) in [("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("cursor=x", "cursor")] {
        serve.call("GET", &format!("{path}?{query}"), "").expect_problem(422, Some(field));
    }
    serve.call("GET", "/webhooks/wh_x/attempts", "").expect_problem(404, Some("webhookId"));
}

#[test]
fn webhooks_come_in_pages() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let registration = json!({"url": "http://127.0.0.1:9/", "events": ["*"]});
    let mut made: Vec<String> = (0..5).map(|_| serve.register(&registration).id).collect();
    let mut found: Vec<String> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = serve.get(&format!("/webhooks?limit=2{cursor}"));
        found.extend(page["data"].as_array().unwrap().iter().map(|webhook| webhook["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    made.sort();
    found.sort();
    assert_eq!(found, made);
}

#[test]
fn a_message_is_shown_with_its_attempts() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let webhooks: Vec<String> =
        (0..2).map(|_| serve.register(&json!({"url": receiver.url("/"), "events": ["*"]})).id).collect();
    let event = json!({
        "id": "evt-1", "type": "invoice.paid", "occurredAt": "2025-02-04T12:00:00.123456Z", "data": {"amount": 4200},
    });
    let id = serve.accept(&event);
    let path = format!("/messages/{id}");
    let message = super::until("two attempts", || {
        let message = serve.get(&path);
        (message["attempts"].as_array().unwrap().len() == 2).then_some(message)
    });
    check_members(&message, &json!({"id": id, "type": "invoice.paid", "occurredAt": "2025-02-04T12:00:00.123456Z"}));
    check_members(&message["event"], &json!({"id": "evt-1", "type": "invoice.paid", "data": {"amount": 4200}}));
    for webhook in &webhooks {
        let found =
            message["attempts"].as_array().unwrap().iter().find(|attempt| attempt["webhookId"] == webhook.as_str());
        check_members(found.unwrap(), &json!({"messageId": id, "number": 1, "state": "delivered", "status": 200}));
    }
    serve.call("GET", "/messages/msg_nothing", "").expect_problem(404, Some("messageId"));
}

#[test]
fn test_send_with_any_outcome_is_answered() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "perfex-assets");
    let (dead, raw) = (Receiver::reserve(Script::Healthy).unwrap(), RawReceiver::start());
    let silent = Receiver::start(Script::Silent).unwrap();
    let rows = [
        (dead.url("/"), json!({"state": "exhausted", "status": null, "error": "connect"})),
        (silent.url("/"), json!({"state": "exhausted", "status": null, "error": "timeout"})),
        (raw.url("/500"), json!({"state": "exhausted", "status": 500, "error": null})),
        (raw.url("/302"), json!({"state": "exhausted", "status": 302, "error": null})),
        (raw.url("/204"), json!({"state": "delivered", "status": 204, "error": null})),
    ];
    let answering = std::thread::spawn(move || {
        for status in [500, 302, 204] {
            let request = raw.next();
            assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", &*format!("/{status}")));
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            check_members(&body, &json!({"event": "test", "source": "perfex_assets_module", "asset_id": null}));
            request.answer(status);
        }
    });
    for (url, expected) in rows {
        // Neither its patterns nor its being switched off keep a test from being sent.
        let registration = json!({"url": url, "events": ["alert.low_stock"], "isActive": false, "timeoutMs": 1000});
        let id = serve.register(&registration).id;
        let id = id.as_str();
        let attempt = serve.test(id);
        check_members(&attempt, &expected);
        check_members(&attempt, &json!({"isTest": true, "number": 1, "eventType": "test", "webhookId": id}));
        assert_eq!(attempt["detail"].is_string(), attempt["error"].is_string(), "{attempt}");
        assert_eq!(serve.attempts(id), [attempt], "it is in the log");
    }
    answering.join().unwrap();
}
