//! HTTP by the callback: each request ends once, and with its own completion.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::Clock;
use hookwright_host::SystemClock;
use hookwright_native::hw_instance_signal_work;
use serde_json::{Value, json};

use crate::client::{Report, URL, Webhook};
use crate::host::{Engine, Instance, OK, Serve, TRAPPED, answer, config, engine, instance_with, storage_reply};

/// The wait within which an instance gets a signal. The waits before it begin with work to do.
const SIGNALLED_WAIT: usize = 4;

/// Returns the reply to a wait, given the ids of all submitted requests and the number of the wait. After a null the clock fails
/// once, which ends the guest.
type Waits = Box<dyn Fn(&[String], usize) -> Value + Send + Sync>;

#[derive(Default)]
struct State {
    ids: Vec<String>,
    waits: usize,
    clock_fails: bool,
}

fn instance(engine: &Engine, store: Arc<MemoryStore>, waits: Waits) -> Instance {
    let state = Mutex::new(State::default());
    let serve: Serve = Box::new(move |request| {
        let mut state = state.lock().unwrap();
        match request["call"].as_str().unwrap() {
            "now" if std::mem::take(&mut state.clock_fails) => Err("no time".to_owned()),
            "now" => Ok(json!({"ok": SystemClock.now_us().to_string()}).to_string()),
            "http-submit" => {
                let requests = request["requests"].as_array().unwrap();
                state.ids.extend(requests.iter().map(|request| request["id"].as_str().unwrap().to_owned()));
                Ok(r#"{"ok": null}"#.to_owned())
            }
            "http-wait" => {
                state.waits += 1;
                let reply = waits(&state.ids, state.waits);
                state.clock_fails = reply.is_null();
                Ok(if reply.is_null() { completions(vec![]) } else { reply }.to_string())
            }
            _ => Ok(storage_reply(&*store, request).to_string()),
        }
    });
    let options = json!({"config": config(), "callback": ["storage", "http", "clock"]});
    instance_with(engine, &options, serve)
}

/// Registers a webhook and accepts an event for it.
fn accept(instance: &Instance, tenant: &str) -> Webhook {
    let webhook = instance.register_with_timeout(tenant, URL, 100);
    instance.on_event(tenant);
    webhook
}

fn completions(completions: Vec<Value>) -> Value {
    json!({"ok": {"completions": completions, "signal": "none"}})
}

fn success(id: &str) -> Value {
    let response = json!({"status": 200, "headers": [], "body": "", "truncated": false});
    json!({"id": id, "durationMs": 1, "outcome": {"ok": response}})
}

fn failure(id: &str) -> Value {
    json!({"id": id, "durationMs": 1, "outcome": {"error": {"kind": "connect", "detail": ""}}})
}

#[test]
fn completion_for_an_earlier_guests_request_is_ignored() {
    let engine = engine();
    let waits: Waits = Box::new(|ids, wait| match wait {
        1 => Value::Null,
        2 => completions(vec![success(&ids[0])]),
        _ => completions(ids.iter().map(|id| failure(id)).collect()),
    });
    let instance = instance(&engine, Arc::default(), waits);
    accept(&instance, "acme");
    assert_eq!(instance.try_deliver().0, TRAPPED);
    let webhook = accept(&instance, "beta");
    let report = instance.deliver();
    assert_eq!((report.attempts, report.delivered), (1, 0), "{report:?}");
    assert!(instance.attempts("beta", &webhook).contains(r#""connect""#));
}

#[test]
fn unreadable_completion_leaves_the_others_valid() {
    let engine = engine();
    let waits: Waits = Box::new(|ids, _| match ids {
        [good, bad] => completions(vec![json!({"id": bad, "durationMs": -1}), success(good)]),
        _ => completions(vec![]),
    });
    let instance = instance(&engine, Arc::default(), waits);
    let tenants = ["acme", "beta"];
    let webhooks = tenants.map(|tenant| accept(&instance, tenant));
    let report = instance.deliver();
    assert_eq!((report.attempts, report.delivered), (2, 1), "{report:?}");
    let attempts: String =
        tenants.iter().zip(&webhooks).map(|(tenant, webhook)| instance.attempts(tenant, webhook)).collect();
    assert!(attempts.contains("`durationMs` of a completion is not a 32-bit number"), "{attempts}");
}

#[test]
fn request_without_completion_ends_as_timeout() {
    let engine = engine();
    let waits: Waits = Box::new(|_, _| {
        // The callback waits as an HTTP client does. The request is lost 1 s after its timeout.
        std::thread::sleep(Duration::from_millis(20));
        completions(vec![success("0"), success("18446744073709551615")])
    });
    let instance = instance(&engine, Arc::default(), waits);
    let webhook = accept(&instance, "acme");
    assert_eq!(instance.deliver(), Report { routed: 1, attempts: 1, delivered: 0, problems: vec![] });
    let attempts = instance.attempts("acme", &webhook);
    assert!(attempts.contains(r#""timeout""#), "{attempts}");
}

#[test]
fn work_signal_during_the_callbacks_wait_is_seen_after_it() {
    let engine = engine();
    let store = Arc::new(MemoryStore::new());
    let intake = instance(&engine, store.clone(), Box::new(|_, _| panic!("the intake sends nothing")));
    let (handle, seen) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
    let (handle_inside, seen_inside) = (handle.clone(), seen.clone());
    let waits: Waits = Box::new(move |ids, wait| {
        if wait == SIGNALLED_WAIT {
            accept(&intake, "beta");
            let handle = handle_inside.load(Ordering::SeqCst);
            assert_eq!(answer(|answer| unsafe { hw_instance_signal_work(handle, answer) }).0, OK);
        }
        if ids.len() < 2 {
            return completions(vec![]);
        }
        seen_inside.store(wait, Ordering::SeqCst);
        completions(ids.iter().map(|id| success(id)).collect())
    });
    let instance = instance(&engine, store, waits);
    handle.store(instance.handle(), Ordering::SeqCst);
    accept(&instance, "acme");
    assert_eq!(instance.deliver().delivered, 2);
    // Without the signal, the worker would look for the event a second later, after thousands of waits.
    assert!(seen.load(Ordering::SeqCst) <= SIGNALLED_WAIT + 2, "{seen:?}");
}
