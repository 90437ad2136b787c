//! Rows that cannot be decoded.

use crate::ports::{Direction, Entry, KeyRange, Storage};
use crate::store::keys::Lane;
use crate::support::limits::POLL_MS;
use crate::testing::*;
use crate::*;

/// Damages one row while the first of two webhooks has a delivery that waits, and checks how many deliveries of the next
/// event for both are made all the same.
#[test]
fn unreadable_row_stops_no_other_delivery() {
    let check = |prefix: &str, damage: &str, delivered: u32, told: &str| {
        let world = World::new(&[500, 500]);
        let config = Config::new(&settings()).unwrap();
        let one = registered(&world, &config, r#""schedule":[1]"#);
        registered(&world, &config, r#""schedule":[1]"#);
        accept_many(&world, &config, 1);
        assert_eq!(world.deliver(&config).attempts, 2);
        accept_many(&world, &config, 1);
        let range = KeyRange { start: format!("{prefix}/"), end: format!("{prefix}0") };
        let rows = world.store.scan(&range, 1_000, Direction::Forward).unwrap();
        let of_one = |entry: &&Entry| entry.key.contains(&one);
        let row = rows.iter().find(of_one).or(rows.first()).unwrap().key.clone();
        world.put(std::iter::once(row.clone()), damage);
        world.now_us.set(world.now_us.get() + 2_000_000);
        let report = world.deliver(&config);
        assert_eq!(report.delivered, delivered, "{prefix}: {report:?}");
        assert!(report.problems.len() == 1 && report.problems[0].contains(&row), "{prefix}: {report:?}");
        assert!(report.problems[0].contains(told), "{prefix}: {report:?}");
        // The run ends all the same.
        let idle = world.deliver(&config);
        assert_eq!((idle.routed, idle.attempts, idle.next_due_ms), (0, 0, POLL_MS), "{prefix}");
    };
    let newer = r#"{"v":2}"#;
    // Two retries and two first attempts: all but those that the row is needed for.
    check("lane", newer, 2, "has the format 2");
    check("health", "{}", 2, "has the format 0");
    check("queue", "[", 3, "is not readable");
    check("inbox", r#"{"v":1}"#, 2, "has no valid field `tenantPart`");
    check("shard", newer, 2, "has the format 2");
    // A row of a newer version waits for that version. A damaged row ends as `failed`.
    check("message", newer, 2, "has the format 2");
    check("message", "{}", 2, "has the format 0");
}

#[test]
fn unreadable_message_does_not_count_against_its_receiver() {
    let world = World::new(&[]);
    let config = Config::new(&settings()).unwrap();
    let webhook = registered(&world, &config, r#""name":"one""#);
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap().message_id;
    let row = world.store.get_one(&keys::message("acme", &message)).unwrap().unwrap();
    world.put(std::iter::once(row.key.clone()), "{}");
    assert_eq!(world.deliver(&config).attempts, 0);
    let view = shown(&world, &config, &webhook);
    assert_eq!((&view["failureCount"], &view["lastTriggeredAt"]), (&0.into(), &serde_json::Value::Null));
    assert_eq!(log(&world, &config, &webhook), [("failed".to_owned(), 1, None)]);
    world.put(std::iter::once(row.key), &row.value);
    send_again(&world, &config, &message, Some(&webhook));
    assert_eq!(world.deliver(&config).delivered, 1);
    is_quiet(&world);
}

/// Damages one row while a tenant keeps no bodies, and checks the problem that is reported.
#[test]
fn unreadable_row_stops_only_its_job() {
    let check = |key: &str, damage: &str, told: &str| {
        let world = World::new(&[]);
        let config = Config::new(&Settings { retention_s: Some(3_600), ..settings() }).unwrap();
        registered(&world, &config, r#""name":"one""#);
        world.deliver(&config);
        update_settings(&world, &config, "acme", r#"{"keepBodies":false}"#).unwrap();
        world.put(std::iter::once(key.to_owned()), damage);
        world.now_us.set(world.now_us.get() + 5_000_000_000);
        accept_many(&world, &config, 3);
        let report = world.deliver(&config);
        assert_eq!(report.delivered, 3, "{key}: {report:?}");
        assert!(report.problems.iter().any(|problem| problem.contains(key) && problem.contains(told)), "{report:?}");
        // The job waits, and reports the problem again afterwards.
        world.now_us.set(world.now_us.get() + 61_000_000);
        assert!(world.deliver(&config).problems.iter().any(|problem| problem.contains(key)));
    };
    check("tenant/acme", "{}", "has the format 0");
    check("tenant/acme", r#"{"v":2}"#, "has the format 2");
}

#[test]
fn reclaim_passes_over_unreadable_rows() {
    for damage in ["{}", r#"{"v":2}"#] {
        let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
        registered(&world, &config, r#""name":"one""#);
        accept_many(&world, &config, 1);
        let mut dead = super::Run::new(&world, &config, Budget { time_ms: 10_000, attempts_max: 10 });
        assert!(dead.route().unwrap());
        drop(dead);
        let broken = Lane::of("acme", "wh_aaaaaaaaaaaaaaaaaaaaaaaaaa");
        world.put([keys::lane(&broken), keys::shard(3)].into_iter(), damage);
        assert_eq!(reclaim_leases(&world, &config).unwrap(), 1);
        assert_eq!(world.deliver(&config).delivered, 1);
    }
}

#[test]
fn unreadable_row_is_left_out_of_lists() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let one = registered(&world, &config, r#""name":"one""#);
    let two = registered(&world, &config, r#""name":"two""#);
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap().message_id;
    world.deliver(&config);
    for webhook in [&one, &two] {
        recover(&world, &config, "acme", webhook, r#"{"since":"2020-01-01T00:00:00Z"}"#).unwrap();
    }
    let count = |page: Result<String, Error>| {
        serde_json::from_str::<serde_json::Value>(&page.unwrap()).unwrap()["data"].as_array().unwrap().len()
    };
    let first = |prefix: &str| {
        let range = KeyRange { start: format!("{prefix}/"), end: format!("{prefix}0") };
        world.store.scan(&range, 1, Direction::Forward).unwrap().remove(0).key
    };
    assert_eq!(count(jobs(&world, &config, "acme", None, 10)), 2);
    world.put(std::iter::once(first("job/acme")), "{}");
    assert_eq!(count(jobs(&world, &config, "acme", None, 10)), 1);
    world.put(std::iter::once(keys::webhook(&Lane::of("acme", &one))), "[");
    assert_eq!(count(list(&world, &config, "acme", None, 10)), 1);
    assert!(get(&world, &config, "acme", &one).unwrap_err().to_string().contains("is not readable"));
    assert_eq!(send_again(&world, &config, &message, None), [two.as_str()]);
    // A page without these rows has a next page.
    world.deliver(&config);
    for _ in 0..5 {
        on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap();
        world.deliver(&config);
        world.now_us.set(world.now_us.get() + 1_000_000);
    }
    let pages = |limit: u32| {
        let (mut cursor, mut shown) = (None, Vec::new());
        loop {
            let page = attempts(&world, &config, "acme", &two, cursor.as_deref(), limit).unwrap();
            let page: serde_json::Value = serde_json::from_str(&page).unwrap();
            shown.extend(page["data"].as_array().unwrap().iter().map(|attempt| attempt["messageId"].to_string()));
            cursor = page["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return shown;
            }
        }
    };
    let all = pages(100);
    assert!(all.len() >= 6, "{all:?}");
    let range = KeyRange { start: format!("recent/acme/{two}/"), end: format!("recent/acme/{two}0") };
    for row in world.store.scan(&range, 2, Direction::Reverse).unwrap() {
        world.put(std::iter::once(row.key), "{}");
    }
    for limit in [1, 2, 3, 100] {
        assert_eq!(pages(limit), all[2..], "{limit}");
    }
    let before = count(message_attempts(&world, &config, "acme", &message, None, 10));
    world.put(std::iter::once(first(&format!("attempt/acme/{message}"))), "{}");
    assert_eq!(count(message_attempts(&world, &config, "acme", &message, None, 10)), before - 1);
}

#[test]
fn unreadable_row_slows_no_other_delivery() {
    let world = World::new(&[]);
    let config = Config::new(&settings()).unwrap();
    let one = registered(&world, &config, r#""name":"one""#);
    registered(&world, &config, r#""name":"two""#);
    world.put(std::iter::once(keys::lane(&Lane::of("acme", &one))), "[");
    accept_many(&world, &config, 3);
    for left in [2, 1, 0] {
        // A host that lets a call make one attempt calls again as soon as the report says.
        let report = deliver(&world, &config, Budget { time_ms: 10_000, attempts_max: 1 }).unwrap();
        assert_eq!((report.delivered, report.problems.len()), (1, 1), "{report:?}");
        assert!(left == 0 || report.next_due_ms == 0, "{report:?}");
    }
}

#[test]
fn deliveries_of_a_webhook_that_cannot_be_opened_wait_and_are_reported() {
    let world = World::new(&[]);
    let config = Config::new(&settings()).unwrap();
    let webhook = registered(&world, &config, r#""name":"one""#);
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap().message_id;
    let key = SealingKey { id: "k2".to_owned(), key_hex: "cd".repeat(32) };
    let other = Config::new(&Settings { sealing_keys: vec![key], ..settings() }).unwrap();
    let report = world.deliver(&other);
    assert_eq!((report.attempts, report.problems.len()), (0, 1), "{report:?}");
    assert!(report.problems[0].contains(&webhook) && report.problems[0].contains("k1"), "{report:?}");
    let told = explain(&world, &other, "acme", &message, &webhook).unwrap();
    assert!(told.contains("the webhook cannot be sent to:") && told.contains("k1"), "{told}");
    world.now_us.set(world.now_us.get() + limits::UNUSABLE_MS * 1_000);
    assert_eq!(world.deliver(&config).delivered, 1);
}
