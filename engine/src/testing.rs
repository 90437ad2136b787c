//! The world of the engine's unit tests: the in-memory store, a scripted receiver, and a clock that moves only during waits.
//! Faults belong to the simulator.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::api::webhooks::register;
use crate::config::Config;
use crate::config::SealingKey;
use crate::config::Settings;
use crate::intake::on_event;
use crate::ports::memory::MemoryStore;
use crate::ports::{
    AcceptTimes, Check, Clock, Completion, Direction, Entropy, Entry, Http, KeyRange, Log, Mutation, Request, Response,
    Signal, Storage, StorageError, WaitResult,
};
use crate::store::keys;
use crate::store::keys::Lane;
use crate::worker::Budget;
use crate::worker::DeliveryReport;
use crate::worker::deliver;

/// The moment at which another actor acts between two calls of the engine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// Before a scan that begins at this key.
    Scan(&'static str),
    /// Before a commit that changes a row with this prefix.
    Commit(&'static str),
    /// After such a commit, which then reports an unknown outcome.
    Applied(&'static str),
    /// During a wait, before any completion.
    Wait,
}

pub(crate) type Meddler = Box<dyn FnOnce(&World)>;

/// The longest wait of one run, in microseconds: ten minutes.
const WAIT_US_MAX: u64 = 600_000_000;
/// The most reads of one test.
pub(crate) const READS_MAX: u32 = 1_000_000;

/// A host whose time passes only while it waits.
pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) now_us: Cell<u64>,
    pub(crate) accepted: AcceptTimes,
    pub(crate) drawn: Cell<u64>,
    pub(crate) commits: Cell<u32>,
    /// Calls of `get` and `scan`.
    pub(crate) reads: Cell<u32>,
    /// The time that each of them takes, in microseconds.
    pub(crate) read_us: Cell<u64>,
    /// When a worker last looked for an inbox shard, and the longest time from there to a routing commit, in microseconds.
    pub(crate) route_us: Cell<(u64, u64)>,
    pub(crate) rows: Cell<usize>,
    pub(crate) requests: RefCell<Vec<Request>>,
    pub(crate) waiting: RefCell<Vec<Request>>,
    /// The time at which the last run began, in microseconds.
    pub(crate) begun_us: Cell<u64>,
    /// The statuses of responses, first to last; 200 afterwards.
    pub(crate) statuses: RefCell<VecDeque<u16>>,
    /// The header `webhook-delivery` of responses other than 200.
    pub(crate) wish: RefCell<Option<String>>,
    /// No response comes before this time, in microseconds.
    pub(crate) silent_until_us: Cell<u64>,
    /// A lane for which another worker puts a timer at each wait, and how often, before any response.
    pub(crate) announced: RefCell<Option<(Lane, u32)>>,
    pub(crate) timers_max: Cell<usize>,
    pub(crate) in_flight_max: Cell<usize>,
    pub(crate) meddler: RefCell<Option<(At, Meddler)>>,
    /// Keys of rows whose read panics, as a crash of the worker.
    pub(crate) deadly: RefCell<Vec<String>>,
    /// How many of the requests never complete, from the first on.
    pub(crate) lost: Cell<usize>,
    /// Completions of such requests that come all the same, with the next wait.
    pub(crate) late: RefCell<Vec<Completion>>,
    /// The number of commits after which every storage call fails.
    pub(crate) fails_after: Cell<u32>,
    /// The store refuses rows whose key contains this text, unless the value says `failed`.
    pub(crate) refused: RefCell<Option<String>>,
    /// The lines for the administrator's log.
    pub(crate) log_lines: RefCell<Vec<String>>,
}

impl World {
    pub(crate) fn meddle(&self, at: At, meddler: impl FnOnce(&World) + 'static) {
        *self.meddler.borrow_mut() = Some((at, Box::new(meddler)));
    }

    /// Lets the other actor act, if its moment has come. Returns true if it was.
    pub(crate) fn meddled(&self, at: At) -> bool {
        let meddler = self.meddler.borrow_mut().take_if(|(due, _)| *due == at);
        let due = meddler.is_some();
        if let Some((_, meddler)) = meddler {
            meddler(self);
        }
        due
    }

    pub(crate) fn new(statuses: &[u16]) -> World {
        World {
            store: MemoryStore::default(),
            now_us: Cell::new(1_738_670_407_000_000),
            accepted: AcceptTimes::new(),
            drawn: Cell::new(0),
            commits: Cell::new(0),
            reads: Cell::new(0),
            read_us: Cell::new(0),
            route_us: Cell::new((0, 0)),
            rows: Cell::new(0),
            requests: RefCell::default(),
            waiting: RefCell::default(),
            begun_us: Cell::new(u64::MAX / 2),
            statuses: RefCell::new(statuses.iter().copied().collect()),
            wish: RefCell::default(),
            silent_until_us: Cell::new(0),
            announced: RefCell::default(),
            timers_max: Cell::new(0),
            in_flight_max: Cell::new(0),
            meddler: RefCell::default(),
            deadly: RefCell::default(),
            lost: Cell::new(0),
            late: RefCell::default(),
            fails_after: Cell::new(u32::MAX),
            refused: RefCell::default(),
            log_lines: RefCell::default(),
        }
    }

