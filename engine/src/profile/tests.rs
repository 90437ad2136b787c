use super::*;

fn builtin(name: &str) -> &'static Profile {
    Profile::builtin(name).unwrap()
}

#[test]
fn every_builtin_profile_parses_under_its_name() {
    for name in Profile::BUILTIN_NAMES {
        assert_eq!(builtin(name).name, name);
    }
    assert_eq!(Profile::builtin("Standard"), None);
}

/// One row: how many events, when to try again, for how long.
fn policy(name: &str, events: usize, schedule_s: &[u32], jitter_percent: u32, timeout_ms: u32) {
    let profile = builtin(name);
    assert_eq!(profile.events.len(), events, "{name}");
    assert_eq!(profile.schedule_s, schedule_s, "{name}");
    assert_eq!((profile.jitter_percent, profile.timeout_ms), (jitter_percent, timeout_ms), "{name}");
    assert!(profile.is_success(200) && profile.is_success(299), "{name}");
    assert!(!profile.is_success(199) && !profile.is_success(300), "{name}");
    assert_eq!(profile.methods, [Method::Post, Method::Get], "{name}");
    assert_eq!(profile.retry_after_on, [429, 503], "{name}");
}

#[test]
fn policies() {
    let default = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    policy("standard", 0, &default, 10, 15_000);
    policy("perfex-assets", 21, &default, 10, 30_000);
    policy("datagerry", 3, &default, 10, 3_000);
    policy("perscom", 33, &[10, 100], 0, 3_000);
    policy("assetsup", 11, &[2, 4, 8], 0, 10_000);
    assert_eq!(builtin("standard").disable_on, [410]);
    assert_eq!(builtin("perscom").disable_on, [0; 0]);
}

#[test]
fn secrets_by_profile() {
    let check = |name, absent, unsigned| {
        assert_eq!((builtin(name).secret_absent, builtin(name).unsigned), (absent, unsigned), "{name}");
    };
    check("standard", SecretAbsent::Make, Unsigned::Refuse);
    check("perfex-assets", SecretAbsent::Make, Unsigned::Allow);
    check("datagerry", SecretAbsent::Unsigned, Unsigned::Allow);
    check("perscom", SecretAbsent::Make, Unsigned::Refuse);
    check("assetsup", SecretAbsent::Make, Unsigned::Refuse);
}

fn accepted(name: &str, text: &str, canonical: &str) {
    assert_eq!(builtin(name).event_type(text).as_deref(), Ok(canonical));
}

fn refused(name: &str, text: &str, message: &str) {
    assert_eq!(builtin(name).event_type(text).unwrap_err().to_string(), message);
}

#[test]
fn event_types_are_those_of_the_catalogue() {
    accepted("standard", "Anything.at_all-1", "Anything.at_all-1");
    accepted("datagerry", "CREATE", "CREATE");
    accepted("datagerry", "delete", "DELETE");
    accepted("perscom", "message.created", "message.created");
    accepted("assetsup", "LOW_STOCK", "LOW_STOCK");
    for name in Profile::BUILTIN_NAMES {
        for event_type in &builtin(name).events {
            accepted(name, event_type, event_type);
        }
    }
    refused(
        "perfex-assets",
        "asset.crated",
        "type: `asset.crated` is not in the catalogue of profile perfex-assets (did you mean asset.created?)",
    );
    refused(
        "assetsup",
        "low_stock",
        "type: `low_stock` is not in the catalogue of profile assetsup (did you mean LOW_STOCK?)",
    );
    refused(
        "datagerry",
        "TEST",
        "type: `TEST` is not in the catalogue of profile datagerry (the types are CREATE, UPDATE, DELETE)",
    );
    let error = builtin("standard").event_type("a b").unwrap_err();
    assert_eq!(error.field.as_deref(), Some("type"));
}

#[test]
fn headers_that_requests_need_are_reserved() {
    let check = |name: &str, header: &str, expected: bool| {
        assert_eq!(builtin(name).reserves_header(header), expected, "{name} {header}");
    };
    for name in Profile::BUILTIN_NAMES {
        check(name, "Content-type", true);
        check(name, "HOST", true);
        check(name, "X-Api-Key", false);
        check(name, "Authorization", false);
        for header in &builtin(name).headers {
            check(name, &header.name.to_ascii_uppercase(), true);
        }
    }
    check("standard", "Signature", false);
    check("perscom", "webhook-id", false);
}

