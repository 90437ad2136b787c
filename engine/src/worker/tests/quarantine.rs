//! Quarantine: the delivery that crashes workers is found, and the deliveries near it are delayed for a short time only.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::ports::{Clock, Storage};
use crate::store::keys::Lane;
use crate::store::rows::{self, Quarantine, QueuedDelivery};
use crate::support::limits::{QUARANTINE_ALONE_CLAIMS, QUARANTINE_FAILED_CLAIMS, QUARANTINE_FEW_CLAIMS};
use crate::testing::*;
use crate::worker::quarantine::released;
use crate::worker::run::Run;
use crate::*;

/// Runs the worker, each time after all leases, until it has nothing to do. Returns how often it died.
fn run_to_the_end(world: &World, config: &Config) -> u32 {
    let mut deaths = 0;
    for _ in 0..30 {
        match catch_unwind(AssertUnwindSafe(|| world.deliver(config))) {
            Ok(report) if report.attempts == 0 && world.count("timer") == 0 => return deaths,
            Ok(_) => {}
            Err(_) => {
                deaths += 1;
                world.waiting.borrow_mut().clear();
            }
        }
        world.now_us.set(world.now_us.get() + 40_000_000);
    }
    panic!("no end after {deaths} deaths: {:?}", world.store.snapshot());
}

fn quarantine(world: &World, webhook: &str) -> Option<Quarantine> {
    let row = world.store.get_one(&keys::lane(&Lane::of("acme", webhook))).unwrap().unwrap();
    rows::decode::<rows::Lane>(&row.key, &row.value).unwrap().quarantine
}

