//! Payloads of the built-in profiles, and their bounds.

use super::*;

/// One row: an event (its time is added), and the body that the profile makes of it.
fn check(name: &str, profile: &str, event: &str, body: &str) {
    let mut event = Event::parse(event).unwrap();
    event.occurred_at_us = Some(1_768_566_896_789_012);
    let payload = build(Profile::builtin(profile).unwrap(), "msg_1", &event).unwrap();
    assert_eq!(payload.body(), body, "{name}");
}

#[test]
fn a_test_event_has_the_payload_of_its_profile() {
    for (name, body) in [
        ("standard", r#"{"type":"webhook.test","timestamp":"2026-01-16T12:34:56.789Z","data":{}}"#),
        (
            "perfex-assets",
            r#"{"event":"test","timestamp":"2026-01-16T12:34:56+00:00","source":"perfex_assets_module","asset_id":null,"asset":{},"data":{}}"#,
        ),
        (
            "datagerry",
            "{\n  \"event_time\": {\n    \"$date\": 1768566896789\n  },\n  \"operation\": \"TEST\",\n  \"object_before\": null,\n  \
             \"object_after\": null,\n  \"changes\": null\n}",
        ),
        (
            "perscom",
            r#"{"event":"webhook.test","created":"2026-01-16T12:34:56.789012Z","data":{"status":"ok"},"changes":null}"#,
        ),
        ("assetsup", r#"{"event":"webhook.test","timestamp":"2026-01-16T12:34:56.789Z"}"#),
    ] {
        let profile = Profile::builtin(name).unwrap();
        let payload = build(profile, "msg_1", &profile.test_event(1_768_566_896_789_012)).unwrap();
        assert_eq!(payload.body(), body, "{name}");
    }
}

#[test]
fn an_event_without_its_time_is_refused() {
    let error = build(Profile::builtin("standard").unwrap(), "msg_1", &Event::new("a")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Internal);
}

fn perfex(name: &str, event_type: &str, fields: &str, rest: &str) {
    check(
        name,
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
            event_type,
            r#","subject":{"type":"asset","id":123},"before":{"a":"1"},"after":{"a":"2","s":"é/"},"data":{"n":3}"#,
            r#""asset_id":123,"asset":{"a":"2","s":"\u00e9\/"},"data":{"n":3}"#,
        );
    }
}

#[test]
fn a_perfex_deletion_has_the_model_from_before() {
    let deleted = r#""asset_id":null,"asset":{"a":1},"data":{}"#;
    for (name, event_type, fields, rest) in [
        ("no model after", "asset.deleted", r#","subject":{"id":123},"before":{"a":1}"#, deleted),
        ("null after", "asset.liquidated", r#","subject":{"id":123},"before":{"a":1},"after":null"#, deleted),
        (
            "a model after",
            "asset.deleted",
            r#","subject":{"id":123},"after":{"a":1}"#,
            r#""asset_id":123,"asset":{"a":1},"data":{}"#,
        ),
        ("no model", "asset.deleted", r#","subject":{"id":123}"#, r#""asset_id":123,"asset":{},"data":{}"#),
    ] {
        perfex(name, event_type, fields, rest);
    }
}

#[test]
fn perfex_ids_and_data_keep_their_text() {
    for (name, fields, rest) in [
        ("nothing given", "", r#""asset_id":null,"asset":{},"data":{}"#),
        ("text id", r#","subject":{"id":"7/é"}"#, r#""asset_id":"7\/\u00e9","asset":{},"data":{}"#),
        (
            "number id, data as a list",
            r#","subject":{"id":1.50E2},"data":[]"#,
            r#""asset_id":1.50E2,"asset":{},"data":[]"#,
        ),
        (
            "no id, data as text",
            r#","subject":{"type":"asset"},"data":"x""#,
            r#""asset_id":null,"asset":{},"data":"x""#,
        ),
        (
            "order of keys",
            r#","after":{"b":1,"a":2,"10":3,"9":{}}"#,
            r#""asset_id":null,"asset":{"b":1,"a":2,"10":3,"9":{}},"data":{}"#,
        ),
    ] {
        perfex(name, "asset.lost", fields, rest);
    }
}

fn datagerry(name: &str, event_type: &str, before: &str, after: &str, changes: &str) {
    let event = format!(r#"{{"type":"{event_type}","before":{before},"after":{after}}}"#);
    let mut event = Event::parse(&event).unwrap();
    event.occurred_at_us = Some(1_768_566_896_789_012);
    let payload = build(Profile::builtin("datagerry").unwrap(), "msg_1", &event).unwrap();
    let Json::Object(members) = &payload.json else { panic!("the payload is no object") };
    let keys: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["event_time", "operation", "object_before", "object_after", "changes"], "{name}");
    assert_eq!(payload.json.get("operation"), Some(&Json::text(&event_type.to_ascii_uppercase())), "{name}");
    let text = |key| json::write(payload.json.get(key).unwrap(), json::Style::Compact);
    assert_eq!((text("object_before"), text("object_after")), (before.to_owned(), after.to_owned()), "{name}");
    assert_eq!(text("changes"), changes, "{name}");
}

#[test]
fn a_datagerry_event_has_its_operation() {
    for case in [str::to_ascii_uppercase, str::to_ascii_lowercase] {
        for (operation, before, after, changes) in [
            ("CREATE", "null", r#"{"fields":[1],"active":true}"#, "null"),
            ("DELETE", r#"{"fields":[1],"active":true}"#, "null", "null"),
            ("UPDATE", r#"{"fields":[1]}"#, r#"{"fields":[2]}"#, r#"{"old":[1],"new":[2]}"#),
        ] {
            datagerry(operation, &case(operation), before, after, changes);
        }
    }
}

#[test]
fn a_datagerry_update_has_the_changed_fields() {
    const NONE: &str = r#"{"old":[],"new":[]}"#;
    for (name, before, after, changes) in [
        ("new fields", r#"{"fields":[1,2,3]}"#, r#"{"fields":[3,1,4,2,5]}"#, r#"{"old":[],"new":[4,5]}"#),
        (
            "field removed",
            r#"{"fields":[{"name":"a","value":1}]}"#,
            r#"{"fields":[]}"#,
            r#"{"old":[{"name":"a","value":1}],"new":[]}"#,
        ),
        (
            "equal number, other order of keys",
            r#"{"fields":[{"name":"a","value":1}]}"#,
            r#"{"fields":[{"value":1.0,"name":"a"}]}"#,
            NONE,
        ),
        (
            "number and text differ",
            r#"{"fields":[{"name":"a","value":1}]}"#,
            r#"{"fields":[{"name":"a","value":"1"}]}"#,
            r#"{"old":[{"name":"a","value":1}],"new":[{"name":"a","value":"1"}]}"#,
        ),
        ("state off", r#"{"fields":[1],"active":true}"#, r#"{"fields":[1],"active":false}"#, r#"{"state":false}"#),
        ("state on", r#"{"fields":[1],"active":false}"#, r#"{"fields":[1],"active":true}"#, r#"{"state":true}"#),
        (
            "fields come before the state",
            r#"{"fields":[1],"active":true}"#,
            r#"{"fields":[2],"active":false}"#,
            r#"{"old":[1],"new":[2]}"#,
        ),
        ("nothing changed", r#"{"fields":[1],"active":true}"#, r#"{"fields":[1],"active":true}"#, NONE),
        ("state not given", r#"{"fields":[1],"active":true}"#, r#"{"fields":[1]}"#, NONE),
        ("empty objects", "{}", "{}", NONE),
        ("fields that are no list", r#"{"fields":null}"#, r#"{"fields":{"a":1}}"#, NONE),
    ] {
        datagerry(name, "UPDATE", before, after, changes);
    }
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

fn perscom(name: &str, event_type: &str, fields: &str, rest: &str) {
    check(
        name,
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
            event_type,
            r#","subject":{"id":1},"before":{"a":"x","b":1},"after":{"a":"y","b":1},"data":{"d":1},"context":{"trace_id":"t","other":"o","request_id":"r"}"#,
            r#""request_id":"r","trace_id":"t","data":{"a":"y","b":1},"changes":{"a":"y"}"#,
        );
    }
}

#[test]
fn a_perscom_update_has_the_changed_attributes() {
    for (name, fields, rest) in [
        ("no model before", r#","after":{"a":1}"#, r#""data":{"a":1},"changes":[]"#),
        ("no model after", r#","before":{"a":1}"#, r#""data":{"a":1},"changes":[]"#),
        ("data alone", r#","data":{"a":1}"#, r#""data":{"a":1},"changes":[]"#),
        ("nothing given", "", r#""data":null,"changes":[]"#),
        ("equal numbers", r#","before":{"a":1},"after":{"a":1.0}"#, r#""data":{"a":1.0},"changes":[]"#),
        ("number and text", r#","before":{"a":1},"after":{"a":"1"}"#, r#""data":{"a":"1"},"changes":{"a":"1"}"#),
        ("texts", r#","before":{"a":"1.0"},"after":{"a":"1"}"#, r#""data":{"a":"1"},"changes":{"a":"1"}"#),
        (
            "attribute removed, attribute added",
            r#","before":{"a":1,"b":2},"after":{"c":null,"a":1}"#,
            r#""data":{"c":null,"a":1},"changes":{"c":null}"#,
        ),
        ("null and a list", r#","before":{"a":null},"after":{"a":[]}"#, r#""data":{"a":[]},"changes":{"a":[]}"#),
        (
            "other order of keys",
            r#","before":{"a":{"x":1,"y":2}},"after":{"a":{"y":2,"x":1}}"#,
            r#""data":{"a":{"y":2,"x":1}},"changes":[]"#,
        ),
        ("context", r#","context":{"trace_id":"t"},"after":{}"#, r#""trace_id":"t","data":{},"changes":[]"#),
    ] {
        perscom(name, "user.updated", fields, rest);
    }
}

#[test]
fn a_hidden_attribute_is_never_sent() {
    for (name, event_type, fields, rest) in [
        (
            "before and after, in any depth",
            "user.updated",
            r#","before":{"name":"a","password":"old","teams":[{"id":1,"Remember_Token":"t"}]},
                "after":{"name":"a","password":"new","teams":[{"id":2,"Remember_Token":"u"}]}"#,
            r#""data":{"name":"a","teams":[{"id":2}]},"changes":{"teams":[{"id":2}]}"#,
        ),
        (
            "data",
            "user.created",
            r#","data":{"api_token":"x","passwords":1}"#,
            r#""data":{"passwords":1},"changes":[]"#,
        ),
        ("before alone", "user.deleted", r#","before":{"password":"x","id":1}"#, r#""data":{"id":1},"changes":[]"#),
    ] {
        perscom(name, event_type, fields, rest);
    }
}

#[test]
fn assetsup_and_standard_events_have_their_data() {
    for event_type in &Profile::builtin("assetsup").unwrap().events {
        check(
            event_type,
            "assetsup",
            &format!(r#"{{"type":"{event_type}","data":{{"t":"→/"}},"after":{{"a":1}}}}"#),
            &format!(r#"{{"event":"{event_type}","timestamp":"2026-01-16T12:34:56.789Z","data":{{"t":"→/"}}}}"#),
        );
    }
    for (name, fields, data) in [
        ("data", r#","data":{"n":1E5}"#, r#"{"n":1E5}"#),
        ("data before a model", r#","data":7,"after":{"a":1}"#, "7"),
        ("the model after", r#","before":{"a":0},"after":{"a":1}"#, r#"{"a":1}"#),
        ("the model before", r#","before":{"a":0}"#, r#"{"a":0}"#),
        ("nothing given", "", "{}"),
    ] {
        let body = format!(r#"{{"type":"a.b","timestamp":"2026-01-16T12:34:56.789Z","data":{data}}}"#);
        check(name, "standard", &format!(r#"{{"type":"a.b"{fields}}}"#), &body);
    }
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
