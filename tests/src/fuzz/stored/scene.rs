//! The store before it is damaged.

use std::sync::OnceLock;

use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::{Direction, Entry, KeyRange, Response, Storage};
use hookwright_engine::{Config, erase, keys, on_event, recover, replay, rotate_secret, update_settings};

use crate::fuzz::world::{SECRET, World, config, id_of};

/// Everything that ever was, as the range of a job.
pub(super) const EVER: &str = r#"{"since":"1970-01-01T00:00:00Z"}"#;

/// A store with a row of every kind, the configuration for it, and a webhook and a message of it.
pub(super) struct Scene {
    pub(super) store: MemoryStore,
    pub(super) config: Config,
    pub(super) webhook: String,
    pub(super) message: String,
    /// A message whose content has been dropped.
    pub(super) redacted: String,
    /// A message that is a tombstone, because its erasure still runs.
    pub(super) tombstone: String,
    /// A job that sends again and has not begun.
    pub(super) job: String,
    /// The webhook and the message of another tenant.
    pub(super) others: (String, String),
}

pub(super) fn scene() -> &'static Scene {
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
pub(super) fn accept(world: &World, config: &Config, tenant: &str, id: &str, asset: u32) -> String {
    on_event(world, config, Some(tenant), &event(id, asset)).expect("a good event").message_id
}

pub(super) fn event(id: &str, asset: u32) -> String {
    format!(r#"{{"type":"asset.updated","id":"{id}","subject":{{"type":"asset","id":{asset}}},"data":{{"a":1}}}}"#)
}

/// Makes the call that erases an asset.
pub(super) fn subject(asset: u32) -> String {
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

pub(super) fn row(world: &World, kind: &str, number: usize) -> Option<Entry> {
    let range = KeyRange { start: format!("{kind}/"), end: format!("{kind}0") };
    world.store.scan(&range, 1_000, Direction::Forward).ok()?.into_iter().nth(number)
}
