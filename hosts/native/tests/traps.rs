//! A component that misbehaves (`tests/data/hostile.wat`): the call ends, the instance goes on with a new guest.

use std::path::Path;
use std::sync::{Arc, Mutex};

use hookwright_componentize::{componentize, describe};
use serde_json::{Value, json};

use crate::host::{Engine, MISUSED, OK, Serve, TRAPPED, config, made, opened};

fn hostile() -> (Engine, tempfile::TempDir) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut module = wat::parse_file(root.join("tests/data/hostile.wat")).unwrap();
    describe(&mut module, &root.join("wit")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hostile.wasm");
    std::fs::write(&file, componentize(&module).unwrap()).unwrap();
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
