//! `Accept`, `Accept-Encoding` and the platform's `User-Agent`.

use std::path::Path;

use hookwright_engine::profile::Profile;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::cases;
use crate::acceptance::raw::RawReceiver;
use crate::acceptance::serve::{Ended, Serve, TOKEN};

#[test]
fn request_has_the_headers_of_the_platform() {
    for case in cases("07-accept") {
        let folder = TempDir::new().unwrap();
        let name = &case["name"];
        match (start(folder.path(), &case), case["refused"].as_str()) {
            (Ok(serve), None) => check(&case, &serve),
            (Err(ended), Some(field)) => {
                assert!(!ended.status.success() && ended.stderr.contains(field), "{name}: {}", ended.stderr);
            }
            (started, _) => panic!("{name}: {started:?}"),
        }
    }
}

/// Starts the service with the row's option, and with its profile: that of AssetsUp under another name, with further members.
fn start(folder: &Path, case: &Value) -> Result<Serve, Ended> {
    let store = format!("sqlite:{}", folder.join("store.db").display());
    let mut options = vec!["--store", &store, "--token", TOKEN, "--allow-destination", "127.0.0.0/8"];
    if let Some(text) = case["option"].as_str() {
        options.extend(["--user-agent", text]);
    }
    let file = folder.join("shop.json");
    let path = file.display().to_string();
    if let Some(members) = case["profile"].as_object() {
        let mut profile: Value = serde_json::from_str(Profile::builtin_text("assetsup").unwrap()).unwrap();
        profile["name"] = json!("shop");
        for (member, value) in members {
            profile[member] = value.clone();
        }
        std::fs::write(&file, profile.to_string()).unwrap();
        options.extend(["--profile-file", &path, "--profile", "shop"]);
    }
    Serve::start_with(&options)
}

fn check(case: &Value, serve: &Serve) {
    let receiver = RawReceiver::start();
    let mut registration = json!({ "url": receiver.url("/in"), "events": ["*"] });
    for field in ["headers", "method", "format"] {
        if !case[field].is_null() {
            registration[field] = case[field].clone();
        }
    }
    let webhook = serve.register(&registration);
    let attempt = std::thread::scope(|scope| {
        let attempt = scope.spawn(|| serve.test(&webhook.id));
        let request = receiver.next();
        let found: Vec<_> = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("accept")).collect();
        let values: Vec<&str> = found.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, case["accept"].as_str().into_iter().collect::<Vec<_>>(), "{}", case["name"]);
        let user_agent = request.header("user-agent").unwrap();
        assert!(user_agent.starts_with(case["userAgent"].as_str().unwrap()), "{}: {user_agent}", case["name"]);
        assert_eq!(request.header("accept-encoding"), Some("gzip, deflate"), "{}", case["name"]);
        request.answer(200);
        attempt.join().unwrap()
    });
    assert_eq!(attempt["state"], "delivered", "{attempt}");
}
