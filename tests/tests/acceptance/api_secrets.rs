//! Secrets: shown in the one answer that is meant to show them, rotated with an overlap, and stored sealed.

use hookwright_host::receiver::{Received, Receiver, Script};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tempfile::TempDir;

use super::check_members;
use super::serve::Serve;
use super::wire::Answer;

/// A secret as an administrator would type it.
const TYPED: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

#[test]
fn rotated_secrets_sign_together_for_a_while() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let made = serve.register(&json!({"url": receiver.url("/"), "events": ["*"]}));
    let path = made.path.clone();
    let rotate = |body: &str| serve.call("POST", &format!("{path}/rotate-secret"), body);
    // Newest first.
    let mut secrets = vec![text(&made["secret"])];
    let typed = json!({"secret": TYPED, "overlapS": 600}).to_string();
    for (body, live) in [("", 2), (&typed, 3), (r#"{"overlapS": 604800}"#, 4), (r#"{"overlapS": 0}"#, 1)] {
        let answer = rotate(body).expect(200).json();
        let secret = text(&answer["secret"]);
        assert!(secret.starts_with("whsec_") && !secrets.contains(&secret), "{answer}");
        assert_eq!(secret == TYPED, body == typed, "{answer}");
        secrets.insert(0, secret);
        // A test send reads the webhook anew; its attempt and its request are over when it is answered.
        let test = serve.call("POST", &format!("{path}/test"), "").expect(200).json();
        check_members(&test, &json!({"state": "delivered", "isTest": true}));
        let request = receiver.received().into_iter().next_back().unwrap();
        assert_eq!(request.header("webhook-signature").unwrap().split(' ').count(), live, "{body}: {request:?}");
        for (age, secret) in secrets.iter().enumerate() {
            assert_eq!(verifies(secret, &request), age < live, "{body}: the secret of age {age}");
        }
    }
    for (body, field) in [
        (r#"{"overlapS": 604801}"#, "overlapS"),
        (r#"{"overlapS": -1}"#, "overlapS"),
        (r#"{"secret": "whsec_short"}"#, "secret"),
        (r#"{"secret": ""}"#, "secret"),
        (r#"{"overlap": 1}"#, "overlap"),
    ] {
        rotate(body).expect_problem(422, Some(field));
    }
    serve.call("POST", &format!("{path}/test"), "").expect(200);
    assert!(verifies(&secrets[0], receiver.received().last().unwrap()), "a refused rotation has changed something");
}

#[test]
fn secrets_are_shown_once_and_stored_sealed() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let header = "a header that nobody else may read";
    let made = serve.register(&json!({"url": receiver.url("/"), "events": ["*"], "headers": {"X-Api-Key": header}}));
    let id = made.id.as_str();
    let path = format!("/webhooks/{id}");
    let rotated = serve.call("POST", &format!("{path}/rotate-secret"), "").expect(200).json();
    let typed = json!({"secret": TYPED}).to_string();
    let mut answers = vec![serve.call("PATCH", &path, &typed).expect(200)];
    let message = serve.accept(&json!({"type": "a"}));
    serve.wait_for_attempts(id, 1);
    assert_eq!(receiver.received()[0].header("x-api-key"), Some(header));
    answers.push(serve.call("POST", &format!("{path}/test"), "").expect(200));
    for path in ["/webhooks", "/event-types", &path, &format!("{path}/attempts"), &format!("/messages/{message}")] {
        answers.push(serve.call("GET", path, "").expect(200));
    }
    let stderr = serve.stderr();
    serve.stop();

    let mut stored = Vec::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        stored.append(&mut std::fs::read(file.unwrap().path()).unwrap());
    }
    assert!(contains(&stored, id), "this is not where it is stored");
    for secret in [&text(&made["secret"]), &text(&rotated["secret"]), TYPED, header] {
        // The base64 part alone would give it away as well.
        let secret = secret.trim_start_matches("whsec_");
        assert!(answers.iter().all(|answer: &Answer| !answer.body.contains(secret)), "{answers:?}");
        assert!(!stderr.contains(secret), "{stderr}");
        assert!(!contains(&stored, secret), "it is stored in clear");
    }
}

fn verifies(secret: &str, request: &Received) -> bool {
    Webhook::new(secret).unwrap().verify(&request.body, &request.headers).is_ok()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