/// Writes a free lane with a quarantine and a timer that is due in `in_ms` milliseconds.
fn put_quarantine(world: &World, webhook: &str, quarantine: Quarantine, in_ms: u64) {
    let lane = Lane::of("acme", webhook);
    let timer = keys::timer(world.now_us() / 1_000 + in_ms, &lane, "x");
    let row =
        rows::Lane { token: "x".to_owned(), until_ms: 0, timer: Some(timer.clone()), quarantine: Some(quarantine) };
    world.put(std::iter::once(keys::lane(&lane)), &rows::encode(&row));
    world.put(std::iter::once(timer), r#"{"v":1}"#);
}

fn claimed(claims: u32) -> Quarantine {
    Quarantine { claims, ..Quarantine::default() }
}

fn subscribed(world: &World, config: &Config, events: &str) -> String {
    let registration = format!(r#"{{"url":"https://{}.example/in","events":["{events}"]}}"#, world.drawn.get());
    let shown = register(world, config, "acme", None, &registration).unwrap();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    shown["id"].as_str().unwrap().to_owned()
}

/// Routes all accepted messages and sends none.
fn route_only(world: &World, config: &Config) {
    let mut run = Run::new(world, config, Budget { time_ms: 10_000, attempts_max: 10 });
    assert!(run.route().unwrap());
}

fn states(world: &World, config: &Config, webhook: &str) -> Vec<String> {
    let mut states: Vec<String> = log(world, config, webhook).into_iter().map(|(state, ..)| state).collect();
    states.sort();
    states
}

#[test]
fn delivery_that_crashes_workers_ends_as_failed_and_no_other_does() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let (one, other) = (subscribed(&world, &config, "*"), subscribed(&world, &config, "a"));
    accept_many(&world, &config, 4);
    let deadly = on_event(&world, &config, Some("acme"), r#"{"type":"b"}"#).unwrap().message_id;
    accept_many(&world, &config, 4);
    *world.deadly.borrow_mut() = vec![keys::message("acme", &deadly)];
    assert_eq!(run_to_the_end(&world, &config), QUARANTINE_FAILED_CLAIMS);
    is_quiet(&world);
    let delivered = "delivered".to_owned();
    assert_eq!(states(&world, &config, &other), vec![delivered.clone(); 8]);
    let expected = [vec![delivered; 8], vec!["failed".to_owned()]].concat();
    assert_eq!(states(&world, &config, &one), expected);
    assert!(quarantine(&world, &one).is_none() && quarantine(&world, &other).is_none());
    *world.deadly.borrow_mut() = Vec::new();
    let told = explain(&world, &config, "acme", &deadly, &one).unwrap();
    assert!(
        told.contains("3 times with others, then 3 times with this delivery alone, since 2025-02-04T12:0"),
        "{told}"
    );
    // It can be redelivered, and its schedule begins anew.
    send_again(&world, &config, &deadly, Some(&one));
    assert_eq!(world.deliver(&config).delivered, 1);
    is_quiet(&world);
}

#[test]
fn quarantine_after_a_release_depends_on_recorded_attempts() {
    const ALONE: u32 = QUARANTINE_ALONE_CLAIMS;
    const FAILED: u32 = QUARANTINE_FAILED_CLAIMS;
    const FEW: u32 = QUARANTINE_FEW_CLAIMS;
    /// The quarantine that is kept: the claims, whether it names the delivery, and the recorded attempts.
    type Kept = Option<(u32, bool, Option<u32>)>;
    /// The name of the case, the claims and the attempts recorded before, those recorded now, whether nothing is left that is
    /// due, and what stays.
    type Row = (&'static str, (u32, Option<u32>), usize, bool, Kept);
    let rows: [Row; 16] = [
        ("none recorded, as if it had not been claimed", (1, None), 0, false, None),
        ("none recorded, still in quarantine before", (ALONE, None), 0, false, Some((ALONE - 1, true, None))),
        ("none recorded, count kept", (FAILED + 1, Some(7)), 0, false, Some((FAILED, true, Some(7)))),
        ("as many as were in flight", (1, None), 8, false, None),
        ("as many as were in flight, after three claims", (ALONE, None), 8, false, None),
        ("as many as were in flight, together with earlier ones", (ALONE, Some(7)), 1, false, None),
        ("more than were in flight", (ALONE, Some(20)), 1, false, None),
        ("fewer, first claim", (1, None), 7, false, None),
        ("fewer, remembered", (2, None), 7, false, Some((1, false, Some(7)))),
        ("fewer, added to earlier ones", (2, Some(3)), 4, false, Some((1, false, Some(7)))),
        ("fewer, alone", (ALONE + 1, Some(3)), 4, false, Some((ALONE, false, Some(7)))),
        ("fewer, alone at the last claim", (FAILED + 1, None), 1, false, Some((ALONE, false, Some(1)))),
        ("enough, but made alone", (ALONE + 1, None), 8, false, Some((FEW, false, None))),
        ("enough, but made alone at the last claim", (FAILED + 1, Some(7)), 1, false, Some((FEW, false, None))),
        ("nothing due is left", (FAILED + 1, None), 1, true, None),
        ("nothing due is left, none recorded", (FAILED + 1, None), 0, true, None),
    ];
    let delivery = Some(QueuedDelivery { message: "msg_x".to_owned(), number: 1 });
    for (name, (claims, before), recorded, is_through, expected) in rows {
        let quarantine = Quarantine { claims, delivery: delivery.clone(), since_ms: Some(7), recorded: before };
        let kept = released(&quarantine, recorded, 8, is_through);
        assert_eq!(kept.map(|kept| (kept.claims, kept.delivery.is_some(), kept.recorded)), expected, "{name}");
    }
}

#[test]
fn quarantine_ends_after_as_many_recorded_attempts_as_slots() {
    for (name, wishes, answers, recorded, left) in [
        ("default slots, one too few", "", vec![], 7, Some((2, Some(7)))),
        ("default slots", "", vec![], 8, None),
        ("three slots, one too few", r#","concurrency":3"#, vec![], 2, Some((2, Some(2)))),
        ("three slots", r#","concurrency":3"#, vec![], 3, None),
        ("many slots, one too few", r#","concurrency":64"#, vec![], 7, Some((2, Some(7)))),
        ("many slots count as eight", r#","concurrency":64"#, vec![], 8, None),
        ("strict order has one in flight", r#","strictOrder":true"#, vec![], 1, None),
        ("failing receiver has one in flight", "", vec![500; 2], 1, None),
    ] {
        let (world, config) = (World::new(&answers), Config::new(&settings()).unwrap());
        let one = registered(&world, &config, &format!(r#""schedule":[]{wishes}"#));
        accept_many(&world, &config, 1);
        world.deliver(&config);
        accept_many(&world, &config, 20);
        route_only(&world, &config);
        put_quarantine(&world, &one, claimed(2), 0);
        let report = deliver(&world, &config, Budget { time_ms: 10_000, attempts_max: recorded }).unwrap();
        assert_eq!(report.attempts, recorded, "{name}");
        let kept = quarantine(&world, &one).map(|quarantine| (quarantine.claims, quarantine.recorded));
        assert_eq!(kept, left, "{name}");
    }
}

#[test]
fn quarantine_ends_when_only_a_distant_retry_is_left() {
    let (world, config) = (World::new(&[500]), Config::new(&settings()).unwrap());
    let one = registered(&world, &config, r#""schedule":[18000]"#);
    accept_many(&world, &config, 1);
    assert_eq!(world.deliver(&config).attempts, 1);
    accept_many(&world, &config, 1);
    route_only(&world, &config);
    put_quarantine(&world, &one, claimed(QUARANTINE_ALONE_CLAIMS), 0);
    assert_eq!(world.deliver(&config).delivered, 1);
    assert!(quarantine(&world, &one).is_none());
}

#[test]
fn attempts_recorded_before_a_lease_ran_out_do_not_count() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let one = registered(&world, &config, r#""schedule":[]"#);
    accept_many(&world, &config, 1);
    world.deliver(&config);
    let ids: Vec<String> =
        (0..20).map(|_| on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap().message_id).collect();
    route_only(&world, &config);
    let before = Quarantine { claims: 1, recorded: Some(7), ..Quarantine::default() };
    let a_little = || deliver(&world, &config, Budget { time_ms: 10_000, attempts_max: 1 }).unwrap();
    for taken_over in [true, false] {
        put_quarantine(&world, &one, before.clone(), 0);
        world.deadly.borrow_mut().extend(ids.iter().map(|id| keys::message("acme", id)));
        catch_unwind(AssertUnwindSafe(a_little)).unwrap_err();
        world.deadly.borrow_mut().clear();
        if taken_over {
            assert_eq!(reclaim_leases(&world, &config).unwrap(), 1);
        } else {
            world.now_us.set(world.now_us.get() + limits::LEASE_MS_MAX * 1_000);
        }
        a_little();
        let quarantine = quarantine(&world, &one).unwrap();
        assert_eq!((quarantine.claims, quarantine.recorded), (2, Some(1)));
    }
    // After a lease that was given back it does.
    put_quarantine(&world, &one, before, 0);
    a_little();
    assert!(quarantine(&world, &one).is_none());
}

#[test]
fn short_leases_before_a_deadly_delivery_do_not_end_the_quarantine() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let one = subscribed(&world, &config, "*");
    accept_many(&world, &config, 1);
    assert_eq!(world.deliver(&config).delivered, 1, "it has its slots");
    accept_many(&world, &config, 6);
    let deadly = on_event(&world, &config, Some("acme"), r#"{"type":"b"}"#).unwrap().message_id;
    accept_many(&world, &config, 6);
    *world.deadly.borrow_mut() = vec![keys::message("acme", &deadly)];
    let mut deaths = 0;
    for turn in 0..20 {
        // Every other run makes one attempt, which is not the deadly one.
        let attempts_max = if turn % 2 == 0 { 100 } else { 1 };
        let budget = Budget { time_ms: 10_000, attempts_max };
        if catch_unwind(AssertUnwindSafe(|| deliver(&world, &config, budget).unwrap())).is_err() {
            deaths += 1;
            world.waiting.borrow_mut().clear();
        }
        world.now_us.set(world.now_us.get() + 40_000_000);
    }
    assert_eq!(deaths, QUARANTINE_FAILED_CLAIMS);
    let states = states(&world, &config, &one);
    assert_eq!(states.iter().filter(|state| *state == "delivered").count(), 13);
    assert_eq!(states.iter().filter(|state| *state == "failed").count(), 1);
    is_quiet(&world);
}

#[test]
fn lanes_in_quarantine_recover_one_after_the_other_in_one_run() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let lanes: Vec<String> = (0..5).map(|_| subscribed(&world, &config, "a")).collect();
    accept_many(&world, &config, 3);
    route_only(&world, &config);
    for lane in &lanes {
        put_quarantine(&world, lane, claimed(QUARANTINE_ALONE_CLAIMS), 0);
    }
    let begun_us = world.now_us();
    assert_eq!(world.deliver(&config).delivered, 15);
    assert_eq!(world.in_flight_max.get(), 1);
    assert!(world.now_us() < begun_us + 1_000_000, "{}", world.now_us() - begun_us);
    assert!(lanes.iter().all(|lane| quarantine(&world, lane).is_none()));
    assert_eq!(run_to_the_end(&world, &config), 0);
}

#[test]
fn lane_with_two_lost_leases_shares_a_worker_with_few_others() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let lanes: Vec<String> = (0..40).map(|_| subscribed(&world, &config, "a")).collect();
    accept_many(&world, &config, 1);
    route_only(&world, &config);
    for lane in &lanes {
        put_quarantine(&world, lane, claimed(QUARANTINE_FEW_CLAIMS), 0);
    }
    assert_eq!(world.deliver(&config).delivered, 40);
    // Webhooks without a success use half of the places.
    assert_eq!(world.in_flight_max.get(), limits::QUARANTINE_LANES_MAX / 2);
}

#[test]
fn lane_in_quarantine_is_not_delayed_by_a_busy_one() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let busy = registered(&world, &config, r#""ratePerMinute":600"#);
    let lane = subscribed(&world, &config, "b");
    put_quarantine(&world, &lane, claimed(QUARANTINE_ALONE_CLAIMS), 1_000);
    accept_many(&world, &config, 600);
    on_event(&world, &config, Some("acme"), r#"{"type":"b"}"#).unwrap();
    let begun_us = world.now_us();
    let report = deliver(&world, &config, Budget { time_ms: 90_000, attempts_max: 1_000 }).unwrap();
    assert_eq!(report.delivered, 602);
    let requests = world.requests.borrow();
    let url = shown(&world, &config, &lane)["url"].as_str().unwrap().to_owned();
    let before = requests.iter().position(|request| request.url == url).unwrap();
    // Ten a second: it waited for a while, and then for the end of a lease.
    assert!((100..300).contains(&before), "{before}");
    // And the other one did not wait for long: 600 tenths of a second.
    assert!(world.now_us() < begun_us + 63_000_000, "{}", world.now_us() - begun_us);
    assert!(quarantine(&world, &lane).is_none() && quarantine(&world, &busy).is_none());
}

#[test]
fn delivery_that_cannot_be_recorded_ends_as_failed_and_no_other_does() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let (one, other) = (subscribed(&world, &config, "*"), subscribed(&world, &config, "a"));
    accept_many(&world, &config, 1);
    let bad = on_event(&world, &config, Some("acme"), r#"{"type":"b"}"#).unwrap().message_id;
    *world.refused.borrow_mut() = Some(format!("attempt/acme/{bad}/"));
    assert_eq!(world.deliver(&config).delivered, 2, "before it, and of the other one");
    accept_many(&world, &config, 3);
    let report = world.deliver(&config);
    assert_eq!((report.delivered, report.problems.len()), (3, 0), "its lane is leased: {report:?}");
    assert_eq!(states(&world, &config, &other), vec!["delivered"; 4]);
    assert_eq!(run_to_the_end(&world, &config), 0);
    let sent =
        world.requests.borrow().iter().filter(|request| request.body.as_ref().unwrap().contains("\"b\"")).count();
    assert_eq!(sent, QUARANTINE_FAILED_CLAIMS as usize);
    assert_eq!(states(&world, &config, &one), ["delivered", "delivered", "delivered", "delivered", "failed"]);
    assert!(quarantine(&world, &one).is_none());
    is_quiet(&world);
}

#[test]
fn reclaim_keeps_the_quarantine() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let one = subscribed(&world, &config, "*");
    let deadly = on_event(&world, &config, Some("acme"), r#"{"type":"b"}"#).unwrap().message_id;
    let other = on_event(&world, &config, Some("acme"), r#"{"type":"b"}"#).unwrap().message_id;
    *world.deadly.borrow_mut() = vec![keys::message("acme", &deadly)];
    for claims in 1..=QUARANTINE_FAILED_CLAIMS {
        catch_unwind(AssertUnwindSafe(|| world.deliver(&config))).unwrap_err();
        let alone = claims > QUARANTINE_ALONE_CLAIMS;
        assert_eq!(reclaim_leases(&world, &config).unwrap(), u32::from(!alone), "{claims}");
        if alone {
            assert_eq!(world.deliver(&config).attempts, 0, "not within the lease");
            world.now_us.set(world.now_us.get() + limits::LEASE_MS_MAX * 1_000);
        }
        let quarantine = quarantine(&world, &one).unwrap();
        assert_eq!((quarantine.claims, quarantine.delivery.is_some()), (claims, claims > QUARANTINE_ALONE_CLAIMS));
        let told = explain(&world, &config, "acme", &other, &one).unwrap();
        assert_eq!(told.contains("one delivery is made at a time"), claims >= QUARANTINE_ALONE_CLAIMS, "{told}");
    }
    world.deliver(&config);
    assert_eq!(states(&world, &config, &one), ["delivered", "failed"]);
}

#[test]
fn explain_counts_the_claims_before_a_lease() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let one = subscribed(&world, &config, "*");
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"b"}"#).unwrap().message_id;
    route_only(&world, &config);
    let now_ms = world.now_us() / 1_000;
    for (name, claims, until_ms, told) in [
        ("free, one claim before", QUARANTINE_ALONE_CLAIMS - 1, 0, false),
        ("free, enough claims before", QUARANTINE_ALONE_CLAIMS, 0, true),
        ("leased, the present claim is not counted", QUARANTINE_ALONE_CLAIMS, now_ms + 1_000, false),
        ("leased, enough claims before", QUARANTINE_ALONE_CLAIMS + 1, now_ms + 1_000, true),
        ("a lease that ran out is counted", QUARANTINE_ALONE_CLAIMS, now_ms, true),
    ] {
        let row = rows::Lane { token: "x".to_owned(), until_ms, timer: None, quarantine: Some(claimed(claims)) };
        world.put(std::iter::once(keys::lane(&Lane::of("acme", &one))), &rows::encode(&row));
        let steps = explain(&world, &config, "acme", &message, &one).unwrap();
        assert_eq!(steps.contains("one delivery is made at a time"), told, "{name}: {steps}");
    }
}
