//! The steps of a delivery, as they are told.
#![allow(clippy::unwrap_used)]

use crate::world::*;
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
    let matched = "matched: by *, of its patterns as they are now".to_owned();
    let (state, steps) = told(&webhook);
    let unrouted = "waiting: it is not routed yet: whom it concerns is decided next".to_owned();
    assert_eq!((state.as_str(), steps), ("accepted", vec![accepted.clone(), matched.clone(), unrouted]));
    world.pump(&config);
    let (state, steps) = told(&webhook);
    let failed = "retrying: attempt 1 answered 500 after 3 ms; another attempt follows".to_owned();
    let due = "waiting: attempt 2 is due then".to_owned();
    assert_eq!((state.as_str(), steps), ("waiting", vec![accepted.clone(), matched.clone(), failed.clone(), due]));
    again(&world, &config, &message, Some(&webhook));
    world.pump(&config);
    let (state, steps) = told(&webhook);
    let asked = "redelivery: a redelivery was asked for; the next attempt begins the schedule anew".to_owned();
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
