//! The flow of an event.

mod failures;
mod fair;
mod health;
mod order;
mod patterns;
mod pause;
mod quarantine;
mod removal;
mod rows;

use super::run::Run;
use crate::ports::Clock;
use crate::store::id;
use crate::store::keys::Lane;
use crate::support::limits::{LEASE_MARGIN_MS, POLL_MS};
use crate::testing::*;
use crate::*;

#[test]
fn event_is_sent_after_two_commits_and_recorded_by_a_third() {
    let (world, config) = (World::new(&[]), config());
    let webhook = subscribe(&world, &config, r#"["asset.*"]"#);
    world.commits.set(0);
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.created","id":"e1"}"#).unwrap();
    let expected = DeliveryReport { routed: 1, attempts: 1, delivered: 1, next_due_ms: POLL_MS, problems: Vec::new() };
    assert_eq!(world.deliver(&config), expected);
    assert_eq!(world.commits.get(), 3);
    assert_eq!(log(&world, &config, &webhook), [("delivered".to_owned(), 1, Some(200))]);
    is_quiet(&world);
}

#[test]
fn failed_attempt_is_retried_by_the_schedule_with_the_same_body() {
    let (world, config) = (World::new(&[500, 302]), config());
    let webhook = subscribe(&world, &config, r#"["asset.lost"]"#);
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap();
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.broken"}"#).unwrap();
    for waited_s in [0, 3, 5] {
        world.now_us.set(world.now_us.get() + waited_s * 1_000_000);
        assert_eq!(world.deliver(&config).attempts, 1);
        assert_eq!(world.deliver(&config).attempts, 0);
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
fn delivery_ends_as_exhausted_after_the_last_attempt_of_its_schedule() {
    let (world, config) = (World::new(&[500; 9]), config());
    let webhook = subscribe(&world, &config, r#"["*"]"#);
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap();
    for _ in 0..5 {
        world.deliver(&config);
        world.now_us.set(world.now_us.get() + 10_000_000);
    }
    let states: Vec<String> = log(&world, &config, &webhook).into_iter().map(|(state, ..)| state).collect();
    assert_eq!(states, ["exhausted", "retrying", "retrying"]);
    is_quiet(&world);
}

#[test]
fn delivery_of_an_inactive_webhook_is_skipped_and_of_a_removed_one_cancelled() {
    let (world, config) = (World::new(&[500]), config());
    let idle = subscribe(&world, &config, r#"["asset.created"]"#);
    let gone = subscribe(&world, &config, r#"["asset.lost"]"#);
    update(&world, &config, "acme", &idle, r#"{"isActive":false}"#).unwrap();
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.created"}"#).unwrap();
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost","id":"x"}"#).unwrap();
    assert_eq!(world.deliver(&config).attempts, 1);
    unregister(&world, &config, "acme", &gone).unwrap();
    assert_eq!(world.deliver(&config).attempts, 0);
    assert_eq!(log(&world, &config, &idle), [("skipped".to_owned(), 1, None)]);
    let message = id::message(&world, "acme", Some("x"));
    let shown: serde_json::Value =
        serde_json::from_str(&crate::message(&world, &config, "acme", &message).unwrap()).unwrap();
    let states: Vec<&str> =
        shown["attempts"].as_array().unwrap().iter().map(|a| a["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["cancelled", "retrying"]);
    is_quiet(&world);
}

#[test]
fn fan_out_larger_than_a_commit_is_routed_in_parts() {
    let (world, config) = (World::new(&[]), config());
    let count = u32::try_from(limits::ROUTE_DELIVERIES_MAX + 57).unwrap();
    for index in 0..count {
        subscribe(&world, &config, if index % 3 == 0 { r#"["*"]"# } else { r#"["asset.*","asset.lost"]"# });
    }
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap();
    let mut delivered = 0;
    for _ in 0..10 {
        delivered += world.deliver(&config).delivered;
    }
    assert_eq!(delivered, count);
    is_quiet(&world);
}

#[test]
fn delivery_in_steady_state_writes_at_most_six_rows() {
    let (world, config) = (World::new(&[]), config());
    let webhook = subscribe(&world, &config, r#"["*"]"#);
    let count = 960;
    world.rows.set(0);
    for index in 0..count {
        on_event(&world, &config, Some("acme"), &format!(r#"{{"type":"asset.lost","id":"{index}"}}"#)).unwrap();
        if index % 64 == 63 {
            world.deliver(&config);
        }
    }
    is_quiet(&world);
    assert_eq!(log(&world, &config, &webhook).len(), 100);
    let per_delivery = world.rows.get() as f64 / f64::from(count);
    assert!(per_delivery <= 6.0, "{per_delivery}");
    assert!(per_delivery > 4.0, "{per_delivery}: nothing counted?");
}

#[test]
fn routing_stops_when_a_lease_is_about_to_end() {
    let (world, config) = (World::new(&[]), config());
    subscribe(&world, &config, r#"["*"]"#);
    let accept = || on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap();
    let mut run = Run::new(&world, &config, Budget { time_ms: 100_000, attempts_max: 10 });
    accept();
    assert!(run.route().unwrap());
    let until_ms = run.leases.lanes.values().next().unwrap().lease.until_ms;
    for (before_ms, routes) in [(LEASE_MARGIN_MS, true), (LEASE_MARGIN_MS - 1, false), (1, false)] {
        world.now_us.set((until_ms - before_ms) * 1_000 + 999);
        accept();
        assert_eq!(run.route().unwrap(), routes, "{before_ms} ms before");
    }
    assert_eq!(world.count("inbox"), 2);
    // A lease that has ended stops no routing.
    world.now_us.set(until_ms * 1_000 + 1_000);
    assert!(run.route().unwrap());
    assert_eq!(world.count("inbox"), 0);
}

#[test]
fn reclaim_voids_the_leases_of_dead_workers() {
    let (world, config) = (World::new(&[]), config());
    let webhook = subscribe(&world, &config, r#"["*"]"#);
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap();
    // A worker that has routed, claimed and died.
    let mut dead = Run::new(&world, &config, Budget { time_ms: 10_000, attempts_max: 10 });
    assert!(dead.route().unwrap());
    drop(dead);
    assert_eq!(world.deliver(&config).attempts, 0, "the lease is believed");
    assert_eq!(reclaim_leases(&world, &config).unwrap(), 1);
    assert_eq!(world.deliver(&config).delivered, 1);
    assert_eq!(reclaim_leases(&world, &config).unwrap(), 0);
    assert_eq!(log(&world, &config, &webhook).len(), 1);
    is_quiet(&world);
}

#[test]
fn timers_of_leased_lanes_hide_no_other_lane() {
    let (world, config) = (World::new(&[]), config());
    subscribe(&world, &config, r#"["*"]"#);
    let lane = Lane::of(&keys::part("acme"), "wh_foreign");
    let now_ms = world.now_us() / 1_000;
    let lease = format!(r#"{{"v":1,"token":"x","untilMs":{}}}"#, now_ms + 30_000);
    world.put(std::iter::once(keys::lane(&lane)), &lease);
    for page in 0..5 {
        world.put((0..900).map(|n| keys::timer(now_ms - 1, &lane, &format!("{page}.{n}"))), r#"{"v":1}"#);
    }
    // Routed and claimed by a worker that died, and freed by a reclaim: only the timer leads to the row.
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap();
    let mut dead = Run::new(&world, &config, Budget { time_ms: 10_000, attempts_max: 10 });
    assert!(dead.route().unwrap());
    drop(dead);
    reclaim_leases(&world, &config).unwrap();
    world.put(std::iter::once(keys::lane(&lane)), &lease);
    assert_eq!(world.deliver(&config).delivered, 1);
}

#[test]
fn lane_that_waits_for_its_receiver_gathers_no_timers() {
    let (world, config) = (World::new(&[]), config());
    let webhook = subscribe(&world, &config, r#"["*"]"#);
    *world.announced.borrow_mut() = Some((Lane::of(&keys::part("acme"), &webhook), 200));
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap();
    assert_eq!(world.deliver(&config).delivered, 1);
    assert_eq!(world.announced.borrow().as_ref().unwrap().1, 0);
    let timers_max = world.timers_max.get();
    assert!(timers_max <= limits::LANE_TIMERS_MAX + 2, "{timers_max}");
    is_quiet(&world);
}
