//! A plugin that misbehaves (`data/hostile.wat`): it is stopped, and its host goes on.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use hookwright_componentize::{componentize, describe};
use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::{Http, Request, WaitResult};
use hookwright_host::signal::Signals;
use hookwright_host::{Blueprint, CallError, Imports, Plugin, Pool, Runtime, SealingKey, Settings, Workers};

/// Bounds small enough to be reached at once.
const MEMORY_BYTES_MAX: usize = 4 * 1024 * 1024;
const GUEST_TIME_MAX: Duration = Duration::from_millis(50);
const PAGE_BYTES: usize = 64 * 1024;

/// An HTTP client that must not be called.
pub struct NoHttp;

impl Http for NoHttp {
    fn submit(&self, requests: Vec<Request>) {
        panic!("unplanned requests: {requests:?}");
    }

    fn wait(&self, _: u32) -> WaitResult {
        panic!("an unplanned wait");
    }
}

pub fn imports() -> Imports {
    Imports::new(Arc::new(MemoryStore::new()), Arc::new(NoHttp))
}

pub fn settings() -> Settings {
    Settings { sealing_keys: vec![SealingKey { id: "k1".to_owned(), key_hex: "07".repeat(32) }], ..Settings::default() }
}

pub fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")
}

fn runtime() -> Runtime {
    let mut module = wat::parse_file(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/hostile.wat")).unwrap();
    describe(&mut module, &wit()).unwrap();
    let component = componentize(&module).unwrap();
    let builder = Runtime::builder().component(component).without_cache();
    builder.memory_bytes_max(MEMORY_BYTES_MAX).guest_time_max(GUEST_TIME_MAX).build().unwrap()
}

fn trapped<T: std::fmt::Debug>(answer: Result<T, CallError>) -> String {
    match answer {
        Err(CallError::Trapped(trap)) => trap.reason,
        other => panic!("no trap but {other:?}"),
    }
}

#[test]
fn memory_has_a_bound() {
    let mut plugin = runtime().instantiate(imports(), &settings()).unwrap();
    let pages = plugin.event_types().unwrap().len();
    assert_eq!(pages, MEMORY_BYTES_MAX / PAGE_BYTES);
}

#[test]
fn a_guest_that_computes_for_ever_is_stopped() {
    type Call = fn(&mut Plugin) -> Result<String, CallError>;
    let calls: [Call; 2] = [
        |plugin| plugin.list("acme", None, 1),
        // Asking for the time is no call that renews the deadline.
        |plugin| plugin.message("acme", "msg_1"),
    ];
    for call in calls {
        let mut plugin = runtime().instantiate(imports(), &settings()).unwrap();
        let reason = trapped(call(&mut plugin));
        assert!(reason.contains("computed for more than 50 ms"), "{reason}");
        assert!(plugin.has_trapped());
    }
}

#[test]
fn a_trap_tells_the_panic_before_it_and_ends_the_instance() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = lines.clone();
    let imports = imports().log(move |level, text| log.lock().unwrap().push(format!("{level:?} {text}")));
    let mut plugin = runtime().instantiate(imports, &settings()).unwrap();
    let reason = trapped(plugin.get("acme", "wh_1"));
    assert!(reason.starts_with("a panic's text"), "{reason}");
    assert_eq!(*lines.lock().unwrap(), ["Error a panic's text"]);
    let reason = trapped(plugin.event_types());
    assert!(reason.contains("trapped before"), "{reason}");
}

#[test]
fn a_pool_has_a_new_instance_after_a_trap_and_never_more_than_its_bound() {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = made.clone();
    let blueprint = Blueprint::new(runtime(), settings(), move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        imports()
    });
    let pool = Pool::new(Arc::new(blueprint), 1);
    pool.call(|plugin| plugin.event_types()).unwrap();
    pool.call(|plugin| plugin.event_types()).unwrap();
    assert_eq!(made.load(Ordering::SeqCst), 1, "an instance is used again");
    trapped(pool.call(|plugin| plugin.get("acme", "wh_1")));
    pool.call(|plugin| plugin.event_types()).unwrap();
    assert_eq!(made.load(Ordering::SeqCst), 2, "a trapped one is not");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| pool.call(|plugin| plugin.event_types()).unwrap());
        }
    });
    assert_eq!(made.load(Ordering::SeqCst), 2, "callers wait for the one there is");
}

#[test]
fn worker_makes_a_new_instance_after_each_trap_until_a_drain() {
    let (made, instances) = mpsc::channel();
    let made = Mutex::new(made);
    let blueprint = Blueprint::new(runtime(), settings(), move |_| {
        let _ = made.lock().unwrap().send(());
        imports()
    });
    let signals = Signals::new();
    let workers = Workers::start(Arc::new(blueprint), signals.clone(), 1).unwrap();
    for _ in 0..3 {
        // Each `deliver` traps; the pause before the next is ended by a signal.
        instances.recv_timeout(Duration::from_secs(20)).unwrap();
        signals.work();
    }
    workers.stop();
}
