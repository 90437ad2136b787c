//! What an older, a newer or a damaged store may hold: every kind of row, through every flow that reads it. No panic, an end,
//! and an error that names the row.
//!
//! An input is lines, each a change of a row of the store as it is: `KIND VALUE` writes the first row whose key begins with
//! `KIND/`, `KIND#2 VALUE` the third, `KIND .FIELD=JSON` one field of it, `-KIND` removes it. `{wh}` and `{msg}` stand for a
//! webhook and a message, `{now}` for the time in milliseconds.

use std::sync::OnceLock;

use hookwright_engine::host::{Direction, Entry, KeyRange, Mutation, Response, Storage};
use hookwright_engine::json::{self, Json, Style};
use hookwright_engine::memory::MemoryStore;
use hookwright_engine::{Config, Error, ErrorKind, on_event, register, rotate_secret, take_over};
use serde_json::Value;

use super::world::{SECRET, START_US, World, config};
use super::{check_error, check_json};

pub const WORDS: &[&str] = &[
    "msg",
    "inbox",
    "shard",
    "lane",
    "queue",
    "wake",
    "stat",
    "log",
    "recent",
    "routed",
    "job",
    "hook",
    "sub",
    "subs",
    "tenant",
    "#1",
    "#2",
    "-",
    "\n",
    " .v=",
    " .until=",
    " .token=",
    " .wake=",
    " .d=",
    " .f=",
    " .a=",
    " .state=",
    " .atMs=",
    " .nextAtMs=",
    " .failures=",
    " .again=",
    " .event=",
    " .eventType=",
    " .tenantPart=",
    " .routedTo=",
    " .m=",
    " .place=",
    " .after=",
    " .kind=",
    " .webhook=",
    " .askedMs=",
    " .queuedMs=",
    " .tries=",
    " .secrets=",
    " .headers=",
    " .scheduleS=",
    " .timeoutMs=",
    " .format=",
    " .method=",
    " .url=",
    " .webhooks=",
    " .acceptedAtUs=",
    " .occurredAtUs=",
    " .events=",
    "18446744073709551615",
    "4294967295",
    "9900",
    "{now}",
    "\"{wh}\"",
    "\"{msg}\"",
    "[[\"{msg}\",1]]",
    "\"lane/acme/{wh}\"",
    "null",
    "[]",
    "{}",
    "\"\"",
    "2",
    "\"retrying\"",
    "\"wake/0/a/b\"",
    "\"/\"",
    "\"~\"",
    "1738670407000",
];

/// A store with a row of every kind, the configuration for it, and a webhook and a message of it.
const EVER: &str = r#"{"since":"1970-01-01T00:00:00Z"}"#;

struct Scene {
    store: MemoryStore,
    config: Config,
    webhook: String,
    message: String,
    /// The webhook and the message of another tenant.
    others: (String, String),
}

