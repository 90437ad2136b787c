//! A paused webhook: its deliveries wait, and are sent afterwards at a bounded rate.

use crate::ports::Clock;
use crate::support::limits::{PAUSE_BACKLOG_PER_MINUTE, PAUSE_MS_MAX};
use crate::support::time;
use crate::testing::*;
use crate::*;

fn pause(world: &World, config: &Config, webhook: &str, seconds: u64) {
    let until = time::rfc3339_millis(world.now_us() + seconds * 1_000_000);
    update(world, config, "acme", webhook, &format!(r#"{{"pausedUntil":"{until}"}}"#)).unwrap();
}

fn pass(world: &World, seconds: u64) {
    world.now_us.set(world.now_us.get() + seconds * 1_000_000);
}

#[test]
fn deliveries_of_a_paused_webhook_wait_and_are_sent_at_its_end() {
    let (world, config) = (World::new(&[]), config());
    let webhook = subscribe(&world, &config, r#"["*"]"#);
    pause(&world, &config, &webhook, 3_600);
    for kind in ["asset.created", "asset.lost"] {
        on_event(&world, &config, Some("acme"), &format!(r#"{{"type":"{kind}"}}"#)).unwrap();
        assert_eq!(world.deliver(&config).attempts, 0);
    }
    assert!(shown(&world, &config, &webhook)["pausedUntil"].is_string());
    pass(&world, 3_500);
    assert_eq!(world.deliver(&config).attempts, 0, "the pause lasts");
    pass(&world, 101);
    assert_eq!(world.deliver(&config).delivered, 2);
    assert!(shown(&world, &config, &webhook)["pausedUntil"].is_null());
    is_quiet(&world);
}

#[test]
fn pause_that_is_ended_by_a_call_releases_its_deliveries_at_once() {
    let (world, config) = (World::new(&[]), config());
    let webhook = subscribe(&world, &config, r#"["*"]"#);
    pause(&world, &config, &webhook, 3_600);
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.created"}"#).unwrap();
    assert_eq!(world.deliver(&config).attempts, 0);
    update(&world, &config, "acme", &webhook, r#"{"pausedUntil":null}"#).unwrap();
    assert_eq!(world.deliver(&config).delivered, 1);
    is_quiet(&world);
}

#[test]
fn backlog_of_a_pause_is_sent_at_a_bounded_rate() {
    let (world, config) = (World::new(&[]), config());
    let webhook = subscribe(&world, &config, r#"["*"]"#);
    pause(&world, &config, &webhook, 60);
    for _ in 0..30 {
        on_event(&world, &config, Some("acme"), r#"{"type":"asset.created"}"#).unwrap();
    }
    assert_eq!(world.deliver(&config).attempts, 0);
    pass(&world, 61);
    let begun_us = world.now_us();
    let mut delivered = 0;
    while delivered < 30 {
        let report = world.deliver(&config);
        delivered += report.delivered;
        pass_ms(&world, report.next_due_ms);
    }
    let spacing_us = 60_000_000 / u64::from(PAUSE_BACKLOG_PER_MINUTE);
    assert!(world.now_us() - begun_us >= 29 * spacing_us, "{} us", world.now_us() - begun_us);
}

fn pass_ms(world: &World, ms: u32) {
    world.now_us.set(world.now_us.get() + u64::from(ms) * 1_000);
}

#[test]
fn time_of_a_pause_does_not_disable_a_failing_webhook() {
    let world = World::new(&[500, 500, 200]);
    let config = Config::new(&settings()).unwrap();
    let webhook = registered(&world, &config, r#""schedule":[1,1,1]"#);
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.created"}"#).unwrap();
    assert_eq!(world.deliver(&config).attempts, 1);
    pause(&world, &config, &webhook, 6 * 86_400);
    pass(&world, 6 * 86_400 + 1);
    assert_eq!(world.deliver(&config).attempts, 1);
    assert_eq!(shown(&world, &config, &webhook)["isActive"], true, "it failed for a second");
}

#[test]
fn pause_that_is_too_long_or_no_time_is_refused() {
    let (world, config) = (World::new(&[]), config());
    let webhook = subscribe(&world, &config, r#"["*"]"#);
    let latest = time::rfc3339_millis(world.now_us() + PAUSE_MS_MAX * 1_000 + 1_000_000);
    for (name, value) in [("too long", latest.as_str()), ("no time", "tomorrow"), ("empty", "")] {
        let error = update(&world, &config, "acme", &webhook, &format!(r#"{{"pausedUntil":"{value}"}}"#)).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("pausedUntil"), "{name}");
    }
    update(&world, &config, "acme", &webhook, r#"{"pausedUntil":"2001-01-01T00:00:00Z"}"#).unwrap();
    assert!(shown(&world, &config, &webhook)["pausedUntil"].is_null(), "a time that is over is no pause");
}
