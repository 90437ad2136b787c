//! Options and arguments: an error names the field that is wrong.

use std::ptr::null;

use hookwright_engine::memory::MemoryStore;
use hookwright_native::hw_call;
use serde_json::json;

use crate::host::{
    FAILED, MISUSED, answer, call, config, create, engine, error, instance, misused, open_text, serve_storage,
};

#[test]
fn invalid_arguments_are_refused_with_the_field_and_the_guest_goes_on() {
    const ROWS: &[(&str, &[u8], &str)] = &[
        ("webhooks.on-event", b"\xff", "arguments"),
        ("webhooks.on-event", b"{", "arguments"),
        ("webhooks.on-event", br#"{"event": "{}", "event": "{}"}"#, "arguments"),
        ("webhooks.list", br#"{"$serde_json::private::RawValue": "{\"tenant\": \"a\", \"limit\": 1}"}"#, "tenant"),
        ("webhooks.on-event", b"[]", "arguments"),
        ("webhooks.on-event", b"", "event"),
        ("webhooks.on-event", br#"{"event": 1}"#, "event"),
        ("webhooks.on-event", br#"{"event": "{}", "evnt": 1}"#, "evnt"),
        ("webhooks.on-events", br#"{"events": ["{}", null]}"#, "events[1]"),
        ("webhooks.list", br#"{"tenant": "a", "limit": -1}"#, "limit"),
        ("webhooks.list", br#"{"tenant": "a", "limit": 1.5}"#, "limit"),
        ("webhooks.deliver", br#"{"budget": {"timeMs": 1}}"#, "budget.attemptsMax"),
        ("webhooks.deliver", br#"{"budget": null}"#, "budget"),
        ("webhooks.configure", br#"{"config": {}}"#, "function"),
        ("webhooks.onEvent", b"", "function"),
        ("", b"", "function"),
    ];
    let engine = engine();
    let instance = instance(&engine, MemoryStore::new());
    let handle = instance.handle();
    for (function, arguments, field) in ROWS {
        let text = String::from_utf8_lossy(arguments);
        assert_eq!(error(call(handle, function, arguments)), misused("invalid", field), "{function} {text}");
    }
    let not_utf8 = answer(|answer| unsafe { hw_call(handle, b"\xc3".as_ptr().cast(), 1, null(), 0, answer) });
    assert_eq!(error(not_utf8), misused("invalid", "function"));
    instance.ok("webhooks.event-types", &json!({}));
}

#[test]
fn invalid_engine_options_are_refused_with_the_field() {
    const ROWS: &[(&str, i32, &str, &str)] = &[
        ("{", MISUSED, "invalid", "options"),
        ("[]", MISUSED, "invalid", "options"),
        (r#"{"keep": true, "keep": false}"#, MISUSED, "invalid", "options"),
        (r#"{"cach": "x"}"#, MISUSED, "invalid", "cach"),
        (r#"{"cache": 1}"#, MISUSED, "invalid", "cache"),
        (r#"{"memoryBytesMax": 1}"#, MISUSED, "invalid", "memoryBytesMax"),
        (r#"{"guestTimeMsMax": 0.5}"#, MISUSED, "invalid", "guestTimeMsMax"),
        (r#"{"caPem": "none"}"#, MISUSED, "invalid", "caPem"),
        (r#"{"proxy": "https://secret@x"}"#, MISUSED, "invalid", "proxy"),
        (r#"{"component": "/nowhere"}"#, FAILED, "file", "component"),
        (r#"{"compiled": "/nowhere/x"}"#, FAILED, "file", "compiled"),
        (r#"{"compiled": "x", "cache": "y"}"#, MISUSED, "invalid", "compiled"),
    ];
    for (options, status, kind, field) in ROWS {
        let (engine, answer) = open_text(options);
        let expected = (*status, (*kind).to_owned(), (*field).to_owned());
        assert_eq!((error(answer), engine.0), (expected, 0), "{options}");
    }
}

#[test]
fn invalid_instance_options_are_refused_with_the_field() {
    let mut unknown = config();
    unknown["retentionMs"] = json!(1);
    let rows = [
        (json!({}), "config"),
        (json!({"config": {}}), "config.sealingKeys"),
        (json!({"config": {"sealingKeys": [{"id": "k1"}]}}), "config.sealingKeys[0].key"),
        (json!({"config": config(), "threads": "many"}), "threads"),
        (json!({"config": config(), "callback": ["storage", "files"]}), "callback"),
        (json!({"config": unknown}), "config.retentionMs"),
    ];
    let engine = engine();
    for (options, field) in rows {
        let (instance, answer) = create(&engine, &options, serve_storage(MemoryStore::new()));
        assert_eq!((error(answer), instance.handle()), (misused("invalid", field), 0), "{options}");
    }
}

#[test]
fn error_never_quotes_a_secret() {
    let (_, (_, value)) = open_text(r#"{"proxy": "https://secret@x"}"#);
    assert!(!value.to_string().contains("secret@"), "{value}");
    let key = "not-hexadecimal-and-secret";
    let options = json!({"config": {"sealingKeys": [{"id": "k1", "key": key}]}});
    let (_, (_, value)) = create(&engine(), &options, serve_storage(MemoryStore::new()));
    assert!(value["kind"] == "invalid" && !value.to_string().contains(key), "{value}");
}