    pub(crate) fn count(&self, prefix: &str) -> usize {
        let range = KeyRange { start: format!("{prefix}/"), end: format!("{prefix}0") };
        self.store.scan(&range, 1_000, Direction::Forward).unwrap().len()
    }

    pub(crate) fn put(&self, keys: impl Iterator<Item = String>, value: &str) {
        let rows: Vec<Mutation> = keys.map(|key| Mutation::Put { key, value: value.to_owned() }).collect();
        for rows in rows.chunks(1_000) {
            self.store.commit(&[], rows).unwrap();
        }
    }

    /// Removes all rows of a family.
    pub(crate) fn remove(&self, prefix: &str) {
        let range = KeyRange { start: format!("{prefix}/"), end: format!("{prefix}0") };
        let rows = self.store.scan(&range, 1_000, Direction::Forward).unwrap().into_iter();
        self.store.commit(&[], &rows.map(|row| Mutation::Delete { key: row.key }).collect::<Vec<_>>()).unwrap();
    }

    /// Puts the next timer of the other worker, if any is left. Returns true if it did.
    pub(crate) fn announce(&self) -> bool {
        let mut announced = self.announced.borrow_mut();
        let Some((lane, left)) = announced.as_mut().filter(|(_, left)| *left > 0) else { return false };
        *left -= 1;
        self.put(std::iter::once(keys::timer(self.now_us() / 1_000, lane, &format!("foreign{left}"))), r#"{"v":1}"#);
        self.timers_max.set(self.timers_max.get().max(self.count("timer")));
        true
    }

    /// Counts a read, and lets its time pass.
    fn count_read(&self) {
        self.reads.set(self.reads.get() + 1);
        self.now_us.set(self.now_us.get() + self.read_us.get());
    }

    /// Fails a storage call if that was asked for, and panics where the engine reads without end.
    fn check_reads(&self) -> Result<(), StorageError> {
        assert!(self.reads.get() < READS_MAX, "the engine reads without end");
        if self.commits.get() < self.fails_after.get() {
            return Ok(());
        }
        Err(StorageError::NotApplied("scripted".to_owned()))
    }

    pub(crate) fn deliver(&self, config: &Config) -> DeliveryReport {
        self.begun_us.set(self.now_us.get());
        deliver(self, config, Budget { time_ms: 10_000, attempts_max: 1_000 }).unwrap()
    }
}

impl Storage for World {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        self.count_read();
        let deadly = keys.iter().any(|key| self.deadly.borrow().contains(key));
        assert!(!deadly, "a deadly row");
        self.check_reads()?;
        self.store.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        if range.start.starts_with("inbox/") && limit == 1 {
            self.route_us.set((self.now_us.get(), self.route_us.get().1));
        }
        self.count_read();
        self.check_reads()?;
        let due = self.meddler.borrow().as_ref().map(|(at, _)| *at);
        if let Some(at @ At::Scan(start)) = due
            && range.start == start
        {
            self.meddled(at);
        }
        self.store.scan(range, limit, order)
    }

    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        self.check_reads()?;
        self.commits.set(self.commits.get() + 1);
        self.rows.set(self.rows.get() + mutations.len());
        if mutations.iter().any(|mutation| mutation.key().starts_with("shard/")) {
            let (began_us, longest_us) = self.route_us.get();
            self.route_us.set((began_us, longest_us.max(self.now_us.get() - began_us)));
        }
        if let Some(part) = self.refused.borrow().as_ref() {
            let refused = |mutation: &Mutation| match mutation {
                Mutation::Put { key, value } => key.contains(part) && !value.contains("\"failed\""),
                Mutation::Delete { .. } => false,
            };
            if mutations.iter().any(refused) {
                return Err(StorageError::Invalid("scripted".to_owned()));
            }
        }
        let due = self.meddler.borrow().as_ref().map(|(at, _)| *at);
        let changes = |prefix: &str| mutations.iter().any(|mutation| mutation.key().starts_with(prefix));
        match due {
            Some(at @ At::Commit(prefix)) if changes(prefix) => {
                self.meddled(at);
                self.store.commit(checks, mutations)
            }
            Some(at @ At::Applied(prefix)) if changes(prefix) => {
                self.store.commit(checks, mutations)?;
                self.meddled(at);
                Err(StorageError::Unknown("scripted".to_owned()))
            }
            _ => self.store.commit(checks, mutations),
        }
    }
}

