//! Requests of the built-in profiles, against the conformance cases and the library of Standard Webhooks.

use super::*;
use crate::support::json::{self, Json};

const CASES: &str = include_str!("../../../../tests/data/conformance/dialects.json");

fn text<'a>(json: &'a Json, key: &str) -> Option<&'a str> {
    json.get(key).and_then(Json::as_str)
}

/// Every case's request, byte for byte; the headers are exactly the expected ones, `User-Agent` and `Accept`.
#[test]
fn a_request_is_the_expected_one_of_the_conformance_cases() {
    let file = json::parse(CASES).unwrap();
    let Some(Json::Array(cases)) = file.get("cases") else { panic!("no cases") };
    assert!(cases.len() >= 13, "cases are missing");
    for (index, case) in cases.iter().enumerate() {
        let profile = Profile::builtin(text(case, "profile").unwrap()).unwrap();
        let mut event = Event::parse(&json::write(case.get("event").unwrap(), json::Style::Compact)).unwrap();
        event.event_type = profile.event_type(&event.event_type).unwrap();
        let webhook = case.get("webhook").unwrap();
        let method = text(webhook, "method").map_or(Method::Post, |method| Method::parse(method).unwrap());
        let target = Target { url: text(webhook, "url").unwrap(), method, headers: &[] };
        let secret = text(webhook, "secret").map(|secret| Secret::parse(profile, secret).unwrap());
        let Some(Json::Number(at_s)) = case.get("attempt_at") else { panic!("no attempt_at") };
        let at_us = at_s.text().parse::<u64>().unwrap() * 1_000_000 + 999_999;
        let message_id = text(case, "message_id").unwrap();
        let outgoing = format(profile, &target, message_id, &event, at_us, secret.as_slice()).unwrap();

        let expected = case.get("request").unwrap();
        assert_eq!(text(expected, "method"), Some(outgoing.method.as_str()), "case {index}");
        assert_eq!(text(expected, "url"), Some(outgoing.url.as_str()), "case {index}");
        assert_eq!(text(expected, "body").unwrap(), outgoing.body.as_deref().unwrap_or_default(), "case {index}");
        let Some(Json::Object(headers)) = expected.get("headers") else { panic!("no headers") };
        let mut wanted: Vec<(String, String)> =
            headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        wanted.insert(1, ("User-Agent".to_owned(), USER_AGENT.to_owned()));
        wanted.insert(2, ("Accept".to_owned(), ACCEPT.to_owned()));
        assert_eq!(outgoing.headers, wanted, "case {index}");
    }
}

fn event(text: &str) -> Event {
    Event { occurred_at_us: Some(1_768_566_896_789_012), ..Event::parse(text).unwrap() }
}

fn secret(profile: &str, text: &str) -> Secret {
    Secret::parse(Profile::builtin(profile).unwrap(), text).unwrap()
}

fn sent(profile: &str, method: Method, url: &str, event: &Event, secrets: &[Secret]) -> Outgoing {
    let target = Target { url, method, headers: &[] };
    format(Profile::builtin(profile).unwrap(), &target, "msg_1", event, 1_738_670_407_000_000, secrets).unwrap()
}

fn header<'a>(outgoing: &'a Outgoing, name: &str) -> Option<&'a str> {
    let mut found = outgoing.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let first = found.next();
    assert_eq!(found.next(), None, "{name} is there twice");
    first
}

