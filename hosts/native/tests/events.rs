//! Events in, requests out: the purpose of the bridge.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookwright_engine::memory::MemoryStore;
use hookwright_host::receiver::{Receiver, Scheme, Script, Signature};
use hookwright_native::hw_instance_signal_drain;
use serde_json::json;

use crate::client::{Report, TENANT, event, registration};
use crate::host::{
    OK, REFUSED, Serve, answer, config, create, engine, error, instance, instance_with, serve_storage, storage_reply,
};

#[test]
fn event_for_registered_webhook_is_sent_signed_by_the_engines_client() {
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let engine = engine();
    let instance = instance(&engine, MemoryStore::new());
    let webhook = instance.register(TENANT, &receiver.url("/in"));
    receiver.verify(Scheme::Standard(vec![webhook.secret]));

    let event = r#"{"type": "invoice.paid", "data": {"z": 1.50, "a": "ü\u0001"}}"#;
    let accepted = instance.ok("webhooks.on-event", &json!({"tenant": TENANT, "event": event}));
    assert_eq!(accepted["new"], true);
    assert_eq!(instance.deliver(), Report { routed: 1, attempts: 1, delivered: 1, problems: vec![] });

    assert!(receiver.wait_for(1, Duration::from_secs(20)));
    let received = receiver.received().remove(0);
    assert_eq!(received.signature, Signature::Verified);
    // The order of the keys and the text of the number are unchanged.
    let body = std::str::from_utf8(&received.body).unwrap();
    assert!(body.contains(r#"{"z":1.50,"a":"ü\u0001"}"#), "{body}");
}

#[test]
fn console_and_receiver_functions_return_their_values() {
    let engine = engine();
    let instance = instance(&engine, MemoryStore::new());
    let request = json!({"method": "GET", "path": "/webhooks", "query": "", "body": ""});
    let caller = json!({"tenant": TENANT, "permissions": []});
    let response = instance.ok("console.handle", &json!({"request": request, "caller": caller}));
    assert_eq!(response["status"], 200);
    assert_eq!(response["body"], r#"{"data":[],"nextCursor":null}"#);

    let request = json!({"method": "POST", "headers": [{"name": "X-A", "value": "1"}], "body": "{}"});
    let secrets = ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"];
    let arguments = json!({"profile": "standard", "secrets": secrets, "request": request});
    assert_eq!(instance.ok("receiver.verify", &arguments)["kind"], "missing");
}

#[test]
fn error_of_the_component_has_its_kind_and_field() {
    let engine = engine();
    let instance = instance(&engine, MemoryStore::new());
    let refused = |kind: &str, field: &str| (REFUSED, kind.to_owned(), field.to_owned());
    let answer = instance.call("webhooks.get", &json!({"tenant": TENANT, "webhookId": "wh_1"}));
    assert_eq!(error(answer), refused("not-found", "webhookId"));
    let answer = instance.call("webhooks.register", &registration(TENANT, "ftp://a"));
    assert_eq!(error(answer), refused("invalid", "url"));
    let options = json!({"config": {"sealingKeys": []}});
    let (_none, answer) = create(&engine, &options, serve_storage(MemoryStore::new()));
    let (status, kind, _) = error(answer);
    assert_eq!((status, kind.as_str()), (REFUSED, "invalid"));
}

#[test]
fn callback_is_asked_for_signals_while_the_engines_client_waits() {
    let engine = engine();
    let store = MemoryStore::new();
    let questions = Arc::new(Mutex::new(0));
    let counted = questions.clone();
    let serve: Serve = Box::new(move |request| {
        if request["call"] != "signal" {
            return Ok(storage_reply(&store, request).to_string());
        }
        let mut questions = counted.lock().unwrap();
        *questions += 1;
        match *questions {
            1 => Err("not now".to_owned()),
            2 => Ok(r#"{"ok": "none"}"#.to_owned()),
            _ => Ok(r#"{"ok": "drain"}"#.to_owned()),
        }
    });
    let options = json!({"config": config(), "callback": ["storage", "signal"]});
    let instance = instance_with(&engine, &options, serve);
    let receiver = Receiver::start(Script::Silent).unwrap();
    instance.register_with_timeout(TENANT, &receiver.url("/"), 1_500);
    instance.on_event(TENANT);
    // The request in flight is settled in spite of the drain.
    assert_eq!(instance.deliver().attempts, 1);
    assert!(*questions.lock().unwrap() >= 3, "{questions:?}");
}

#[test]
fn instance_without_storage_serves_only_calls_that_need_none() {
    let engine = engine();
    let options = json!({"config": config(), "callback": []});
    let instance = instance_with(&engine, &options, Box::new(|request| panic!("{request}")));
    instance.ok("webhooks.event-types", &json!({}));
    for (function, arguments) in
        [("webhooks.on-event", event(TENANT)), ("webhooks.list", json!({"tenant": TENANT, "limit": 1}))]
    {
        let (status, kind, _) = error(instance.call(function, &arguments));
        assert_eq!((status, kind.as_str()), (REFUSED, "unavailable"), "{function}");
    }
}

#[test]
fn drain_signal_from_within_the_callback_ends_deliver() {
    let engine = engine();
    let store = MemoryStore::new();
    let handle = Arc::new(Mutex::new(0));
    let shared = handle.clone();
    let serve: Serve = Box::new(move |request| {
        let handle = *shared.lock().unwrap();
        if handle != 0 && request["call"] == "commit" {
            assert_eq!(answer(|answer| unsafe { hw_instance_signal_drain(handle, answer) }).0, OK);
        }
        Ok(storage_reply(&store, request).to_string())
    });
    let instance = instance_with(&engine, &json!({"config": config()}), serve);
    // No server listens on a reserved port. Without the signal, the worker would retry until the budget ends.
    let receiver = Receiver::reserve(Script::Healthy).unwrap();
    instance.register(TENANT, &receiver.url("/"));
    for _ in 0..3 {
        instance.on_event(TENANT);
    }
    *handle.lock().unwrap() = instance.handle();
    let report = instance.deliver();
    assert_eq!(report.delivered, 0, "{report:?}");
    // The signal came with the first commit, so only deliveries that this commit claimed were attempted.
    assert!(report.attempts <= 3, "{report:?}");
}
