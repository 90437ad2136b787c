//! The callback's failures: errors of the storage, of an attempt or of the guest, but never of the process.

use std::sync::{Arc, Mutex};

use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::{Check, Direction, Entry, KeyRange, Mutation, Storage, StorageError};
use serde_json::{Value, json};

use crate::client::{TENANT, URL, event, registration};
use crate::host::{OK, REFUSED, Serve, TRAPPED, config, engine, error, instance, instance_with, storage_reply};

/// A reply of the callback, or the text of its failure.
type Reply = Result<&'static str, &'static str>;

fn owned(reply: Reply) -> Result<String, String> {
    reply.map(str::to_owned).map_err(str::to_owned)
}

/// A store whose commits fail.
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
fn storage_error_in_a_reply_reaches_the_caller() {
    let engine = engine();
    let instance = instance(&engine, ReadOnly(MemoryStore::new()));
    let answer = instance.call("webhooks.on-event", &event(TENANT));
    assert_eq!(error(answer), (REFUSED, "transaction-aborted".into(), "".into()));
}

#[test]
fn failed_or_unreadable_storage_reply_makes_the_call_unavailable() {
    const ROWS: &[(&str, Reply)] = &[
        ("a failure", Err("the connection is gone")),
        ("no text", Ok("")),
        ("a control character", Ok("\u{1}")),
        ("an array", Ok("[]")),
        ("neither ok nor error", Ok("{}")),
        ("a number for rows", Ok(r#"{"ok": 1}"#)),
        ("a number for a row", Ok(r#"{"ok": [1]}"#)),
        ("a duplicate member", Ok(r#"{"ok": [], "ok": []}"#)),
        ("a row without a value", Ok(r#"{"ok": [{"key": "a"}]}"#)),
        ("an unknown error", Ok(r#"{"error": {"kind": "other"}}"#)),
    ];
    let engine = engine();
    for (name, reply) in ROWS {
        let reply = *reply;
        let instance = instance_with(&engine, &json!({"config": config()}), Box::new(move |_| owned(reply)));
        for (function, arguments) in
            [("webhooks.list", json!({"tenant": TENANT, "limit": 1})), ("webhooks.on-event", event(TENANT))]
        {
            let (status, value) = instance.call(function, &arguments);
            assert_eq!((status, &value["kind"]), (REFUSED, &json!("unavailable")), "{name}, {function}: {value}");
            if let Err(reason) = reply {
                assert!(value["message"].as_str().unwrap().contains(reason), "{name}: {value}");
            }
        }
    }
}

#[test]
fn failed_clock_or_random_bytes_trap_the_guest_and_the_next_call_succeeds() {
    let engine = engine();
    for import in ["clock", "random"] {
        let store = MemoryStore::new();
        let broken = Arc::new(Mutex::new(true));
        let shared = broken.clone();
        let serve: Serve = Box::new(move |request| match request["call"].as_str().unwrap() {
            "now" | "random" if *shared.lock().unwrap() => Err("not today".to_owned()),
            "now" => Ok(r#"{"ok": 1738670400000000}"#.to_owned()),
            "random" => {
                let bytes = usize::try_from(request["bytes"].as_u64().unwrap()).unwrap();
                Ok(json!({"ok": "07".repeat(bytes)}).to_string())
            }
            _ => Ok(storage_reply(&store, request).to_string()),
        });
        let options = json!({"config": config(), "callback": ["storage", import]});
        let instance = instance_with(&engine, &options, serve);
        let register = || instance.call("webhooks.register", &registration(TENANT, URL));
        let (status, value) = register();
        assert_eq!((status, &value["kind"]), (TRAPPED, &json!("trapped")), "{import}: {value}");
        assert!(value["message"].as_str().unwrap().contains("not today"), "{value}");
        *broken.lock().unwrap() = false;
        assert_eq!(register().0, OK, "{import}");
    }
}

#[test]
fn failed_or_unreadable_http_reply_ends_the_attempt_as_internal() {
    const ROWS: &[(&str, Reply)] = &[
        ("a failure", Err("no curl")),
        ("neither ok nor error", Ok("{}")),
        (
            "a status out of range",
            Ok(r#"{"ok": {"completions": [{"id": "1", "durationMs": 1, "outcome": {"ok": {"status": 99}}}]}}"#),
        ),
        ("an unknown signal", Ok(r#"{"ok": {"completions": [], "signal": "now"}}"#)),
    ];
    let engine = engine();
    for (name, reply) in ROWS {
        let (store, reply) = (MemoryStore::new(), *reply);
        let serve: Serve = Box::new(move |request| match request["call"].as_str().unwrap() {
            "http-submit" => Ok(r#"{"ok": null}"#.to_owned()),
            "http-wait" => owned(reply),
            _ => Ok(storage_reply(&store, request).to_string()),
        });
        let options = json!({"config": config(), "callback": ["storage", "http"]});
        let instance = instance_with(&engine, &options, serve);
        let webhook = instance.register(TENANT, URL);
        let attempt = instance.ok("webhooks.test-webhook", &json!({"tenant": TENANT, "webhookId": webhook.id}));
        let attempt: Value = serde_json::from_str(attempt.as_str().unwrap()).unwrap();
        assert_eq!(attempt["error"], "internal", "{name}: {attempt}");
    }
}
