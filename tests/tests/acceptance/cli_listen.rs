//! `hookwright listen`: what `serve` sends arrives there, is verified and printed.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::cli::Running;
use super::serve::Serve;
use super::wire;

/// A listener on a free port, and where it is.
fn listen(options: &[&str], secrets: &str) -> (Running, SocketAddr) {
    let arguments = [&["listen", "--listen", "127.0.0.1:0"], options].concat();
    let running = Running::start(&arguments, &[("HOOKWRIGHT_SECRET", secrets)]);
    let line = running.error_line();
    let address = line.strip_prefix("listening on http://").and_then(|rest| rest.split(' ').next()).unwrap();
    let address = address.parse().unwrap();
    (running, address)
}

#[test]
fn every_profile_is_verified() {
    let rows = [
        ("standard", "invoice.paid", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
        ("perfex-assets", "asset.lost", "typed by hand"),
        ("datagerry", "CREATE", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
        ("perscom", "user.created", "perscom-secret"),
        ("assetsup", "LOW_STOCK", "assetsup-secret"),
    ];
    for (profile, event_type, secret) in rows {
        let folder = TempDir::new().unwrap();
        let serve = Serve::start(folder.path(), profile);
        let (listener, address) = listen(&["--json", "--count", "2", "--fail-first", "1"], secret);
        let url = format!("http://{address}/in?x=1");
        serve.register(&json!({"url": url, "events": ["*"], "secret": secret, "schedule": [0, 0]}));
        serve.accept(&json!({"type": event_type, "data": {"text": "caf\u{e9} \u{1b}[2J\u{202e}"}}));
        for answered in [503, 200] {
            let line = listener.line();
            assert!(!line.contains('\u{202e}') && !line.contains(secret), "{line}");
            let line: Value = serde_json::from_str(&line).unwrap();
            let shown = ["profile", "eventType", "verdict", "answered", "method", "target"].map(|name| &line[name]);
            assert_eq!(json!(shown), json!([profile, event_type, "verified", answered, "POST", "/in?x=1"]), "{line}");
            assert!(serde_json::from_str::<Value>(line["body"].as_str().unwrap()).unwrap().is_object());
        }
        let (status, rest) = listener.wait();
        assert!(status.success() && rest.is_empty(), "{status}: {rest:?}");
    }
}

#[test]
fn a_stranger_is_shown_without_harm() {
    let (listener, address) = listen(&["--profile", "perscom", "--status", "202"], "right");
    let send = |headers: &[(&str, &str)], body: &str| wire::send(address, "POST", "/in", headers, body).unwrap().status;
    assert_eq!(send(&[], "\u{1b}]0;title\u{7}\n{\"event\": 1}"), 202);
    let line = listener.line();
    assert!(line.contains("POST /in  perscom  ?  not signed") && line.ends_with("answered 202"), "{line}");
    assert_eq!(listener.line(), "    \\u{1b}]0;title\\u{7}");
    assert_eq!(listener.line(), "    {\"event\": 1}");
    assert_eq!(send(&[("Signature", "00")], "{}"), 202);
    assert!(listener.line().contains("malformed: the header Signature"));
    assert_eq!(listener.line(), "    {}");
    assert_eq!(send(&[("Signature", &"0".repeat(64))], ""), 202);
    assert!(listener.line().contains("wrong: another secret"));

    // Too long to be looked at, and the next is.
    assert_eq!(send(&[], &"x".repeat(2 * 1024 * 1024 + 1)), 413);
    assert_eq!(send(&[], ""), 202);
    assert!(listener.line().contains("not signed"));
    listener.terminate();
    let (status, rest) = listener.wait();
    assert!(status.success() && rest.is_empty(), "{status}: {rest:?}");
}
