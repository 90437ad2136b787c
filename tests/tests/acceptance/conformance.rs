//! The conformance cases, from the event to the bytes on the wire, for each profile.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tempfile::TempDir;

use super::raw::{RawReceiver, RawRequest};
use super::serve::Serve;

const CASES: &str = include_str!("../../data/conformance/dialects.json");
/// The names of the cases' hosts.
const ORIGIN: &str = "https://hooks.example.com";
/// Headers of the transport, which the cases leave aside.
const TRANSPORT: [&str; 5] = ["host", "content-length", "user-agent", "accept", "accept-encoding"];
/// The tolerance for a clock's second and a busy machine.
const TOLERANCE_S: i64 = 1;

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    profile: String,
    message_id: String,
    /// As it is written: key order and numbers count.
    event: Box<RawValue>,
    webhook: Value,
    attempt_at: i64,
    request: Expected,
}

#[derive(Deserialize)]
struct Expected {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: String,
}

#[test]
fn standard() {
    check("standard", 1);
}

#[test]
fn perfex_assets() {
    check("perfex-assets", 6);
}

#[test]
fn datagerry() {
    check("datagerry", 3);
}

#[test]
fn perscom() {
    check("perscom", 3);
}

#[test]
fn assetsup() {
    check("assetsup", 1);
}

fn check(profile: &str, count: usize) {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), profile);
    let Cases { cases } = serde_json::from_str(CASES).unwrap();
    let cases: Vec<Case> = cases.into_iter().filter(|case| case.profile == profile).collect();
    assert_eq!(cases.len(), count, "cases of {profile}");
    for (number, case) in cases.iter().enumerate() {
        // Each has a tenant of its own, so that none gets another's event.
        let tenant = format!("tenant-{number}");
        let receiver = RawReceiver::start();
        let client = serve.of(&tenant);
        let webhook = client.register(&registration(case, &receiver));
        let begun = SystemTime::now();
        let accepted = client.call("POST", "/events", case.event.get()).expect(202).json();
        let message = accepted["messageIds"][0].as_str().unwrap();
        let request = receiver.next();
        request.answer(200);
        check_request(case, &request, message, [begun, request.at].map(seconds));

        let attempts = client.wait_for_attempts(&webhook.id, 1);
        let [attempt] = &attempts[..] else { panic!("{attempts:?}") };
        assert_eq!((&attempt["state"], &attempt["status"]), (&json!("delivered"), &json!(200)), "{attempt}");
        assert_eq!(attempt["messageId"].as_str(), Some(message));
    }
}

/// Where the case has no secret, none is wanted: one would be made otherwise.
fn registration(case: &Case, receiver: &RawReceiver) -> Value {
    let mut registration = case.webhook.clone();
    let path = case.webhook["url"].as_str().unwrap().strip_prefix(ORIGIN).unwrap();
    registration["url"] = receiver.url(path).into();
    registration["events"] = json!(["*"]);
    if registration.get("secret").is_none() {
        registration["secret"] = "".into();
    }
    registration
}

fn check_request(case: &Case, request: &RawRequest, message: &str, [begun_s, ended_s]: [i64; 2]) {
    let expected = &case.request;
    let what = format!("{} {}: {request:?}", case.profile, case.event);
    assert_eq!(request.method, expected.method, "{what}");
    assert_eq!(request.target, expected.url.strip_prefix(ORIGIN).unwrap(), "{what}");
    assert_eq!(String::from_utf8_lossy(&request.body), expected.body, "{what}");

    let names: Vec<String> = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    let once: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(once.len(), names.len(), "a header is there twice: {what}");
    let wanted: Vec<String> = expected.headers.keys().map(|name| name.to_ascii_lowercase()).collect();
    let wanted: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    let transport = BTreeSet::from(TRANSPORT);
    assert_eq!(once.difference(&transport).collect::<Vec<_>>(), wanted.iter().collect::<Vec<_>>(), "{what}");
    assert!(request.header("user-agent").unwrap().starts_with("Hookwright/"), "{what}");
    assert_eq!(request.header("accept"), Some("*/*"), "{what}");
    assert_eq!(request.header("accept-encoding"), Some("gzip, deflate"), "{what}");

    let attempt_s = || request.header("webhook-timestamp").unwrap().parse().unwrap();
    for (name, value) in &expected.headers {
        let found = request.header(name).unwrap();
        match name.as_str() {
            "X-Asset-Webhook-Timestamp" | "webhook-timestamp" => {
                assert_eq!(value, &case.attempt_at.to_string(), "the case contradicts itself");
                let found: i64 = found.parse().unwrap();
                assert!((begun_s - TOLERANCE_S..=ended_s + TOLERANCE_S).contains(&found), "{what}");
            }
            "webhook-id" => {
                assert_eq!(value, &case.message_id, "the case contradicts itself");
                assert_eq!(found, message, "{what}");
            }
            "webhook-signature" => {
                // Recomputing this attempt's signature with the case's id and time gives the case's signature.
                let webhook = Webhook::new(case.webhook["secret"].as_str().unwrap()).unwrap();
                let sign = |id: &str, at_s| webhook.sign(id, at_s, expected.body.as_bytes()).unwrap();
                assert_eq!(value, &sign(&case.message_id, case.attempt_at), "the case contradicts itself");
                assert_eq!(found, sign(message, attempt_s()), "{what}");
                webhook.verify(&request.body, &header_map(request)).unwrap();
            }
            _ => assert_eq!(found, value, "{what}"),
        }
    }
}

fn header_map(request: &RawRequest) -> HeaderMap {
    let parse =
        |(name, value): &(String, String)| (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    request.headers.iter().map(parse).collect()
}

fn seconds(at: SystemTime) -> i64 {
    at.duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}
