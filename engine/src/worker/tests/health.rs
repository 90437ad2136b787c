//! The health of a webhook, and its consequences for the lane.

use std::rc::Rc;

use crate::ports::Clock;
use crate::support::limits::LANE_IN_FLIGHT_MAX;
use crate::testing::*;
use crate::*;

#[test]
fn webhook_that_answers_410_is_disabled_by_the_commit_that_records_it() {
    let world = World::new(&[410, 200, 200]);
    let config = Config::new(&settings()).unwrap();
    let registration = r#"{"url":"https://example.com/in","events":["*"]}"#;
    let webhook = register(&world, &config, "acme", None, registration).unwrap();
    let webhook: serde_json::Value = serde_json::from_str(&webhook).unwrap();
    let webhook = webhook["id"].as_str().unwrap();
    on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap();
    world.commits.set(0);
    assert_eq!(world.deliver(&config).attempts, 1);
    assert_eq!(world.commits.get(), 2, "route, settle");
    let view = shown(&world, &config, webhook);
    assert_eq!((&view["isActive"], &view["inactiveReason"]), (&false.into(), &"the receiver answered 410".into()));
    on_event(&world, &config, Some("acme"), r#"{"type":"b"}"#).unwrap();
    assert_eq!(world.deliver(&config).attempts, 0);
    update(&world, &config, "acme", webhook, r#"{"isActive":true}"#).unwrap();
    on_event(&world, &config, Some("acme"), r#"{"type":"c"}"#).unwrap();
    assert_eq!(world.deliver(&config).delivered, 1);
    let states: Vec<String> = log(&world, &config, webhook).into_iter().map(|(state, ..)| state).collect();
    assert_eq!(states, ["delivered", "skipped", "exhausted"]);
}

#[test]
fn response_of_the_old_url_does_not_disable_the_new_one() {
    let world = World::new(&[410]);
    let config = Rc::new(Config::new(&settings()).unwrap());
    let registration = r#"{"url":"https://example.com/in","events":["*"]}"#;
    let webhook = register(&world, &config, "acme", None, registration).unwrap();
    let webhook: serde_json::Value = serde_json::from_str(&webhook).unwrap();
    let webhook = webhook["id"].as_str().unwrap().to_owned();
    on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap();
    let (id, other) = (webhook.clone(), config.clone());
    world.meddle(At::Wait, move |world| {
        update(world, &other, "acme", &id, r#"{"url":"https://example.com/new"}"#).unwrap();
    });
    assert_eq!(world.deliver(&config).attempts, 1);
    assert_eq!(shown(&world, &config, &webhook)["isActive"], true);
    // And the new one gets the message.
    assert_eq!(log(&world, &config, &webhook), [("retrying".to_owned(), 1, Some(410))]);
    world.now_us.set(world.now_us.get() + 60_000_000);
    assert_eq!(world.deliver(&config).delivered, 1);
    assert_eq!(world.requests.borrow()[1].url, "https://example.com/new");
    is_quiet(&world);
}

#[test]
fn failures_of_the_old_url_do_not_count_for_the_new_one() {
    let world = World::new(&[500; 3]);
    let config = Config::new(&settings()).unwrap();
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    accept_many(&world, &config, 1);
    assert_eq!(world.deliver(&config).attempts, 1);
    let day_us = 24 * 3_600 * 1_000_000;
    world.now_us.set(world.now_us.get() + 4 * day_us);
    update(&world, &config, "acme", &webhook, r#"{"url":"https://example.com/new"}"#).unwrap();
    world.now_us.set(world.now_us.get() + 2 * day_us);
    for (wait_us, active) in [(4 * day_us, true), (0, true)] {
        accept_many(&world, &config, 1);
        assert_eq!(world.deliver(&config).attempts, 1);
        assert_eq!(shown(&world, &config, &webhook)["isActive"], active);
        world.now_us.set(world.now_us.get() + wait_us);
    }
}

#[test]
fn webhook_that_fails_for_long_or_often_is_disabled_once() {
    let day_s = 24 * 3_600;
    let hour = Settings { disable_after_s: Some(3_600), ..settings() };
    let three = Settings { disable_after_deliveries: Some(3), ..settings() };
    // The name of the case, the settings, the seconds between two events, the reason, and the attempts before.
    let rows = [
        ("five days by default", settings(), day_s, "no success for 5 days", 6),
        ("another time", hour, 1_200, "no success for 60 minutes", 4),
        ("a number of deliveries", three, 1, "3 deliveries in a row failed", 3),
    ];
    for (name, settings, wait_s, reason, attempts) in rows {
        let world = World::new(&[500; 50]);
        let config = Config::new(&settings).unwrap();
        let registration = r#"{"url":"https://example.com/in","events":["*"],"schedule":[]}"#;
        let webhook = register(&world, &config, "acme", None, registration).unwrap();
        let webhook: serde_json::Value = serde_json::from_str(&webhook).unwrap();
        let webhook = webhook["id"].as_str().unwrap();
        let mut sent = 0;
        while shown(&world, &config, webhook)["isActive"] == true {
            on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap();
            sent += usize::try_from(world.deliver(&config).attempts).unwrap();
            world.now_us.set(world.now_us.get() + wait_s * 1_000_000);
            assert!(sent < 40, "{name}");
        }
        assert_eq!(sent, attempts, "{name}");
        assert_eq!(shown(&world, &config, webhook)["inactiveReason"], reason, "{name}");
        // Failures before it was switched on again do not count.
        update(&world, &config, "acme", webhook, r#"{"isActive":true}"#).unwrap();
        on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap();
        assert_eq!(world.deliver(&config).attempts, 1, "{name}");
        assert_eq!(shown(&world, &config, webhook)["isActive"], true, "{name}");
    }
}

#[test]
fn webhook_concurrency_bounds_its_requests_in_flight() {
    for (name, fields, most) in [
        ("one", r#""concurrency":1"#, 1),
        ("three", r#""concurrency":3"#, 3),
        ("none given", r#""name":"n""#, LANE_IN_FLIGHT_MAX),
        ("the most", r#""concurrency":64"#, 64),
    ] {
        let world = World::new(&[]);
        let config = Config::new(&settings()).unwrap();
        registered(&world, &config, fields);
        accept_many(&world, &config, 1);
        // From its first success on.
        assert_eq!(world.deliver(&config).delivered, 1);
        accept_many(&world, &config, 200);
        assert_eq!(world.deliver(&config).delivered, 200);
        assert_eq!(world.in_flight_max.get(), most, "{name}");
    }
}

#[test]
fn requests_to_one_host_use_a_part_of_the_slots() {
    let world = World::new(&[]);
    let config = Config::new(&settings()).unwrap();
    for host in ["example.com", "EXAMPLE.com", "example.com.", "example.com:443"] {
        let registration = format!(r#"{{"url":"https://{host}/in","events":["*"],"concurrency":64}}"#);
        register(&world, &config, "acme", None, &registration).unwrap();
    }
    accept_many(&world, &config, 1);
    assert_eq!(world.deliver(&config).delivered, 4);
    accept_many(&world, &config, 90);
    assert_eq!(world.deliver(&config).delivered, 360);
    assert_eq!(world.in_flight_max.get(), limits::HOST_IN_FLIGHT_MAX);
}

#[test]
fn webhook_rate_bounds_its_attempts_per_minute() {
    let world = World::new(&[]);
    let config = Config::new(&settings()).unwrap();
    let webhook = registered(&world, &config, r#""ratePerMinute":120"#);
    accept_many(&world, &config, 5);
    let begun_us = world.now_us();
    // Half a second between two: waited for.
    assert_eq!(world.deliver(&config).delivered, 5);
    let took_ms = (world.now_us() - begun_us) / 1_000;
    assert!((2_000..2_500).contains(&took_ms), "{took_ms}");
    // Six seconds between two: the lane is released meanwhile.
    update(&world, &config, "acme", &webhook, r#"{"ratePerMinute":10}"#).unwrap();
    world.now_us.set(world.now_us.get() + 1_000_000);
    accept_many(&world, &config, 3);
    for wait_s in [0, 6, 6] {
        world.now_us.set(world.now_us.get() + wait_s * 1_000_000);
        assert_eq!(world.deliver(&config).delivered, 1, "{wait_s}");
        assert_eq!(world.deliver(&config).delivered, 0, "{wait_s}");
    }
    update(&world, &config, "acme", &webhook, r#"{"ratePerMinute":0}"#).unwrap();
    assert!(shown(&world, &config, &webhook)["ratePerMinute"].is_null());
    world.deliver(&config);
    is_quiet(&world);
}

#[test]
fn clock_that_was_far_ahead_does_not_pause_a_webhook() {
    let world = World::new(&[]);
    let config = Config::new(&settings()).unwrap();
    registered(&world, &config, r#""ratePerMinute":60"#);
    let now_us = world.now_us.get();
    world.now_us.set(now_us + 365 * 24 * 3_600 * 1_000_000);
    accept_many(&world, &config, 1);
    assert_eq!(world.deliver(&config).delivered, 1);
    world.now_us.set(now_us);
    accept_many(&world, &config, 1);
    assert_eq!(world.deliver(&config).delivered, 1);
}

#[test]
fn unreadable_registration_does_not_prevent_recording() {
    let world = World::new(&[410, 200, 200]);
    let config = Config::new(&settings()).unwrap();
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    registered(&world, &config, r#""schedule":[]"#);
    accept_many(&world, &config, 1);
    let key = keys::webhook(&keys::Lane::of("acme", &webhook));
    world.meddle(At::Wait, move |world| world.put(std::iter::once(key), r#"{"v":1,"damaged":true}"#));
    let report = world.deliver(&config);
    assert_eq!((report.attempts, world.count("attempt"), world.requests.borrow().len()), (2, 2, 2));
    assert!(report.problems.iter().any(|problem| problem.contains(&webhook)), "{:?}", report.problems);
}

#[test]
fn worker_with_the_lane_notices_that_its_webhook_was_disabled() {
    let world = World::new(&[]);
    let config = Rc::new(Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""ratePerMinute":120"#);
    accept_many(&world, &config, 20);
    let (id, other) = (webhook.clone(), config.clone());
    world.meddle(At::Wait, move |world| drop(update(world, &other, "acme", &id, r#"{"isActive":false}"#).unwrap()));
    let report = world.deliver(&config);
    assert!((1..5).contains(&report.delivered), "{report:?}");
    let skipped = log(&world, &config, &webhook).into_iter().filter(|(state, ..)| state == "skipped").count();
    assert_eq!(skipped + report.delivered as usize, 20);
}

#[test]
fn inactive_reason_stays_until_the_webhook_is_active_again() {
    let world = World::new(&[410]);
    let config = Config::new(&settings()).unwrap();
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    accept_many(&world, &config, 1);
    world.deliver(&config);
    update(&world, &config, "acme", &webhook, r#"{"isActive":false,"name":"n"}"#).unwrap();
    assert_eq!(shown(&world, &config, &webhook)["inactiveReason"], "the receiver answered 410");
    update(&world, &config, "acme", &webhook, r#"{"isActive":true}"#).unwrap();
    update(&world, &config, "acme", &webhook, r#"{"isActive":false}"#).unwrap();
    assert!(shown(&world, &config, &webhook)["inactiveReason"].is_null());
}

#[test]
fn webhook_that_keeps_failing_is_sent_to_less_and_less_often() {
    let world = World::new(&[500; 24]);
    let config = Config::new(&settings()).unwrap();
    registered(&world, &config, r#""schedule":[]"#);
    accept_many(&world, &config, 30);
    // The first second is waited for; for longer, the lane is released.
    assert_eq!(world.deliver(&config).attempts, limits::BREAKER_FAILURES + 1);
    for wait_ms in [2_100, 4_100, 8_100] {
        world.now_us.set(world.now_us.get() + (wait_ms - 300) * 1_000);
        assert_eq!(world.deliver(&config).attempts, 0, "{wait_ms}");
        world.now_us.set(world.now_us.get() + 300_000);
        assert_eq!(world.deliver(&config).attempts, 1, "{wait_ms}");
    }
    world.now_us.set(world.now_us.get() + 17_000_000);
    assert_eq!(world.deliver(&config).delivered, 6, "it is well again, and so is everything that waited");
    is_quiet(&world);
}
