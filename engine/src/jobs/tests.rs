//! Tests of jobs, step by step, with changes by other workers in between.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use super::{Agenda, JobContext};
use crate::ports::{Clock, Storage};
use crate::testing::*;
use crate::*;

const EVER: &str = r#"{"since":"1970-01-01T00:00:00Z"}"#;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Returns the job as the API shows it now.
fn look(world: &World, config: &Config, begun: &str) -> Value {
    let id = parsed(begun)["id"].as_str().unwrap().to_owned();
    parsed(&job(world, config, "acme", &id).unwrap())
}

fn ended(world: &World, config: &Config, begun: &str) -> (String, u64, u64) {
    let job = look(world, config, begun);
    assert!(job["endedAt"].is_string(), "{job}");
    (job["state"].as_str().unwrap().to_owned(), job["scanned"].as_u64().unwrap(), job["affected"].as_u64().unwrap())
}

/// Makes the steps of one job, and nothing else.
fn work_alone(world: &World, config: &Config, begun: &str) {
    let mut agenda = Agenda::new();
    agenda.retention_ensured = true;
    let lane = keys::Lane::of("acme", parsed(begun)["id"].as_str().unwrap());
    let row = world.store.get_one(&keys::job(&lane)).unwrap().unwrap();
    let row: rows::Job = rows::decode(&row.key, &row.value).unwrap();
    agenda.note(&lane, &row.timer.unwrap());
    let mut problems = Vec::new();
    let mut ctx = JobContext { host: world, config, problems: &mut problems };
    while super::work(&mut ctx, &mut agenda, 0).unwrap().progress {}
}

