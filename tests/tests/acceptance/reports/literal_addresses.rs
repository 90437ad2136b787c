//! Addresses in URLs that the egress policy forbids, and the order of lists of webhooks.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::serve::{Serve, TOKEN, store};

#[test]
fn forbidden_address_is_refused_when_a_url_is_registered_or_changed() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let path = serve.register(&json!({"url": "https://a.example/", "events": ["*"]})).path;
    for (url, told) in [
        ("http://169.254.169.254/latest", "169.254.169.254 lies in 169.254.0.0/16 (link-local, cloud metadata)"),
        ("http://10.0.0.5/", "10.0.0.5 lies in 10.0.0.0/8 (private)"),
        ("https://192.168.1.1:8443/", "192.168.0.0/16"),
        ("http://0x0a.5/", "10.0.0.5"),
        ("http://012.0.0.5/", "10.0.0.5"),
        ("http://167772165/", "10.0.0.5"),
        ("http://10.5./", "10.0.0.5"),
        ("http://0/", "0.0.0.0 lies in 0.0.0.0/8"),
        ("http://[::1]/", "::1 lies in ::1/128 (loopback)"),
        ("http://[fd00::1]/", "fc00::/7 (unique local)"),
        ("http://[::ffff:10.0.0.5]/", "embeds 10.0.0.5"),
        ("http://[64:ff9b::a00:5]/", "embeds 10.0.0.5"),
        ("http://[2002:a00:5::]/", "embeds 10.0.0.5"),
    ] {
        let registration = json!({"url": url, "events": ["*"]}).to_string();
        for (method, path) in [("POST", "/webhooks"), ("PATCH", path.as_str())] {
            let answer = serve.call(method, path, &registration).expect_problem(422, Some("url"));
            assert!(answer.body.contains(told), "{url}: {}", answer.body);
        }
    }
    // Names are judged when a request is sent, and the allowed network is allowed in every spelling.
    for url in ["http://localhost:1/", "http://metadata.google.internal/", "http://127.1:1/", "http://0x7f000001:1/"] {
        serve.register(&json!({"url": url, "events": ["*"]}));
    }
}

#[test]
fn webhook_says_that_its_address_is_no_longer_allowed() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let webhook = serve.register(&json!({"url": "http://127.0.0.1:1/", "events": ["*"]}));
    assert_eq!(webhook["inactiveReason"], Value::Null);
    serve.stop();
    let serve = Serve::start_with(&["--store", &store(folder.path()), "--token", TOKEN]).unwrap();
    let shown = serve.get(&webhook.path);
    assert_eq!(shown["isActive"], true);
    let reason = shown["inactiveReason"].as_str().unwrap();
    assert!(reason.contains("127.0.0.1 lies in 127.0.0.0/8 (loopback)"), "{reason}");
    // Attempts fail, and everything that does not touch the URL can be changed.
    assert_eq!(serve.test(&webhook.id)["error"], "destination-prohibited");
    serve.call("PATCH", &webhook.path, r#"{"name": "x"}"#).expect(200);
    serve.call("PATCH", &webhook.path, r#"{"url": "http://127.0.0.1:2/"}"#).expect_problem(422, Some("url"));
}

#[test]
fn webhooks_are_listed_by_creation_the_newest_last() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let names: Vec<String> = (0..25).map(|number| format!("n{number}")).collect();
    for name in &names {
        serve.register(&json!({"name": name, "url": "https://a.example/", "events": ["*"]}));
    }
    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = serve.get(&format!("/webhooks?limit=7{cursor}"));
        listed.extend(page["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        if listed.len() == 7 {
            // One that is added meanwhile comes last.
            serve.register(&json!({"name": "late", "url": "https://a.example/", "events": ["*"]}));
        }
    }
    assert_eq!(listed, [names, vec!["late".to_owned()]].concat());
}
