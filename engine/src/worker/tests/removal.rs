//! Removal: retention, redaction and erasure.

use std::rc::Rc;

use crate::ports::{Clock, Direction, KeyRange, Storage};
use crate::store::keys::Lane;
use crate::support::limits::{ERASE_TOMBSTONE_MS, RETENTION_ATTEMPTS_MAX, RETENTION_PAUSE_MS_MAX};
use crate::testing::*;
use crate::*;

const DAY_US: u64 = 24 * 3_600 * 1_000_000;
/// The families of the rows that name messages.
const KINDS: [&str; 8] = ["message", "inbox", "queue", "attempt", "recent", "routed", "redacted", "erasure"];

fn kept(retention_s: u32) -> Config {
    Config::new(&Settings { retention_s: Some(retention_s), ..settings() }).unwrap()
}

fn pass(world: &World, us: u64) {
    world.now_us.set(world.now_us.get() + us);
}

/// Returns the key of the first row that contains a text.
fn mentions(world: &World, text: &str) -> Option<String> {
    let range = KeyRange { start: "a".to_owned(), end: "z".to_owned() };
    let rows = world.store.scan(&range, 1_000, Direction::Forward).unwrap();
    rows.into_iter().find(|row| row.key.contains(text) || row.value.contains(text)).map(|row| row.key)
}

fn accept(world: &World, config: &Config, event: &str) -> String {
    on_event(world, config, Some("acme"), event).unwrap().message_id
}

