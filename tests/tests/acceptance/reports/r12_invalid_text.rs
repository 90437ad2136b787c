//! U+0000 and halves of surrogate pairs in events, by each rule of the platform.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::raw::RawReceiver;
use super::super::serve::{Serve, TOKEN, store};
use super::cases;

fn start(folder: &TempDir, rule: &str) -> Serve {
    let store = store(folder.path());
    let usual = ["--store", &store, "--profile", "standard", "--token", TOKEN, "--allow-destination", "127.0.0.0/8"];
    Serve::start_with(&[&usual[..], &["--invalid-text", rule]].concat()).unwrap()
}

fn check(rule: &str) {
    let folder = TempDir::new().unwrap();
    let serve = start(&folder, rule);
    for (number, case) in cases("12-invalid-text").iter().enumerate() {
        let client = serve.of(&format!("tenant-{number}"));
        let receiver = RawReceiver::start();
        let webhook = client.register(&json!({"url": receiver.url("/in"), "events": ["*"]}));
        let answer = client.call("POST", "/events", case["event"].as_str().unwrap());
        let refused = if rule == "refuse" { case["field"].as_str() } else { None };
        if let Some(field) = case["always"].as_str().or(refused) {
            answer.expect_problem(422, Some(field));
            continue;
        }
        let message = answer.expect(202).json()["messageIds"][0].as_str().unwrap().to_owned();
        let request = receiver.next();
        request.answer(200);
        let expected = case[if rule == "replace" { "replace" } else { "keep" }].as_str().unwrap();
        let body = String::from_utf8(request.body.clone()).unwrap();
        assert!(body.ends_with(&format!("\"data\":{expected}}}")), "{case}: {body}");
        check_signature(webhook.secret(), &request.headers, &request.body);
        client.wait_for_attempts(&webhook.id, 1);
        // The accepted event is shown, and the payload is the text that was sent.
        let shown = client.call("GET", &format!("/messages/{message}"), "").expect(200).body;
        assert!(shown.contains(&format!("\"data\":{expected}")), "{case}: {shown}");
        let path = format!("/messages/{message}/deliveries/{}/payload", webhook.id);
        assert_eq!(client.call("GET", &path, "").expect(200).body, body, "{case}");
    }
}

fn check_signature(secret: &str, headers: &[(String, String)], body: &[u8]) {
    let headers: http::HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            (http::HeaderName::try_from(name.as_str()).unwrap(), http::HeaderValue::try_from(value.as_str()).unwrap())
        })
        .collect();
    standardwebhooks::Webhook::new(secret).unwrap().verify(body, &headers).unwrap();
}

#[test]
fn text_is_kept_by_default() {
    check("keep");
}

#[test]
fn text_is_replaced_if_the_platform_wants_that() {
    check("replace");
}

#[test]
fn text_is_refused_if_the_platform_wants_that() {
    check("refuse");
}

#[test]
fn text_leaves_in_every_style_and_as_a_query() {
    let folder = TempDir::new().unwrap();
    let serve = start(&folder, "keep");
    let event = r#"{"type": "a.b", "data": {"k\ud800": "\u0000/\udfff😀"}}"#;
    for (format, method, expected) in [
        ("perscom", "POST", r#""data":{"k\ud800":"\u0000\/\udfff\ud83d\ude00"}"#),
        ("perscom", "GET", "data%5Bk%EF%BF%BD%5D=%00%2F%EF%BF%BD%F0%9F%98%80"),
        ("datagerry", "POST", r#""object_after": null"#),
        ("standard", "GET", "data%5Bk%EF%BF%BD%5D=%00%2F%EF%BF%BD%F0%9F%98%80"),
    ] {
        let client = serve.of(&format!("{format}-{method}"));
        let receiver = RawReceiver::start();
        let secret = if format == "perscom" { json!("s") } else { Value::Null };
        client.register(
            &json!({"url": receiver.url("/in"), "events": ["*"], "format": format, "method": method, "secret": secret}),
        );
        client.call("POST", "/events", event).expect(202);
        let request = receiver.next();
        request.answer(200);
        let sent = format!("{}{}", request.target, String::from_utf8_lossy(&request.body));
        assert!(sent.contains(expected), "{format} {method}: {sent}");
    }
}

#[test]
fn subject_with_such_an_id_is_erased() {
    let folder = TempDir::new().unwrap();
    let serve = start(&folder, "keep");
    let event = r#"{"type": "a.b", "subject": {"type": "t", "id": "x\u0000\ud800"}}"#;
    let accepted = serve.call("POST", "/events", event).expect(202).json();
    let message = accepted["messageIds"][0].as_str().unwrap();
    let job = serve.begin_job("/erase", r#"{"subject": {"type": "t", "id": "x\u0000\ud800"}}"#);
    let affected = super::super::until("the erasure", || {
        let job = serve.get(&job);
        job["affected"].as_u64().filter(|affected| *affected > 0)
    });
    assert_eq!(affected, 1);
    serve.call("GET", &format!("/messages/{message}"), "").expect_problem(404, Some("messageId"));
}
