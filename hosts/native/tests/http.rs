//! Requests that the callback sends: what came of each is told once, and of the right one.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::Clock;
use hookwright_host::SystemClock;
use hookwright_native::hw_instance_wake;
use serde_json::{Value, json};

use crate::host::{Engine, Instance, OK, Serve, TRAPPED, answered, config, engine, made, reply};

/// The wait within which an instance is woken: none of those that begin with work to do.
const WOKEN: usize = 4;

/// What the callback answers to a wait, given the ids of all requests that were submitted so far and the number of the wait.
/// After null the clock fails once, which ends the guest.
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
                let answer = waits(&state.ids, state.waits);
                state.clock_fails = answer.is_null();
                Ok(if answer.is_null() { completions(vec![]) } else { answer }.to_string())
            }
            _ => Ok(reply(&*store, request).to_string()),
        }
    });
    let options = json!({"config": config(), "callback": ["storage", "http", "clock"]});
    let (instance, answer) = made(engine, &options, serve);
    assert_eq!(answer.0, OK, "{}", answer.1);
    instance
}

/// Registers a webhook, and has an event for it.
fn event(instance: &Instance, tenant: &str) -> Value {
    let webhook = json!({"name": "x", "url": "https://example.com/", "events": ["*"], "timeoutMs": 100}).to_string();
    let webhook = instance.ok("webhooks.register", &json!({"tenant": tenant, "registration": webhook}));
    instance.ok("webhooks.on-event", &json!({"tenant": tenant, "event": r#"{"type": "a.b"}"#}));
    serde_json::from_str(webhook.as_str().unwrap()).unwrap()
}

fn deliver(instance: &Instance) -> (i32, Value) {
    instance.call("webhooks.deliver", &json!({"budget": {"timeMs": 20_000, "attemptsMax": 100}}))
}

fn completions(completions: Vec<Value>) -> Value {
    json!({"ok": {"completions": completions, "signal": "none"}})
}

fn answer(id: &str) -> Value {
    json!({"id": id, "durationMs": 1, "outcome": {"ok": {"status": 200, "headers": [], "body": "", "truncated": false}}})
}

fn failure(id: &str) -> Value {
    json!({"id": id, "durationMs": 1, "outcome": {"error": {"kind": "connect", "detail": ""}}})
}

fn attempts(instance: &Instance, tenant: &str, webhook: &Value) -> String {
    let page = json!({"tenant": tenant, "webhookId": webhook["id"], "limit": 10});
    instance.ok("webhooks.attempts", &page).as_str().unwrap().to_owned()
}

#[test]
fn an_answer_to_an_earlier_guests_request_is_none_to_anothers() {
    let engine = engine();
    let waits: Waits = Box::new(|ids, wait| match wait {
        1 => Value::Null,
        2 => completions(vec![answer(&ids[0])]),
        _ => completions(ids.iter().map(|id| failure(id)).collect()),
    });
    let instance = instance(&engine, Arc::default(), waits);
    event(&instance, "acme");
    assert_eq!(deliver(&instance).0, TRAPPED);
    let webhook = event(&instance, "beta");
    let (status, report) = deliver(&instance);
    assert_eq!((status, &report["attempts"], &report["delivered"]), (OK, &json!(1), &json!(0)), "{report}");
    assert!(attempts(&instance, "beta", &webhook).contains(r#""connect""#));
}

#[test]
fn what_is_wrong_with_one_answer_is_not_the_others_fault() {
    let engine = engine();
    let waits: Waits = Box::new(|ids, _| match ids {
        [good, wrong] => completions(vec![json!({"id": wrong, "durationMs": -1}), answer(good)]),
        _ => completions(vec![]),
    });
    let instance = instance(&engine, Arc::default(), waits);
    let webhooks = ["acme", "beta"].map(|tenant| event(&instance, tenant));
    let (status, report) = deliver(&instance);
    assert_eq!((status, &report["attempts"], &report["delivered"]), (OK, &json!(2), &json!(1)), "{report}");
    let [first, second] = webhooks;
    let (first, second) = (attempts(&instance, "acme", &first), attempts(&instance, "beta", &second));
    assert!((first + &second).contains("`durationMs` of a completion is no number"));
}

#[test]
fn a_request_of_which_nothing_is_heard_ends_as_too_late() {
    let engine = engine();
    let waits: Waits = Box::new(|_, _| {
        std::thread::sleep(Duration::from_millis(20));
        completions(vec![answer("0"), answer("18446744073709551615")])
    });
    let instance = instance(&engine, Arc::default(), waits);
    let webhook = event(&instance, "acme");
    let (status, report) = deliver(&instance);
    assert_eq!((status, &report["attempts"], &report["delivered"]), (OK, &json!(1), &json!(0)), "{report}");
    let attempts = attempts(&instance, "acme", &webhook);
    assert!(attempts.contains(r#""timeout""#), "{attempts}");
}

#[test]
fn a_wake_is_heard_although_the_callback_waits() {
    let engine = engine();
    let store = Arc::new(MemoryStore::new());
    let intake = instance(&engine, store.clone(), Box::new(|_, _| panic!("nothing is sent there")));
    let (handle, heard) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
    let (handle_inside, heard_inside) = (handle.clone(), heard.clone());
    let waits: Waits = Box::new(move |ids, wait| {
        if wait == WOKEN {
            event(&intake, "beta");
            let handle = handle_inside.load(Ordering::SeqCst);
            assert_eq!(answered(|answer| unsafe { hw_instance_wake(handle, answer) }).0, OK);
        }
        if ids.len() < 2 {
            return completions(vec![]);
        }
        heard_inside.store(wait, Ordering::SeqCst);
        completions(ids.iter().map(|id| answer(id)).collect())
    });
    let instance = instance(&engine, store, waits);
    handle.store(instance.handle(), Ordering::SeqCst);
    event(&instance, "acme");
    let (status, report) = deliver(&instance);
    assert_eq!((status, &report["delivered"]), (OK, &json!(2)), "{report}");
    // Without the wake it would be looked for a second later, thousands of waits.
    assert!(heard.load(Ordering::SeqCst) <= WOKEN + 2, "{heard:?}");
}