#[test]
fn recover_sends_each_failed_delivery_once() {
    let (world, config) = (World::new(&[500, 500, 500, 200, 500]), Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    accept_many(&world, &config, 4);
    // A webhook without a recent success has one request in flight, so the answers are in order.
    world.deliver(&config);
    let first = recover(&world, &config, "acme", &webhook, EVER).unwrap();
    assert_eq!(look(&world, &config, &first)["state"], "running");
    world.deliver(&config);
    // Three had failed, and one of them fails again.
    assert_eq!(ended(&world, &config, &first), ("done".to_owned(), 4, 3));
    assert_eq!(world.requests.borrow().len(), 7);
    let second = recover(&world, &config, "acme", &webhook, EVER).unwrap();
    world.deliver(&config);
    assert_eq!(ended(&world, &config, &second).2, 1);
    let delivered = log(&world, &config, &webhook).into_iter().filter(|(state, ..)| state == "delivered").count();
    assert_eq!((delivered, world.requests.borrow().len()), (4, 8));
    is_quiet(&world);
}

#[test]
fn recover_keeps_to_its_time_range() {
    let (world, config) = (World::new(&[500, 500]), Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    for _ in 0..2 {
        accept_many(&world, &config, 1);
        world.deliver(&config);
        world.now_us.set(world.now_us.get() + 3_600_000_000);
    }
    let between = time::rfc3339_millis(world.now_us.get() - 5_400_000_000);
    for (range, done) in
        [(format!(r#"{{"since":"{between}"}}"#), 1), (EVER.replace('}', &format!(r#","until":"{between}"}}"#)), 1)]
    {
        let begun = recover(&world, &config, "acme", &webhook, &range).unwrap();
        world.deliver(&config);
        assert_eq!(ended(&world, &config, &begun).2, done, "{range}");
    }
    assert_eq!(world.requests.borrow().len(), 4);
}

#[test]
fn replay_sends_missed_messages_in_order() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    for number in 0..120 {
        let event = format!(r#"{{"type":"{}","data":{{"n":{number}}}}}"#, if number % 2 == 0 { "a" } else { "b" });
        on_event(&world, &config, Some("acme"), &event).unwrap();
        on_event(&world, &config, Some("other"), &event).unwrap();
    }
    world.deliver(&config);
    let shown = register(&world, &config, "acme", None, r#"{"url":"https://example.com/in","events":["a"]}"#).unwrap();
    let webhook = parsed(&shown)["id"].as_str().unwrap().to_owned();
    on_event(&world, &config, Some("acme"), r#"{"type":"a","data":{"n":120}}"#).unwrap();
    world.deliver(&config);
    let begun = replay(&world, &config, "acme", &webhook, EVER).unwrap();
    for _ in 0..20 {
        world.deliver(&config);
        world.now_us.set(world.now_us.get() + 1_000_000);
    }
    assert_eq!(ended(&world, &config, &begun), ("done".to_owned(), 121, 60));
    let number = |body: &Option<String>| parsed(body.as_ref().unwrap())["data"]["n"].as_u64().unwrap();
    let mut sent: Vec<u64> = world.requests.borrow().iter().map(|request| number(&request.body)).collect();
    assert_eq!(sent[0], 120, "it was there already");
    sent.remove(0);
    assert_eq!(sent, (0..120).step_by(2).collect::<Vec<_>>());
    let again = replay(&world, &config, "acme", &webhook, EVER).unwrap();
    world.deliver(&config);
    assert_eq!(ended(&world, &config, &again).2, 0);
    is_quiet(&world);
}

#[test]
fn a_second_deadly_message_in_a_page_costs_no_more_than_the_first() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap().message_id);
    }
    world.deliver(&config);
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    let begun = replay(&world, &config, "acme", &webhook, EVER).unwrap();
    *world.deadly.borrow_mut() = vec![keys::message("acme", &ids[1]), keys::message("acme", &ids[3])];
    let mut deaths = Vec::new();
    for message in [&ids[1], &ids[3]] {
        let mut of_this = 0;
        while !look(&world, &config, &begun)["detail"].as_str().is_some_and(|why| why.contains(message)) {
            let died = catch_unwind(AssertUnwindSafe(|| work_alone(&world, &config, &begun))).is_err();
            of_this += u32::from(died);
            assert!(of_this < 20, "{message} is not left out: {}", look(&world, &config, &begun));
            world.now_us.set(world.now_us.get() + limits::LEASE_MS_MAX * 1_000);
        }
        deaths.push(of_this);
    }
    // Four workers with all of the page, and four with each message: the worker that left the first out died of the second.
    assert_eq!(deaths, [4 + 4 + 1, 3]);
    world.deadly.borrow_mut().clear();
    world.deliver(&config);
    assert_eq!(ended(&world, &config, &begun), ("done".to_owned(), 5, 3));
    assert_eq!(world.requests.borrow().len(), 3);
}

#[test]
fn replay_sends_skipped_messages() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""isActive":false"#);
    accept_many(&world, &config, 3);
    world.deliver(&config);
    let refused = replay(&world, &config, "acme", &webhook, EVER).unwrap_err();
    assert_eq!((refused.kind, refused.field.as_deref()), (ErrorKind::Conflict, Some("webhookId")));
    update(&world, &config, "acme", &webhook, r#"{"isActive":true}"#).unwrap();
    let begun = replay(&world, &config, "acme", &webhook, EVER).unwrap();
    world.deliver(&config);
    assert_eq!(ended(&world, &config, &begun), ("done".to_owned(), 3, 3));
    assert_eq!(world.requests.borrow().len(), 3);
}

#[test]
fn a_message_routed_past_a_new_webhook_is_routed_again() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    accept_many(&world, &config, 1);
    world.meddle(At::Commit("shard/"), |world| {
        // The subscriptions have been read by now. Another worker, which routes nothing, does all of the job.
        let config = Config::new(&settings()).unwrap();
        let webhook = registered(world, &config, r#""name":"new""#);
        let begun = replay(world, &config, "acme", &webhook, EVER).unwrap();
        work_alone(world, &config, &begun);
        assert_eq!(ended(world, &config, &begun), ("done".to_owned(), 0, 0));
    });
    for _ in 0..3 {
        world.deliver(&config);
    }
    assert_eq!(world.requests.borrow().len(), 1);
    is_quiet(&world);
}

#[test]
fn replay_ignores_a_removed_message_whose_id_is_in_use_again() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let event = r#"{"type":"a","id":"e1"}"#;
    on_event(&world, &config, Some("acme"), event).unwrap();
    world.deliver(&config);
    // Too old, say; the row that lists it goes later.
    world.remove("message");
    world.now_us.set(world.now_us.get() + 1_000_000);
    let webhook = registered(&world, &config, r#""name":"new""#);
    assert!(on_event(&world, &config, Some("acme"), event).unwrap().new);
    let begun = replay(&world, &config, "acme", &webhook, EVER).unwrap();
    work_alone(&world, &config, &begun);
    assert_eq!(ended(&world, &config, &begun), ("done".to_owned(), 1, 0));
    for _ in 0..3 {
        world.deliver(&config);
    }
    assert_eq!(world.requests.borrow().len(), 1);
    is_quiet(&world);
}

#[test]
fn a_full_queue_empties_before_a_job_asks_for_more() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    accept_many(&world, &config, 400);
    world.deliver(&config);
    let webhook = registered(&world, &config, r#""ratePerMinute":60"#);
    let begun = replay(&world, &config, "acme", &webhook, EVER).unwrap();
    for _ in 0..5 {
        world.deliver(&config);
    }
    assert!(world.count("queue") <= 130, "{}", world.count("queue"));
    assert_eq!(look(&world, &config, &begun)["state"], "running");
    let id = look(&world, &config, &begun)["id"].as_str().unwrap().to_owned();
    let cancelled = parsed(&cancel_job(&world, &config, "acme", &id).unwrap());
    assert_eq!(cancelled["state"], "cancelled");
    assert_eq!(parsed(&cancel_job(&world, &config, "acme", &id).unwrap()), cancelled, "again");
    let listed = parsed(&jobs(&world, &config, "acme", None, 10).unwrap());
    assert_eq!((listed["data"].as_array().unwrap().len(), &listed["data"][0]), (1, &cancelled));
}

#[test]
fn a_queue_blocked_for_an_hour_is_looked_at_rarely() {
    let (world, config) = (World::new(&[500]), Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""strictOrder":true,"schedule":[3600]"#);
    // The first fails, and each delivery behind it is in a row of its own.
    for _ in 0..70 {
        accept_many(&world, &config, 1);
        world.deliver(&config);
        world.now_us.set(world.now_us.get() + 1_000_000);
    }
    let begun = replay(&world, &config, "acme", &webhook, EVER).unwrap();
    for _ in 0..3 {
        world.deliver(&config);
    }
    let key = keys::job(&keys::Lane::of("acme", parsed(&begun)["id"].as_str().unwrap()));
    let row = world.store.get_one(&key).unwrap().unwrap();
    let row: rows::Job = rows::decode(&row.key, &row.value).unwrap();
    let (due_ms, _) = keys::parse_timer(&row.timer.unwrap()).unwrap();
    let waits_ms = due_ms.saturating_sub(world.now_us() / 1_000);
    assert!((50_000..=60_000).contains(&waits_ms), "{waits_ms} ms");
}

#[test]
fn a_job_ends_with_its_webhook() {
    for (change, state, detail) in [
        (None, "cancelled", "the webhook was deleted"),
        (Some(r#"{"isActive":false}"#), "failed", "nothing is delivered"),
    ] {
        let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
        let webhook = registered(&world, &config, r#""name":"n""#);
        let begun = recover(&world, &config, "acme", &webhook, EVER).unwrap();
        match change {
            None => unregister(&world, &config, "acme", &webhook).map(|_| ()).unwrap(),
            Some(change) => update(&world, &config, "acme", &webhook, change).map(|_| ()).unwrap(),
        }
        world.deliver(&config);
        let job = look(&world, &config, &begun);
        assert_eq!(job["state"], state);
        assert!(job["detail"].as_str().unwrap().starts_with(detail), "{job}");
    }
}

#[test]
fn purge_leaves_the_attempts_of_messages() {
    let (world, config) = (World::new(&[500, 500]), Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""schedule":[3600]"#);
    let stays = registered(&world, &config, r#""schedule":[]"#);
    test_webhook(&world, &config, "acme", &webhook, None).unwrap();
    accept_many(&world, &config, 1);
    world.deliver(&config);
    let id = unregister(&world, &config, "acme", &webhook).unwrap();
    let begun = job(&world, &config, "acme", &id).unwrap();
    assert_eq!(parsed(&begun)["kind"], "purge");
    let refused = cancel_job(&world, &config, "acme", &id).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    for _ in 0..3 {
        world.deliver(&config);
        world.now_us.set(world.now_us.get() + 1_000_000);
    }
    assert_eq!(ended(&world, &config, &begun).0, "done");
    for family in ["lane", "health", "recent"] {
        assert_eq!(world.count(family), 1, "{family} of {stays}");
        assert_eq!(world.count(&format!("{family}/acme/{webhook}")), 0, "{family}");
    }
    // The message, with its attempts: one failed, one cancelled, one of the other webhook.
    assert_eq!((world.count("message"), world.count("attempt")), (1, 3));
    let error = job(&world, &config, "other", &id).unwrap_err();
    assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::NotFound, Some("jobId")));
    is_quiet(&world);
}

#[test]
fn purge_waits_for_a_lane_that_another_worker_takes() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""name":"n""#);
    accept_many(&world, &config, 1);
    world.deliver(&config);
    let id = unregister(&world, &config, "acme", &webhook).unwrap();
    let begun = job(&world, &config, "acme", &id).unwrap();
    let key = format!("lane/acme/{webhook}");
    let lane = key.clone();
    world.meddle(At::Commit("lane/"), move |world| {
        let leased = format!(r#"{{"v":1,"token":"t","untilMs":{}}}"#, world.now_us.get() / 1_000 + 10_000);
        world.put(std::iter::once(lane), &leased);
    });
    work_alone(&world, &config, &begun);
    assert!(world.store.get_one(&key).unwrap().is_some());
    assert_eq!(look(&world, &config, &begun)["state"], "running");
}

#[test]
fn a_step_with_an_unknown_outcome_is_made_once() {
    let (world, config) = (World::new(&[500, 500, 200]), Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    accept_many(&world, &config, 2);
    world.deliver(&config);
    let begun = recover(&world, &config, "acme", &webhook, EVER).unwrap();
    world.meddle(At::Applied("job/"), |_| ());
    world.deliver(&config);
    assert_eq!(ended(&world, &config, &begun).2, 2);
    assert_eq!(world.requests.borrow().len(), 4);
    is_quiet(&world);
}

/// One row: a range, and the field for which it is refused.
#[test]
fn ranges_are_checked() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""name":"n""#);
    for (range, field) in [
        ("{}", Some("since")),
        (r#"{"since":7}"#, Some("since")),
        (r#"{"since":"yesterday"}"#, Some("since")),
        (r#"{"since":"2025-02-04T12:00:00Z","until":"2025-02-04T11:00:00Z"}"#, Some("until")),
        (r#"{"since":"2025-02-04T12:00:00Z","to":"2025-02-04T13:00:00Z"}"#, Some("to")),
        ("", None),
    ] {
        let error = recover(&world, &config, "acme", &webhook, range).unwrap_err();
        assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::Invalid, field), "{range}: {error}");
    }
    assert_eq!(world.count("job"), 0);
}

#[test]
fn a_tenant_runs_twenty_sending_jobs_at_most() {
    let (world, config) = (World::new(&[500]), Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap().message_id;
    world.deliver(&config);
    let begun: Vec<String> = (0..limits::JOBS_RUNNING_MAX)
        .map(|_| {
            world.now_us.set(world.now_us.get() + 1_000);
            recover(&world, &config, "acme", &webhook, EVER).unwrap()
        })
        .collect();
    let error = replay(&world, &config, "acme", &webhook, EVER).unwrap_err();
    let oldest = parsed(&begun[0])["id"].as_str().unwrap().to_owned();
    assert!(error.kind == ErrorKind::Conflict && error.to_string().contains(&oldest), "{error}");
    let other = register(&world, &config, "other", None, r#"{"url":"https://a.example/","events":["*"]}"#).unwrap();
    recover(&world, &config, "other", parsed(&other)["id"].as_str().unwrap(), EVER).expect("another tenant's own");
    cancel_job(&world, &config, "acme", &oldest).unwrap();
    replay(&world, &config, "acme", &webhook, EVER).unwrap();
    world.deliver(&config);
    recover(&world, &config, "acme", &webhook, EVER).expect("they have ended");
    let told = explain(&world, &config, "acme", &message, &webhook).unwrap();
    assert!(told.contains("a redelivery was requested, by the job job_"), "{told}");
}

#[test]
fn a_tenant_runs_twenty_erasures_at_most() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    registered(&world, &config, r#""name":"n""#);
    let subject = |id: usize| format!(r#"{{"subject":{{"type":"user","id":{id}}}}}"#);
    let event = |id: usize| format!(r#"{{"type":"a","subject":{{"type":"user","id":{id}}}}}"#);
    for id in 0..limits::JOBS_RUNNING_MAX {
        on_event(&world, &config, Some("acme"), &event(id)).unwrap();
        erase(&world, &config, "acme", &subject(id)).unwrap();
    }
    let error = erase(&world, &config, "acme", &subject(1_000)).unwrap_err();
    assert!(error.kind == ErrorKind::Conflict && error.to_string().contains("that erase are running"), "{error}");
    erase(&world, &config, "other", &subject(0)).expect("another tenant's own");
    for _ in 0..100 {
        world.deliver(&config);
    }
    let page = parsed(&jobs(&world, &config, "acme", None, 100).unwrap());
    assert!(page["data"].as_array().unwrap().iter().all(|job| job["state"] == "running"), "{page}");
    erase(&world, &config, "acme", &subject(1_000)).expect("they only wait until the ids are free");
}

#[test]
fn tenants_take_turns_with_their_jobs() {
    let mut agenda = Agenda::new();
    let mut due = |tenant: &str, number: usize| {
        let lane = keys::Lane::of(tenant, &format!("job_{number:026}"));
        agenda.note(&lane, &keys::timer(number as u64, &lane, "t"));
    };
    (0..100).for_each(|number| due("many", number));
    due("few", 0);
    due("_", 0);
    let turns: Vec<String> =
        std::iter::from_fn(|| agenda.next_due()).map(|due| due.lane.tenant_part().to_owned()).collect();
    let rest = vec!["many"; limits::JOBS_DUE_OF_TENANT_MAX - 1];
    assert_eq!(turns, [vec!["many", "_", "few"], rest].concat());
}

/// Six deliveries that failed in different ways: types, states and statuses.
fn failures(world: &World, config: &Config) -> String {
    let webhook = registered(world, config, r#""schedule":[]"#);
    for event_type in ["order.paid", "order.item.paid", "user.login", "user.login"] {
        on_event(world, config, Some("acme"), &format!(r#"{{"type":"{event_type}"}}"#)).unwrap();
        world.deliver(config);
        world.now_us.set(world.now_us.get() + 120_000_000);
    }
    webhook
}

#[test]
fn recover_keeps_to_its_filter() {
    let rows = [
        ("", 4),
        (r#","eventTypes":["order.*"]"#, 2),
        (r#","eventTypes":["order.*.paid"]"#, 1),
        (r#","eventTypes":["!user.login"]"#, 2),
        (r#","statuses":["5xx"]"#, 2),
        (r#","statuses":[404,"500-502"]"#, 2),
        (r#","statuses":["2xx"]"#, 0),
        (r#","errors":["timeout"]"#, 0),
        (r#","errors":["timeout"],"statuses":["4xx"]"#, 2),
        (r#","states":["failed"]"#, 0),
        (r#","states":["exhausted"],"eventTypes":["user.*"],"statuses":[503]"#, 1),
    ];
    for (filter, expected) in rows {
        let (world, config) = (World::new(&[500, 404, 503, 429]), Config::new(&settings()).unwrap());
        let webhook = failures(&world, &config);
        let begun = recover(&world, &config, "acme", &webhook, &EVER.replace('}', &format!("{filter}}}"))).unwrap();
        world.deliver(&config);
        assert_eq!(ended(&world, &config, &begun), ("done".to_owned(), 4, expected), "{filter}");
        let job = look(&world, &config, &begun);
        assert_eq!(job["eventTypes"].is_array(), filter.contains("eventTypes"), "{job}");
        assert_eq!(job["statuses"].is_array(), filter.contains("statuses"), "{job}");
    }
}

#[test]
fn replay_keeps_to_its_filter() {
    for (filter, expected) in [
        ("", 4),
        (r#","states":["none"]"#, 2),
        (r#","states":["skipped"]"#, 2),
        (r#","states":["skipped","none"],"eventTypes":["*.paid"]"#, 2),
        (r#","eventTypes":["!order.*"]"#, 2),
        (r#","eventTypes":["asset.*"]"#, 0),
    ] {
        let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
        let accept = |event_type: &str| {
            on_event(&world, &config, Some("acme"), &format!(r#"{{"type":"{event_type}"}}"#)).unwrap();
            world.deliver(&config);
        };
        accept("order.paid");
        accept("user.login");
        let webhook = registered(&world, &config, r#""isActive":false"#);
        accept("order.paid");
        accept("user.login");
        update(&world, &config, "acme", &webhook, r#"{"isActive":true}"#).unwrap();
        let begun = replay(&world, &config, "acme", &webhook, &EVER.replace('}', &format!("{filter}}}"))).unwrap();
        world.deliver(&config);
        assert_eq!(ended(&world, &config, &begun).2, expected, "{filter}");
    }
}

#[test]
fn recover_does_not_take_a_message_for_a_removed_one_of_the_same_id() {
    let (world, config) = (World::new(&[500, 500]), Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    let event = r#"{"type":"a","id":"1"}"#;
    on_event(&world, &config, Some("acme"), event).unwrap();
    world.deliver(&config);
    let until = time::rfc3339_millis(world.now_us.get());
    for family in ["message", "attempt", "routed"] {
        world.remove(family);
    }
    world.now_us.set(world.now_us.get() + 3_600_000_000);
    on_event(&world, &config, Some("acme"), event).unwrap();
    world.deliver(&config);
    let range = EVER.replace('}', &format!(r#","until":"{until}"}}"#));
    let begun = recover(&world, &config, "acme", &webhook, &range).unwrap();
    world.deliver(&config);
    assert_eq!(ended(&world, &config, &begun), ("done".to_owned(), 1, 0));
}
