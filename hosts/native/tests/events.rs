//! What the bridge is for: events in, requests out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookwright_engine::memory::MemoryStore;
use hookwright_host::receiver::{Receiver, Scheme, Script, Signature};
use hookwright_native::hw_instance_drain;
use serde_json::{Value, json};

use crate::host::{Instance, OK, REFUSED, Serve, answered, config, engine, error, instance, made, reply, served};

fn deliver() -> Value {
    json!({"budget": {"timeMs": 20_000, "attemptsMax": 100}})
}

fn registered(instance: &Instance, url: &str) -> Value {
    let registration = json!({"name": "Billing", "url": url, "events": ["invoice.*"]}).to_string();
    let webhook = instance.ok("webhooks.register", &json!({"tenant": "acme", "registration": registration}));
    serde_json::from_str(webhook.as_str().unwrap()).unwrap()
}

#[test]
fn an_event_arrives_signed_by_the_bridges_own_client() {
    let receiver = Receiver::start(Script::Healthy).unwrap();
    let (engine, store) = (engine(), MemoryStore::new());
    let instance = instance(&engine, store);
    let webhook = registered(&instance, &receiver.url("/in"));
    receiver.verify(Scheme::Standard(vec![webhook["secret"].as_str().unwrap().to_owned()]));

    // The order of the keys and the text of the number stay as they are.
    let event = r#"{"type": "invoice.paid", "data": {"z": 1.50, "a": "ü\u0001"}}"#;
    let accepted = instance.ok("webhooks.on-event", &json!({"tenant": "acme", "event": event}));
    assert_eq!(accepted["new"], true);
    let report = instance.ok("webhooks.deliver", &deliver());
    assert_eq!([&report["routed"], &report["attempts"], &report["delivered"]], [1, 1, 1], "{report}");
    assert_eq!(report["problems"], json!([]));

    assert!(receiver.wait_for(1, Duration::from_secs(20)));
    let received = receiver.received().remove(0);
    assert_eq!(received.signature, Signature::Verified);
    let body = std::str::from_utf8(&received.body).unwrap();
    assert!(body.contains(r#"{"z":1.50,"a":"ü\u0001"}"#), "{body}");
}

#[test]
fn the_api_and_the_receivers_side_are_there() {
    let engine = engine();
    let instance = instance(&engine, MemoryStore::new());
    let request = json!({"method": "GET", "path": "/webhooks", "query": "", "body": ""});
    let answer =
        instance.ok("console.handle", &json!({"request": request, "caller": {"tenant": "acme", "permissions": []}}));
    assert_eq!(answer["status"], 200);
    assert_eq!(answer["body"], r#"{"data":[],"nextCursor":null}"#);

    let request = json!({"method": "POST", "headers": [{"name": "X-A", "value": "1"}], "body": "{}"});
    let verified =
        json!({"profile": "standard", "secrets": ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"], "request": request});
    assert_eq!(instance.ok("receiver.verify", &verified)["kind"], "missing");
}

#[test]
fn what_the_component_refuses_is_told_in_its_words() {
    let engine = engine();
    let instance = instance(&engine, MemoryStore::new());
    let answer = instance.call("webhooks.get", &json!({"tenant": "acme", "webhookId": "wh_1"}));
    assert_eq!(error(answer), (REFUSED, "not-found".into(), "webhookId".into()));
    let registration = json!({"name": "x", "url": "ftp://a", "events": ["*"]}).to_string();
    let answer = instance.call("webhooks.register", &json!({"tenant": "acme", "registration": registration}));
    assert_eq!(error(answer), (REFUSED, "invalid".into(), "url".into()));
    let (_other, answer) = made(&engine, &json!({"config": {"sealingKeys": []}}), served(MemoryStore::new()));
    let (status, kind, _) = error(answer);
    assert_eq!((status, kind.as_str()), (REFUSED, "invalid"));
}

#[test]
fn a_callback_is_asked_for_wakes_while_the_bridge_waits() {
    let engine = engine();
    let store = MemoryStore::new();
    let asked = Arc::new(Mutex::new(0));
    let inside = asked.clone();
    let serve: Serve = Box::new(move |request| {
        if request["call"] != "signal" {
            return Ok(reply(&store, request).to_string());
        }
        let mut asked = inside.lock().unwrap();
        *asked += 1;
        match *asked {
            1 => Err("not now".to_owned()),
            2 => Ok(r#"{"ok": "none"}"#.to_owned()),
            _ => Ok(r#"{"ok": "drain"}"#.to_owned()),
        }
    });
    let (instance, _) = made(&engine, &json!({"config": config(), "callback": ["storage", "signal"]}), serve);
    let receiver = Receiver::start(Script::Silent).unwrap();
    let webhook = json!({"name": "x", "url": receiver.url("/"), "events": ["*"], "timeoutMs": 1_500}).to_string();
    instance.ok("webhooks.register", &json!({"tenant": "acme", "registration": webhook}));
    let event = json!({"tenant": "acme", "event": "{\"type\": \"invoice.paid\"}"});
    instance.ok("webhooks.on-event", &event);
    // What is in flight is settled all the same.
    assert_eq!(instance.ok("webhooks.deliver", &deliver())["attempts"], 1);
    assert!(*asked.lock().unwrap() >= 3, "{asked:?}");
}

#[test]
fn without_a_storage_only_what_needs_none_is_answered() {
    let engine = engine();
    let (instance, answer) = made(&engine, &json!({"config": config(), "callback": []}), Box::new(|_| panic!("asked")));
    assert_eq!(answer.0, OK);
    instance.ok("webhooks.event-types", &json!({}));
    for (function, arguments) in [
        ("webhooks.on-event", json!({"event": "{\"type\": \"a.b\"}"})),
        ("webhooks.list", json!({"tenant": "acme", "limit": 1})),
    ] {
        let (status, kind, _) = error(instance.call(function, &arguments));
        assert_eq!((status, kind.as_str()), (REFUSED, "unavailable"), "{function}");
    }
}

#[test]
fn a_drain_ends_a_deliver_from_within_the_callback() {
    let engine = engine();
    let store = MemoryStore::new();
    let handle = Arc::new(Mutex::new(0));
    let inside = handle.clone();
    let serve: Serve = Box::new(move |request| {
        let handle = *inside.lock().unwrap();
        if handle != 0 && request["call"] == "commit" {
            let drained = answered(|answer| unsafe { hw_instance_drain(handle, answer) });
            assert_eq!(drained.0, OK);
        }
        Ok(reply(&store, request).to_string())
    });
    let (instance, _) = made(&engine, &json!({"config": config()}), serve);
    // Nobody listens there; the attempt would be made again and again until the budget ends.
    let receiver = Receiver::reserve(Script::Healthy).unwrap();
    registered(&instance, &receiver.url("/"));
    for _ in 0..3 {
        instance.ok("webhooks.on-event", &json!({"tenant": "acme", "event": "{\"type\": \"invoice.paid\"}"}));
    }
    *handle.lock().unwrap() = instance.handle();
    let report = instance.ok("webhooks.deliver", &deliver());
    assert_eq!(report["delivered"], 0, "{report}");
    // It was asked at its first commit, so at most what that one claimed was begun.
    assert!(report["attempts"].as_u64().unwrap() <= 3, "{report}");
}
