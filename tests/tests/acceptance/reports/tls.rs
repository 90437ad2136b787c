//! Rows about certificates and TLS sessions, run with `serve --ca-file` and a receiver on loopback.

use std::collections::HashMap;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::cases;
use crate::acceptance::serve::{Serve, TOKEN};
use crate::http_tls::cases::Given;
use crate::http_tls::receiver::{TlsReceiver, path};

/// Words of a debugger, which no sentence has.
const DEBUGGER: [&str; 6] = ["Other(", "Error", "Some(", "::", "{", "alert: "];

/// Runs the rows of a file. The attempt succeeds, or its detail has the texts of `says`.
pub fn check(file: &str) {
    let folder = TempDir::new().unwrap();
    let mut services = HashMap::new();
    for case in cases(file) {
        let trusted: Vec<String> = serde_json::from_value(case["trusted"].clone()).unwrap();
        let store = format!("sqlite:{}", folder.path().join(format!("{}.db", services.len())).display());
        let serve = services.entry(trusted.clone()).or_insert_with(|| trusting(&trusted, &store));
        let given: Given = serde_json::from_value(case["receiver"].clone()).unwrap();
        let receiver = given.terms().map(|terms| TlsReceiver::start(&terms));
        let address = receiver.as_ref().map_or_else(|| given.listen(), TlsReceiver::address);
        let url = format!("https://localhost:{}/in", address.port());
        let webhook = serve.register(&json!({ "url": url, "events": ["*"] }));
        check_attempt(&case, &serve.test(&webhook.id));
    }
}

fn check_attempt(case: &Value, attempt: &Value) {
    let name = &case["name"];
    let Some(says) = case["says"].as_array() else {
        assert_eq!((&attempt["state"], &attempt["status"]), (&json!("delivered"), &json!(200)), "{name}: {attempt}");
        return;
    };
    assert_eq!(attempt["error"], "tls", "{name}: {attempt}");
    let detail = attempt["detail"].as_str().unwrap();
    for text in says {
        assert!(detail.contains(text.as_str().unwrap()), "{name}: {detail}");
    }
    assert!(!DEBUGGER.iter().any(|word| detail.contains(word)), "{name}: {detail}");
}

/// Returns a service that trusts these certificates of `tests/data/tls`.
pub fn trusting(names: &[String], store: &str) -> Serve {
    let files = names.iter().map(|name| path(name)).collect::<Vec<_>>().join(",");
    let options = ["--store", store, "--token", TOKEN, "--allow-destination", "127.0.0.0/8", "--ca-file", &files];
    Serve::start_with(&options).unwrap()
}