/// A platform's own profile: one change of a built-in file, and what is wrong with it then.
fn broken(line: usize, from: &str, to: &str, message: &str) {
    let text = include_str!("../../profiles/perfex-assets.json");
    assert!(text.contains(from), "{from} is not in the file");
    let told = Profile::parse(&text.replacen(from, to, 1)).unwrap_err().to_string();
    let (field, rest) = message.split_once(": ").unwrap();
    assert_eq!(told, format!("{field}: line {line}: {rest}"));
}

#[test]
fn the_vocabulary_is_closed() {
    broken(
        11,
        "\"style\": \"php\"",
        "\"style\": \"xml\"",
        "style: `xml` is unknown (the words are compact, php, python-indent-2)",
    );
    broken(30, "\"timeoutMs\": 30000", "\"timeoutMs\": 30001", "timeoutMs: must be a whole number from 100 to 30000");
    broken(1, "\"timeoutMs\": 30000,", "", "timeoutMs: is required");
    broken(31, "[200, 299]", "[299, 200]", "success: must be the first and the last status: [200, 299]");
    broken(
        4,
        "\"asset.created\"",
        "\"asset created\"",
        "events[0]: `asset created` is no event type (use letters, digits, _ and -, and dots between parts)",
    );
    broken(4, "\"exact\"", "\"upper\"", "events[0]: `asset.created` breaks the letter case");
    broken(
        26,
        "\"secretAbsent\": \"make\",\n  \"unsigned\": \"allow\"",
        "\"secretAbsent\": \"unsigned\",\n  \"unsigned\": \"refuse\"",
        "secretAbsent: cannot be `unsigned` where `unsigned` is `refuse` (make `secretAbsent` `make` or `refuse`)",
    );
    broken(
        16,
        "\"else\": null",
        "\"els\": null",
        "payload[3].els: there is no such field (the fields are name, from, else, constant, members)",
    );
    broken(
        18,
        "[\"data\"]",
        "[\"body\"]",
        &format!("payload[5].from[0]: `body` is unknown (the words are {})", Source::NAMES),
    );
    broken(18, "\"name\": \"data\"", "\"name\": \"asset\"", "payload[5].name: `asset` is there twice");
    broken(
        15,
        ", \"constant\": \"perfex_assets_module\"",
        "",
        "payload[2]: says where its value comes from either not at all or twice (give one of `from` (with or without `else`), `constant` and `members`)",
    );
    broken(21, "\"X-Asset-Webhook-Event\"", "\"X Asset\"", "headers[0].name: `X Asset` is no header's name");
    broken(
        25,
        "\"scheme\": \"body-hex\"",
        "\"scheme\": \"md5\"",
        "signature.scheme: `md5` is unknown (the words are body-hex, standard-webhooks)",
    );
    broken(
        32,
        "\"methods\": [\"POST\", \"GET\"]",
        "\"methods\": [\"PUT\"]",
        "methods[0]: `PUT` is unknown (the words are POST, GET)",
    );
    broken(
        34,
        "\"retryAfterOn\": [429",
        "\"retryAfterOn\": [42",
        "retryAfterOn[0]: must be a whole number from 100 to 599",
    );
    broken(28, "\"scheduleS\": [5", "\"scheduleS\": [-5", "scheduleS[0]: must be a whole number from 0 to 604800");
    broken(2, "\"perfex-assets\"", "\"Perfex\"", "name: `Perfex` names no profile (1 to 32 of a to z, 0 to 9 and -)");
    broken(4, "\"asset.updated\"", "\"asset.created\"", "events[1]: `asset.created` is there twice");
    broken(
        21,
        "X-Asset-Webhook-Event",
        "content-type",
        "headers[0].name: `content-type` is set by Hookwright or by the transport (choose another name)",
    );
    broken(
        22,
        "X-Asset-Webhook-Timestamp",
        "x-asset-webhook-event",
        "headers[1].name: `x-asset-webhook-event` is there twice",
    );
    broken(
        20,
        "\"signature\"}\n",
        "\"type\"}\n",
        "headers: has 0 headers with the value `signature`; there must be one (a webhook without a secret is sent without it)",
    );
    broken(
        20,
        "{\"scheme\": \"body-hex\"}",
        "{\"scheme\": \"standard-webhooks\"}",
        "headers: has no header with the value `message-id`, which the signature covers",
    );
    broken(
        25,
        "\"body-hex\"",
        "\"body-hex\", \"prefix\": \"a b\"",
        "signature.prefix: must be at most 64 visible ASCII characters",
    );
}

use crate::profile::payload::Source;

#[test]
fn every_source_that_a_hint_names_is_one() {
    for name in Source::NAMES.split(", ") {
        assert!(Source::parse(&name.replace("<key>", "request_id")).is_some(), "{name}");
    }
    assert_eq!(Source::parse("context."), None);
    assert_eq!(Source::parse("time.stardate"), None);
}
