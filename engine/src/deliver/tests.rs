//! The flow of an event, over the in-memory store and a scripted receiver. The faults are the simulator's business.
#![allow(clippy::unwrap_used)]

use std::cell::{Cell, RefCell};

use super::*;
use crate::host::{
    Check, Clock, Direction, Entropy, Entry, Http, KeyRange, Mutation, Request, Response, Storage, StorageError,
    WaitResult,
};
use crate::memory::MemoryStore;
use crate::{SealingKey, Settings, keys, on_event, register, unregister};

/// When somebody else comes between.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before a scan that begins there.
    Scan(&'static str),
    /// Before a commit that changes such a row.
    Commit(&'static str),
    /// After it, and its outcome is not told.
    Applied(&'static str),
    /// While nothing has come back yet.
    Wait,
}

type Meddler = Box<dyn FnOnce(&World)>;

/// A host whose time passes only while it waits.
struct World {
    store: MemoryStore,
    now_us: Cell<u64>,
    drawn: Cell<u64>,
    commits: Cell<u32>,
    rows: Cell<usize>,
    requests: RefCell<Vec<Request>>,
    waiting: RefCell<Vec<Request>>,
    /// Statuses to answer with, first to last; 200 afterwards.
    statuses: RefCell<VecDeque<u16>>,
    /// A lane that another worker announces each time this one waits, so often before anything is answered.
    announced: RefCell<Option<(Lane, u32)>>,
    wakes_max: Cell<usize>,
    in_flight_max: Cell<usize>,
    meddler: RefCell<Option<(At, Meddler)>>,
}

impl World {
    fn meddle(&self, at: At, meddler: impl FnOnce(&World) + 'static) {
        *self.meddler.borrow_mut() = Some((at, Box::new(meddler)));
    }

    /// Lets somebody else come between, if that is due. Answers whether it was.
    fn meddled(&self, at: At) -> bool {
        let meddler = self.meddler.borrow_mut().take_if(|(due, _)| *due == at);
        let due = meddler.is_some();
        if let Some((_, meddler)) = meddler {
            meddler(self);
        }
        due
    }

    fn new(statuses: &[u16]) -> World {
        World {
            store: MemoryStore::default(),
            now_us: Cell::new(1_738_670_407_000_000),
            drawn: Cell::new(0),
            commits: Cell::new(0),
            rows: Cell::new(0),
            requests: RefCell::default(),
            waiting: RefCell::default(),
            statuses: RefCell::new(statuses.iter().copied().collect()),
            announced: RefCell::default(),
            wakes_max: Cell::new(0),
            in_flight_max: Cell::new(0),
            meddler: RefCell::default(),
        }
    }

    fn count(&self, prefix: &str) -> usize {
        let range = KeyRange { start: format!("{prefix}/"), end: format!("{prefix}0") };
        self.store.scan(&range, 1_000, Direction::Forward).unwrap().len()
    }

    fn put(&self, keys: impl Iterator<Item = String>, value: &str) {
        let rows: Vec<Mutation> = keys.map(|key| Mutation::Put { key, value: value.to_owned() }).collect();
        self.store.commit(&[], &rows).unwrap();
    }

    /// The announcement that is due now, if any is left.
    fn announce(&self) -> bool {
        let mut announced = self.announced.borrow_mut();
        let Some((lane, left)) = announced.as_mut().filter(|(_, left)| *left > 0) else { return false };
        *left -= 1;
        self.put(std::iter::once(keys::wake(self.now_us() / 1_000, lane, &format!("foreign{left}"))), r#"{"v":1}"#);
        self.wakes_max.set(self.wakes_max.get().max(self.count("wake")));
        true
    }

    fn pump(&self, config: &Config) -> DeliveryReport {
        deliver(self, config, Budget { time_ms: 10_000, attempts_max: 1_000 }).unwrap()
    }
}

impl Storage for World {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        self.store.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        let due = self.meddler.borrow().as_ref().map(|(at, _)| *at);
        if let Some(at @ At::Scan(start)) = due
            && range.start == start
        {
            self.meddled(at);
        }
        self.store.scan(range, limit, order)
    }

    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        self.commits.set(self.commits.get() + 1);
        self.rows.set(self.rows.get() + mutations.len());
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
            return WaitResult { completions: Vec::new(), wake: Wake::Work };
        }
        let answer = |request: Request| {
            let status = self.statuses.borrow_mut().pop_front().unwrap_or(200);
            let body = format!("answer {status}");
            let result = Ok(Response { status, body, ..Response::default() });
            Completion { id: request.id, duration_ms: 3, result }
        };
        let completions = self.waiting.borrow_mut().drain(..).map(answer).collect();
        WaitResult { completions, wake: Wake::None }
    }
}

