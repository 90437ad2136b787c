//! The outside of an engine under fuzzing: a store in memory, receivers that answer what the input says, time that passes
//! only while somebody waits, and a count of calls, so that what never ends is noticed.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::{
    Check, Clock, Completion, Direction, Entropy, Entry, Http, HttpError, KeyRange, Log, Mutation, Request, Response,
    Signal, Storage, StorageError, WaitResult,
};
use hookwright_engine::{Budget, Config, DeliveryReport, Error, SealingKey, Settings, deliver, register};
use serde_json::Value;

/// Calls of storage and HTTP that one call of the engine may make here, where everything is small.
const CALLS_MAX: u32 = 2_000;
/// 2025-02-04T12:00:07Z
pub const START_US: u64 = 1_738_670_407_000_000;
/// A secret that every error and every answer is searched for.
pub const SECRET: &str = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=";

/// The outside.
#[derive(Debug)]
pub struct World {
    /// The rows.
    pub store: MemoryStore,
    /// The receivers' responses, first to last; 200 afterwards.
    pub answers: RefCell<VecDeque<Result<Response, HttpError>>>,
    /// Every request that left.
    pub sent: RefCell<Vec<Request>>,
    now_us: Cell<u64>,
    drawn: Cell<u64>,
    calls: Cell<u32>,
    waiting: RefCell<Vec<Request>>,
}

impl World {
    /// A world with these rows.
    pub fn new(store: MemoryStore) -> World {
        World {
            store,
            answers: RefCell::default(),
            sent: RefCell::default(),
            now_us: Cell::new(START_US),
            drawn: Cell::new(0),
            calls: Cell::new(0),
            waiting: RefCell::default(),
        }
    }

    /// Time passes.
    pub fn pass_ms(&self, ms: u64) {
        self.now_us.set(self.now_us.get() + ms * 1_000);
    }

    /// Calls the engine; its calls of this world are counted anew.
    pub fn call<T>(&self, call: impl FnOnce(&World) -> T) -> T {
        self.calls.set(0);
        call(self)
    }

    /// Registers a webhook that the engine must take. Returns its id.
    pub fn register(&self, config: &Config, tenant: &str, user: Option<&str>, registration: &str) -> String {
        id_of(&register(self, config, tenant, user, registration).expect("a good registration"))
    }

    /// Delivers what is due.
    pub fn deliver(&self, config: &Config) -> Result<DeliveryReport, Error> {
        self.call(|world| deliver(world, config, Budget { time_ms: 2_000, attempts_max: 100 }))
    }

    fn count(&self) {
        self.calls.set(self.calls.get() + 1);
        assert!(self.calls.get() <= CALLS_MAX, "one call of the engine makes more than {CALLS_MAX} calls of its host");
    }
}

/// The configuration of every target: this profile, and a key.
pub fn config(profile: &str) -> Config {
    let key = SealingKey { id: "k1".to_owned(), key_hex: "ab".repeat(32) };
    let settings = Settings { profile: profile.to_owned(), sealing_keys: vec![key], ..Settings::default() };
    Config::new(&settings).expect("a built-in profile and a key")
}

/// Returns the id in the JSON of a webhook or a job.
pub fn id_of(shown: &str) -> String {
    serde_json::from_str::<Value>(shown).expect("small numbers")["id"].as_str().unwrap_or_default().to_owned()
}

impl Storage for World {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        self.count();
        self.store.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        self.count();
        self.store.scan(range, limit, order)
    }

    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        self.count();
        // A storage call takes time, so that every budget ends.
        self.pass_ms(1);
        self.store.commit(checks, mutations)
    }
}

impl Http for World {
    fn submit(&self, requests: Vec<Request>) {
        self.count();
        self.sent.borrow_mut().extend(requests.iter().cloned());
        self.waiting.borrow_mut().extend(requests);
    }

    fn wait(&self, timeout_ms: u32) -> WaitResult {
        self.count();
        self.pass_ms(u64::from(timeout_ms.min(3)));
        let answer = |request: Request| {
            let ok = || Ok(Response { status: 200, ..Response::default() });
            let result = self.answers.borrow_mut().pop_front().unwrap_or_else(ok);
            Completion { id: request.id, duration_ms: 3, result }
        };
        let completions = self.waiting.borrow_mut().drain(..).map(answer).collect();
        WaitResult { completions, signal: Signal::None }
    }
}

impl Clock for World {
    fn now_us(&self) -> u64 {
        self.now_us.get()
    }
}

impl Log for World {}

impl Entropy for World {
    fn fill(&self, buffer: &mut [u8]) {
        self.drawn.set(self.drawn.get() + 1);
        let drawn = self.drawn.get().to_le_bytes();
        buffer.fill(0);
        let len = buffer.len().min(drawn.len());
        buffer[..len].copy_from_slice(&drawn[..len]);
    }
}
