//! Routing by patterns: wide ones, exclusions, full pages of subscriptions, and slow stores.

use crate::support::limits::{CLOCK_SKEW_MS_MAX, SHARD_LEASE_MS, SUBSCRIPTION_PAGE, WIDE_PATTERNS_PER_TENANT_MAX};
use crate::testing::*;
use crate::*;

fn config() -> Config {
    Config::new(&settings()).unwrap()
}

/// Registers a webhook with these patterns. Returns its id.
fn webhook(world: &World, events: &str) -> String {
    let registration = format!(r#"{{"url":"https://example.com/in","events":{events}}}"#);
    let shown: serde_json::Value =
        serde_json::from_str(&register(world, &config(), "acme", None, &registration).unwrap()).unwrap();
    shown["id"].as_str().unwrap().to_owned()
}

/// Accepts and routes an event of this type. Returns to how many webhooks it was sent.
fn sent(world: &World, event_type: &str) -> usize {
    let before = world.requests.borrow().len();
    on_event(world, &config(), Some("acme"), &format!(r#"{{"type":"{event_type}"}}"#)).unwrap();
    for _ in 0..100 {
        world.deliver(&config());
        if world.count("inbox") + world.count("queue") == 0 {
            break;
        }
    }
    is_quiet(world);
    world.requests.borrow().len() - before
}

#[test]
fn message_is_routed_once_to_each_webhook_whose_patterns_select_it() {
    let rows: [(&str, &[&str], &[&str]); 7] = [
        (r#"["*.created"]"#, &["asset.created", "a.b.created"], &["created", "asset.lost"]),
        (r#"["order.*.paid","*.paid","order.*"]"#, &["order.a.paid", "order.paid", "x.paid"], &["paid", "x.y"]),
        (r#"["*","!user.login"]"#, &["user.logout", "user"], &["user.login"]),
        (r#"["!user.*"]"#, &["user", "asset.lost"], &["user.login", "user.a.b"]),
        (r#"["user.*","user.login","!*.login"]"#, &["user.logout"], &["user.login"]),
        (r#"["*.item.*","!*.item.test"]"#, &["order.item.paid"], &["order.item.test", "item.paid"]),
        (r#"["invoice_*","!invoice_draft*"]"#, &["invoice_paid"], &["invoice_drafted", "invoice"]),
    ];
    for (events, inside, outside) in rows {
        let world = World::new(&[]);
        webhook(&world, events);
        for event_type in inside {
            assert_eq!(sent(&world, event_type), 1, "{events} and {event_type}");
        }
        for event_type in outside {
            assert_eq!(sent(&world, event_type), 0, "{events} and {event_type}");
        }
    }
}

#[test]
fn changed_exclusion_takes_effect_without_another_pattern() {
    let world = World::new(&[]);
    let id = webhook(&world, r#"["*"]"#);
    assert_eq!(sent(&world, "user.login"), 1);
    for (events, expected) in [(r#"["*","!user.*"]"#, 0), (r#"["*","!user.logout"]"#, 1), (r#"["*.login"]"#, 1)] {
        update(&world, &config(), "acme", &id, &format!(r#"{{"events":{events}}}"#)).unwrap();
        assert_eq!(sent(&world, "user.login"), expected, "{events}");
    }
    assert_eq!(world.count("subscription"), 1);
    unregister(&world, &config(), "acme", &id).unwrap();
    assert_eq!(world.count("subscription"), 0);
}

#[test]
fn page_full_of_webhooks_that_exclude_a_type_hides_none_behind() {
    let world = World::new(&[]);
    for _ in 0..SUBSCRIPTION_PAGE + 1 {
        webhook(&world, r#"["*","!user.login"]"#);
    }
    let all = [r#"["*"]"#, r#"["user.*"]"#, r#"["*.login"]"#, r#"["*","*.login","user.*.x"]"#];
    for events in all.iter().chain(&all) {
        webhook(&world, events);
    }
    assert_eq!(sent(&world, "user.login"), 8);
    let message = on_event(&world, &config(), Some("acme"), r#"{"type":"user.login"}"#).unwrap().message_id;
    assert_eq!(send_again(&world, &config(), &message, None).len(), 8);
}

#[test]
fn wide_patterns_of_a_tenant_are_bounded() {
    let world = World::new(&[]);
    let list = |from: u32, count: u32| {
        let patterns: Vec<String> = (from..from + count).map(|index| format!("\"*.t{index}\"")).collect();
        format!("[{}]", patterns.join(","))
    };
    let first = webhook(&world, &list(0, 100));
    for index in 1..WIDE_PATTERNS_PER_TENANT_MAX / 100 {
        webhook(&world, &list(index * 100, 100));
    }
    let more = r#"{"url":"https://example.com/in","events":["asset.*","*.created"]}"#;
    let error = register(&world, &config(), "acme", None, more).unwrap_err();
    assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::Conflict, Some("events")));
    assert!(
        error.to_string().contains("would have 1001 patterns with `*` before the end; 1000 are allowed"),
        "{error}"
    );
    assert!(register(&world, &config(), "other", None, more).is_ok(), "the bound is the tenant's");
    update(&world, &config(), "acme", &first, &format!(r#"{{"events":{}}}"#, list(0, 99))).unwrap();
    assert!(register(&world, &config(), "acme", None, more).is_ok());
}

#[test]
fn tenant_without_wide_patterns_has_the_reads_of_before() {
    let reads = |events: &str| {
        let world = World::new(&[]);
        webhook(&world, events);
        on_event(&world, &config(), Some("acme"), r#"{"type":"a.b"}"#).unwrap();
        world.reads.set(0);
        world.deliver(&config());
        world.reads.get()
    };
    assert_eq!(reads(r#"["*","!c"]"#), reads(r#"["*"]"#));
    assert_eq!(reads(r#"["*.b"]"#), reads(r#"["*"]"#) + 3);
}

/// 200 reads of 50 ms each are longer than the lease of a shard.
#[test]
fn routing_to_many_lanes_in_strict_order_ends_within_the_lease_of_its_shard() {
    let world = World::new(&[]);
    for _ in 0..200 {
        registered(&world, &config(), r#""strictOrder":true"#);
    }
    for index in 0..3 {
        on_event(&world, &config(), Some("acme"), &format!(r#"{{"type":"t{index}"}}"#)).unwrap();
    }
    world.read_us.set(50_000);
    for _ in 0..200 {
        deliver(&world, &config(), Budget { time_ms: 3_000, attempts_max: 1_000 }).unwrap();
        if world.count("inbox") == 0 {
            break;
        }
    }
    assert_eq!(world.count("inbox"), 0, "every batch makes progress");
    assert!(world.route_us.get().1 < SHARD_LEASE_MS * 1_000, "{:?}", world.route_us.get());
    world.read_us.set(0);
    world.now_us.set(world.now_us.get() + 2 * CLOCK_SKEW_MS_MAX * 1_000);
    while world.count("queue") > 0 {
        world.deliver(&config());
    }
    let mut sent: Vec<String> = world.requests.borrow().iter().map(|request| request.body.clone().unwrap()).collect();
    assert_eq!(sent.len(), 600);
    sent.dedup();
    is_quiet(&world);
}

#[test]
fn routing_of_many_types_ends_within_the_lease_of_its_shard() {
    let world = World::new(&[]);
    webhook(&world, r#"["*","*.x"]"#);
    for index in 0..60 {
        on_event(&world, &config(), Some("acme"), &format!(r#"{{"type":"t{index}.a.b.c.d"}}"#)).unwrap();
    }
    world.read_us.set(50_000);
    for _ in 0..100 {
        deliver(&world, &config(), Budget { time_ms: 3_000, attempts_max: 1_000 }).unwrap();
    }
    assert!(world.route_us.get().1 < SHARD_LEASE_MS * 1_000, "{:?}", world.route_us.get());
    assert_eq!(world.requests.borrow().len(), 60);
    is_quiet(&world);
}
