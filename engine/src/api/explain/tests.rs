//! The steps of a delivery, as they are told.

use crate::testing::*;
use crate::*;

#[test]
fn a_delivery_can_be_explained() {
    let world = World::new(&[500, 200, 200]);
    let config = Config::new(&settings()).unwrap();
    let webhook = registered(&world, &config, r#""schedule":[60]"#);
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"a.b"}"#).unwrap().message_id;
    let told = |webhook: &str| -> (String, Vec<String>) {
        let text = explain(&world, &config, "acme", &message, webhook).unwrap();
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        let step = |step: &serde_json::Value| format!("{}: {}", step["step"], step["detail"]).replace('"', "");
        (told["state"].as_str().unwrap().to_owned(), told["steps"].as_array().unwrap().iter().map(step).collect())
    };
    let accepted = "accepted: an event of the type a.b".to_owned();
    let matched = "matched: by *, of its present patterns".to_owned();
    let (state, steps) = told(&webhook);
    let unrouted = "waiting: it is not routed yet; its webhooks are determined next".to_owned();
    assert_eq!((state.as_str(), steps), ("accepted", vec![accepted.clone(), matched.clone(), unrouted]));
    world.deliver(&config);
    let (state, steps) = told(&webhook);
    let failed = "retrying: attempt 1 answered 500 after 3 ms; another attempt follows".to_owned();
    let due = "waiting: attempt 2 is due then".to_owned();
    assert_eq!((state.as_str(), steps), ("waiting", vec![accepted.clone(), matched.clone(), failed.clone(), due]));
    send_again(&world, &config, &message, Some(&webhook));
    world.deliver(&config);
    let (state, steps) = told(&webhook);
    let asked = "redelivery: a redelivery was requested; the schedule starts again with the next attempt".to_owned();
    let delivered = "delivered: attempt 2 answered 200 after 3 ms".to_owned();
    assert_eq!((state.as_str(), steps), ("delivered", vec![accepted, matched, failed, asked, delivered]));
    world.now_us.set(world.now_us.get() + 1_000_000);
    let later = registered(&world, &config, r#""isActive":false"#);
    let (state, steps) = told(&later);
    assert_eq!(state, "none");
    assert!(steps[1].ends_with("it was registered after the event was accepted"), "{steps:?}");
    assert!(steps[2].starts_with("ended: it was not routed to this webhook"), "{steps:?}");
    for (message, webhook, field) in [("msg_x", webhook.as_str(), "messageId"), (&message, "wh_x", "webhookId")] {
        let error = explain(&world, &config, "acme", message, webhook).unwrap_err();
        assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::NotFound, Some(field)));
    }
}

/// One row: what the receiver answers to the first of two attempts, and what is said of that.
#[test]
fn why_a_receiver_has_ended_a_delivery_is_explained() {
    let check = |status: u16, wish: Option<&str>, said: &str| {
        let world = World::new(&[status]);
        *world.wish.borrow_mut() = wish.map(str::to_owned);
        let config = Config::new(&settings()).unwrap();
        let webhook = registered(&world, &config, r#""schedule":[60]"#);
        let message = on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap().message_id;
        world.deliver(&config);
        let told = explain(&world, &config, "acme", &message, &webhook).unwrap();
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["steps"][2]["detail"], said);
    };
    check(410, None, "attempt 1 answered 410 after 3 ms: the receiver wants nothing more for this webhook");
    check(500, Some("disable"), "attempt 1 answered 500 after 3 ms: the receiver wants nothing more for this webhook");
    check(500, Some("abort-message"), "attempt 1 answered 500 after 3 ms: the receiver wants this message no more");
    check(500, None, "attempt 1 answered 500 after 3 ms; another attempt follows");
}

