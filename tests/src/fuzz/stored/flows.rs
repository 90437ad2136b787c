//! Runs every flow that reads rows over the damaged store, and judges its result.

use hookwright_engine::{
    Error, ErrorKind, cancel_job, erase, on_event, reclaim_leases, recover, redeliver, replay, rotate_secret,
    update_settings,
};
use serde_json::Value;

use super::scene::{EVER, Scene, event, subject};
use crate::fuzz::parts::{check_error, check_json};
use crate::fuzz::world::World;

/// Everything that reads, in an order in which each finds what the damage left.
pub(super) fn flows(scene: &Scene, world: &World, damaged: &[String]) {
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
    look(world.call(|world| hookwright_engine::test_webhook(world, config, "acme", webhook, None)));
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