impl Http for World {
    fn submit(&self, requests: Vec<Request>) {
        self.requests.borrow_mut().extend(requests.iter().cloned());
        self.waiting.borrow_mut().extend(requests);
        self.in_flight_max.set(self.in_flight_max.get().max(self.waiting.borrow().len()));
    }

    fn wait(&self, timeout_ms: u32) -> WaitResult {
        self.now_us.set(self.now_us.get() + u64::from(timeout_ms.min(3)) * 1_000);
        if self.meddled(At::Wait) || self.announce() {
            return WaitResult { completions: Vec::new(), signal: Signal::Work };
        }
        assert!(self.now_us.get() < self.begun_us.get() + WAIT_US_MAX, "the engine waits without bound");
        if self.now_us.get() < self.silent_until_us.get() {
            return WaitResult { completions: Vec::new(), signal: Signal::None };
        }
        let answer = |request: Request| {
            let status = self.statuses.borrow_mut().pop_front().unwrap_or(200);
            let body = format!("answer {status}");
            let wish = self.wish.borrow().clone().filter(|_| status != 200);
            let headers = wish.into_iter().map(|wish| ("webhook-delivery".to_owned(), wish)).collect();
            let result = Ok(Response { status, headers, body, ..Response::default() });
            Completion { id: request.id, duration_ms: 3, result }
        };
        let lost = self.waiting.borrow().len().min(self.lost.get());
        self.lost.set(self.lost.get() - lost);
        self.waiting.borrow_mut().drain(..lost);
        let late = std::mem::take(&mut *self.late.borrow_mut()).into_iter();
        let completions = late.chain(self.waiting.borrow_mut().drain(..).map(answer)).collect();
        WaitResult { completions, signal: Signal::None }
    }
}

impl Clock for World {
    fn now_us(&self) -> u64 {
        self.now_us.get()
    }

    fn accept_us(&self, events: u64) -> u64 {
        self.accepted.take(self.now_us(), events)
    }
}

impl Log for World {
    fn warn(&self, line: &str) {
        self.log_lines.borrow_mut().push(line.to_owned());
    }
}

impl Entropy for World {
    fn fill(&self, buffer: &mut [u8]) {
        self.drawn.set(self.drawn.get() + 1);
        buffer.fill(0);
        let drawn = self.drawn.get().to_le_bytes();
        let len = buffer.len().min(drawn.len());
        buffer[..len].copy_from_slice(&drawn[..len]);
    }
}

pub(crate) fn config() -> Config {
    let settings = Settings { profile: "perfex-assets".to_owned(), ..settings() };
    Config::new(&settings).unwrap()
}

pub(crate) fn subscribe(world: &World, config: &Config, events: &str) -> String {
    let registration = format!(r#"{{"url":"https://example.com/in","events":{events},"secret":"s","schedule":[2,4]}}"#);
    let shown = register(world, config, "acme", None, &registration).unwrap();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    shown["id"].as_str().unwrap().to_owned()
}

pub(crate) fn log(world: &World, config: &Config, webhook: &str) -> Vec<(String, u64, Option<u64>)> {
    let page = crate::attempts(world, config, "acme", webhook, None, 100).unwrap();
    let page: serde_json::Value = serde_json::from_str(&page).unwrap();
    let show = |attempt: &serde_json::Value| {
        (attempt["state"].as_str().unwrap().to_owned(), attempt["number"].as_u64().unwrap(), attempt["status"].as_u64())
    };
    page["data"].as_array().unwrap().iter().map(show).collect()
}

pub(crate) fn is_quiet(world: &World) {
    for prefix in ["inbox", "queue", "timer"] {
        assert_eq!(world.count(prefix), 0, "{prefix}");
    }
}

pub(crate) fn send_again(world: &World, config: &Config, message: &str, webhook: Option<&str>) -> Vec<String> {
    let answer = crate::redeliver(world, config, "acme", message, webhook).unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["messageId"], message);
    answer["webhookIds"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

pub(crate) fn settings() -> Settings {
    let key = SealingKey { id: "k1".to_owned(), key_hex: "ab".repeat(32) };
    // Without retention, tests that count commits see no commits of its job.
    Settings { sealing_keys: vec![key], retention_s: Some(0), ..Settings::default() }
}

pub(crate) fn shown(world: &World, config: &Config, webhook: &str) -> serde_json::Value {
    serde_json::from_str(&crate::get(world, config, "acme", webhook).unwrap()).unwrap()
}

pub(crate) fn registered(world: &World, config: &Config, fields: &str) -> String {
    let registration = format!(r#"{{"url":"https://example.com/in","events":["*"],{fields}}}"#);
    let shown = register(world, config, "acme", None, &registration).unwrap();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    shown["id"].as_str().unwrap().to_owned()
}

pub(crate) fn accept_many(world: &World, config: &Config, count: u32) {
    for _ in 0..count {
        on_event(world, config, Some("acme"), r#"{"type":"a"}"#).unwrap();
    }
}