/// The reference library accepts what leaves, with any of the live secrets.
#[test]
fn the_library_of_standard_webhooks_verifies_a_signature() {
    let (new, old) =
        ("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let now_s = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for profile in ["standard", "datagerry"] {
        let secrets = [secret(profile, new), secret(profile, old)];
        let target = Target { url: "https://x.example", method: Method::Post, headers: &[] };
        let event = event(r#"{"type":"UPDATE","data":{"é":"/"}}"#);
        let builtin = Profile::builtin(profile).unwrap();
        let outgoing = format(builtin, &target, "msg_1", &event, now_s * 1_000_000, &secrets).unwrap();
        let signature = header(&outgoing, "webhook-signature").unwrap();
        assert_eq!(signature.split(' ').count(), 2);
        let mut headers = http::HeaderMap::new();
        for (name, value) in &outgoing.headers {
            headers.insert(http::HeaderName::try_from(name).unwrap(), http::HeaderValue::try_from(value).unwrap());
        }
        let body = outgoing.body.as_deref().unwrap();
        for secret in [new, old] {
            let webhook = standardwebhooks::Webhook::new(secret).unwrap();
            webhook.verify(body.as_bytes(), &headers).unwrap();
            assert!(webhook.verify(format!("{body} ").as_bytes(), &headers).is_err(), "another body is accepted");
        }
        let newest = secret(profile, new);
        let first = sign::standard_v1(newest.key(), "msg_1", now_s, body);
        assert_eq!(signature.split(' ').next(), Some(first.as_str()), "the newest secret signs first");
    }
}

#[test]
fn a_scheme_with_one_signature_uses_the_oldest_secret() {
    for (profile, name, prefix) in [
        ("perfex-assets", "X-Asset-Webhook-Signature", ""),
        ("perscom", "Signature", ""),
        ("assetsup", "X-AssetsUp-Signature", "sha256="),
    ] {
        let secrets = [secret(profile, "new"), secret(profile, "old")];
        let outgoing = sent(profile, Method::Post, "https://x.example", &event(r#"{"type":"a"}"#), &secrets);
        let expected = format!("{prefix}{}", sign::body_hex(b"old", outgoing.body.as_deref().unwrap()));
        assert_eq!(header(&outgoing, name), Some(expected.as_str()), "{profile}");
    }
}

#[test]
fn a_request_without_a_secret_has_no_signature() {
    for (profile, expected) in [
        ("perfex-assets", &["X-Asset-Webhook-Event", "X-Asset-Webhook-Timestamp"][..]),
        ("datagerry", &[]),
        ("standard", &["webhook-id", "webhook-timestamp"]),
    ] {
        let outgoing = sent(profile, Method::Post, "https://x.example", &event(r#"{"type":"a"}"#), &[]);
        let names: Vec<String> = outgoing.headers.into_iter().map(|(name, _)| name).skip(3).collect();
        assert_eq!(names, expected, "{profile}");
    }
}

/// One row: the values of a header in a request with these custom headers, under a profile with these further members.
fn general(members: &str, custom: &[(&str, &str)], name: &str, expected: &[&str]) {
    let text = Profile::builtin_text("assetsup").unwrap().replace("\"assetsup\",", &format!("\"shop\",{members}"));
    let profile = Profile::parse(&text).unwrap();
    let custom: Vec<_> = custom.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let target = Target { url: "https://x.example", method: Method::Post, headers: &custom };
    let outgoing = format(&profile, &target, "msg_1", &event(r#"{"type":"a"}"#), 1_999_999, &[]).unwrap();
    let found = outgoing.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    assert_eq!(found.map(|(_, value)| value.as_str()).collect::<Vec<_>>(), expected, "{members} {custom:?}");
}

#[test]
fn the_profile_or_a_custom_header_replaces_accept() {
    general("", &[], "Accept", &["*/*"]);
    general("", &[("accept", "application/json")], "Accept", &["application/json"]);
    general("", &[("ACCEPT", "")], "Accept", &[""]);
    general("\"accept\":\"text/plain\",", &[], "Accept", &["text/plain"]);
    general("\"accept\":\"text/plain\",", &[("Accept", "a/b")], "Accept", &["a/b"]);
    general("\"accept\":\"\",", &[], "Accept", &[]);
    general("\"accept\":\"\",", &[("Accept", "a/b")], "Accept", &["a/b"]);
}

#[test]
fn the_profile_names_the_user_agent() {
    general("", &[], "User-Agent", &[USER_AGENT]);
    general(
        "\"userAgent\":\"Shop/1.0 (+https://shop.example)\",",
        &[],
        "User-Agent",
        &["Shop/1.0 (+https://shop.example)"],
    );
}

#[test]
fn custom_headers_follow_those_of_the_profile() {
    let custom = [("X-Key".to_owned(), "v".to_owned()), ("Authorization".to_owned(), "Bearer t".to_owned())];
    let target = Target { url: "https://x.example/?a=1#f", method: Method::Post, headers: &custom };
    let profile = Profile::builtin("perfex-assets").unwrap();
    let outgoing = format(profile, &target, "msg_1", &event(r#"{"type":"asset.lost"}"#), 1_999_999, &[]).unwrap();
    assert_eq!(outgoing.headers[outgoing.headers.len() - 2..], custom);
    assert_eq!(outgoing.url, "https://x.example/?a=1#f");
    assert_eq!(header(&outgoing, "Content-Type"), Some("application/json"));
    assert_eq!(header(&outgoing, "X-Asset-Webhook-Timestamp"), Some("1"));
    assert_eq!(outgoing.body.as_ref(), Some(&outgoing.logged_body));
}

#[test]
fn a_query_is_the_same_as_php_writes() {
    for (name, fields, expected) in [
        ("nothing given", "", ""),
        (
            "booleans, null and empty values",
            r#","data":{"t":true,"f":false,"n":null,"e":"","a":[],"o":{},"oo":{"x":{"y":null}}}"#,
            "&data%5Bt%5D=1&data%5Bf%5D=0&data%5Be%5D=",
        ),
        (
            "nested lists",
            r#","data":{"l":[1,null,"b",[2,{"k":3}]]}"#,
            "&data%5Bl%5D%5B0%5D=1&data%5Bl%5D%5B2%5D=b&data%5Bl%5D%5B3%5D%5B0%5D=2&data%5Bl%5D%5B3%5D%5B1%5D%5Bk%5D=3",
        ),
        (
            "characters that are encoded",
            r#","data":{"a b&c=[d]":" +~-._é*'()!","n":-1.50E+3}"#,
            "&data%5Ba%20b%26c%3D%5Bd%5D%5D=%20%2B~-._%C3%A9%2A%27%28%29%21&data%5Bn%5D=-1.50E%2B3",
        ),
        ("list", r#","data":[1,2]"#, "&data%5B0%5D=1&data%5B1%5D=2"),
        ("text", r#","data":"x y""#, "&data=x%20y"),
        ("changes", r#","before":{"a":1},"after":{"a":true}"#, "&data%5Ba%5D=1&changes%5Ba%5D=1"),
        ("context", r#","context":{"request_id":"r/1"},"data":false"#, "&request_id=r%2F1&data=0"),
    ] {
        let event = event(&format!(r#"{{"type":"user.updated"{fields}}}"#));
        let outgoing = sent("perscom", Method::Get, "https://x.example/in", &event, &[secret("perscom", "s")]);
        let fixed = "https://x.example/in?event=user.updated&created=2026-01-16T12%3A34%3A56.789012Z";
        assert_eq!(outgoing.url, format!("{fixed}{expected}"), "{name}");
        assert_eq!(outgoing.body, None, "{name}");
        let signature = sign::body_hex(b"s", &outgoing.logged_body);
        assert_eq!(header(&outgoing, "Signature"), Some(signature.as_str()), "{name}");
        assert!(outgoing.logged_body.starts_with("{\"event\":\"user.updated\""), "{name}: the log keeps the JSON");
    }
}

#[test]
fn a_payload_as_a_query_replaces_the_query_of_the_url() {
    for (name, url, begin) in [
        ("no path", "https://x.example", "https://x.example"),
        ("query with a question mark", "https://x.example/a?b=c?d", "https://x.example/a"),
        ("fragment with a question mark", "https://x.example/a#f?g", "https://x.example/a"),
        ("query and fragment", "https://x.example/a?b#f", "https://x.example/a"),
    ] {
        let outgoing = sent("perscom", Method::Get, url, &event(r#"{"type":"user.created"}"#), &[]);
        let expected = format!("{begin}?event=user.created&created=2026-01-16T12%3A34%3A56.789012Z");
        assert_eq!(outgoing.url, expected, "{name}");
    }
}

#[test]
fn the_body_is_the_same_for_every_attempt() {
    let event = event(r#"{"type":"asset.lost","data":{"x":1}}"#);
    let profile = Profile::builtin("perfex-assets").unwrap();
    let target = Target { url: "https://x.example", method: Method::Post, headers: &[] };
    let at = |us| format(profile, &target, "msg_1", &event, us, &[secret("perfex-assets", "s")]).unwrap();
    let (first, second) = (at(1_000_000), at(9_000_000));
    assert_eq!(first.body, second.body);
    assert_ne!(first.headers, second.headers);
}

#[test]
fn a_query_above_the_limit_is_refused() {
    let of = |key_bytes: usize, values: &str| {
        let event = event(&format!(r#"{{"type":"user.created","data":{{"{}":[{values}]}}}}"#, "k".repeat(key_bytes)));
        let target = Target { url: "https://x.example", method: Method::Get, headers: &[] };
        format(Profile::builtin("perscom").unwrap(), &target, "msg_1", &event, 0, &[])
    };
    assert!(of(100, &vec!["1"; 100].join(",")).is_ok());
    let error = of(100_000, &vec!["1"; 50_000].join(",")).unwrap_err();
    assert_eq!((error.kind, error.hint.as_deref()), (ErrorKind::TooLarge, Some("let the webhook use POST")));
    assert!(of(100_000, &vec!["null"; 30_000].join(",")).is_ok(), "what is left out takes no room");
}

#[test]
fn debug_of_a_request_prints_no_credential() {
    let headers = vec![("X-Key".to_owned(), "geheim".to_owned())];
    let target = Target { url: "https://example.com/geheim?token=geheim", method: Method::Post, headers: &headers };
    let data = event(r#"{"type":"asset.updated","data":{"password":"geheim"}}"#);
    let profile = Profile::builtin("standard").unwrap();
    let outgoing = format(profile, &target, "msg_1", &data, 1_738_670_407_000_000, &[]).unwrap();
    for printed in [format!("{target:?}"), format!("{outgoing:?}")] {
        assert!(printed.contains("https://example.com/...") && printed.contains("X-Key"), "{printed}");
        assert!(!printed.contains("geheim"), "{printed}");
    }
}
