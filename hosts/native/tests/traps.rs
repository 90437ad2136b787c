//! A component that misbehaves (`tests/data/hostile.wat`): the call ends, the instance goes on with a new guest.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookwright_componentize::{componentize, describe};
use hookwright_engine::memory::MemoryStore;
use serde_json::{Value, json};

use crate::host::{Engine, MISUSED, OK, Serve, TRAPPED, cache, config, error, instance, made, opened, reply, served};

/// Puts the component into a folder.
pub fn component(folder: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut module = wat::parse_file(root.join("tests/data/hostile.wat")).unwrap();
    describe(&mut module, &root.join("wit")).unwrap();
    let file = folder.join("hostile.wasm");
    std::fs::write(&file, componentize(&module).unwrap()).unwrap();
    file
}

fn hostile() -> (Engine, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = component(folder.path());
    let options = json!({"component": file, "memoryBytesMax": 4 * 1024 * 1024, "guestTimeMsMax": 50});
    let (engine, answer) = opened(&options.to_string());
    assert_eq!(answer, (OK, Value::Null));
    (engine, folder)
}

#[test]
fn a_guest_that_ends_is_replaced_and_its_last_words_are_kept() {
    let (engine, _folder) = hostile();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = lines.clone();
    // That the callback fails changes nothing: nothing depends on a line of log.
    let serve: Serve = Box::new(move |request| {
        kept.lock().unwrap().push(request.clone());
        Err("the log is full".to_owned())
    });
    let (instance, answer) = made(&engine, &json!({"config": config(), "callback": ["log"]}), serve);
    assert_eq!(answer, (OK, Value::Null));

    // Memory has a bound, and a guest may go on at it.
    let pages = instance.ok("webhooks.event-types", &json!({}));
    assert_eq!(pages.as_str().unwrap().len(), 64);

    let check = |function: &str, arguments: Value, reason: &str| {
        let (status, value) = instance.call(function, &arguments);
        assert_eq!((status, &value["kind"]), (TRAPPED, &json!("trapped")), "{function}: {value}");
        assert!(value["message"].as_str().unwrap().contains(reason), "{function}: {value}");
        // With a memory of its own.
        assert_eq!(instance.ok("webhooks.event-types", &json!({})).as_str().unwrap().len(), 64);
    };
    check("webhooks.list", json!({"tenant": "acme", "limit": 1}), "computed for more than 50 ms");
    check("webhooks.message", json!({"tenant": "acme", "messageId": "msg_1"}), "computed for more than 50 ms");
    check("webhooks.get", json!({"tenant": "acme", "webhookId": "wh_1"}), "a panic's text");
    check("webhooks.settings", json!({"tenant": "acme"}), "unreachable");
    assert_eq!(*lines.lock().unwrap(), [json!({"call": "log", "level": "error", "message": "a panic's text"})]);

    // A mistake in the arguments is none of the guest's.
    assert_eq!(instance.call("webhooks.get", &json!({"tenant": "acme"})).0, MISUSED);
}

#[test]
fn what_the_callback_takes_is_not_the_guests_time() {
    let (engine, answer) = opened(&json!({"cache": cache(), "guestTimeMsMax": 500}).to_string());
    assert_eq!(answer, (OK, Value::Null));
    let store = MemoryStore::new();
    let serve: Serve = Box::new(move |request| {
        let bytes = request["bytes"].as_u64().unwrap_or_default();
        match request["call"].as_str().unwrap() {
            "now" | "random" => std::thread::sleep(Duration::from_millis(600)),
            _ => return Ok(reply(&store, request).to_string()),
        }
        let random = "07".repeat(usize::try_from(bytes).unwrap());
        Ok(json!({"ok": if bytes > 0 { random } else { "1738670400000000".to_owned() }}).to_string())
    });
    let options = json!({"config": config(), "callback": ["storage", "clock", "random"]});
    let (instance, answer) = made(&engine, &options, serve);
    assert_eq!(answer, (OK, Value::Null));
    let registration = json!({"name": "x", "url": "https://example.com/", "events": ["*"]}).to_string();
    instance.ok("webhooks.register", &json!({"tenant": "acme", "registration": registration}));
}

#[test]
fn a_guest_without_enough_memory_is_told_so() {
    let memory = |bytes: u32| opened(&json!({"cache": cache(), "memoryBytesMax": bytes}).to_string());
    let least = 4 * 1024 * 1024;
    assert_eq!(error(memory(least - 1).1), (MISUSED, "invalid".to_owned(), "memoryBytesMax".to_owned()));
    let (engine, answer) = memory(least);
    assert_eq!(answer, (OK, Value::Null));
    let instance = instance(&engine, MemoryStore::new());
    let event = |size: usize| json!({"event": json!({"type": "a.b", "data": "x".repeat(size)}).to_string()});
    instance.ok("webhooks.on-event", &event(10_000));
    let (status, value) = instance.call("webhooks.on-event", &event(4_000_000));
    assert_eq!(status, TRAPPED, "{value}");
    assert!(value["message"].as_str().unwrap().ends_with("more memory than it may have"), "{value}");
    instance.ok("webhooks.on-event", &event(10_000));

    // Where there is no instance, no next call is promised one.
    let mut large = config();
    large["profiles"] = json!(["x".repeat(8_000_000)]);
    let (_none, (status, value)) = made(&engine, &json!({"config": large}), served(MemoryStore::new()));
    assert_eq!(status, TRAPPED, "{value}");
    assert!(value["hint"].as_str().unwrap().starts_with("there is no instance"), "{value}");
}
