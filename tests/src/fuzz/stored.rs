//! Rows of an older, a newer or a damaged store: every kind of row, through every flow that reads it. No flow panics,
//! each ends, and its error names the row.
//!
//! An input is lines, each a change of a row of the store as it is: `KIND VALUE` writes the first row whose key begins with
//! `KIND/`, `KIND#2 VALUE` the third, `KIND .FIELD=JSON` one field of it, `-KIND` removes it. `{wh}` and `{msg}` stand for a
//! webhook and a message, `{now}` for the time in milliseconds.

use std::sync::OnceLock;

use hookwright_engine::json::{self, Json, Style};
use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::{Direction, Entry, KeyRange, Mutation, Response, Storage};
use hookwright_engine::{
    Config, Error, ErrorKind, cancel_job, erase, keys, on_event, reclaim_leases, recover, redeliver, replay,
    rotate_secret, update_settings,
};
use serde_json::Value;

use super::parts::{check_error, check_json};
use super::world::{SECRET, START_US, World, config, id_of};

pub const WORDS: &[&str] = &[
    "message",
    "inbox",
    "shard",
    "lane",
    "queue",
    "timer",
    "health",
    "attempt",
    "recent",
    "routed",
    "job",
    "webhook",
    "subscription",
    "subscriptions",
    "tenant",
    "redacted",
    "erasure",
    "#1",
    "#2",
    "#3",
    "#4",
    "-",
    "\n",
    " .v=",
    " .untilMs=",
    " .token=",
    " .timer=",
    " .deliveries=",
    " .first=",
    " .dueMs=",
    " .attempts=",
    " .state=",
    " .atMs=",
    " .nextAtMs=",
    " .failures=",
    " .again=",
    " .event=",
    " .eventType=",
    " .tenantPart=",
    " .routedTo=",
    " .messages=",
    " .place=",
    " .after=",
    " .kind=",
    " .webhook=",
    " .subjectHash=",
    " .phase=",
    " .sinceMs=",
    " .createdAtMs=",
    " .scanned=",
    " .singleSteps=",
    " .contentHash=",
    " .tombstone=",
    " .test=",
    " .quarantine=",
    " .keepBodies=",
    " .elsewhere=",
    " .askedMs=",
    " .queuedMs=",
    " .claims=",
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
    "[{\"message\":\"{msg}\",\"number\":1}]",
    "\"lane/acme/{wh}\"",
    "null",
    "[]",
    "{}",
    "\"\"",
    "2",
    "\"retrying\"",
    "\"running\"",
    "\"erase\"",
    "\"erasure\"",
    "true",
    "false",
    "\"timer/0/a/b\"",
    "\"/\"",
    "\"~\"",
    "1738670407000",
];

const EVER: &str = r#"{"since":"1970-01-01T00:00:00Z"}"#;

/// A store with a row of every kind, the configuration for it, and a webhook and a message of it.
struct Scene {
    store: MemoryStore,
    config: Config,
    webhook: String,
    message: String,
    /// A message whose content has been dropped.
    redacted: String,
    /// A message that is a tombstone, because its erasure still runs.
    tombstone: String,
    /// A job that sends again and has not begun.
    job: String,
    /// The webhook and the message of another tenant.
    others: (String, String),
}

