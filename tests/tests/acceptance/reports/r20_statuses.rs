//! Statuses that end a message and statuses of success: by webhook, by profile, and what is refused.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::responder::{Reply, Responder};
use crate::acceptance::client::Client;
use crate::acceptance::serve::{Serve, TOKEN, store};

#[test]
fn status_decides_what_follows() {
    let folder = TempDir::new().unwrap();
    let profile = folder.path().join("shop.json");
    let standard = hookwright_engine::profile::Profile::builtin_text("standard").unwrap();
    let shop = standard
        .replace("\"name\": \"standard\"", "\"name\": \"shop\", \"finalStatuses\": [401, \"403-404\"]")
        .replace("\"success\": [200, 299]", "\"successStatuses\": [\"2xx\", 409]");
    std::fs::write(&profile, shop).unwrap();
    let (store, profile) = (store(folder.path()), profile.display().to_string());
    let options = ["--store", &store, "--profile-file", &profile, "--token", TOKEN];
    let serve = Serve::start_with(&[&options[..], &["--allow-destination", "127.0.0.0/8"]].concat()).unwrap();
    for case in super::cases("20-statuses") {
        check(&serve.of(&format!("tenant {}", case["name"])), &case);
    }
}

fn check(client: &Client, case: &Value) {
    let name = &case["name"];
    let status = case["status"].as_u64().map_or(200, |status| u16::try_from(status).unwrap());
    let lines = case["headers"].as_array().into_iter().flatten().map(|line| line.as_str().unwrap().to_owned());
    let receiver = Responder::start(vec![Reply { status, headers: lines.collect() }]);
    let mut registration = case["webhook"].clone();
    registration["url"] = receiver.url().into();
    registration["events"] = json!(["*"]);
    registration["schedule"] = json!([600]);
    let (refused, patch) = (case["refused"].as_str(), case.get("patch"));
    if let (Some(field), None) = (refused, patch) {
        client.call("POST", "/webhooks", &registration.to_string()).expect_problem(422, Some(field));
        return;
    }
    let webhook = client.register(&registration);
    if let Some(patch) = patch {
        let answer = client.call("PATCH", &webhook.path, &patch.to_string());
        if refused.is_some() {
            answer.expect_problem(422, refused);
            return;
        }
        answer.expect(200);
    }
    client.accept(&json!({"type": "a"}));
    let attempt = client.wait_for_attempts(&webhook.id, 1).remove(0);
    assert_eq!((&attempt["state"], &attempt["status"]), (&case["state"], &json!(status)), "{name}: {attempt}");
    assert_eq!(attempt["nextAttemptAt"].is_string(), case["state"] == "retrying", "{name}: {attempt}");
    if let Some(detail) = case["detail"].as_str() {
        assert!(attempt["detail"].as_str().is_some_and(|found| found.contains(detail)), "{name}: {attempt}");
    }
    let shown = client.get(&webhook.path);
    let reason = shown["inactiveReason"].as_str().unwrap_or_default();
    let expected = case["inactiveReason"].as_str().unwrap_or_default();
    assert!(reason.ends_with(expected) && reason.is_empty() == expected.is_empty(), "{name}: {shown}");
    // A test send is judged by the same rules.
    let test = client.test(&webhook.id);
    let delivered = case["state"] == "delivered";
    assert_eq!(test["state"] == "delivered", delivered, "{name}: {test}");
}