/// One row: the fields of a webhook with one waiting message, and a part of the explanation.
#[test]
fn waiting_delivery_is_explained_with_its_reason() {
    let check = |fields: &str, failures: usize, change: &str, said: &str| {
        let world = World::new(&vec![500; failures]);
        let config = Config::new(&settings()).unwrap();
        let webhook = registered(&world, &config, fields);
        accept_many(&world, &config, u32::try_from(failures).unwrap() + 1);
        let message = on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap().message_id;
        deliver(&world, &config, Budget { time_ms: 500, attempts_max: 1_000 }).unwrap();
        if !change.is_empty() {
            update(&world, &config, "acme", &webhook, change).unwrap();
        }
        let told = explain(&world, &config, "acme", &message, &webhook).unwrap();
        assert!(told.contains(said), "{fields}: {told}");
    };
    check(r#""ratePerMinute":10"#, 0, "", "sent nothing before then, by its rate");
    check(r#""schedule":[]"#, 21, "", "sent nothing before then, because its attempts keep failing");
    check(r#""schedule":[],"ratePerMinute":6000"#, 21, "", "because its attempts keep failing");
    check(r#""ratePerMinute":10"#, 0, r#"{"isActive":false}"#, "it will be skipped: the webhook is not active");
    check(r#""schedule":[60],"strictOrder":true"#, 1, "", "in strict order it waits for msg_");
}

#[test]
fn patterns_and_exclusions_are_explained() {
    let check = |events: &str, said: &str| {
        let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
        let registration = format!(r#"{{"url":"https://example.com/in","events":{events}}}"#);
        let shown = register(&world, &config, "acme", None, &registration).unwrap();
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let message = on_event(&world, &config, Some("acme"), r#"{"type":"user.login"}"#).unwrap().message_id;
        let told = explain(&world, &config, "acme", &message, shown["id"].as_str().unwrap()).unwrap();
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let step = format!("{}: {}", told["steps"][1]["step"], told["steps"][1]["detail"]).replace('"', "");
        assert_eq!(step, said);
    };
    check(r#"["*.login","asset.*","user.login"]"#, "matched: by *.login and user.login, of its present patterns");
    check(r#"["!*.login"]"#, "unmatched: its present pattern !*.login excludes the type");
    check(r#"["asset.*","!user.*"]"#, "unmatched: none of its present patterns matches the type");
}

#[test]
fn explanation_reads_a_bounded_part_of_a_queue_and_of_the_attempts() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    let webhook = registered(&world, &config, r#""schedule":[]"#);
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"a"}"#).unwrap().message_id;
    world.remove("inbox");
    let lane = keys::Lane::of("acme", &webhook);
    let now_ms = world.now_us.get() / 1_000;
    let group = r#"{"v":1,"deliveries":[{"message":"msg_aaaaaaaaaaaaaaaaaaaaaaaaaa","number":1}]}"#;
    // Rows from before the message was accepted do not count.
    let old = now_ms - 3_600_000;
    world.put((0..3_000).map(|index| keys::queue(&lane, old, &format!("g{index:04}"))), group);
    let told = |world: &World| -> serde_json::Value {
        world.reads.set(0);
        serde_json::from_str(&explain(world, &config, "acme", &message, &webhook).unwrap()).unwrap()
    };
    assert_eq!(told(&world)["state"], "none");
    world.put((0..2_500).map(|index| keys::queue(&lane, now_ms, &format!("g{index:04}"))), group);
    let unknown = told(&world);
    assert_eq!(unknown["state"], "unknown");
    assert!(unknown["steps"][2]["detail"].as_str().unwrap().contains("its first 2000 rows"), "{unknown}");
    assert!(world.reads.get() < 12, "{}", world.reads.get());
    let attempt = r#"{"v":1,"atMs":1,"durationMs":1,"eventType":"a","status":500,"state":"exhausted"}"#;
    world.put((1..=500).map(|number| keys::attempt(&lane, &message, number)), attempt);
    let many = told(&world);
    assert_eq!(many["steps"].as_array().unwrap().len(), 203);
    assert_eq!(many["state"], "exhausted");
    assert!(many["steps"][2]["detail"].as_str().unwrap().contains("the attempts before number 301 are left out"));
}