pub fn run(input: &[u8]) -> bool {
    let scene = scene();
    let world = World::new(scene.store.clone());
    let damaged = damage(scene, &world, &String::from_utf8_lossy(input));
    flows(scene, &world, &damaged);
    // Damage that does not keep the worker from working.
    !damaged.is_empty() && world.sent.borrow().len() > 1
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let (config, world) = (config("standard"), World::new(MemoryStore::new()));
        let subscribe = |tenant: &str, events: &str| {
            let registration = format!(
                r#"{{"url":"https://a.example/in","events":{events},"secret":"{SECRET}","headers":{{"X-Key":"v"}},"schedule":[2,4]}}"#
            );
            world.register(&config, tenant, None, &registration)
        };
        let webhook = subscribe("acme", r#"["*"]"#);
        subscribe("acme", r#"["asset.*","user.created"]"#);
        let others_webhook = subscribe("other", r#"["*"]"#);
        rotate_secret(&world, &config, "acme", &webhook, None, Some(3_600)).expect("a rotation");
        let redacted = redacted_message(&world, &config);
        accept(&world, &config, "acme", "e1", 1);
        world.deliver(&config).expect("delivered");
        let tombstone = accept(&world, &config, "acme", "e5", 5);
        world.deliver(&config).expect("delivered");
        erase(&world, &config, "acme", &subject(5)).expect("a job");
        deliver_until(&world, &config, |world| {
            // A mark is there, and the job waits for late commits.
            row(world, "erasure", 0).is_some() && logs_of(world, &tombstone) == 0
        });
        let failing = || Ok(Response { status: 500, ..Response::default() });
        // Two webhooks of one tenant, and one of the other.
        world.answers.borrow_mut().extend([failing(), failing(), failing()]);
        let message = accept(&world, &config, "acme", "e2", 2);
        let others = (others_webhook, accept(&world, &config, "other", "e2", 2));
        world.deliver(&config).expect("to be tried again");
        accept(&world, &config, "acme", "e3", 3);
        let job = id_of(&recover(&world, &config, "acme", &webhook, EVER).expect("a job"));
        replay(&world, &config, "acme", &webhook, EVER).expect("a job");
        // Its messages are delivered already, and are still to be looked for.
        erase(&world, &config, "acme", &subject(1)).expect("a job");
        for kind in KINDS {
            assert!(row(&world, kind, 0).is_some(), "the store has no row {kind}/");
        }
        Scene { store: world.store, config, webhook, message, redacted, tombstone, job, others }
    })
}

/// Every kind of row.
const KINDS: [&str; 17] = [
    "message",
    "inbox",
    "shard",
    "routed",
    "job",
    "subscription",
    "subscriptions",
    "redacted",
    "erasure",
    "tenant",
    "webhook",
    "queue",
    "timer",
    "lane",
    "health",
    "attempt",
    "recent",
];

/// A message of a time in which the tenant kept no bodies.
fn redacted_message(world: &World, config: &Config) -> String {
    let keep = |bodies: bool| {
        update_settings(world, config, "acme", &format!(r#"{{"keepBodies":{bodies}}}"#)).expect("a change");
    };
    keep(false);
    let message = accept(world, config, "acme", "e4", 4);
    deliver_until(world, config, |world| row(world, "redacted", 0).is_some());
    keep(true);
    message
}

/// The message of an event about the asset of that number.
fn accept(world: &World, config: &Config, tenant: &str, id: &str, asset: u32) -> String {
    on_event(world, config, Some(tenant), &event(id, asset)).expect("a good event").message_id
}

fn event(id: &str, asset: u32) -> String {
    format!(r#"{{"type":"asset.updated","id":"{id}","subject":{{"type":"asset","id":{asset}}},"data":{{"a":1}}}}"#)
}

/// Makes the call that erases an asset.
fn subject(asset: u32) -> String {
    format!(r#"{{"subject":{{"type":"asset","id":"{asset}"}}}}"#)
}

/// Time passes, in steps that are shorter than any wait of the engine which matters here.
fn deliver_until(world: &World, config: &Config, is_so: impl Fn(&World) -> bool) {
    const STEPS_MAX: u32 = 60;
    for _ in 0..STEPS_MAX {
        world.deliver(config).expect("a world without faults");
        if is_so(world) {
            return;
        }
        world.pass_ms(1_000);
    }
    panic!("the scene does not come about");
}

fn logs_of(world: &World, message: &str) -> usize {
    let range = keys::attempts_of_message("acme", message);
    world.store.scan(&range, 1_000, Direction::Forward).map_or(0, |rows| rows.len())
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
    let Scene { config, webhook, message, redacted, tombstone, job, .. } = scene;
    let look = |result: Result<String, Error>| look(judge(result, damaged));
    // Calls may be refused although nothing is damaged.
    let ask = |result: Result<String, Error>| self::look(judge_refusal(result, damaged));
    let read = || {
        look(world.call(|world| hookwright_engine::list(world, config, "acme", None, 100)));
        look(world.call(|world| hookwright_engine::get(world, config, "acme", webhook)));
        look(world.call(|world| hookwright_engine::tenant_settings(world, config, "acme")));
        look(world.call(|world| hookwright_engine::attempts(world, config, "acme", webhook, None, 100)));
        look(world.call(|world| hookwright_engine::jobs(world, config, "acme", None, 100)));
        look(world.call(|world| hookwright_engine::job(world, config, "acme", job)));
        for message in [message, redacted, tombstone] {
            ask(world.call(|world| hookwright_engine::message(world, config, "acme", message)));
            ask(world.call(|world| hookwright_engine::message_attempts(world, config, "acme", message, None, 100)));
            ask(world.call(|world| hookwright_engine::explain(world, config, "acme", message, webhook)));
            ask(world.call(|world| hookwright_engine::delivery_payload(world, config, "acme", message, webhook)));
        }
    };
    let read_message = || {
        look(world.call(|world| hookwright_engine::message(world, config, "acme", message)));
        look(world.call(|world| hookwright_engine::message_attempts(world, config, "acme", message, None, 100)));
        look(world.call(|world| hookwright_engine::explain(world, config, "acme", message, webhook)));
    };
    let deliver = |waits_ms: &[u64]| {
        for wait_ms in waits_ms {
            world.pass_ms(*wait_ms);
            if let Some(report) = judge(world.deliver(config), damaged) {
                assert!(report.next_due_ms <= hookwright_engine::limits::POLL_MS, "{report:?}");
            }
        }
    };
    read();
    read_message();
    look(world.call(|world| hookwright_engine::delivery_payload(world, config, "acme", message, webhook)));
    look(world.call(|world| cancel_job(world, config, "acme", job)));
    judge(world.call(|world| reclaim_leases(world, config)), damaged);
    deliver(&[0, 3_000, 60_000, 86_400_000]);
    check_others(scene, world, damaged);
    for message in [redacted, tombstone] {
        ask(world.call(|world| redeliver(world, config, "acme", message, Some(webhook))));
    }
    look(world.call(|world| redeliver(world, config, "acme", message, None)));
    look(world.call(|world| redeliver(world, config, "acme", message, Some(webhook))));
    look(world.call(|world| recover(world, config, "acme", webhook, EVER)));
    deliver(&[0]);
    look(world.call(|world| replay(world, config, "acme", webhook, EVER)));
    deliver(&[0]);
    judge(world.call(|world| on_event(world, config, Some("acme"), &event("e2", 2))), damaged);
    judge_refusal(world.call(|world| on_event(world, config, Some("acme"), &event("e5", 5))), damaged);
    look(world.call(|world| hookwright_engine::test_webhook(world, config, "acme", webhook)));
    look(world.call(|world| rotate_secret(world, config, "acme", webhook, None, None)));
    look(world.call(|world| update_settings(world, config, "acme", r#"{"keepBodies":false}"#)));
    let changes = r#"{"events":["user.*"],"isActive":true}"#;
    look(world.call(|world| hookwright_engine::update(world, config, "acme", webhook, changes)));
    deliver(&[0]);
    read();
    read_message();
    // Of the message with the most behind it.
    look(world.call(|world| erase(world, config, "acme", &subject(2))));
    deliver(&[0, 3_000, 700_000]);
    read();
    judge(world.call(|world| hookwright_engine::unregister(world, config, "acme", webhook)), damaged);
    deliver(&[0]);
    for request in world.sent.borrow().iter() {
        assert!(request.url.starts_with("http"), "sent to {:?}", request.url);
    }
}

/// Checks that a shown text is JSON.
fn look(shown: Option<String>) {
    if let Some(text) = shown {
        check_json(&text);
    }
}

/// Checks that another tenant's message is delivered, in spite of damage to this tenant's rows.
fn check_others(scene: &Scene, world: &World, damaged: &[String]) {
    // The tenants of an inbox share its worker and its order.
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
    if let Err(error) = &result {
        assert!(!damaged.is_empty(), "an error without any damage: {error}");
    }
    judge_refusal(result, damaged)
}

/// So is a refusal anywhere, but a row that cannot be read is one that was damaged.
fn judge_refusal<T>(result: Result<T, Error>, damaged: &[String]) -> Option<T> {
    let error = match result {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    check_error(&error);
    if error.kind == ErrorKind::Internal {
        // An error about a sealed secret names the webhook and the place within it.
        let is_sealed = error.message.contains("sealed");
        let names_it = is_sealed || damaged.iter().any(|key| error.message.contains(key.as_str()));
        assert!(names_it, "an error that names no damaged row: {error}; damaged are {damaged:?}");
    }
    None
}
