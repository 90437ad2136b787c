//! User and password in a URL.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::cli::run_with;
use super::super::serve::{Serve, TOKEN, database};
use super::cases;
use hookwright_host::receiver::{Receiver, Script};

/// The value of `Authorization` for a pair.
fn basic(pair: &Value) -> Option<String> {
    pair.as_str().map(|pair| format!("Basic {}", STANDARD.encode(pair)))
}

#[test]
fn credentials_become_a_header_and_are_never_shown() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let host = receiver.url("").trim_start_matches("http://").to_owned();
    let other = serve.register(&json!({"url": receiver.url("/other"), "events": ["*"], "headers": {"X-Key": "v"}}));
    for case in cases("11-credentials-in-url") {
        let url = case["url"].as_str().unwrap().replace("RHOST", &host);
        let mut registration = json!({"url": url, "events": ["*"]});
        if !case["headers"].is_null() {
            registration["headers"] = case["headers"].clone();
        }
        let answer = serve.call("POST", "/webhooks", &registration.to_string());
        let changed = serve.call("PATCH", &other.path, &registration.to_string());
        for answer in [&answer, &changed] {
            assert!(!answer.body.contains("heim") && !answer.body.contains("pa:ss"), "{case}: {}", answer.body);
        }
        if let Some(told) = case["refused"].as_str() {
            for answer in [answer, changed] {
                let answer = answer.expect_problem(422, Some("url"));
                assert!(answer.body.contains(told), "{case}: {}", answer.body);
            }
            continue;
        }
        let webhook = answer.expect(201).json();
        let stored = case["stored"].as_str().unwrap().replace("RHOST", &host);
        assert_eq!((&webhook["url"], &webhook["name"]), (&json!(stored), &json!(stored)), "{case}");
        let headers = if case["pair"].is_null() { json!({}) } else { json!({"Authorization": "********"}) };
        assert_eq!(webhook["headers"], headers, "{case}");
        assert_eq!(changed.expect(200).json()["url"], json!(stored), "{case}");
        serve.test(webhook["id"].as_str().unwrap());
        let request = receiver.received().pop().unwrap();
        assert_eq!(request.header("authorization").map(str::to_owned), basic(&case["pair"]), "{case}");
    }
    // The last change of the other webhook kept its own header.
    serve.test(&other.id);
    let request = receiver.received().pop().unwrap();
    assert_eq!(request.header("x-key"), Some("v"));
    assert!(request.header("authorization").is_some_and(|value| value.starts_with("Basic ")));
    serve.stop();
    let stored = std::fs::read(database(folder.path())).unwrap();
    assert!(!stored.windows(6).any(|part| part == b"geheim"));
}

#[test]
fn credentials_contradict_another_authorization_and_replace_those_of_an_earlier_url() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let path = serve
        .register(&json!({"url": "https://a.example/", "events": ["*"], "headers": {"Authorization": "Bearer x"}}))
        .path;
    let with = json!({"url": "https://user:geheim@a.example/"});
    let answer = serve.call("PATCH", &path, &with.to_string()).expect_problem(422, Some("url"));
    assert!(answer.body.contains("another `Authorization`") && !answer.body.contains("geheim"), "{}", answer.body);
    // In one call both are exchanged.
    let both = json!({"url": with["url"], "headers": {}});
    let changed = serve.call("PATCH", &path, &both.to_string()).expect(200).json();
    assert_eq!(changed["headers"], json!({"Authorization": "********"}));
    serve.call("PATCH", &path, r#"{"url": "https://user:newer@a.example/in"}"#).expect(200);
    let changed = serve.call("PATCH", &path, r#"{"url": "https://a.example/in2"}"#).expect(200).json();
    assert_eq!(changed["headers"], json!({"Authorization": "********"}), "a URL alone changes no header");
}

#[test]
fn import_takes_credentials_out_of_urls() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "perfex-assets");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let url = receiver.url("/in").replace("http://", "http://user:gehei%6D@");
    let list = json!([{"name": "n", "url": url, "events": ["*"]}]).to_string();
    let service = format!("http://{}", serve.address());
    for created in ["created 1, already there 0", "created 0, already there 1"] {
        let arguments = ["import", "-", "--url", &service, "--tenant", "acme"];
        let output = run_with(&arguments, &[("HOOKWRIGHT_TOKEN", TOKEN)], list.as_bytes()).expect(0);
        assert!(output.stdout.starts_with(created), "{output:?}");
    }
    let webhook = &serve.get("/webhooks")["data"][0];
    assert_eq!(
        (&webhook["url"], &webhook["headers"]),
        (&json!(receiver.url("/in")), &json!({"Authorization": "********"}))
    );
    serve.test(webhook["id"].as_str().unwrap());
    assert_eq!(receiver.received()[0].header("authorization").map(str::to_owned), basic(&json!("user:geheim")));
}
