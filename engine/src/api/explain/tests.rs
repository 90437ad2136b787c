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
