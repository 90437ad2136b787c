//! The built-in profiles, and the errors of a profile that a host configures.

use super::*;
use crate::profile::vocabulary::Source;
use crate::support::statuses::StatusSet;

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
    assert_eq!(profile.retry_after_on, None, "{name}");
    assert!(profile.finals.is_empty(), "{name}");
}

#[test]
fn a_builtin_profile_has_its_policy() {
    let default = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    policy("standard", 0, &default, 10, 15_000);
    policy("perfex-assets", 21, &default, 10, 30_000);
    policy("datagerry", 3, &default, 10, 3_000);
    policy("perscom", 33, &[10, 100], 0, 3_000);
    policy("assetsup", 11, &[2, 4, 8], 0, 10_000);
    assert_eq!(builtin("standard").disable_on, StatusSet::range(410, 410));
    assert!(builtin("perscom").disable_on.is_empty());
}

#[test]
fn a_builtin_profile_has_its_policy_on_secrets() {
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
fn an_event_type_outside_the_catalogue_is_refused() {
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
fn a_profile_sets_its_own_headers() {
    let check = |name: &str, header: &str, expected: bool| {
        assert_eq!(builtin(name).sets_header(header), expected, "{name} {header}");
    };
    for name in Profile::BUILTIN_NAMES {
        check(name, "X-Api-Key", false);
        check(name, "Authorization", false);
        for header in &builtin(name).headers {
            check(name, &header.name.to_ascii_uppercase(), true);
        }
    }
    check("standard", "Signature", false);
    check("perscom", "webhook-id", false);
}

/// One change of a built-in profile's document, and the error that it leads to.
struct Broken {
    name: &'static str,
    from: &'static str,
    to: &'static str,
    field: &'static str,
    line: usize,
    told: &'static str,
}

fn broken(
    name: &'static str,
    [from, to]: [&'static str; 2],
    (field, line): (&'static str, usize),
    told: &'static str,
) -> Broken {
    Broken { name, from, to, field, line, told }
}

fn check(rows: Vec<Broken>) {
    let text = include_str!("../../profiles/perfex-assets.json");
    for Broken { name, from, to, field, line, told } in rows {
        assert!(text.contains(from), "{name}: {from} is not in the document");
        let error = Profile::parse(&text.replacen(from, to, 1)).unwrap_err();
        assert_eq!(error.field.as_deref().unwrap_or_default(), field, "{name}: {error}");
        let place = format!("line {line}, column ");
        assert!(error.message.starts_with(&place), "{name}: {error} is not about {place}");
        assert!(error.to_string().ends_with(told), "{name}: {error} does not end in {told}");
    }
}

#[test]
fn a_document_with_a_wrong_word_or_number_is_refused() {
    check(vec![
        broken(
            "unknown style",
            ["\"style\": \"php\"", "\"style\": \"xml\""],
            ("style", 11),
            "`xml` is not possible (use one of compact, php, python-indent-2)",
        ),
        broken(
            "timeout too long",
            ["\"timeoutMs\": 30000", "\"timeoutMs\": 30001"],
            ("timeoutMs", 30),
            "must be a whole number from 100 to 30000",
        ),
        broken("timeout missing", ["\"timeoutMs\": 30000,", ""], ("timeoutMs", 1), "is required"),
        broken(
            "success in the wrong order",
            ["[200, 299]", "[299, 200]"],
            ("success", 31),
            "must be the first and the last status: [200, 299] (`successStatuses` takes any statuses)",
        ),
        broken(
            "unknown scheme",
            ["\"scheme\": \"body-hex\"", "\"scheme\": \"md5\""],
            ("signature.scheme", 25),
            "`md5` is not possible (use one of body-hex, standard-webhooks)",
        ),
        broken(
            "unknown method",
            ["\"methods\": [\"POST\", \"GET\"]", "\"methods\": [\"PUT\"]"],
            ("methods[0]", 32),
            "`PUT` is not possible (use one of POST, GET)",
        ),
        broken(
            "no method",
            ["\"methods\": [\"POST\", \"GET\"]", "\"methods\": []"],
            ("methods", 32),
            "is empty (give POST, GET or both)",
        ),
        broken(
            "status of two digits",
            ["\"disableOn\": []", "\"disableOn\": [42]"],
            ("disableOn[0]", 33),
            "`42` is no status and no range of statuses (write 500, \"5xx\" or \"500-599\", from 100 to 599)",
        ),
        broken(
            "negative wait",
            ["\"scheduleS\": [5", "\"scheduleS\": [-5"],
            ("scheduleS[0]", 28),
            "expected a whole number",
        ),
        broken(
            "wait of more than 7 days",
            ["\"scheduleS\": [5", "\"scheduleS\": [604801"],
            ("scheduleS[0]", 28),
            "must be a whole number from 0 to 604800",
        ),
        broken(
            "name in upper case",
            ["\"perfex-assets\"", "\"Perfex\""],
            ("name", 2),
            "`Perfex` does not name a profile (use 1 to 32 of a to z, 0 to 9 and -)",
        ),
    ]);
}

#[test]
fn a_document_with_contradictory_statuses_is_refused() {
    check(vec![
        broken(
            "success twice",
            ["\"success\": [200, 299]", "\"success\": [200, 299], \"successStatuses\": [200]"],
            ("successStatuses", 31),
            "cannot be beside `success` (give one of the two)",
        ),
        broken(
            "no success",
            ["\"success\": [200, 299]", "\"successStatuses\": []"],
            ("successStatuses", 31),
            "is empty, so that every response would be a failure (name the statuses of success, as [\"2xx\"])",
        ),
        broken(
            "success and the end of a message",
            ["\"success\": [200, 299]", "\"success\": [200, 299], \"finalStatuses\": [404, \"200-210\"]"],
            ("finalStatuses", 31),
            "`200` ends a message, and is a success (leave it out of one of the two lists)",
        ),
    ]);
}

#[test]
fn a_document_with_a_wrong_catalogue_or_policy_is_refused() {
    check(vec![
        broken(
            "space in an event type",
            ["\"asset.created\"", "\"asset created\""],
            ("events[0]", 4),
            "`asset created` is no event type (use letters, digits, _ and -, and dots between parts)",
        ),
        broken(
            "lower case where upper case is sent",
            ["\"exact\"", "\"upper\""],
            ("events[0]", 4),
            "`asset.created` is not in upper case (write it in upper case, or make `letterCase` `exact`)",
        ),
        broken(
            "event type twice",
            ["\"asset.updated\"", "\"asset.created\""],
            ("events[1]", 4),
            "`asset.created` is there twice",
        ),
        broken(
            "unsigned by default and refused",
            [
                "\"secretAbsent\": \"make\",\n  \"unsigned\": \"allow\"",
                "\"secretAbsent\": \"unsigned\",\n  \"unsigned\": \"refuse\"",
            ],
            ("secretAbsent", 26),
            "cannot be `unsigned` where `unsigned` is `refuse` (make `secretAbsent` `make` or `refuse`)",
        ),
    ]);
}

#[test]
fn a_document_with_a_wrong_payload_is_refused() {
    check(vec![
        broken(
            "misspelt else",
            ["\"else\": null", "\"els\": null"],
            ("payload[3].els", 16),
            "there is no such field (the fields are name, from, else, constant, members)",
        ),
        broken(
            "member twice",
            ["\"name\": \"data\"", "\"name\": \"asset\""],
            ("payload[5].name", 18),
            "`asset` is there twice",
        ),
        broken(
            "member without a value",
            [", \"constant\": \"perfex_assets_module\"", ""],
            ("payload[2]", 15),
            "says where its value comes from either not at all or twice (give one of `from` (with or without `else`), \
             `constant` and `members`)",
        ),
    ]);
    let text = include_str!("../../profiles/perfex-assets.json").replacen("[\"data\"]", "[\"body\"]", 1);
    let told = Profile::parse(&text).unwrap_err().to_string();
    let expected = format!("`body` is unknown (the words are {})", Source::NAMES);
    assert!(told.starts_with("payload[5].from[0]: line 18, column ") && told.ends_with(&expected), "{told}");
}

#[test]
fn a_document_with_wrong_headers_is_refused() {
    check(vec![
        broken(
            "space in a header's name",
            ["\"X-Asset-Webhook-Event\"", "\"X Asset\""],
            ("headers[0].name", 21),
            "`X Asset` does not name a header",
        ),
        broken(
            "reserved header",
            ["X-Asset-Webhook-Event", "content-type"],
            ("headers[0].name", 21),
            "`content-type` is set by Hookwright or by the transport (choose another name)",
        ),
        broken(
            "header twice",
            ["X-Asset-Webhook-Timestamp", "x-asset-webhook-event"],
            ("headers[1].name", 22),
            "`x-asset-webhook-event` is there twice",
        ),
        broken(
            "no header for the signature",
            ["\"signature\"}\n", "\"type\"}\n"],
            ("headers", 20),
            "has 0 headers with the value `signature`; there must be one (a webhook without a secret is sent without it)",
        ),
        broken(
            "no header for the message's id",
            ["{\"scheme\": \"body-hex\"}", "{\"scheme\": \"standard-webhooks\"}"],
            ("headers", 20),
            "has no header with the value `message-id`, which the signature covers",
        ),
        broken(
            "space in the prefix",
            ["\"body-hex\"", "\"body-hex\", \"prefix\": \"a b\""],
            ("signature.prefix", 25),
            "must be at most 64 visible ASCII characters",
        ),
        broken(
            "prefix of a scheme that has none",
            ["\"body-hex\"", "\"standard-webhooks\", \"prefix\": \"\""],
            ("signature.prefix", 25),
            "does not belong to the scheme `standard-webhooks` (leave it out)",
        ),
    ]);
}

#[test]
fn an_error_of_a_document_names_the_place_of_its_field() {
    let text = include_str!("../../profiles/perfex-assets.json");
    for (name, from, to, told) in [
        ("word", "\"php\"", "\"xml\"", "style: line 11, column 3: `xml` is not possible"),
        ("item", "\"scheduleS\": [5", "\"scheduleS\": [-5", "scheduleS[0]: line 28, column 17: expected a whole"),
        ("absent", "\"timeoutMs\": 30000,", "", "timeoutMs: line 1, column 1: is required"),
        ("surrogate", "\"php\"", "\"\\ud800\"", "style: not JSON at line 11, column 13: half of a surrogate pair"),
        ("no JSON", "\"php\"", "php", "not JSON at line 11, column 12: expected a value, found 'p'"),
    ] {
        let error = Profile::parse(&text.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.starts_with(told), "{name}: {error}");
    }
    let told = Profile::parse("[]").unwrap_err().to_string();
    assert_eq!(told, "line 1, column 1: expected an object, not an array");
}
