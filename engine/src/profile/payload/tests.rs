//! Payloads of the built-in profiles, and their bounds.

use super::*;

/// One row: an event (its time is added), and the body that the profile makes of it.
fn check(profile: &str, event: &str, body: &str) {
    let mut event = Event::parse(event).unwrap();
    event.occurred_at_us = Some(1_768_566_896_789_012);
    let payload = build(Profile::builtin(profile).unwrap(), "msg_1", &event).unwrap();
    assert_eq!(payload.body(), body);
}

fn test_body(profile: &str, body: &str) {
    let profile = Profile::builtin(profile).unwrap();
    let payload = build(profile, "msg_1", &profile.test_event(1_768_566_896_789_012)).unwrap();
    assert_eq!(payload.body(), body);
}

#[test]
fn a_test_event_has_the_payload_of_its_profile() {
    test_body("standard", r#"{"type":"webhook.test","timestamp":"2026-01-16T12:34:56.789Z","data":{}}"#);
    test_body(
        "perfex-assets",
        r#"{"event":"test","timestamp":"2026-01-16T12:34:56+00:00","source":"perfex_assets_module","asset_id":null,"asset":{},"data":{}}"#,
    );
    test_body(
        "datagerry",
        "{\n  \"event_time\": {\n    \"$date\": 1768566896789\n  },\n  \"operation\": \"TEST\",\n  \"object_before\": null,\n  \
         \"object_after\": null,\n  \"changes\": null\n}",
    );
    test_body(
        "perscom",
        r#"{"event":"webhook.test","created":"2026-01-16T12:34:56.789012Z","data":{"status":"ok"},"changes":null}"#,
    );
    test_body("assetsup", r#"{"event":"webhook.test","timestamp":"2026-01-16T12:34:56.789Z"}"#);
}

#[test]
fn an_event_without_its_time_is_refused() {
    let error = build(Profile::builtin("standard").unwrap(), "msg_1", &Event::new("a")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Internal);
}

fn perfex(event_type: &str, fields: &str, rest: &str) {
    check(
        "perfex-assets",
        &format!(r#"{{"type":"{event_type}"{fields}}}"#),
        &format!(
            r#"{{"event":"{event_type}","timestamp":"2026-01-16T12:34:56+00:00","source":"perfex_assets_module",{rest}}}"#
        ),
    );
}

#[test]
fn perfex_has_one_form_for_every_event() {
    for event_type in &Profile::builtin("perfex-assets").unwrap().events {
        perfex(
            event_type,
            r#","subject":{"type":"asset","id":123},"before":{"a":"1"},"after":{"a":"2","s":"é/"},"data":{"n":3}"#,
            r#""asset_id":123,"asset":{"a":"2","s":"\u00e9\/"},"data":{"n":3}"#,
        );
    }
}

#[test]
fn a_perfex_deletion_has_the_model_from_before() {
    let deleted = r#""asset_id":null,"asset":{"a":1},"data":{}"#;
    perfex("asset.deleted", r#","subject":{"id":123},"before":{"a":1}"#, deleted);
    perfex("asset.liquidated", r#","subject":{"id":123},"before":{"a":1},"after":null"#, deleted);
    perfex("asset.deleted", r#","subject":{"id":123},"after":{"a":1}"#, r#""asset_id":123,"asset":{"a":1},"data":{}"#);
    perfex("asset.deleted", r#","subject":{"id":123}"#, r#""asset_id":123,"asset":{},"data":{}"#);
}

#[test]
fn perfex_ids_and_data_keep_their_text() {
    perfex("asset.lost", "", r#""asset_id":null,"asset":{},"data":{}"#);
    perfex("asset.lost", r#","subject":{"id":"7/é"}"#, r#""asset_id":"7\/\u00e9","asset":{},"data":{}"#);
    perfex("asset.lost", r#","subject":{"id":1.50E2},"data":[]"#, r#""asset_id":1.50E2,"asset":{},"data":[]"#);
    perfex("asset.lost", r#","subject":{"type":"asset"},"data":"x""#, r#""asset_id":null,"asset":{},"data":"x""#);
    perfex(
        "asset.lost",
        r#","after":{"b":1,"a":2,"10":3,"9":{}}"#,
        r#""asset_id":null,"asset":{"b":1,"a":2,"10":3,"9":{}},"data":{}"#,
    );
}

fn datagerry(event_type: &str, before: &str, after: &str, changes: &str) {
    let event = format!(r#"{{"type":"{event_type}","before":{before},"after":{after}}}"#);
    let mut event = Event::parse(&event).unwrap();
    event.occurred_at_us = Some(1_768_566_896_789_012);
    let payload = build(Profile::builtin("datagerry").unwrap(), "msg_1", &event).unwrap();
    let Json::Object(members) = &payload.json else { panic!("the payload is no object") };
    let keys: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["event_time", "operation", "object_before", "object_after", "changes"]);
    assert_eq!(payload.json.get("operation"), Some(&Json::text(&event_type.to_ascii_uppercase())));
    let text = |key| json::write(payload.json.get(key).unwrap(), json::Style::Compact);
    assert_eq!((text("object_before"), text("object_after")), (before.to_owned(), after.to_owned()));
    assert_eq!(text("changes"), changes, "{before} to {after}");
}

#[test]
fn a_datagerry_event_has_its_operation() {
    for case in [str::to_ascii_uppercase, str::to_ascii_lowercase] {
        datagerry(&case("CREATE"), "null", r#"{"fields":[1],"active":true}"#, "null");
        datagerry(&case("DELETE"), r#"{"fields":[1],"active":true}"#, "null", "null");
        datagerry(&case("UPDATE"), r#"{"fields":[1]}"#, r#"{"fields":[2]}"#, r#"{"old":[1],"new":[2]}"#);
    }
}

#[test]
fn a_datagerry_update_has_the_changed_fields() {
    let check = |before, after, changes| datagerry("UPDATE", before, after, changes);
    let none = r#"{"old":[],"new":[]}"#;
    check(r#"{"fields":[1,2,3]}"#, r#"{"fields":[3,1,4,2,5]}"#, r#"{"old":[],"new":[4,5]}"#);
    check(r#"{"fields":[{"name":"a","value":1}]}"#, r#"{"fields":[]}"#, r#"{"old":[{"name":"a","value":1}],"new":[]}"#);
    check(r#"{"fields":[{"name":"a","value":1}]}"#, r#"{"fields":[{"value":1.0,"name":"a"}]}"#, none);
    check(
        r#"{"fields":[{"name":"a","value":1}]}"#,
        r#"{"fields":[{"name":"a","value":"1"}]}"#,
        r#"{"old":[{"name":"a","value":1}],"new":[{"name":"a","value":"1"}]}"#,
    );
    check(r#"{"fields":[1],"active":true}"#, r#"{"fields":[1],"active":false}"#, r#"{"state":false}"#);
    check(r#"{"fields":[1],"active":false}"#, r#"{"fields":[1],"active":true}"#, r#"{"state":true}"#);
    check(r#"{"fields":[1],"active":true}"#, r#"{"fields":[2],"active":false}"#, r#"{"old":[1],"new":[2]}"#);
    check(r#"{"fields":[1],"active":true}"#, r#"{"fields":[1],"active":true}"#, none);
    check(r#"{"fields":[1],"active":true}"#, r#"{"fields":[1]}"#, none);
    check("{}", "{}", none);
    check(r#"{"fields":null}"#, r#"{"fields":{"a":1}}"#, none);
}

#[test]
fn a_change_of_many_fields_takes_little_time() {
    let list = |from: u32| (from..from + 20_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let event =
        format!(r#"{{"type":"UPDATE","before":{{"fields":[{}]}},"after":{{"fields":[{}]}}}}"#, list(0), list(10_000));
    let mut event = Event::parse(&event).unwrap();
    event.occurred_at_us = Some(0);
    let payload = build(Profile::builtin("datagerry").unwrap(), "msg_1", &event).unwrap();
    let Some(Json::Array(new)) = payload.json.get("changes").and_then(|changes| changes.get("new")) else {
        panic!("no changes")
    };
    assert_eq!(new.len(), 10_000);
}

fn perscom(event_type: &str, fields: &str, rest: &str) {
    check(
        "perscom",
        &format!(r#"{{"type":"{event_type}"{fields}}}"#),
        &format!(r#"{{"event":"{event_type}","created":"2026-01-16T12:34:56.789012Z",{rest}}}"#),
    );
}

#[test]
fn perscom_has_one_form_for_every_event() {
    for event_type in &Profile::builtin("perscom").unwrap().events {
        perscom(
            event_type,
            r#","subject":{"id":1},"before":{"a":"x","b":1},"after":{"a":"y","b":1},"data":{"d":1},"context":{"trace_id":"t","other":"o","request_id":"r"}"#,
            r#""request_id":"r","trace_id":"t","data":{"a":"y","b":1},"changes":{"a":"y"}"#,
        );
    }
}

#[test]
fn a_perscom_update_has_the_changed_attributes() {
    let check = |fields: &str, rest: &str| perscom("user.updated", fields, rest);
    check(r#","after":{"a":1}"#, r#""data":{"a":1},"changes":[]"#);
    check(r#","before":{"a":1}"#, r#""data":{"a":1},"changes":[]"#);
    check(r#","data":{"a":1}"#, r#""data":{"a":1},"changes":[]"#);
    check("", r#""data":null,"changes":[]"#);
    check(r#","before":{"a":1},"after":{"a":1.0}"#, r#""data":{"a":1.0},"changes":[]"#);
    check(r#","before":{"a":1},"after":{"a":"1"}"#, r#""data":{"a":"1"},"changes":{"a":"1"}"#);
    check(r#","before":{"a":"1.0"},"after":{"a":"1"}"#, r#""data":{"a":"1"},"changes":{"a":"1"}"#);
    check(r#","before":{"a":1,"b":2},"after":{"c":null,"a":1}"#, r#""data":{"c":null,"a":1},"changes":{"c":null}"#);
    check(r#","before":{"a":null},"after":{"a":[]}"#, r#""data":{"a":[]},"changes":{"a":[]}"#);
    check(r#","before":{"a":{"x":1,"y":2}},"after":{"a":{"y":2,"x":1}}"#, r#""data":{"a":{"y":2,"x":1}},"changes":[]"#);
    check(r#","context":{"trace_id":"t"},"after":{}"#, r#""trace_id":"t","data":{},"changes":[]"#);
}

#[test]
fn a_hidden_attribute_is_never_sent() {
    perscom(
        "user.updated",
        r#","before":{"name":"a","password":"old","teams":[{"id":1,"Remember_Token":"t"}]},
            "after":{"name":"a","password":"new","teams":[{"id":2,"Remember_Token":"u"}]}"#,
        r#""data":{"name":"a","teams":[{"id":2}]},"changes":{"teams":[{"id":2}]}"#,
    );
    perscom("user.created", r#","data":{"api_token":"x","passwords":1}"#, r#""data":{"passwords":1},"changes":[]"#);
    perscom("user.deleted", r#","before":{"password":"x","id":1}"#, r#""data":{"id":1},"changes":[]"#);
}

#[test]
fn assetsup_and_standard_events_have_their_data() {
    for event_type in &Profile::builtin("assetsup").unwrap().events {
        check(
            "assetsup",
            &format!(r#"{{"type":"{event_type}","data":{{"t":"→/"}},"after":{{"a":1}}}}"#),
            &format!(r#"{{"event":"{event_type}","timestamp":"2026-01-16T12:34:56.789Z","data":{{"t":"→/"}}}}"#),
        );
    }
    let standard = |fields: &str, data: &str| {
        let body = format!(r#"{{"type":"a.b","timestamp":"2026-01-16T12:34:56.789Z","data":{data}}}"#);
        check("standard", &format!(r#"{{"type":"a.b"{fields}}}"#), &body);
    };
    standard(r#","data":{"n":1E5}"#, r#"{"n":1E5}"#);
    standard(r#","data":7,"after":{"a":1}"#, "7");
    standard(r#","before":{"a":0},"after":{"a":1}"#, r#"{"a":1}"#);
    standard(r#","before":{"a":0}"#, r#"{"a":0}"#);
    standard("", "{}");
}

#[test]
fn a_payload_above_the_limit_is_refused() {
    let nested = |depth: usize, items: usize| {
        let items = vec!["0"; items].join(",");
        let text =
            format!("{{\"type\":\"UPDATE\",\"after\":{{\"x\":{}{items}{}}}}}", "[".repeat(depth), "]".repeat(depth));
        Event { occurred_at_us: Some(0), ..Event::parse(&text).unwrap() }
    };
    let built = |profile, event| build(Profile::builtin(profile).unwrap(), "msg_1", &event);
    assert!(built("datagerry", nested(1, 100_000)).is_ok());
    let error = built("datagerry", nested(60, 100_000)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge);
    assert!(built("standard", nested(60, 100_000)).is_ok());
}
