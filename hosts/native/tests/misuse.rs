//! What a caller does wrong, as far as C lets anybody notice, is an error, and what is right goes on after it.

use std::ptr::null_mut;
use std::sync::{Arc, Mutex};

use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::{Check, Direction, Entry, KeyRange, Mutation, Storage, StorageError};
use hookwright_native::*;
use serde_json::{Value, json};

use crate::host::{
    FAILED, MISUSED, OK, REFUSED, Serve, TRAPPED, answered, call, config, engine, error, instance, made, opened, reply,
    served,
};

fn misused(kind: &str, field: &str) -> (i32, String, String) {
    (MISUSED, kind.to_owned(), field.to_owned())
}

#[test]
fn the_version_is_told() {
    assert_eq!(hw_abi(), HW_ABI);
    let (status, version) = answered(|answer| unsafe { hw_version(answer) });
    assert_eq!((status, &version["abi"], &version["compiler"]), (OK, &json!(HW_ABI), &json!(true)));
    assert_eq!(version["component"].as_str().unwrap().len(), 64);
}

#[test]
fn handles_are_good_until_they_are_closed_and_no_longer() {
    let engine = engine();
    let instance = instance(&engine, MemoryStore::new());
    let handle = instance.handle();
    for wrong in [0, handle + 1_000_000, engine.0, u64::MAX] {
        assert_eq!(error(call(wrong, "webhooks.event-types", b"")), misused("closed", ""));
        assert_eq!(error(answered(|answer| unsafe { hw_instance_close(wrong, answer) })), misused("closed", ""));
        assert_eq!(error(answered(|answer| unsafe { hw_instance_wake(wrong, answer) })), misused("closed", ""));
        assert_eq!(error(answered(|answer| unsafe { hw_instance_drain(wrong, answer) })), misused("closed", ""));
    }
    // An instance outlives its engine's handle.
    assert_eq!(answered(|answer| unsafe { hw_engine_close(engine.0, answer) }).0, OK);
    assert_eq!(error(answered(|answer| unsafe { hw_engine_close(engine.0, answer) })), misused("closed", ""));
    let (_none, answer) = made(&engine, &json!({"config": config()}), served(MemoryStore::new()));
    assert_eq!(error(answer), misused("closed", ""));
    instance.ok("webhooks.event-types", &json!({}));
    assert_eq!(answered(|answer| unsafe { hw_instance_close(handle, answer) }).0, OK);
    assert_eq!(error(answered(|answer| unsafe { hw_instance_close(handle, answer) })), misused("closed", ""));
    assert_eq!(error(call(handle, "webhooks.event-types", b"")), misused("closed", ""));
}

#[test]
fn an_answer_is_given_back_once() {
    let mut answer = HwAnswer { data: std::ptr::null(), len: 0, token: 0 };
    unsafe {
        assert_eq!(hw_version(&mut answer), OK);
        let mut copy = HwAnswer { ..answer };
        assert_eq!(hw_free(&mut answer), OK);
        assert!(answer.data.is_null() && answer.len == 0);
        assert_eq!(hw_free(&mut answer), MISUSED);
        assert_eq!(hw_free(&mut copy), MISUSED);
        assert_eq!(hw_free(null_mut()), MISUSED);
    }
}

#[test]
fn null_is_refused_where_something_must_be() {
    let engine = engine();
    let text = b"{}".as_ptr().cast();
    unsafe {
        assert_eq!(hw_engine_open(text, 2, null_mut(), null_mut()), MISUSED);
        let none = answered(|answer| hw_engine_open(text, 2, null_mut(), answer));
        assert_eq!(error(none), misused("pointer", ""));
        let none = answered(|answer| hw_instance_new(engine.0, text, 2, None, null_mut(), null_mut(), answer));
        assert_eq!(error(none), misused("pointer", ""));
        let mut handle = 0;
        let none = answered(|answer| hw_engine_open(std::ptr::null(), 5, &mut handle, answer));
        assert_eq!((error(none), handle), (misused("pointer", ""), 0));
        assert_eq!(hw_reply_set(1, std::ptr::null(), 5), MISUSED);
    }
}