impl Clock for World {
    fn now_us(&self) -> u64 {
        self.now_us.get()
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

fn config() -> Config {
    let key = SealingKey { id: "k1".to_owned(), key_hex: "ab".repeat(32) };
    let settings = Settings { profile: "perfex-assets".to_owned(), sealing_keys: vec![key], ..Settings::default() };
    Config::new(&settings).unwrap()
}

fn hook(world: &World, config: &Config, events: &str) -> String {
    let registration = format!(r#"{{"url":"https://example.com/in","events":{events},"secret":"s","schedule":[2,4]}}"#);
    let shown = register(world, config, "acme", None, &registration).unwrap();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    shown["id"].as_str().unwrap().to_owned()
}

fn log(world: &World, config: &Config, webhook: &str) -> Vec<(String, u64, Option<u64>)> {
    let page = crate::attempts(world, config, "acme", webhook, None, 100).unwrap();
    let page: serde_json::Value = serde_json::from_str(&page).unwrap();
    let show = |attempt: &serde_json::Value| {
        (attempt["state"].as_str().unwrap().to_owned(), attempt["number"].as_u64().unwrap(), attempt["status"].as_u64())
    };
    page["data"].as_array().unwrap().iter().map(show).collect()
}

fn is_quiet(world: &World) {
    for prefix in ["inbox", "queue", "wake"] {
        assert_eq!(world.count(prefix), 0, "{prefix}");
    }
}

#[test]
fn an_event_leaves_after_two_commits_and_is_settled_by_a_third() {
    let (world, config) = (World::new(&[]), config());
    let webhook = hook(&world, &config, r#"["asset.*"]"#);
    world.commits.set(0);
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.created","id":"e1"}"#).unwrap();
    let expected = DeliveryReport { routed: 1, attempts: 1, delivered: 1, next_due_ms: POLL_MS, problems: Vec::new() };
    assert_eq!(world.pump(&config), expected);
    assert_eq!(world.commits.get(), 3);
    assert_eq!(log(&world, &config, &webhook), [("delivered".to_owned(), 1, Some(200))]);
    is_quiet(&world);
}

#[test]
fn failures_are_retried_by_the_schedule_with_the_same_body() {
    let (world, config) = (World::new(&[500, 302]), config());
    let webhook = hook(&world, &config, r#"["asset.lost"]"#);
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap();
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.broken"}"#).unwrap();
    for waited_s in [0, 3, 5] {
        world.now_us.set(world.now_us.get() + waited_s * 1_000_000);
        assert_eq!(world.pump(&config).attempts, 1);
        assert_eq!(world.pump(&config).attempts, 0);
    }
    let states = [("delivered", 3, Some(200)), ("retrying", 2, Some(302)), ("retrying", 1, Some(500))];
    assert_eq!(
        log(&world, &config, &webhook),
        states.map(|(state, number, status)| (state.to_owned(), number, status))
    );
    let requests = world.requests.borrow();
    assert!(requests.iter().all(|request| request.body == requests[0].body));
    is_quiet(&world);
}

#[test]
fn the_schedule_ends() {
    let (world, config) = (World::new(&[500; 9]), config());
    let webhook = hook(&world, &config, r#"["*"]"#);
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap();
    for _ in 0..5 {
        world.pump(&config);
        world.now_us.set(world.now_us.get() + 10_000_000);
    }
    let states: Vec<String> = log(&world, &config, &webhook).into_iter().map(|(state, ..)| state).collect();
    assert_eq!(states, ["exhausted", "retrying", "retrying"]);
    is_quiet(&world);
}

#[test]
fn deliveries_of_inactive_webhooks_are_skipped_and_of_deleted_ones_cancelled() {
    let (world, config) = (World::new(&[500]), config());
    let idle = hook(&world, &config, r#"["asset.created"]"#);
    let gone = hook(&world, &config, r#"["asset.lost"]"#);
    crate::update(&world, &config, "acme", &idle, r#"{"isActive":false}"#).unwrap();
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.created"}"#).unwrap();
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost","id":"x"}"#).unwrap();
    assert_eq!(world.pump(&config).attempts, 1);
    unregister(&world, &config, "acme", &gone).unwrap();
    assert_eq!(world.pump(&config).attempts, 0);
    assert_eq!(log(&world, &config, &idle), [("skipped".to_owned(), 1, None)]);
    let message = id::message(&world, "acme", Some("x"));
    let shown: serde_json::Value =
        serde_json::from_str(&crate::message(&world, &config, "acme", &message).unwrap()).unwrap();
    let states: Vec<&str> =
        shown["attempts"].as_array().unwrap().iter().map(|a| a["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["cancelled", "retrying"]);
    is_quiet(&world);
}

fn again(world: &World, config: &Config, message: &str, webhook: Option<&str>) -> Vec<String> {
    let answer = crate::redeliver(world, config, "acme", message, webhook).unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["messageId"], message);
    answer["webhookIds"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_redelivery_has_the_next_number_the_same_body_and_the_schedule_anew() {
    let (world, config) = (World::new(&[200, 500, 500, 500]), config());
    let webhook = hook(&world, &config, r#"["*"]"#);
    let message =
        on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost","data":{"n":1E5}}"#).unwrap().message_id;
    assert_eq!(world.pump(&config).delivered, 1);
    assert_eq!(again(&world, &config, &message, Some(&webhook)), [webhook.as_str()]);
    // Asked twice, done once: it is due already.
    assert_eq!(again(&world, &config, &message, None), [webhook.as_str()]);
    for wait_s in [0, 2, 4] {
        world.now_us.set(world.now_us.get() + (wait_s * 1_000 + 500) * 1_000);
        assert_eq!(world.pump(&config).attempts, 1, "{wait_s}");
    }
    let numbers: Vec<(String, u64)> =
        log(&world, &config, &webhook).into_iter().map(|(state, number, _)| (state, number)).collect();
    let expected = [("exhausted", 4), ("retrying", 3), ("retrying", 2), ("delivered", 1)];
    assert_eq!(numbers, expected.map(|(state, number)| (state.to_owned(), number)));
    let bodies: Vec<Option<String>> = world.requests.borrow().iter().map(|request| request.body.clone()).collect();
    assert_eq!(bodies.len(), 4);
    assert!(bodies[0].as_ref().unwrap().contains("1E5") && bodies.iter().all(|body| *body == bodies[0]));
    is_quiet(&world);
}

#[test]
fn a_redelivery_brings_a_waiting_attempt_forward() {
    let (world, config) = (World::new(&[500, 200]), config());
    let webhook = hook(&world, &config, r#"["*"]"#);
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap().message_id;
    assert_eq!(world.pump(&config).attempts, 1);
    again(&world, &config, &message, Some(&webhook));
    assert_eq!(world.count("queue"), 1);
    assert_eq!(world.pump(&config).delivered, 1);
    let states: Vec<u64> = log(&world, &config, &webhook).into_iter().map(|(_, number, _)| number).collect();
    assert_eq!(states, [2, 1]);
    is_quiet(&world);
}

#[test]
fn a_redelivery_of_what_is_just_being_routed_is_seen_by_the_routing() {
    let (world, config) = (World::new(&[]), config());
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap().message_id;
    world.meddle(At::Commit("shard/"), move |world| {
        // The subscriptions have been read by now.
        let (config, message) = (self::config(), message.as_str());
        let webhook = hook(world, &config, r#"["*"]"#);
        assert_eq!(again(world, &config, message, Some(&webhook)), [webhook.as_str()]);
    });
    world.pump(&config);
    world.pump(&config);
    assert_eq!(world.requests.borrow().len(), 1);
    is_quiet(&world);
}

#[test]
fn a_redelivery_to_all_finds_a_webhook_that_exchanges_its_pattern() {
    let (world, config) = (World::new(&[]), config());
    let webhook = hook(&world, &config, r#"["asset.lost"]"#);
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap().message_id;
    world.pump(&config);
    let exchanged = webhook.clone();
    // `*` has been looked up by now, `asset.lost` not yet.
    world.meddle(At::Scan("sub/acme/asset._2a/"), move |world| {
        crate::update(world, &self::config(), "acme", &exchanged, r#"{"events":["*"]}"#).unwrap();
    });
    assert_eq!(again(&world, &config, &message, None), [webhook.as_str()]);
    assert!(world.meddler.borrow().is_none());
    assert_eq!(world.pump(&config).delivered, 1);
    is_quiet(&world);
}

#[test]
fn a_redelivery_that_has_ended_before_it_was_told_is_not_made_twice() {
    let (world, config) = (World::new(&[]), config());
    let webhook = hook(&world, &config, r#"["*"]"#);
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap().message_id;
    assert_eq!(world.pump(&config).delivered, 1);
    world.meddle(At::Applied("queue/"), |world| assert_eq!(world.pump(&self::config()).delivered, 1));
    again(&world, &config, &message, Some(&webhook));
    assert_eq!(world.pump(&config).attempts, 0);
    assert_eq!(world.requests.borrow().len(), 2);
    is_quiet(&world);
}

#[test]
fn an_attempt_that_was_made_from_two_rows_is_recorded_once() {
    let (world, config) = (World::new(&[500]), config());
    let webhook = hook(&world, &config, r#"["*"]"#);
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap().message_id;
    assert_eq!(world.pump(&config).attempts, 1);
    // A success, so that the lane has more than one slot.
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap();
    assert_eq!(world.pump(&config).delivered, 1);
    world.now_us.set(world.now_us.get() + 3_000_000);
    world.meddle(At::Wait, move |world| {
        // By a clock that is behind, the attempt under way is not due yet.
        let now_us = world.now_us.replace(world.now_us.get() - 2_000_000);
        again(world, &self::config(), &message, Some(&webhook));
        world.now_us.set(now_us);
    });
    let report = world.pump(&config);
    assert_eq!((report.attempts, report.delivered), (1, 1));
    assert_eq!(world.requests.borrow().len(), 4);
    is_quiet(&world);
}

#[test]
fn a_webhook_can_be_sent_what_came_before_it() {
    let (world, config) = (World::new(&[]), config());
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap().message_id;
    let early = hook(&world, &config, r#"["asset.created"]"#);
    let error = crate::redeliver(&world, &config, "acme", &message, Some(&early)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "it is not routed yet, and will not be to this one");
    assert_eq!(world.pump(&config).routed, 1);
    let webhook = hook(&world, &config, r#"["asset.lost"]"#);
    let paused = hook(&world, &config, r#"["asset.*"]"#);
    crate::update(&world, &config, "acme", &paused, r#"{"isActive":false}"#).unwrap();
    assert_eq!(again(&world, &config, &message, None), [webhook.as_str()]);
    assert_eq!(again(&world, &config, &message, Some(&webhook)), [webhook.as_str()]);
    assert_eq!(again(&world, &config, &message, Some(&early)), [early.as_str()]);
    assert_eq!(world.pump(&config).delivered, 2);
    assert_eq!(log(&world, &config, &webhook), [("delivered".to_owned(), 1, Some(200))]);
    let error = crate::redeliver(&world, &config, "acme", &message, Some(&paused)).unwrap_err();
    assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::Conflict, Some("webhookId")));
    for (message, webhook, field) in
        [("msg_x", None, "messageId"), (message.as_str(), Some("wh_x"), "webhookId"), (message.as_str(), None, "")]
    {
        let tenant = if field.is_empty() { "other" } else { "acme" };
        let error = crate::redeliver(&world, &config, tenant, message, webhook).unwrap_err();
        let field = if field.is_empty() { "messageId" } else { field };
        assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::NotFound, Some(field)));
    }
    is_quiet(&world);
}

#[test]
fn attempts_of_a_message_are_paged_newest_first() {
    let (world, config) = (World::new(&[500, 500, 500, 500, 500, 500]), config());
    let webhooks = [hook(&world, &config, r#"["*"]"#), hook(&world, &config, r#"["*"]"#)];
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap().message_id;
    for wait_s in [0, 3, 5] {
        world.now_us.set(world.now_us.get() + wait_s * 1_000_000);
        world.pump(&config);
    }
    let mut seen: Vec<(u64, String)> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = crate::message_attempts(&world, &config, "acme", &message, cursor.as_deref(), 2).unwrap();
        let page: serde_json::Value = serde_json::from_str(&page).unwrap();
        let data = page["data"].as_array().unwrap();
        assert!((1..=2).contains(&data.len()));
        seen.extend(data.iter().map(|a| (a["number"].as_u64().unwrap(), a["webhookId"].as_str().unwrap().to_owned())));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = Some(next.to_owned());
    }
    assert_eq!(seen.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [3, 3, 2, 2, 1, 1]);
    for webhook in &webhooks {
        assert_eq!(seen.iter().filter(|(_, of)| of == webhook).count(), 3);
    }
    for bad in ["x", "1/wh_x/1", "1/2/3", ""] {
        let error = crate::message_attempts(&world, &config, "acme", &message, Some(bad), 2).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("cursor"), "{bad}");
    }
}

#[test]
fn a_tenant_has_so_many_webhooks_and_no_more() {
    let world = World::new(&[]);
    let key = SealingKey { id: "k1".to_owned(), key_hex: "ab".repeat(32) };
    let settings = Settings { sealing_keys: vec![key], webhooks_per_tenant_max: Some(2), ..Settings::default() };
    let config = Config::new(&settings).unwrap();
    let one = |tenant: &str| {
        register(&world, &config, tenant, None, r#"{"url":"https://example.com/","events":["*"]}"#)
            .map(|shown| serde_json::from_str::<serde_json::Value>(&shown).unwrap()["id"].as_str().unwrap().to_owned())
    };
    let first = one("a").unwrap();
    one("a").unwrap();
    let error = one("a").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(error.message, "the tenant has 2 webhooks; 2 are allowed");
    one("b").unwrap();
    unregister(&world, &config, "a", &first).unwrap();
    one("a").unwrap();
    assert!(one("a").is_err());
}

#[test]
fn https_can_be_demanded() {
    let world = World::new(&[]);
    let key = SealingKey { id: "k1".to_owned(), key_hex: "ab".repeat(32) };
    let lenient = Settings { sealing_keys: vec![key], ..Settings::default() };
    let strict = Config::new(&Settings { plain_http: crate::PlainHttp::Refused, ..lenient.clone() }).unwrap();
    let lenient = Config::new(&lenient).unwrap();
    let registration = r#"{"url":"HTTP://example.com/","events":["*"]}"#;
    let error = register(&world, &strict, "a", None, registration).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("url"));
    let shown = register(&world, &lenient, "a", None, registration).unwrap();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let webhook = shown["id"].as_str().unwrap();
    assert_eq!(crate::test_webhook(&world, &strict, "a", webhook).unwrap_err().kind, ErrorKind::Conflict);
    on_event(&world, &strict, Some("a"), r#"{"type":"x"}"#).unwrap();
    assert_eq!(world.pump(&strict).attempts, 0);
    let page = crate::attempts(&world, &strict, "a", webhook, None, 10).unwrap();
    assert!(page.contains("\"state\":\"skipped\"") && page.contains("only https is allowed"), "{page}");
    assert!(world.requests.borrow().is_empty());
}

fn settings() -> Settings {
    let key = SealingKey { id: "k1".to_owned(), key_hex: "ab".repeat(32) };
    Settings { sealing_keys: vec![key], ..Settings::default() }
}

fn shown(world: &World, config: &Config, webhook: &str) -> serde_json::Value {
    serde_json::from_str(&crate::get(world, config, "acme", webhook).unwrap()).unwrap()
}

#[test]
fn a_webhook_that_is_gone_is_disabled_in_the_commit_that_records_it() {
    let world = World::new(&[410, 200, 200]);
    let config = Config::new(&settings()).unwrap();
    let registration = r#"{"url":"https://example.com/in","events":["*"]}"#;
    let webhook = register(&world, &config, "acme", None, registration).unwrap();
    let webhook: serde_json::Value = serde_json::from_str(&webhook).unwrap();
    let webhook = webhook["id"].as_str().unwrap();
    on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap();
    world.commits.set(0);
    assert_eq!(world.pump(&config).attempts, 1);
    assert_eq!(world.commits.get(), 2, "route, settle");
    let hook = shown(&world, &config, webhook);
    assert_eq!((&hook["isActive"], &hook["inactiveReason"]), (&false.into(), &"the receiver answered 410".into()));
    on_event(&world, &config, Some("acme"), r#"{"type":"b"}"#).unwrap();
    assert_eq!(world.pump(&config).attempts, 0);
    crate::update(&world, &config, "acme", webhook, r#"{"isActive":true}"#).unwrap();
    on_event(&world, &config, Some("acme"), r#"{"type":"c"}"#).unwrap();
    assert_eq!(world.pump(&config).delivered, 1);
    let states: Vec<String> = log(&world, &config, webhook).into_iter().map(|(state, ..)| state).collect();
    assert_eq!(states, ["delivered", "skipped", "exhausted"]);
}

#[test]
fn an_answer_to_the_old_url_does_not_disable_the_new_one() {
    let world = World::new(&[410]);
    let config = Rc::new(Config::new(&settings()).unwrap());
    let registration = r#"{"url":"https://example.com/in","events":["*"]}"#;
    let webhook = register(&world, &config, "acme", None, registration).unwrap();
    let webhook: serde_json::Value = serde_json::from_str(&webhook).unwrap();
    let webhook = webhook["id"].as_str().unwrap().to_owned();
    on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap();
    let (id, other) = (webhook.clone(), config.clone());
    world.meddle(At::Wait, move |world| {
        crate::update(world, &other, "acme", &id, r#"{"url":"https://example.com/new"}"#).unwrap();
    });
    assert_eq!(world.pump(&config).attempts, 1);
    assert_eq!(shown(&world, &config, &webhook)["isActive"], true);
}

#[test]
fn a_webhook_that_fails_for_long_or_often_is_disabled_once() {
    let check = |settings: &Settings, wait_s: u64, expected: &str, attempts: usize| {
        let world = World::new(&[500; 50]);
        let config = Config::new(settings).unwrap();
        let registration = r#"{"url":"https://example.com/in","events":["*"],"schedule":[]}"#;
        let webhook = register(&world, &config, "acme", None, registration).unwrap();
        let webhook: serde_json::Value = serde_json::from_str(&webhook).unwrap();
        let webhook = webhook["id"].as_str().unwrap();
        let mut sent = 0;
        while shown(&world, &config, webhook)["isActive"] == true {
            on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap();
            sent += usize::try_from(world.pump(&config).attempts).unwrap();
            world.now_us.set(world.now_us.get() + wait_s * 1_000_000);
            assert!(sent < 40, "{expected}");
        }
        assert_eq!(sent, attempts, "{expected}");
        assert_eq!(shown(&world, &config, webhook)["inactiveReason"], expected);
        // What failed before it was switched on again does not count.
        crate::update(&world, &config, "acme", webhook, r#"{"isActive":true}"#).unwrap();
        on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap();
        assert_eq!(world.pump(&config).attempts, 1);
        assert_eq!(shown(&world, &config, webhook)["isActive"], true, "{expected}");
    };
    let day_s = 24 * 3_600;
    check(&settings(), day_s, "no success for 5 days", 6);
    check(&Settings { disable_after_s: Some(3_600), ..settings() }, 1_200, "no success for 60 minutes", 4);
    check(&Settings { disable_after_deliveries: Some(3), ..settings() }, 1, "3 deliveries in a row failed", 3);
}

fn registered(world: &World, config: &Config, fields: &str) -> String {
    let registration = format!(r#"{{"url":"https://example.com/in","events":["*"],{fields}}}"#);
    let shown = register(world, config, "acme", None, &registration).unwrap();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    shown["id"].as_str().unwrap().to_owned()
}

fn accept_many(world: &World, config: &Config, count: u32) {
    for _ in 0..count {
        on_event(world, config, Some("acme"), r#"{"type":"a"}"#).unwrap();
    }
}

#[test]
fn a_webhook_says_how_many_requests_it_takes_at_once() {
    let check = |fields: &str, most: usize| {
        let world = World::new(&[]);
        let config = Config::new(&settings()).unwrap();
        registered(&world, &config, fields);
        accept_many(&world, &config, 1);
        // From its first success on.
        assert_eq!(world.pump(&config).delivered, 1);
        accept_many(&world, &config, 200);
        assert_eq!(world.pump(&config).delivered, 200);
        assert_eq!(world.in_flight_max.get(), most, "{fields}");
    };
    check(r#""concurrency":1"#, 1);
    check(r#""concurrency":3"#, 3);
    check(r#""name":"n""#, LANE_IN_FLIGHT_MAX);
    check(r#""concurrency":64"#, 64);
}

#[test]
fn one_host_has_a_part_of_the_slots() {
    let world = World::new(&[]);
    let config = Config::new(&settings()).unwrap();
    for _ in 0..4 {
        registered(&world, &config, r#""concurrency":64"#);
    }
    accept_many(&world, &config, 1);
    assert_eq!(world.pump(&config).delivered, 4);
    accept_many(&world, &config, 90);
    assert_eq!(world.pump(&config).delivered, 360);
    assert_eq!(world.in_flight_max.get(), crate::limits::HOST_IN_FLIGHT_MAX);
}

#[test]
fn a_webhook_says_how_many_attempts_it_takes_a_minute() {
    let world = World::new(&[]);
    let config = Config::new(&settings()).unwrap();
    let webhook = registered(&world, &config, r#""ratePerMinute":120"#);
    accept_many(&world, &config, 5);
    let begun_us = world.now_us();
    // Half a second between two: waited for.
    assert_eq!(world.pump(&config).delivered, 5);
    let took_ms = (world.now_us() - begun_us) / 1_000;
    assert!((2_000..2_500).contains(&took_ms), "{took_ms}");
    // Six seconds between two: the lane is given back meanwhile.
    crate::update(&world, &config, "acme", &webhook, r#"{"ratePerMinute":10}"#).unwrap();
    world.now_us.set(world.now_us.get() + 1_000_000);
    accept_many(&world, &config, 3);
    for wait_s in [0, 6, 6] {
        world.now_us.set(world.now_us.get() + wait_s * 1_000_000);
        assert_eq!(world.pump(&config).delivered, 1, "{wait_s}");
        assert_eq!(world.pump(&config).delivered, 0, "{wait_s}");
    }
    crate::update(&world, &config, "acme", &webhook, r#"{"ratePerMinute":0}"#).unwrap();
    assert!(shown(&world, &config, &webhook)["ratePerMinute"].is_null());
    is_quiet(&world);
}

#[test]
fn a_webhook_that_keeps_failing_is_tried_less_and_less_often() {
    let world = World::new(&[500; 24]);
    let config = Config::new(&settings()).unwrap();
    registered(&world, &config, r#""schedule":[]"#);
    accept_many(&world, &config, 30);
    // The first second is waited for; for longer, the lane is given back.
    assert_eq!(world.pump(&config).attempts, crate::limits::BREAKER_FAILURES + 1);
    for wait_ms in [2_100, 4_100, 8_100] {
        world.now_us.set(world.now_us.get() + (wait_ms - 300) * 1_000);
        assert_eq!(world.pump(&config).attempts, 0, "{wait_ms}");
        world.now_us.set(world.now_us.get() + 300_000);
        assert_eq!(world.pump(&config).attempts, 1, "{wait_ms}");
    }
    world.now_us.set(world.now_us.get() + 17_000_000);
    assert_eq!(world.pump(&config).delivered, 6, "it is well again, and so is everything that waited");
    is_quiet(&world);
}

/// One row: which row is damaged, once the first of two webhooks has a delivery that waits, and how many deliveries are
/// made all the same of the next event for both.
#[test]
fn a_row_that_cannot_be_read_stops_nobody_else() {
    let check = |prefix: &str, damage: &str, delivered: u32, told: &str| {
        let world = World::new(&[500, 500]);
        let config = Config::new(&settings()).unwrap();
        let one = registered(&world, &config, r#""schedule":[1]"#);
        registered(&world, &config, r#""schedule":[1]"#);
        accept_many(&world, &config, 1);
        assert_eq!(world.pump(&config).attempts, 2);
        accept_many(&world, &config, 1);
        let range = KeyRange { start: format!("{prefix}/"), end: format!("{prefix}0") };
        let rows = world.store.scan(&range, 1_000, Direction::Forward).unwrap();
        let of_one = |entry: &&Entry| entry.key.contains(&one);
        let row = rows.iter().find(of_one).or(rows.first()).unwrap().key.clone();
        world.put(std::iter::once(row.clone()), damage);
        world.now_us.set(world.now_us.get() + 2_000_000);
        let report = world.pump(&config);
        assert_eq!(report.delivered, delivered, "{prefix}: {report:?}");
        assert!(report.problems.len() == 1 && report.problems[0].contains(&row), "{prefix}: {report:?}");
        assert!(report.problems[0].contains(told), "{prefix}: {report:?}");
        assert_eq!(report.next_due_ms, POLL_MS);
        // And the pump does not stay at it for ever.
        assert_eq!(world.pump(&config).attempts, 0, "{prefix}");
    };
    let newer = r#"{"v":2}"#;
    // Two retries and two first attempts: all but those that the row is needed for.
    check("lane", newer, 2, "has the format 2");
    check("stat", "{}", 2, "has the format 0");
    check("queue", "[", 3, "is not readable");
    check("inbox", r#"{"v":1}"#, 2, "has no valid field `tenantPart`");
    check("shard", newer, 2, "has the format 2");
    // What a newer version wrote waits for one; what is damaged ends as a failure of ours.
    check("msg", newer, 2, "has the format 2");
    check("msg", "{}", 2, "has the format 0");
}

#[test]
fn a_delivery_can_be_explained() {
    let world = World::new(&[500, 200, 200]);
    let config = Config::new(&settings()).unwrap();
    let webhook = registered(&world, &config, r#""schedule":[60]"#);
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"a.b"}"#).unwrap().message_id;
    let told = |webhook: &str| -> (String, Vec<String>) {
        let text = crate::explain(&world, &config, "acme", &message, webhook).unwrap();
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        let step = |step: &serde_json::Value| format!("{}: {}", step["step"], step["detail"]).replace('"', "");
        (told["state"].as_str().unwrap().to_owned(), told["steps"].as_array().unwrap().iter().map(step).collect())
    };
    let accepted = "accepted: an event of the type a.b".to_owned();
    let matched = "matched: by *, of its patterns as they are now".to_owned();
    let (state, steps) = told(&webhook);
    let unrouted = "waiting: it is not routed yet: whom it concerns is decided next".to_owned();
    assert_eq!((state.as_str(), steps), ("accepted", vec![accepted.clone(), matched.clone(), unrouted]));
    world.pump(&config);
    let (state, steps) = told(&webhook);
    let failed = "retrying: attempt 1 answered 500 after 3 ms; another attempt follows".to_owned();
    let due = "waiting: attempt 2 is due then".to_owned();
    assert_eq!((state.as_str(), steps), ("waiting", vec![accepted.clone(), matched.clone(), failed.clone(), due]));
    again(&world, &config, &message, Some(&webhook));
    world.pump(&config);
    let (state, steps) = told(&webhook);
    let asked = "redelivery: a redelivery was asked for; the next attempt begins the schedule anew".to_owned();
    let delivered = "delivered: attempt 2 answered 200 after 3 ms".to_owned();
    assert_eq!((state.as_str(), steps), ("delivered", vec![accepted, matched, failed, asked, delivered]));
    world.now_us.set(world.now_us.get() + 1_000_000);
    let later = registered(&world, &config, r#""isActive":false"#);
    let (state, steps) = told(&later);
    assert_eq!(state, "none");
    assert!(steps[1].ends_with("it was registered after the event was accepted"), "{steps:?}");
    assert!(steps[2].starts_with("ended: it was not routed to this webhook"), "{steps:?}");
    for (message, webhook, field) in [("msg_x", webhook.as_str(), "messageId"), (&message, "wh_x", "webhookId")] {
        let error = crate::explain(&world, &config, "acme", message, webhook).unwrap_err();
        assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::NotFound, Some(field)));
    }
}

#[test]
fn a_host_has_profiles_of_its_own() {
    let key = SealingKey { id: "k1".to_owned(), key_hex: "ab".repeat(32) };
    let shop = crate::profile::Profile::builtin_text("assetsup").unwrap().replace("\"assetsup\"", "\"shop\"");
    let settings = |profile: &str, profiles: &[&str]| {
        let profiles = profiles.iter().map(|text| (*text).to_owned()).collect();
        let sealing_keys = vec![key.clone()];
        Config::new(&Settings { profile: profile.to_owned(), profiles, sealing_keys, ..Settings::default() })
    };
    let config = settings("shop", &[&shop]).unwrap();
    assert_eq!(config.profile().name, "shop");
    assert_eq!(config.format("format", "perscom").unwrap().name, "perscom");
    let refused = |profile: &str, profiles: &[&str], told: &str| {
        let error = settings(profile, profiles).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    };
    refused("shop", &[], "profile: there is no profile `shop` (the profiles are standard,");
    refused("standard", &[&shop, &shop], "profiles[1].name: there is a profile `shop` already");
    refused("standard", &[&shop.replace("\"shop\"", "\"perscom\"")], "profiles[0].name: there is a profile `perscom`");
    refused("standard", &[&shop.replace("10000", "1")], "profiles[0].timeoutMs: line 23: must be a whole number");
    refused("standard", &["{\n  \"name\": }"], "not JSON at line 2, column 11");
    refused("standard", &[shop.as_str(); 33], "profiles: has 33 profiles; 32 are allowed");
    let world = World::new(&[]);
    let registration = r#"{"url":"https://example.com/","events":["LOW_STOCK"],"secret":"s3cret-s3cret"}"#;
    register(&world, &config, "a", None, registration).unwrap();
    on_event(&world, &config, Some("a"), r#"{"type":"LOW_STOCK"}"#).unwrap();
    // Without the profile the webhook waits, and is served when it is there again.
    assert_eq!(world.pump(&settings("assetsup", &[]).unwrap()).attempts, 0);
    world.now_us.set(world.now_us.get() + 61_000_000);
    assert_eq!(world.pump(&config).delivered, 1);
    assert!(world.requests.borrow()[0].headers.iter().any(|(name, _)| name == "X-AssetsUp-Signature"));
}

#[test]
fn a_fan_out_larger_than_a_commit_is_routed_in_parts() {
    let (world, config) = (World::new(&[]), config());
    let count = u32::try_from(crate::limits::ROUTE_DELIVERIES_MAX + 57).unwrap();
    for index in 0..count {
        hook(&world, &config, if index % 3 == 0 { r#"["*"]"# } else { r#"["asset.*","asset.lost"]"# });
    }
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap();
    let mut delivered = 0;
    for _ in 0..10 {
        delivered += world.pump(&config).delivered;
    }
    assert_eq!(delivered, count);
    is_quiet(&world);
}

#[test]
fn a_delivery_in_steady_state_costs_at_most_six_rows() {
    let (world, config) = (World::new(&[]), config());
    let webhook = hook(&world, &config, r#"["*"]"#);
    let count = 960;
    world.rows.set(0);
    for index in 0..count {
        on_event(&world, &config, Some("acme"), &format!(r#"{{"type":"asset.lost","id":"{index}"}}"#)).unwrap();
        if index % 64 == 63 {
            world.pump(&config);
        }
    }
    is_quiet(&world);
    assert_eq!(log(&world, &config, &webhook).len(), 100);
    let per_delivery = world.rows.get() as f64 / f64::from(count);
    assert!(per_delivery <= 6.0, "{per_delivery}");
    assert!(per_delivery > 4.0, "{per_delivery}: nothing counted?");
}

#[test]
fn leases_of_the_dead_are_void_after_a_take_over() {
    let (world, config) = (World::new(&[]), config());
    let webhook = hook(&world, &config, r#"["*"]"#);
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap();
    // A worker that has routed, claimed and died.
    let mut dead = Pump::new(&world, &config, Budget { time_ms: 10_000, attempts_max: 10 });
    assert!(route::route(&mut dead).unwrap());
    drop(dead);
    assert_eq!(world.pump(&config).attempts, 0, "the lease is believed");
    assert_eq!(take_over(&world, &config).unwrap(), 1);
    assert_eq!(world.pump(&config).delivered, 1);
    assert_eq!(take_over(&world, &config).unwrap(), 0);
    assert_eq!(log(&world, &config, &webhook).len(), 1);
    is_quiet(&world);
}

#[test]
fn wakes_of_leased_lanes_hide_no_other_lane() {
    let (world, config) = (World::new(&[]), config());
    hook(&world, &config, r#"["*"]"#);
    let lane = Lane::of(&keys::part("acme"), "wh_foreign");
    let now_ms = world.now_us() / 1_000;
    let lease = format!(r#"{{"v":1,"token":"x","until":{}}}"#, now_ms + 30_000);
    world.put(std::iter::once(keys::lane(&lane)), &lease);
    for page in 0..5 {
        world.put((0..900).map(|n| keys::wake(now_ms - 1, &lane, &format!("{page}.{n}"))), r#"{"v":1}"#);
    }
    // Routed and claimed by a worker that died, and freed by a take-over: only the wake leads to the row.
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap();
    let mut dead = Pump::new(&world, &config, Budget { time_ms: 10_000, attempts_max: 10 });
    assert!(route::route(&mut dead).unwrap());
    drop(dead);
    take_over(&world, &config).unwrap();
    world.put(std::iter::once(keys::lane(&lane)), &lease);
    assert_eq!(world.pump(&config).delivered, 1);
}

#[test]
fn a_lane_that_waits_for_its_receiver_gathers_no_wakes() {
    let (world, config) = (World::new(&[]), config());
    let webhook = hook(&world, &config, r#"["*"]"#);
    *world.announced.borrow_mut() = Some((Lane::of(&keys::part("acme"), &webhook), 200));
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap();
    assert_eq!(world.pump(&config).delivered, 1);
    assert_eq!(world.announced.borrow().as_ref().unwrap().1, 0);
    let wakes_max = world.wakes_max.get();
    assert!(wakes_max <= crate::limits::LANE_WAKES_MAX + 2, "{wakes_max}");
    is_quiet(&world);
}
