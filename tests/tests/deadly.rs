//! A delivery that makes the real component trap whenever it is read: it ends as failed, and takes nobody with it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::{
    Check, Clock, Completion, Direction, Entry, Http, KeyRange, Mutation, Request, Response, Signal, Storage,
    StorageError, WaitResult,
};
use hookwright_host::{Blueprint, Budget, CallError, Imports, Plugin, Runtime};
use serde_json::Value;

use crate::hostile::settings;

/// More than the memory that an instance is given.
const DEADLY_BYTES: usize = 32 * 1024 * 1024;

/// A store that answers one row with far more than the component can hold.
struct Deadly {
    store: MemoryStore,
    row: Mutex<Option<String>>,
}

impl Storage for Deadly {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        let mut entries = self.store.get(keys)?;
        let deadly = self.row.lock().unwrap().clone();
        for entry in entries.iter_mut().flatten().filter(|entry| Some(&entry.key) == deadly.as_ref()) {
            entry.value = " ".repeat(DEADLY_BYTES);
        }
        Ok(entries)
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        self.store.scan(range, limit, order)
    }

    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        self.store.commit(checks, mutations)
    }
}

/// Receivers that answer 200 at once.
#[derive(Default)]
struct Well(Mutex<Vec<u64>>);

impl Http for Well {
    fn submit(&self, requests: Vec<Request>) {
        self.0.lock().unwrap().extend(requests.iter().map(|request| request.id));
    }

    fn wait(&self, _: u32) -> WaitResult {
        let answer =
            |id| Completion { id, duration_ms: 1, result: Ok(Response { status: 200, ..Response::default() }) };
        WaitResult { completions: self.0.lock().unwrap().drain(..).map(answer).collect(), signal: Signal::None }
    }
}

/// A clock that goes on with each look, and by leaps.
struct Leaping(AtomicU64);

impl Clock for Leaping {
    fn now_us(&self) -> u64 {
        self.0.fetch_add(10, Ordering::SeqCst)
    }
}

fn json(answer: Result<String, CallError>) -> Value {
    serde_json::from_str(&answer.unwrap()).unwrap()
}

fn registered(plugin: &mut Plugin, events: &str) -> String {
    let registration = format!(r#"{{"url":"https://example.com/in","events":["{events}"]}}"#);
    json(plugin.register("acme", &registration))["id"].as_str().unwrap().to_owned()
}

fn states(plugin: &mut Plugin, webhook: &str) -> Vec<String> {
    let page = json(plugin.attempts("acme", webhook, None, 100));
    let mut states: Vec<String> =
        page["data"].as_array().unwrap().iter().map(|attempt| attempt["state"].as_str().unwrap().to_owned()).collect();
    states.sort();
    states
}

#[test]
fn a_delivery_that_traps_the_component_ends_as_failed_and_the_others_arrive() {
    let runtime = Runtime::builder().memory_bytes_max(8 * 1024 * 1024).build().unwrap();
    let store = Arc::new(Deadly { store: MemoryStore::new(), row: Mutex::default() });
    let clock = Arc::new(Leaping(AtomicU64::new(1_738_670_407_000_000)));
    let (rows, time) = (store.clone(), clock.clone());
    let blueprint = Blueprint::new(runtime, settings(), move |_| {
        Imports::new(rows.clone(), Arc::new(Well::default())).clock(time.clone()).log(|_, _| {})
    });
    let mut plugin = blueprint.instantiate(hookwright_host::signal::Signals::new()).unwrap();
    let (one, other) = (registered(&mut plugin, "*"), registered(&mut plugin, "a"));
    let accept =
        |plugin: &mut Plugin, event: &str| plugin.on_event(Some("acme"), &format!(r#"{{"type":"{event}"}}"#)).unwrap();
    accept(&mut plugin, "a");
    let deadly = accept(&mut plugin, "b").message_id;
    accept(&mut plugin, "a");
    *store.row.lock().unwrap() = Some(format!("message/acme/{deadly}"));
    let mut traps = 0;
    for _ in 0..20 {
        match plugin.deliver(Budget { time_ms: 10_000, attempts_max: 100 }) {
            Ok(_) => {}
            Err(CallError::Trapped(_)) => {
                traps += 1;
                plugin = blueprint.instantiate(hookwright_host::signal::Signals::new()).unwrap();
            }
            other => panic!("{other:?}"),
        }
        // Every lease has run out.
        clock.0.fetch_add(40_000_000, Ordering::SeqCst);
    }
    assert_eq!(traps, 6, "three times with others, three times alone");
    assert_eq!(states(&mut plugin, &other), ["delivered", "delivered"]);
    assert_eq!(states(&mut plugin, &one), ["delivered", "delivered", "failed"]);
    *store.row.lock().unwrap() = None;
    let told = json(plugin.message("acme", &deadly));
    let attempt = &told["attempts"][0];
    assert_eq!((&attempt["state"], &attempt["error"]), (&"failed".into(), &"internal".into()));
    assert!(attempt["detail"].as_str().unwrap().contains("then 3 times with this delivery alone"), "{attempt}");
    // The deadly delivery has been mended.
    plugin.redeliver("acme", &deadly, Some(&one)).unwrap();
    assert_eq!(plugin.deliver(Budget { time_ms: 10_000, attempts_max: 100 }).unwrap().delivered, 1);
}
