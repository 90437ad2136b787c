//! White space around what was pasted.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::check_members;
use super::super::cli::run_with;
use super::super::serve::{Serve, TOKEN};
use super::cases;
use hookwright_host::receiver::{Receiver, Script};

/// Returns the registration of a row, with the receiver's address.
fn registration(case: &Value, receiver: &Receiver) -> Value {
    let mut registration = case["registration"].clone();
    if registration["url"] == "R/in" {
        registration["url"] = receiver.url("/in").into();
    }
    registration
}

#[test]
fn space_around_is_taken_away_and_space_inside_is_refused() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "perfex-assets");
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let other = serve.register(&json!({"url": "https://b.example/", "events": ["*"]}));
    for case in cases("09-pasted-space") {
        let registration = registration(&case, &receiver);
        let answer = serve.call("POST", "/webhooks", &registration.to_string());
        if let Some(field) = case["field"].as_str() {
            let answer = answer.expect_problem(422, Some(field));
            assert!(answer.body.contains(case["says"].as_str().unwrap_or_default()), "{case}: {}", answer.body);
            serve.call("PATCH", &other.path, &registration.to_string()).expect_problem(422, Some(field));
            continue;
        }
        let webhook = answer.expect(201).json();
        check_members(&webhook, &case["shown"]);
        let mut changes = registration;
        changes.as_object_mut().unwrap().remove("secret");
        let changed = serve.call("PATCH", &other.path, &changes.to_string()).expect(200).json();
        let mut shown = case["shown"].clone();
        shown.as_object_mut().unwrap().retain(|name, _| name != "secret" && name != "name");
        check_members(&changed, &shown);
        let id = webhook["id"].as_str().unwrap();
        // A pasted id.
        serve.get(&format!("/webhooks/%20{id}%0A"));
        if let Some(sends) = case["sends"].as_object() {
            serve.test(id);
            let request = receiver.received().pop().unwrap();
            for (name, value) in sends {
                assert_eq!(request.header(name), value.as_str(), "{case}");
            }
        }
    }
}

#[test]
fn import_takes_space_away_and_a_byte_order_mark() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "perfex-assets");
    let rows = json!([
        {"name": " Audit ", "url": "\u{feff}https://a.example/in \n", "events": "[\" asset.lost\"]", "method": " post",
            "active": " 1", "headers": " {\" X-Key \": \" v\"}", "format": "perfex-assets ", "userId": " 17 ", "secret": "s"},
        {"name": "All", "url": " https://a.example/all", "events": " all ", "secret": "s"},
    ]);
    let file = folder.path().join("webhooks.json");
    fs::write(&file, format!("\u{feff}{rows}")).unwrap();
    let url = format!("http://{}", serve.address());
    let arguments = ["import", file.to_str().unwrap(), "--url", &url, "--tenant", "acme"];
    for created in ["created 2, already there 0", "created 0, already there 2"] {
        let output = run_with(&arguments, &[("HOOKWRIGHT_TOKEN", TOKEN)], b"").expect(0);
        assert!(output.stdout.starts_with(created), "{output:?}");
    }
    let list = serve.get("/webhooks");
    check_members(
        &list["data"][0],
        &json!({"name": "Audit", "url": "https://a.example/in", "events": ["asset.lost"], "userId": "17", "method": "POST",
            "headers": {"X-Key": "********"}, "isActive": true}),
    );
    check_members(&list["data"][1], &json!({"url": "https://a.example/all", "events": ["*"]}));
}
