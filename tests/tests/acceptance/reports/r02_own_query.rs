//! The query of a GET webhook's own URL: kept beside the payload, replaced with a warning, or refused.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::raw::RawReceiver;
use super::super::serve::Serve;
use super::cases;

#[test]
fn own_query_arrives_or_the_answer_says_that_it_does_not() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    for (number, case) in cases("02-own-query").iter().enumerate() {
        let client = serve.of(&format!("tenant-{number}"));
        let receiver = RawReceiver::start();
        let event = case["event"].as_str().unwrap_or("a.b");
        let mut registration = json!({
            "url": case["url"].as_str().unwrap().replace('R', &receiver.url("")),
            "events": ["*"], "method": "GET", "format": case["format"],
        });
        if let Some(secret) = case["secret"].as_str() {
            registration["secret"] = secret.into();
        }
        if let Some(told) = case["refused"].as_str() {
            let answer = client.call("POST", "/webhooks", &registration.to_string()).expect_problem(422, Some("url"));
            assert!(answer.body.contains(told), "{case}: {}", answer.body);
            check_change(&client, &registration, told);
            continue;
        }
        let webhook = client.register(&registration);
        check_warnings(case, &webhook["warnings"]);
        check_warnings(case, &client.get(&webhook.path)["warnings"]);
        client.accept(&json!({"type": event, "data": {"x": 1}}));
        let request = receiver.next();
        request.answer(200);
        let target = case["target"].as_str().unwrap();
        assert!(request.method == "GET" && request.target.starts_with(target), "{case}: {request:?}");
        assert!(request.target.contains("data%5Bx%5D=1") && request.body.is_empty(), "{case}: {request:?}");
    }
}

/// Checks that a webhook cannot be changed to what is refused at its registration.
fn check_change(client: &super::super::client::Client, registration: &Value, told: &str) {
    let mut plain = registration.clone();
    plain["method"] = "POST".into();
    let path = client.register(&plain).path;
    let answer = client.call("PATCH", &path, r#"{"method": "GET"}"#).expect_problem(422, Some("url"));
    assert!(answer.body.contains(told), "{}", answer.body);
    plain["url"] = "https://a.example/".into();
    plain["method"] = "GET".into();
    let path = client.register(&plain).path;
    client.call("PATCH", &path, &json!({"url": registration["url"]}).to_string()).expect_problem(422, Some("url"));
    // A change that does not touch the URL still works.
    client.call("PATCH", &path, r#"{"name": "x"}"#).expect(200);
}

fn check_warnings(case: &Value, warnings: &Value) {
    let warnings = warnings.as_array().unwrap();
    match case["warns"].as_str() {
        None => assert!(warnings.is_empty(), "{case}: {warnings:?}"),
        Some(told) => {
            assert!(warnings.len() == 1 && warnings[0].as_str().unwrap().contains(told), "{case}: {warnings:?}");
            // The value may be a credential.
            assert!(!warnings[0].as_str().unwrap().contains("abc"), "{case}: {warnings:?}");
        }
    }
}