#[test]
fn text_that_is_none_and_json_that_is_none_are_told_apart_from_the_rest() {
    let engine = engine();
    let instance = instance(&engine, MemoryStore::new());
    let handle = instance.handle();
    let check = |function: &str, arguments: &[u8], field: &str| {
        assert_eq!(error(call(handle, function, arguments)), misused("invalid", field), "{function}");
    };
    check("webhooks.on-event", b"\xff", "arguments");
    check("webhooks.on-event", b"{", "arguments");
    check("webhooks.on-event", br#"{"event": "{}", "event": "{}"}"#, "arguments");
    check("webhooks.list", br#"{"$serde_json::private::RawValue": "{\"tenant\": \"a\", \"limit\": 1}"}"#, "tenant");
    check("webhooks.on-event", b"[]", "arguments");
    check("webhooks.on-event", b"", "event");
    check("webhooks.on-event", br#"{"event": 1}"#, "event");
    check("webhooks.on-event", br#"{"event": "{}", "evnt": 1}"#, "evnt");
    check("webhooks.on-events", br#"{"events": ["{}", null]}"#, "events[1]");
    check("webhooks.list", br#"{"tenant": "a", "limit": -1}"#, "limit");
    check("webhooks.list", br#"{"tenant": "a", "limit": 1.5}"#, "limit");
    check("webhooks.deliver", br#"{"budget": {"timeMs": 1}}"#, "budget.attemptsMax");
    check("webhooks.deliver", br#"{"budget": null}"#, "budget");
    check("webhooks.configure", br#"{"config": {}}"#, "function");
    check("webhooks.onEvent", b"", "function");
    check("", b"", "function");
    let not_utf8 =
        answered(|answer| unsafe { hw_call(handle, b"\xc3".as_ptr().cast(), 1, std::ptr::null(), 0, answer) });
    assert_eq!(error(not_utf8), misused("invalid", "function"));
    // Nothing of this has ended the guest.
    instance.ok("webhooks.event-types", &json!({}));
}

#[test]
fn options_are_read_strictly() {
    let check = |options: &str, status: i32, kind: &str, field: &str| {
        let (engine, answer) = opened(options);
        assert_eq!((error(answer), engine.0), ((status, kind.to_owned(), field.to_owned()), 0), "{options}");
    };
    check("{", MISUSED, "invalid", "options");
    check("[]", MISUSED, "invalid", "options");
    check(r#"{"keep": true, "keep": false}"#, MISUSED, "invalid", "options");
    check(r#"{"cach": "x"}"#, MISUSED, "invalid", "cach");
    check(r#"{"cache": 1}"#, MISUSED, "invalid", "cache");
    check(r#"{"memoryBytesMax": 1}"#, MISUSED, "invalid", "memoryBytesMax");
    check(r#"{"guestTimeMsMax": 0.5}"#, MISUSED, "invalid", "guestTimeMsMax");
    check(r#"{"caPem": "none"}"#, MISUSED, "invalid", "caPem");
    check(r#"{"proxy": "https://secret@x"}"#, MISUSED, "invalid", "proxy");
    check(r#"{"component": "/nowhere"}"#, FAILED, "file", "component");
    check(r#"{"compiled": "/nowhere/x"}"#, FAILED, "file", "compiled");
    check(r#"{"compiled": "x", "cache": "y"}"#, MISUSED, "invalid", "compiled");

    let engine = engine();
    let check = |options: Value, field: &str| {
        let (instance, answer) = made(&engine, &options, served(MemoryStore::new()));
        assert_eq!((error(answer), instance.handle()), (misused("invalid", field), 0), "{options}");
    };
    check(json!({}), "config");
    check(json!({"config": {}}), "config.sealingKeys");
    check(json!({"config": {"sealingKeys": [{"id": "k1"}]}}), "config.sealingKeys[0].key");
    check(json!({"config": config(), "threads": "many"}), "threads");
    check(json!({"config": config(), "callback": ["storage", "files"]}), "callback");
    let mut unknown = config();
    unknown["retentionMs"] = json!(1);
    check(json!({"config": unknown}), "config.retentionMs");
}

#[test]
fn no_call_begins_within_another() {
    let engine = engine();
    let store = MemoryStore::new();
    let inside = Arc::new(Mutex::new((0, Vec::new())));
    let kept = inside.clone();
    let serve: Serve = Box::new(move |request| {
        let mut kept = kept.lock().unwrap();
        if kept.0 != 0 {
            let handle = kept.0;
            kept.1.push(error(call(handle, "webhooks.event-types", b"")));
            kept.1.push(error(answered(|answer| unsafe { hw_instance_close(handle, answer) })));
        }
        Ok(reply(&store, request).to_string())
    });
    let (instance, _) = made(&engine, &json!({"config": config()}), serve);
    inside.lock().unwrap().0 = instance.handle();
    instance.ok("webhooks.list", &json!({"tenant": "acme", "limit": 1}));
    let found = &inside.lock().unwrap().1;
    assert!(found.len() >= 2 && found.iter().all(|found| *found == misused("busy", "")), "{found:?}");
}

#[test]
fn a_reply_is_for_its_callback_alone() {
    assert_eq!(unsafe { hw_reply_set(0, b"{}".as_ptr().cast(), 2) }, MISUSED);
    assert_eq!(unsafe { hw_reply_set(u64::MAX, b"{}".as_ptr().cast(), 2) }, MISUSED);
}

/// A store that lets only reads through.
struct ReadOnly(MemoryStore);

impl Storage for ReadOnly {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        self.0.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        self.0.scan(range, limit, order)
    }

    fn commit(&self, _: &[Check], _: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        Err(StorageError::TransactionAborted("a deadlock".to_owned()))
    }
}

#[test]
fn what_the_storage_answers_reaches_the_component() {
    let engine = engine();
    let instance = instance(&engine, ReadOnly(MemoryStore::new()));
    let answer = instance.call("webhooks.on-event", &json!({"event": "{\"type\": \"a.b\"}"}));
    assert_eq!(error(answer), (REFUSED, "transaction-aborted".into(), "".into()));
}

#[test]
fn a_callback_that_fails_is_an_error_of_the_storage() {
    let engine = engine();
    let replies: [Result<&str, &str>; 10] = [
        Err("the connection is gone"),
        Ok(""),
        Ok("\u{1}"),
        Ok("[]"),
        Ok("{}"),
        Ok(r#"{"ok": 1}"#),
        Ok(r#"{"ok": [1]}"#),
        Ok(r#"{"ok": [], "ok": []}"#),
        Ok(r#"{"ok": [{"key": "a"}]}"#),
        Ok(r#"{"error": {"kind": "other"}}"#),
    ];
    for answer in replies {
        let own = answer.map(str::to_owned).map_err(str::to_owned);
        let serve: Serve = Box::new(move |_| own.clone());
        let (instance, _) = made(&engine, &json!({"config": config()}), serve);
        for (function, arguments) in [
            ("webhooks.list", json!({"tenant": "acme", "limit": 1})),
            ("webhooks.on-event", json!({"event": "{\"type\": \"a.b\"}"})),
        ] {
            let (status, value) = instance.call(function, &arguments);
            assert_eq!((status, &value["kind"]), (REFUSED, &json!("unavailable")), "{function} {answer:?}: {value}");
            if let Err(reason) = answer {
                assert!(value["message"].as_str().unwrap().contains(reason), "{value}");
            }
        }
    }
}

#[test]
fn a_callback_that_gives_no_time_or_random_bytes_ends_the_guest_and_not_the_instance() {
    let engine = engine();
    for import in ["clock", "random"] {
        let store = MemoryStore::new();
        let broken = Arc::new(Mutex::new(true));
        let inside = broken.clone();
        let serve: Serve = Box::new(move |request| match request["call"].as_str().unwrap() {
            "now" | "random" if *inside.lock().unwrap() => Err("not today".to_owned()),
            "now" => Ok(r#"{"ok": 1738670400000000}"#.to_owned()),
            "random" => {
                Ok(json!({"ok": "07".repeat(usize::try_from(request["bytes"].as_u64().unwrap()).unwrap())}).to_string())
            }
            _ => Ok(reply(&store, request).to_string()),
        });
        let (instance, answer) = made(&engine, &json!({"config": config(), "callback": ["storage", import]}), serve);
        assert_eq!(answer.0, OK, "{}", answer.1);
        let registration = json!({"name": "x", "url": "https://example.com/", "events": ["*"]}).to_string();
        let register = || instance.call("webhooks.register", &json!({"tenant": "acme", "registration": registration}));
        let (status, value) = register();
        assert_eq!((status, &value["kind"]), (TRAPPED, &json!("trapped")), "{import}: {value}");
        assert!(value["message"].as_str().unwrap().contains("not today"), "{value}");
        *broken.lock().unwrap() = false;
        assert_eq!(register().0, OK, "{import}");
    }
}

#[test]
fn an_http_callback_that_fails_fails_the_attempts() {
    let engine = engine();
    let replies: [Result<&str, &str>; 4] = [
        Err("no curl"),
        Ok("{}"),
        Ok(r#"{"ok": {"completions": [{"id": "1", "durationMs": 1, "outcome": {"ok": {"status": 99}}}]}}"#),
        Ok(r#"{"ok": {"completions": [], "signal": "now"}}"#),
    ];
    for answer in replies {
        let store = MemoryStore::new();
        let own = answer.map(str::to_owned).map_err(str::to_owned);
        let serve: Serve = Box::new(move |request| match request["call"].as_str().unwrap() {
            "http-submit" => Ok(r#"{"ok": null}"#.to_owned()),
            "http-wait" => own.clone(),
            _ => Ok(reply(&store, request).to_string()),
        });
        let (instance, _) = made(&engine, &json!({"config": config(), "callback": ["storage", "http"]}), serve);
        let registration = json!({"name": "x", "url": "https://example.com/", "events": ["*"]}).to_string();
        let webhook = instance.ok("webhooks.register", &json!({"tenant": "acme", "registration": registration}));
        let webhook: Value = serde_json::from_str(webhook.as_str().unwrap()).unwrap();
        let attempt = instance.ok("webhooks.test-webhook", &json!({"tenant": "acme", "webhookId": webhook["id"]}));
        assert!(attempt.as_str().unwrap().contains("\"internal\""), "{answer:?}: {attempt}");
    }
}