pub fn run(input: &[u8]) -> bool {
    let scene = scene();
    let world = World::new(scene.store.clone());
    let damaged = damage(scene, &world, &String::from_utf8_lossy(input));
    flows(scene, &world, &damaged);
    // Damage that does not keep the pump from working.
    !damaged.is_empty() && world.sent.borrow().len() > 1
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let (config, world) = (config("standard"), World::new(MemoryStore::new()));
        let hook = |tenant: &str, events: &str| {
            let registration = format!(
                r#"{{"url":"https://a.example/in","events":{events},"secret":"{SECRET}","headers":{{"X-Key":"v"}},"schedule":[2,4]}}"#
            );
            let shown = register(&world, &config, tenant, None, &registration).expect("a good registration");
            serde_json::from_str::<Value>(&shown).expect("a webhook")["id"].as_str().unwrap_or_default().to_owned()
        };
        let webhook = hook("acme", r#"["*"]"#);
        hook("acme", r#"["asset.*","user.created"]"#);
        let others_webhook = hook("other", r#"["*"]"#);
        rotate_secret(&world, &config, "acme", &webhook, None, Some(3_600)).expect("a rotation");
        for keeps in ["false", "true"] {
            let changes = format!(r#"{{"keepBodies":{keeps}}}"#);
            hookwright_engine::update_settings(&world, &config, "acme", &changes).expect("a change");
        }
        let accept = |tenant: &str, id: &str| {
            let event = format!(r#"{{"type":"asset.updated","id":"{id}","data":{{"a":1}}}}"#);
            on_event(&world, &config, Some(tenant), &event).expect("a good event").message_id
        };
        accept("acme", "e1");
        world.pump(&config).expect("delivered");
        let failing = Response { status: 500, ..Response::default() };
        world.answers.borrow_mut().extend([Ok(failing.clone()), Ok(failing.clone()), Ok(failing)]);
        let message = accept("acme", "e2");
        let others = (others_webhook, accept("other", "e2"));
        world.pump(&config).expect("to be tried again");
        accept("acme", "e3");
        hookwright_engine::replay(&world, &config, "acme", &webhook, EVER).expect("a job");
        Scene { store: world.store, config, webhook, message, others }
    })
}

/// Does what the lines say, and answers the keys of the rows that are not what they were.
fn damage(scene: &Scene, world: &World, text: &str) -> Vec<String> {
    const LINES_MAX: usize = 30;
    let mut damaged = Vec::new();
    for line in text.lines().take(LINES_MAX) {
        let (place, value) = line.split_once(' ').unwrap_or((line, ""));
        let (place, is_removed) = place.strip_prefix('-').map_or((place, false), |place| (place, true));
        let (kind, number) = place.split_once('#').unwrap_or((place, "0"));
        let Some(entry) = number.parse().ok().and_then(|number| row(world, kind, number)) else { continue };
        let value = value
            .replace("{wh}", &scene.webhook)
            .replace("{msg}", &scene.message)
            .replace("{now}", &(START_US / 1_000).to_string());
        let mutation = if is_removed {
            Mutation::Delete { key: entry.key.clone() }
        } else {
            let Some(value) = changed(&entry, &value) else { continue };
            Mutation::Put { key: entry.key.clone(), value }
        };
        if world.store.commit(&[], &[mutation]).is_ok() {
            damaged.push(entry.key);
        }
    }
    damaged
}

fn row(world: &World, kind: &str, number: usize) -> Option<Entry> {
    let range = KeyRange { start: format!("{kind}/"), end: format!("{kind}0") };
    world.store.scan(&range, 1_000, Direction::Forward).ok()?.into_iter().nth(number)
}

/// The value as the line says it: whole, or with one field changed.
fn changed(entry: &Entry, value: &str) -> Option<String> {
    let Some((field, text)) = value.strip_prefix('.').and_then(|rest| rest.split_once('=')) else {
        return Some(value.to_owned());
    };
    let Ok(Json::Object(mut members)) = json::parse_within(&entry.value, 100) else { return None };
    let new = json::parse_within(text, 60).ok()?;
    match members.iter_mut().find(|(name, _)| name == field) {
        Some((_, old)) => *old = new,
        None => members.push((field.to_owned(), new)),
    }
    Some(json::write(&Json::Object(members), Style::Compact))
}

/// Everything that reads, in an order in which each finds what the damage left.
fn flows(scene: &Scene, world: &World, damaged: &[String]) {
    let Scene { config, webhook, message, .. } = scene;
    let look = |result: Result<String, Error>| {
        if let Some(text) = judge(result, damaged) {
            check_json(&text);
        }
    };
    let read = || {
        look(world.call(|world| hookwright_engine::list(world, config, "acme", None, 100)));
        look(world.call(|world| hookwright_engine::get(world, config, "acme", webhook)));
        look(world.call(|world| hookwright_engine::attempts(world, config, "acme", webhook, None, 100)));
        look(world.call(|world| hookwright_engine::message(world, config, "acme", message)));
        look(world.call(|world| hookwright_engine::jobs(world, config, "acme", None, 100)));
        look(world.call(|world| hookwright_engine::message_attempts(world, config, "acme", message, None, 100)));
    };
    read();
    judge(world.call(|world| take_over(world, config)), damaged);
    for wait_ms in [0, 3_000, 60_000, 86_400_000] {
        world.pass_ms(wait_ms);
        if let Some(report) = judge(world.pump(config), damaged) {
            assert!(report.next_due_ms <= hookwright_engine::limits::POLL_MS, "{report:?}");
        }
    }
    check_others(scene, world, damaged);
    look(world.call(|world| hookwright_engine::redeliver(world, config, "acme", message, None)));
    look(world.call(|world| hookwright_engine::redeliver(world, config, "acme", message, Some(webhook))));
    look(world.call(|world| hookwright_engine::recover(world, config, "acme", webhook, EVER)));
    judge(world.pump(config), damaged);
    let event = r#"{"type":"asset.updated","id":"e2","data":{"a":1}}"#;
    judge(world.call(|world| on_event(world, config, Some("acme"), event)), damaged);
    look(world.call(|world| hookwright_engine::test_webhook(world, config, "acme", webhook)));
    look(world.call(|world| rotate_secret(world, config, "acme", webhook, None, None)));
    look(world.call(|world| hookwright_engine::update_settings(world, config, "acme", r#"{"keepBodies":false}"#)));
    let changes = r#"{"events":["user.*"],"isActive":true}"#;
    look(world.call(|world| hookwright_engine::update(world, config, "acme", webhook, changes)));
    judge(world.pump(config), damaged);
    read();
    judge(world.call(|world| hookwright_engine::unregister(world, config, "acme", webhook)), damaged);
    judge(world.pump(config), damaged);
    for request in world.sent.borrow().iter() {
        assert!(request.url.starts_with("http"), "sent to {:?}", request.url);
    }
}

/// Another tenant has its message, whatever became of this one's rows.
fn check_others(scene: &Scene, world: &World, damaged: &[String]) {
    // Who routes an inbox, and in which order, is shared by its tenants.
    let is_theirs = |key: &String| key.contains("/other/") || key.starts_with("shard/") || key.starts_with("inbox/");
    if damaged.iter().any(is_theirs) {
        return;
    }
    let (webhook, message) = &scene.others;
    let shown = hookwright_engine::attempts(world, &scene.config, "other", webhook, None, 10);
    let shown = shown.unwrap_or_else(|error| panic!("another tenant's log: {error}"));
    let shown: Value = serde_json::from_str(&shown).expect("small numbers");
    let newest = &shown["data"][0];
    let is_there = newest["messageId"].as_str() == Some(message) && newest["state"].as_str() == Some("delivered");
    assert!(is_there, "damage of {damaged:?} keeps another tenant from its message: {newest}");
}

/// A failure is allowed where something was damaged, and says where.
fn judge<T>(result: Result<T, Error>, damaged: &[String]) -> Option<T> {
    let error = match result {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    check_error(&error);
    assert!(!damaged.is_empty(), "an error without any damage: {error}");
    if error.kind == ErrorKind::Internal {
        // What cannot be opened is told by the webhook and the place within it.
        let is_sealed = error.message.contains("sealed");
        let names_it = is_sealed || damaged.iter().any(|key| error.message.contains(key.as_str()));
        assert!(names_it, "an error that names no damaged row: {error}; damaged are {damaged:?}");
    }
    None
}
