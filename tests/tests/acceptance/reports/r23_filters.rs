//! Jobs that send only a part again: by event type, state, status and error.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::client::{Client, Webhook};
use super::super::raw::RawReceiver;
use super::super::serve::Serve;
use super::super::until;
use super::{cases, document, texts};

#[test]
fn jobs_send_exactly_what_their_filters_select() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let document = document("23-filters");
    for (index, case) in cases("23-filters").iter().enumerate() {
        // A tenant of its own: no other case's messages are there.
        check(&serve.of(&format!("t{index}")), &document, case);
    }
}

fn check(client: &Client, document: &Value, case: &Value) {
    let name = &case["name"];
    let call = case["call"].as_str().unwrap();
    let raw = RawReceiver::start();
    let mut body = case["filter"].clone();
    body["since"] = json!("1970-01-01T00:00:00Z");
    if let Some(refused) = case["refused"].as_object() {
        let webhook = client.register(&json!({"url": raw.url("/in"), "events": ["*"]}));
        let answer = client.call("POST", &format!("{}/{call}", webhook.path), &body.to_string());
        let problem = answer.expect_problem(422, refused["field"].as_str()).json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(refused["detail"].as_str().unwrap()), "{name}: {detail}");
        return;
    }
    let webhook = if call == "recover" { failed(client, &raw, document) } else { missed(client, &raw, document) };
    let job = client.begin_job(&format!("{}/{call}", webhook.path), &body.to_string());
    let sent = texts(&case["sent"]);
    let mut types = Vec::new();
    for _ in &sent {
        let request = raw.next();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        types.push(body["type"].as_str().unwrap().to_owned());
        request.answer(200);
    }
    types.sort_unstable();
    let mut expected = sent.clone();
    expected.sort_unstable();
    assert_eq!(types, expected, "{name}");
    let job = client.wait_for_job(&job);
    assert_eq!((&job["state"], &job["affected"]), (&json!("done"), &json!(sent.len())), "{name}: {job}");
    for (field, value) in case["filter"].as_object().unwrap() {
        let shown = if case["shown"][field].is_array() { &case["shown"][field] } else { value };
        assert_eq!(job[field], *shown, "{name}: {job}");
    }
    assert!(raw.try_next().is_none(), "{name}: more was sent");
}

/// A webhook whose deliveries have failed as the document says.
fn failed(client: &Client, raw: &RawReceiver, document: &Value) -> Webhook {
    let webhook = client.register(&json!({"url": raw.url("/in"), "events": ["*"], "schedule": []}));
    for failed in document["failed"].as_array().unwrap() {
        client.accept(&json!({"type": failed["type"]}));
        let request = raw.next();
        match failed["status"].as_u64() {
            Some(status) => request.answer(u16::try_from(status).unwrap()),
            None => drop(request),
        }
    }
    client.wait_for_attempts(&webhook.id, document["failed"].as_array().unwrap().len());
    webhook
}

/// A webhook that has missed messages as the document says.
fn missed(client: &Client, raw: &RawReceiver, document: &Value) -> Webhook {
    let accept = |state: &str| -> Vec<String> {
        texts(&document["missed"][state]).iter().map(|of| client.accept(&json!({"type": of}))).collect()
    };
    let before = accept("none");
    // The messages are routed before the webhook is there.
    let first = client.register(&json!({"url": raw.url("/first"), "events": ["*"], "isActive": false}));
    let routed = |message: &str| {
        let path = format!("/messages/{message}/deliveries/{}/explain", first.id);
        until("the routing", || (client.get(&path)["state"] != "accepted").then_some(()))
    };
    before.iter().for_each(|message| routed(message));
    let webhook = client.register(&json!({"url": raw.url("/in"), "events": ["*"], "isActive": false}));
    let skipped = accept("skipped");
    client.wait_for_attempts(&webhook.id, skipped.len());
    client.update(&webhook.id, &json!({"isActive": true}));
    webhook
}
