//! `hookwright verify`, with the requests of the conformance cases: what a platform's receivers get is what it takes.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::cli::{Output, run_with};

const CASES: &str = include_str!("../../data/conformance/dialects.json");

#[test]
fn every_case_is_verified() {
    let cases: Value = serde_json::from_str(CASES).unwrap();
    let mut seen = std::collections::BTreeMap::new();
    for case in cases["cases"].as_array().unwrap() {
        let profile = case["profile"].as_str().unwrap();
        let secret = case["webhook"].get("secret").and_then(Value::as_str);
        let is_get = case["request"]["method"] == "GET";
        let (code, says) = match secret {
            None => (1, "not signed"),
            Some(_) if is_get => (1, "unverifiable: the signature of a GET"),
            Some(_) => (0, "verified"),
        };
        *seen.entry((profile, says)).or_insert(0) += 1;
        let secret = secret.unwrap_or("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
        let at = at(case);
        let request = text_of(case);
        for profile in [profile, "auto"] {
            let arguments = ["verify", "--profile", profile, "--request", "-", "--at", &at];
            let output = run_with(&arguments, &[("HOOKWRIGHT_SECRET", secret)], request.as_bytes());
            // A request without any header of its profile fits no profile.
            let says = if profile == "auto" && output.stdout.contains("unrecognised") { "unrecognised" } else { says };
            check(output.keeps(&[secret]), code, says);
        }
        if code == 0 {
            let other = ["verify", "--profile", profile, "--request", "-", "--at", &at];
            let wrong = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
            check(run_with(&other, &[("HOOKWRIGHT_SECRET", wrong)], request.as_bytes()), 1, "wrong");
            // During a rotation, any will do.
            let several = format!("{wrong}\n{secret}");
            check(run_with(&other, &[("HOOKWRIGHT_SECRET", &several)], request.as_bytes()), 0, "verified");
            let changed = request.replacen("\r\n\r\n{", "\r\n\r\n ", 1);
            assert_ne!(changed, request);
            check(run_with(&other, &[("HOOKWRIGHT_SECRET", secret)], changed.as_bytes()), 1, "wrong");
        }
    }
    for profile in ["standard", "perfex-assets", "datagerry", "perscom", "assetsup"] {
        let verified = seen.get(&(profile, "verified")).copied().unwrap_or(0);
        let unsigned = seen.get(&(profile, "not signed")).copied().unwrap_or(0);
        assert!(verified + unsigned > 0, "no case of {profile}");
    }
    assert!(seen.keys().any(|(_, says)| says.contains("GET")), "no case is a GET");
}

#[test]
fn a_body_and_headers_will_do() {
    let folder = TempDir::new().unwrap();
    let cases: Value = serde_json::from_str(CASES).unwrap();
    let case = cases["cases"].as_array().unwrap().iter().find(|case| case["profile"] == "perscom").unwrap();
    let body = folder.path().join("body.json");
    std::fs::write(&body, case["request"]["body"].as_str().unwrap()).unwrap();
    let body = body.to_str().unwrap();
    let header = format!("Signature: {}", case["request"]["headers"]["Signature"].as_str().unwrap());
    let secret = case["webhook"]["secret"].as_str().unwrap();
    let usual = ["verify", "--body", body, "--header", &header, "--secret", secret];
    let verify = |more: &[&str]| run_with(&[&usual[..], more].concat(), &[], b"");
    check(verify(&[]), 0, "verified (profile perscom)");
    check(verify(&["--profile", "perscom,assetsup"]), 0, "verified");
    check(verify(&["--profile", "assetsup"]), 1, "not signed: there is no header X-AssetsUp-Signature");
    check(verify(&["--method", "GET"]), 1, "unverifiable");
    check(run_with(&["verify", "--body", body, "--secret", "s"], &[], b""), 1, "unrecognised");

    // A platform's own profile, by the same words.
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/profiles/perscom.json");
    let text = std::fs::read_to_string(own).unwrap();
    let file = folder.path().join("own.json");
    std::fs::write(&file, text.replace("\"perscom\"", "\"own\"").replace("\"Signature\"", "\"X-Own\"")).unwrap();
    let file = file.to_str().unwrap();
    let own_header = header.replace("Signature:", "x-own:");
    let own = ["verify", "--body", body, "--header", &own_header, "--secret", secret, "--profile-file", file];
    check(run_with(&own, &[], b""), 0, "verified (profile own)");
}

#[test]
fn verify_with_wrong_options_fails_with_a_message() {
    let folder = TempDir::new().unwrap();
    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, "{}").unwrap();
    let broken = broken.to_str().unwrap();
    let secret = "never-to-be-printed\u{7}";
    let rows: [(&[&str], &str); 9] = [
        (&[], "--body"),
        (&["--body", "/nowhere/body", "--secret", "s"], "/nowhere/body"),
        (&["--body", "-"], "no secret"),
        (&["--body", "-", "--request", "-"], "--request"),
        (&["--body", "-", "--secret", "s", "--profile", "perscon"], "perscon"),
        (&["--body", "-", "--secret", secret, "--profile", "perscom"], "secret number 1"),
        (&["--body", "-", "--secret", "s", "--profile-file", broken], broken),
        (&["--body", "-", "--secret", "s", "--header", "nothing"], "--header"),
        (&["--request", "-", "--secret", "s"], "empty line"),
    ];
    for (arguments, says) in rows {
        let output = run_with(&[&["verify"], arguments].concat(), &[], b"x").expect(2).keeps(&["never-to-be-printed"]);
        assert!(output.stderr.contains(says), "{arguments:?}: {output:?}");
    }
}

fn check(output: Output, code: i32, says: &str) {
    let output = output.expect(code);
    assert!(output.stdout.starts_with(says), "{says}: {output:?}");
}

/// When the attempt was made.
fn at(case: &Value) -> String {
    let seconds = case["attempt_at"].as_u64().unwrap();
    hookwright_engine::time::rfc3339_seconds(seconds * 1_000_000)
}

/// The request as it is on the wire.
fn text_of(case: &Value) -> String {
    let request = &case["request"];
    let target = request["url"].as_str().unwrap().strip_prefix("https://hooks.example.com").unwrap();
    let mut text = format!("{} {target} HTTP/1.1\r\nHost: hooks.example.com\r\n", request["method"].as_str().unwrap());
    for (name, value) in request["headers"].as_object().unwrap() {
        text += &format!("{name}: {}\r\n", value.as_str().unwrap());
    }
    let body = request["body"].as_str().unwrap();
    text + &format!("Content-Length: {}\r\n\r\n{body}\n", body.len())
}
