//! A hostile component (`tests/data/hostile.wat`): the call ends, and the instance goes on with a new guest.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookwright_componentize::{componentize, describe};
use hookwright_engine::memory::MemoryStore;
use serde_json::{Value, json};

use crate::client::{TENANT, URL};
use crate::host::{
    Engine, MISUSED, OK, Serve, TRAPPED, cache, config, create, error, instance, instance_with, misused, open,
    serve_storage, storage_reply,
};

/// Writes the component into a folder.
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
    let (engine, answer) = open(&options);
    assert_eq!(answer, (OK, Value::Null));
    (engine, folder)
}

#[test]
fn trapped_guest_is_replaced_and_its_log_is_delivered() {
    let (engine, _folder) = hostile();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = lines.clone();
    // The failure of the callback has no effect, because nothing depends on the log.
    let serve: Serve = Box::new(move |request| {
        kept.lock().unwrap().push(request.clone());
        Err("the log is full".to_owned())
    });
    let instance = instance_with(&engine, &json!({"config": config(), "callback": ["log"]}), serve);

    // The guest takes all the memory that it may have, and goes on.
    let pages = instance.ok("webhooks.event-types", &json!({}));
    assert_eq!(pages.as_str().unwrap().len(), 64);

    let check = |function: &str, arguments: Value, reason: &str| {
        let (status, value) = instance.call(function, &arguments);
        assert_eq!((status, &value["kind"]), (TRAPPED, &json!("trapped")), "{function}: {value}");
        assert!(value["message"].as_str().unwrap().contains(reason), "{function}: {value}");
        // The new guest has new memory.
        assert_eq!(instance.ok("webhooks.event-types", &json!({})).as_str().unwrap().len(), 64);
    };
    check("webhooks.list", json!({"tenant": "acme", "limit": 1}), "computed for more than 50 ms");
    check("webhooks.message", json!({"tenant": "acme", "messageId": "msg_1"}), "computed for more than 50 ms");
    check("webhooks.get", json!({"tenant": "acme", "webhookId": "wh_1"}), "a panic's text");
    check("webhooks.settings", json!({"tenant": "acme"}), "unreachable");
    assert_eq!(*lines.lock().unwrap(), [json!({"call": "log", "level": "error", "message": "a panic's text"})]);

    // Invalid arguments never reach the guest.
    assert_eq!(instance.call("webhooks.get", &json!({"tenant": "acme"})).0, MISUSED);
}

#[test]
fn time_of_the_callback_does_not_count_as_guest_time() {
    let (engine, answer) = open(&json!({"cache": cache(), "guestTimeMsMax": 500}));
    assert_eq!(answer, (OK, Value::Null));
    let store = MemoryStore::new();
    let serve: Serve = Box::new(move |request| {
        let bytes = request["bytes"].as_u64().unwrap_or_default();
        match request["call"].as_str().unwrap() {
            // Longer than the guest may compute.
            "now" | "random" => std::thread::sleep(Duration::from_millis(600)),
            _ => return Ok(storage_reply(&store, request).to_string()),
        }
        let random = "07".repeat(usize::try_from(bytes).unwrap());
        Ok(json!({"ok": if bytes > 0 { random } else { "1738670400000000".to_owned() }}).to_string())
    });
    let options = json!({"config": config(), "callback": ["storage", "clock", "random"]});
    let instance = instance_with(&engine, &options, serve);
    instance.register(TENANT, URL);
}

#[test]
fn guest_that_exceeds_its_memory_traps_with_the_reason() {
    let memory = |bytes: u32| open(&json!({"cache": cache(), "memoryBytesMax": bytes}));
    let min_bytes = 4 * 1024 * 1024;
    assert_eq!(error(memory(min_bytes - 1).1), misused("invalid", "memoryBytesMax"));
    let (engine, answer) = memory(min_bytes);
    assert_eq!(answer, (OK, Value::Null));
    let instance = instance(&engine, MemoryStore::new());
    let event = |size: usize| json!({"event": json!({"type": "a.b", "data": "x".repeat(size)}).to_string()});
    instance.ok("webhooks.on-event", &event(10_000));
    let (status, value) = instance.call("webhooks.on-event", &event(4_000_000));
    assert_eq!(status, TRAPPED, "{value}");
    assert!(value["message"].as_str().unwrap().ends_with("more memory than the limit allows"), "{value}");
    instance.ok("webhooks.on-event", &event(10_000));

    // If no instance was created, the hint does not promise a new guest.
    let mut large = config();
    large["profiles"] = json!(["x".repeat(8_000_000)]);
    let (_none, (status, value)) = create(&engine, &json!({"config": large}), serve_storage(MemoryStore::new()));
    assert_eq!(status, TRAPPED, "{value}");
    assert!(value["hint"].as_str().unwrap().starts_with("no instance was created"), "{value}");
}