#[test]
fn ended_message_is_removed_after_the_retention_and_waiting_one_stays() {
    let (world, config) = (World::new(&[200, 500]), kept(24 * 3_600));
    let well = registered(&world, &config, r#""schedule":[]"#);
    let done = accept(&world, &config, r#"{"type":"a","id":"1"}"#);
    world.deliver(&config);
    test_webhook(&world, &config, "acme", &well, None).unwrap();
    world.statuses.borrow_mut().push_back(500);
    update(&world, &config, "acme", &well, r#"{"schedule":[604800]}"#).unwrap();
    let waiting = accept(&world, &config, r#"{"type":"a","id":"2"}"#);
    world.deliver(&config);
    // No webhook subscribes to it.
    update(&world, &config, "acme", &well, r#"{"events":["b"]}"#).unwrap();
    accept(&world, &config, r#"{"type":"a","id":"3"}"#);
    world.deliver(&config);
    assert_eq!(world.count("message"), 4);
    pass(&world, DAY_US / 2);
    world.deliver(&config);
    assert_eq!(world.count("message"), 4, "nothing is too old");
    pass(&world, DAY_US);
    world.deliver(&config);
    assert_eq!(message(&world, &config, "acme", &done).unwrap_err().kind, ErrorKind::NotFound);
    message(&world, &config, "acme", &waiting).unwrap();
    assert_eq!(
        (world.count("message"), world.count("attempt"), world.count("routed"), world.count("recent")),
        (1, 1, 1, 0)
    );
    // The same id begins anew: its idempotency has ended with the message.
    assert!(on_event(&world, &config, Some("acme"), r#"{"type":"a","id":"1"}"#).unwrap().new);
    world.deliver(&config);
    pass(&world, 8 * DAY_US);
    world.deliver(&config);
    assert_eq!(world.count("message"), 1, "it has just ended, and was routed long ago: {:?}", world.store.snapshot());
    pass(&world, DAY_US + 10_000_000);
    world.deliver(&config);
    for kind in KINDS {
        assert_eq!(world.count(kind), 0, "{kind}");
    }
    assert_eq!(world.count("job"), 1, "the one that removes");
    let everything = kept(0);
    world.deliver(&everything);
    pass(&world, DAY_US);
    world.deliver(&everything);
    assert_eq!(world.count("timer"), 0, "whoever keeps everything has nothing to do");
    world.deliver(&config);
    assert_eq!(world.count("timer"), 1);
}

#[test]
fn redelivery_keeps_a_message_that_is_about_to_be_removed() {
    let world = World::new(&[]);
    let config = Rc::new(kept(24 * 3_600));
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    let id = accept(&world, &config, r#"{"type":"a","id":"1"}"#);
    world.deliver(&config);
    pass(&world, 2 * DAY_US);
    let (other, message) = (config.clone(), id.clone());
    world.meddle(At::Commit("message/"), move |world| {
        assert_eq!(send_again(world, &other, &message, Some(&webhook)).len(), 1);
    });
    world.deliver(&config);
    let shown: serde_json::Value = serde_json::from_str(&message_of(&world, &config, &id)).unwrap();
    assert_eq!(shown["attempts"].as_array().unwrap().len(), 2, "{shown}");
}

fn message_of(world: &World, config: &Config, id: &str) -> String {
    message(world, config, "acme", id).unwrap()
}

#[test]
fn message_with_many_attempts_is_removed_in_several_commits() {
    let world = World::new(&[]);
    let config = kept(24 * 3_600);
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    let id = accept(&world, &config, r#"{"type":"a","id":"1"}"#);
    world.deliver(&config);
    let lane = Lane::of(&keys::part("acme"), &webhook);
    let many = u32::try_from(RETENTION_ATTEMPTS_MAX * 2 + 50).unwrap();
    let row = world.store.get(&[keys::attempt(&lane, &id, 1)]).unwrap().remove(0).unwrap();
    for number in 2..=many {
        world.put(std::iter::once(keys::attempt(&lane, &id, number)), &row.value);
    }
    pass(&world, 2 * DAY_US);
    world.deliver(&config);
    for kind in KINDS {
        assert_eq!(world.count(kind), 0, "{kind}");
    }
}

#[test]
fn tenant_without_bodies_keeps_no_content_after_all_deliveries_have_ended() {
    let (world, config) = (World::new(&[500]), kept(24 * 3_600));
    let webhook = registered(&world, &config, r#""schedule":[60]"#);
    let event = r#"{"type":"a","id":"1","data":{"x":"needle"},"subject":{"type":"asset","id":7}}"#;
    let id = accept(&world, &config, event);
    let other = on_event(&world, &config, Some("other"), r#"{"type":"a","data":{"x":"hay"}}"#).unwrap().message_id;
    world.deliver(&config);
    update_settings(&world, &config, "acme", r#"{"keepBodies":false}"#).unwrap();
    world.deliver(&config);
    assert!(mentions(&world, "needle").is_some(), "it waits for another attempt");
    pass(&world, 70_000_000);
    world.deliver(&config);
    assert_eq!(log(&world, &config, &webhook).len(), 2);
    // The pass before came upon nothing younger than a tenth of this.
    pass(&world, 8_000_000);
    world.deliver(&config);
    assert_eq!((mentions(&world, "needle"), world.count("redacted"), world.count("routed")), (None, 1, 1));
    assert!(mentions(&world, "hay").is_some() && !other.is_empty());
    let shown: serde_json::Value = serde_json::from_str(&message_of(&world, &config, &id)).unwrap();
    assert_eq!((&shown["event"], &shown["type"]), (&serde_json::Value::Null, &"a".into()));
    let error = redeliver(&world, &config, "acme", &id, Some(&webhook)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
    // It is still known by its id.
    assert!(!on_event(&world, &config, Some("acme"), event).unwrap().new);
    update_settings(&world, &config, "acme", r#"{"keepBodies":true}"#).unwrap();
    pass(&world, 100_000_000);
    world.deliver(&config);
    assert!(world.count("job") == 2 && world.count("timer") == 1, "the job has ended: {:?}", world.store.snapshot());
    // It can still be erased, and goes with the retention.
    erased(&world, &config, "7");
    assert_eq!(message(&world, &config, "acme", &id).unwrap_err().kind, ErrorKind::NotFound);
    pass(&world, 2 * DAY_US);
    world.deliver(&config);
    for kind in KINDS {
        assert_eq!(world.count(kind), 0, "{kind}");
    }
}

fn erased(world: &World, config: &Config, id: &str) -> serde_json::Value {
    let request = format!(r#"{{"subject":{{"type":"asset","id":{id}}}}}"#);
    let job: serde_json::Value = serde_json::from_str(&erase(world, config, "acme", &request).unwrap()).unwrap();
    let job = job["id"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        world.deliver(config);
        pass(world, ERASE_TOMBSTONE_MS * 1_000 + 1);
    }
    serde_json::from_str(&crate::job(world, config, "acme", &job).unwrap()).unwrap()
}

#[test]
fn erasure_removes_every_row_that_names_a_message_of_the_subject() {
    let (world, config) = (World::new(&[200, 200, 500, 500]), kept(0));
    let webhook = registered(&world, &config, r#""schedule":[604800]"#);
    let subject =
        |id: &str| format!(r#"{{"type":"a","subject":{{"type":"asset","id":{id}}},"data":{{"x":"needle"}}}}"#);
    let mut gone = Vec::new();
    // Delivered, waiting for another attempt, and not routed yet; and another subject's between them.
    for _ in 0..2 {
        gone.push(accept(&world, &config, &subject("7")));
        let other = accept(&world, &config, r#"{"type":"a","subject":{"type":"asset","id":8}}"#);
        world.deliver(&config);
        assert!(!other.is_empty());
    }
    gone.push(accept(&world, &config, &subject("\"7\"")));
    for (request, field) in [
        ("{}", "subject"),
        (r#"{"subject":{"type":"asset"}}"#, "subject.id"),
        (r#"{"subject":{"id":7}}"#, "subject.type"),
        (r#"{"subject":{"type":"asset","id":7,"x":1}}"#, "subject.x"),
    ] {
        assert_eq!(erase(&world, &config, "acme", request).unwrap_err().field.as_deref(), Some(field), "{request}");
    }
    let sent = world.requests.borrow().len();
    let job = erased(&world, &config, "7");
    assert_eq!((&job["state"], &job["affected"], &job["scanned"]), (&"done".into(), &3.into(), &5.into()), "{job}");
    assert_eq!(world.requests.borrow().len(), sent, "nothing of it is sent any more");
    assert_eq!(mentions(&world, "needle"), None);
    for id in &gone {
        assert_eq!(mentions(&world, id), None);
        assert_eq!(message(&world, &config, "acme", id).unwrap_err().kind, ErrorKind::NotFound);
    }
    assert_eq!(
        (world.count("erasure"), world.count("message"), world.count("attempt"), world.count("routed")),
        (0, 2, 2, 2)
    );
    // The others go on.
    assert_eq!(world.count("queue"), 1);
    assert_eq!(log(&world, &config, &webhook).len(), 2);
    pass(&world, 8 * DAY_US);
    world.deliver(&config);
    assert_eq!(log(&world, &config, &webhook).len(), 3);
    assert_eq!(erased(&world, &config, "9")["affected"], 0);
    is_quiet(&world);
}

#[test]
fn attempt_in_flight_during_an_erasure_leaves_no_row() {
    let (world, config) = (World::new(&[500, 200]), Rc::new(kept(0)));
    let webhook = registered(&world, &config, r#""schedule":[60]"#);
    let event = r#"{"type":"a","id":"1","subject":{"type":"asset","id":7},"data":{"x":"needle"}}"#;
    let id = accept(&world, &config, event);
    accept(&world, &config, r#"{"type":"a","id":"2"}"#);
    let other = config.clone();
    world.meddle(At::Wait, move |world| {
        erase(world, &other, "acme", r#"{"subject":{"type":"asset","id":7}}"#).unwrap();
        other_worker(world, &other);
        let error = on_event(world, &other, Some("acme"), event).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "the id is not free yet: {error}");
    });
    world.deliver(&config);
    pass(&world, ERASE_TOMBSTONE_MS * 1_000 + 1);
    world.deliver(&config);
    assert_eq!((mentions(&world, &id), mentions(&world, "needle")), (None, None));
    assert_eq!(log(&world, &config, &webhook).len(), 1);
    is_quiet(&world);
    assert!(on_event(&world, &config, Some("acme"), event).unwrap().new);
}

/// Another worker does the jobs, while this one waits for its receivers.
fn other_worker(world: &World, config: &Config) {
    let waiting = std::mem::take(&mut *world.waiting.borrow_mut());
    world.deliver(config);
    *world.waiting.borrow_mut() = waiting;
}

#[test]
fn tombstone_reads_as_not_found() {
    let (world, config) = (World::new(&[]), kept(0));
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    let id = accept(&world, &config, r#"{"type":"a","id":"1","subject":{"type":"asset","id":7}}"#);
    world.deliver(&config);
    erase(&world, &config, "acme", r#"{"subject":{"type":"asset","id":7}}"#).unwrap();
    world.deliver(&config);
    assert_eq!(world.count("message"), 1, "the tombstone");
    for error in [
        message(&world, &config, "acme", &id).unwrap_err(),
        message_attempts(&world, &config, "acme", &id, None, 10).unwrap_err(),
        delivery_payload(&world, &config, "acme", &id, &webhook).unwrap_err(),
        explain(&world, &config, "acme", &id, &webhook).unwrap_err(),
        redeliver(&world, &config, "acme", &id, None).unwrap_err(),
    ] {
        assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::NotFound, Some("messageId")), "{error}");
    }
    assert!(world.now_us() > 0);
}

#[test]
fn redelivery_after_an_erasure_finds_no_message() {
    let world = World::new(&[]);
    let config = Rc::new(kept(0));
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    let id = accept(&world, &config, r#"{"type":"a","id":"1","subject":{"type":"asset","id":7}}"#);
    world.deliver(&config);
    let other = config.clone();
    world.meddle(At::Commit("attempt/"), move |world| {
        erase(world, &other, "acme", r#"{"subject":{"type":"asset","id":7}}"#).unwrap();
        world.deliver(&other);
    });
    let error = redeliver(&world, &config, "acme", &id, Some(&webhook)).unwrap_err();
    assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::NotFound, Some("messageId")), "{error}");
    assert_eq!((world.count("queue"), world.count("attempt")), (0, 0));
}

#[test]
fn erasure_spares_events_accepted_after_it_began() {
    let (world, config) = (World::new(&[]), kept(0));
    registered(&world, &config, r#""schedule":[]"#);
    let event = r#"{"type":"a","subject":{"type":"asset","id":7}}"#;
    let before = accept(&world, &config, event);
    erase(&world, &config, "acme", r#"{"subject":{"type":"asset","id":7}}"#).unwrap();
    pass(&world, 1_000);
    let after = accept(&world, &config, event);
    assert_eq!(world.deliver(&config).delivered, 1);
    pass(&world, ERASE_TOMBSTONE_MS * 1_000 + 1);
    world.deliver(&config);
    assert_eq!(message(&world, &config, "acme", &before).unwrap_err().kind, ErrorKind::NotFound);
    message(&world, &config, "acme", &after).expect("it was accepted, and is delivered");
    is_quiet(&world);
}

#[test]
fn erasure_leaves_out_a_row_that_crashes_workers() {
    let (world, config) = (World::new(&[]), kept(0));
    registered(&world, &config, r#""schedule":[]"#);
    let event = |id: u32| format!(r#"{{"type":"a","id":"{id}","subject":{{"type":"asset","id":7}}}}"#);
    let ids: Vec<String> = (0..3).map(|id| accept(&world, &config, &event(id))).collect();
    world.deliver(&config);
    let begun = erase(&world, &config, "acme", r#"{"subject":{"type":"asset","id":7}}"#).unwrap();
    let begun: serde_json::Value = serde_json::from_str(&begun).unwrap();
    let lane = Lane::of("acme", begun["id"].as_str().unwrap());
    claim_without_success(&world, &lane);
    for _ in 0..3 {
        world.deliver(&config);
        pass(&world, ERASE_TOMBSTONE_MS * 1_000 + 1);
    }
    let job: serde_json::Value = serde_json::from_str(&job(&world, &config, "acme", lane.webhook()).unwrap()).unwrap();
    assert_eq!((&job["state"], &job["affected"]), (&"done".into(), &2.into()), "{job}");
    let left = ids.iter().filter(|id| message(&world, &config, "acme", id).is_ok()).collect::<Vec<_>>();
    assert_eq!(left.len(), 1);
    assert!(job["detail"].as_str().unwrap().contains(left[0].as_str()), "{job}");
    assert_eq!(world.count("erasure"), 0);
}

#[test]
fn redaction_removes_response_excerpts_with_the_content() {
    let (world, config) = (World::new(&[500]), kept(0));
    let webhook = registered(&world, &config, r#""schedule":[60]"#);
    accept(&world, &config, r#"{"type":"a"}"#);
    world.deliver(&config);
    pass(&world, 80_000_000);
    world.deliver(&config);
    let shown = || attempts(&world, &config, "acme", &webhook, None, 10).unwrap();
    assert!(shown().contains("answer 500") && shown().contains("answer 200"), "{}", shown());
    update_settings(&world, &config, "acme", r#"{"keepBodies":false}"#).unwrap();
    world.deliver(&config);
    assert_eq!((mentions(&world, "answer 500"), mentions(&world, "answer 200")), (None, None));
    assert_eq!((log(&world, &config, &webhook).len(), world.count("redacted")), (2, 1));
}

#[test]
fn restarted_job_is_kept_although_it_had_ended() {
    let (world, config) = (World::new(&[]), Rc::new(kept(24 * 3_600)));
    registered(&world, &config, r#""schedule":[]"#);
    let keep = |keep: &str| format!(r#"{{"keepBodies":{keep}}}"#);
    for settings in ["false", "true"] {
        update_settings(&world, &config, "acme", &keep(settings)).unwrap();
        world.deliver(&config);
        pass(&world, RETENTION_PAUSE_MS_MAX * 1_000);
        world.deliver(&config);
    }
    pass(&world, 2 * DAY_US);
    let other = config.clone();
    world.meddle(At::Commit("job/"), move |world| {
        world.meddle(At::Commit("job/"), move |world| {
            update_settings(world, &other, "acme", r#"{"keepBodies":false}"#).unwrap();
        });
    });
    world.deliver(&config);
    let lane = keys::redaction_job("acme");
    let job: rows::Job = {
        let row = world.store.get_one(&keys::job(&lane)).unwrap().expect("it is there");
        rows::decode(&row.key, &row.value).unwrap()
    };
    assert_eq!(job.state, rows::JobState::Running);
}

/// Writes the job's row as if this number of workers had died of its next step.
fn claim_without_success(world: &World, lane: &Lane) {
    let row = world.store.get_one(&keys::job(lane)).unwrap().unwrap();
    let claims = limits::JOB_FAILED_CLAIMS + 1;
    let value = row.value.replacen("\"token\"", &format!("\"claims\":{claims},\"token\""), 1);
    world.put(std::iter::once(row.key), &value);
}

#[test]
fn erasure_ends_although_a_tombstone_crashes_workers() {
    let (world, config) = (World::new(&[]), kept(0));
    registered(&world, &config, r#""schedule":[]"#);
    let event = |id: u32| format!(r#"{{"type":"a","id":"{id}","subject":{{"type":"asset","id":7}}}}"#);
    (0..3).for_each(|id| drop(accept(&world, &config, &event(id))));
    world.deliver(&config);
    let begun = erase(&world, &config, "acme", r#"{"subject":{"type":"asset","id":7}}"#).unwrap();
    let begun: serde_json::Value = serde_json::from_str(&begun).unwrap();
    let lane = Lane::of("acme", begun["id"].as_str().unwrap());
    let shown = || -> serde_json::Value {
        serde_json::from_str(&job(&world, &config, "acme", lane.webhook()).unwrap()).unwrap()
    };
    world.deliver(&config);
    assert_eq!(shown()["detail"], "everything is removed; the messages' ids go later");
    claim_without_success(&world, &lane);
    pass(&world, ERASE_TOMBSTONE_MS * 1_000 + 1);
    world.deliver(&config);
    assert_eq!((world.count("erasure"), world.count("message"), &shown()["state"]), (0, 1, &"done".into()));
    assert!(shown()["detail"].as_str().unwrap().contains("was left out"), "{}", shown());
}

#[test]
fn attempt_of_a_message_reported_again_after_its_removal_is_listed_once() {
    let (world, config) = (World::new(&[]), kept(24 * 3_600));
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    let event = r#"{"type":"a","id":"1"}"#;
    let first = accept(&world, &config, event);
    world.deliver(&config);
    // The message and its attempts are removed; the row that lists the attempt is left for a later pass.
    world.remove("message");
    world.remove("attempt");
    world.remove("routed");
    pass(&world, DAY_US / 4);
    assert_eq!(accept(&world, &config, event), first);
    world.deliver(&config);
    assert_eq!(world.count("recent"), 2);
    assert_eq!(log(&world, &config, &webhook), [("delivered".to_owned(), 1, Some(200))]);
    let page: serde_json::Value =
        serde_json::from_str(&attempts(&world, &config, "acme", &webhook, None, 1).unwrap()).unwrap();
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
}
