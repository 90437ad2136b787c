//! Reading and writing events, and the text that tells two events apart.

use super::*;

const FULL: &str = r#"{"id":"evt-1","tenant":"acme","type":"asset.updated","occurredAt":"2025-02-04T12:00:00.000001Z",
    "subject":{"type":"asset","id":123},"before":{"b":1.0},"after":{"b":1E5,"a":null},"data":[1],
    "context":{"request_id":"r","trace_id":null}}"#;

#[test]
fn an_event_with_every_field_survives_writing_and_reading() {
    let event = Event::parse(FULL).unwrap();
    assert_eq!(event.id.as_deref(), Some("evt-1"));
    assert_eq!(event.tenant.as_deref(), Some("acme"));
    assert_eq!(event.occurred_at_us, Some(1_738_670_400_000_001));
    assert_eq!(event.context, [("request_id".to_owned(), "r".to_owned())]);
    let written = json::write(&event.to_json(), Style::Compact);
    let expected = r#"{"id":"evt-1","tenant":"acme","type":"asset.updated","occurredAt":"2025-02-04T12:00:00.000001Z","subject":{"type":"asset","id":123},"before":{"b":1.0},"after":{"b":1E5,"a":null},"data":[1],"context":{"request_id":"r"}}"#;
    assert_eq!(written, expected);
    assert_eq!(Event::parse(&written), Ok(event));
}

#[test]
fn an_event_needs_its_type_alone() {
    assert_eq!(Event::parse(r#"{"type":"a"}"#), Ok(Event::new("a")));
    let nulls = r#"{"type":"a","id":null,"tenant":null,"occurredAt":null,"subject":null,"before":null,"after":null,
        "data":null,"context":null}"#;
    assert_eq!(Event::parse(nulls), Ok(Event::new("a")));
    let php = Event::parse(r#"{"type":"a","before":[],"after":[],"data":[],"context":[],"subject":[]}"#).unwrap();
    assert_eq!((php.before, php.data), (Some(Json::Object(Vec::new())), Some(Json::Array(Vec::new()))));
}

fn refused(text: &str, message: &str) {
    assert_eq!(Event::parse(text).unwrap_err().to_string(), message, "{text}");
}

#[test]
fn a_broken_rule_is_told_with_its_field_and_the_mend() {
    let known = "type, id, tenant, occurredAt, subject, before, after, data, context";
    refused("[]", "expected an object, not an array");
    refused("{", "not JSON at line 1, column 2: expected a key in quotes, found the end");
    refused("{}", "type: is required (every event says what happened: asset.updated)");
    refused(r#"{"type":7}"#, "type: expected a string, not a number");
    for text in ["", "a b", "a..b", ".a", "a.", "a/b", "ä"] {
        let hint = "use letters, digits, _ and -, and dots between parts";
        refused(&format!(r#"{{"type":"{text}"}}"#), &format!("type: `{text}` is no event type ({hint})"));
    }
    refused(&format!(r#"{{"type":"{}"}}"#, "x".repeat(129)), "type: has 129 bytes; 128 are allowed");
    refused(r#"{"type":"a.b.c.d.e.f.g.h.i"}"#, "type: `a.b.c.d.e.f.g.h.i` has more than 8 parts");
    refused(r#"{"type":"a","occured_at":""}"#, &format!("occured_at: there is no such field (the fields are {known})"));
    refused(
        r#"{"type":"a","occurredAt":"yesterday"}"#,
        "occurredAt: `yesterday` is no RFC 3339 time between 1970 and 9999 (write it as 2025-02-04T12:00:00.000Z)",
    );
    refused(r#"{"type":"a","occurredAt":1738670400}"#, "occurredAt: expected a string, not a number");
    refused(r#"{"type":"a","id":""}"#, "id: is empty (leave it out if there is none)");
    refused(r#"{"type":"a","id":"a\nb"}"#, "id: `a\\nb` has control characters");
    refused(&format!(r#"{{"type":"a","id":"{}"}}"#, "x".repeat(257)), "id: has 257 bytes; 256 are allowed");
    refused(&format!(r#"{{"type":"a","tenant":"{}"}}"#, "x".repeat(65)), "tenant: has 65 bytes; 64 are allowed");
    refused(r#"{"type":"a","before":[1]}"#, "before: expected an object, not an array");
    refused(r#"{"type":"a","after":"x"}"#, "after: expected an object, not a string");
    refused(r#"{"type":"a","subject":"x"}"#, "subject: expected an object, not a string");
    refused(r#"{"type":"a","subject":{"id":true}}"#, "subject.id: expected a string or a number, not a boolean");
    refused(r#"{"type":"a","subject":{"ID":1}}"#, "subject.ID: there is no such field (the fields are type, id)");
    refused(r#"{"type":"a","context":{"n":1}}"#, "context.n: must be a string (a number belongs into `data`)");
}

#[test]
fn an_event_above_the_limit_is_refused_before_it_is_read() {
    let of = |bytes: usize| format!("{{\"type\":\"a\",\"data\":\"{}\"}}", "x".repeat(bytes - 22));
    assert_eq!(of(limits::EVENT_BYTES_MAX).len(), limits::EVENT_BYTES_MAX);
    assert!(Event::parse(&of(limits::EVENT_BYTES_MAX)).is_ok());
    let error = Event::parse(&of(limits::EVENT_BYTES_MAX + 1)).unwrap_err();
    assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::TooLarge, Some("event")));
}

fn same(a: &str, b: &str, expected: bool) {
    let content = |text| Event::parse(text).unwrap().content();
    assert_eq!(content(a) == content(b), expected, "{a} and {b}");
}

#[test]
fn content_is_the_same_for_every_spelling_of_an_event() {
    same(FULL, &FULL.replace("\n   ", " "), true);
    same(FULL, &FULL.replace("evt-1", "evt-2").replace("acme", "other"), true);
    same(FULL, &FULL.replace("2025-02-04T12:00:00.000001Z", "2025-02-04T13:00:00.000001+01:00"), true);
    same(
        r#"{"type":"a","data":{"x":"é/"}}"#,
        r#"{"data":{"x":"\u00e9\/"},"before":null,"type":"a","context":{}}"#,
        true,
    );
    same(FULL, &FULL.replace("000001Z", "000002Z"), false);
    same(FULL, &FULL.replace("1.0", "1"), false);
    same(
        FULL,
        &FULL
            .replace("before", "data_")
            .replace("\"data\"", "\"before\"")
            .replace("data_", "data")
            .replace("[1]", "{}"),
        false,
    );
    same(r#"{"type":"a"}"#, r#"{"type":"b"}"#, false);
    same(r#"{"type":"a"}"#, r#"{"type":"a","occurredAt":"2025-02-04T12:00:00Z"}"#, false);
    same(r#"{"type":"a","data":{"x":1,"y":2}}"#, r#"{"type":"a","data":{"y":2,"x":1}}"#, false);
    same(r#"{"type":"a","data":{}}"#, r#"{"type":"a"}"#, false);
}
