//! Redelivery, and who comes between.

use crate::ports::{Mutation, Storage};
use crate::store::keys::Lane;
use crate::testing::*;
use crate::*;

#[test]
fn a_redelivery_has_the_next_number_the_same_body_and_the_schedule_anew() {
    let (world, config) = (World::new(&[200, 500, 500, 500]), config());
    let webhook = subscribe(&world, &config, r#"["*"]"#);
    let message =
        on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost","data":{"n":1E5}}"#).unwrap().message_id;
    assert_eq!(world.deliver(&config).delivered, 1);
    assert_eq!(send_again(&world, &config, &message, Some(&webhook)), [webhook.as_str()]);
    // Asked twice, done once: it is due already.
    assert_eq!(send_again(&world, &config, &message, None), [webhook.as_str()]);
    for wait_s in [0, 2, 4] {
        world.now_us.set(world.now_us.get() + (wait_s * 1_000 + 500) * 1_000);
        assert_eq!(world.deliver(&config).attempts, 1, "{wait_s}");
    }
    let numbers: Vec<(String, u64)> =
        log(&world, &config, &webhook).into_iter().map(|(state, number, _)| (state, number)).collect();
    let expected = [("exhausted", 4), ("retrying", 3), ("retrying", 2), ("delivered", 1)];
    assert_eq!(numbers, expected.map(|(state, number)| (state.to_owned(), number)));
    let bodies: Vec<Option<String>> = world.requests.borrow().iter().map(|request| request.body.clone()).collect();
    assert_eq!(bodies.len(), 4);
    assert!(bodies[0].as_ref().unwrap().contains("1E5") && bodies.iter().all(|body| *body == bodies[0]));
    is_quiet(&world);
}

#[test]
fn a_redelivery_brings_a_waiting_attempt_forward() {
    let (world, config) = (World::new(&[500, 200]), config());
    let webhook = subscribe(&world, &config, r#"["*"]"#);
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap().message_id;
    assert_eq!(world.deliver(&config).attempts, 1);
    send_again(&world, &config, &message, Some(&webhook));
    assert_eq!(world.count("queue"), 1);
    assert_eq!(world.deliver(&config).delivered, 1);
    let states: Vec<u64> = log(&world, &config, &webhook).into_iter().map(|(_, number, _)| number).collect();
    assert_eq!(states, [2, 1]);
    is_quiet(&world);
}

#[test]
fn redelivery_during_routing_is_noticed_by_the_routing() {
    let (world, config) = (World::new(&[]), config());
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap().message_id;
    world.meddle(At::Commit("shard/"), move |world| {
        // The subscriptions have been read by now.
        let (config, message) = (self::config(), message.as_str());
        let webhook = subscribe(world, &config, r#"["*"]"#);
        assert_eq!(send_again(world, &config, message, Some(&webhook)), [webhook.as_str()]);
    });
    world.deliver(&config);
    world.deliver(&config);
    assert_eq!(world.requests.borrow().len(), 1);
    is_quiet(&world);
}

#[test]
fn a_redelivery_to_all_finds_a_webhook_that_exchanges_its_pattern() {
    let (world, config) = (World::new(&[]), config());
    let webhook = subscribe(&world, &config, r#"["asset.lost"]"#);
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap().message_id;
    world.deliver(&config);
    let exchanged = webhook.clone();
    // `*` has been looked up by now, `asset.lost` not yet.
    world.meddle(At::Scan("subscription/acme/asset._2a/"), move |world| {
        update(world, &self::config(), "acme", &exchanged, r#"{"events":["*"]}"#).unwrap();
    });
    assert_eq!(send_again(&world, &config, &message, None), [webhook.as_str()]);
    assert!(world.meddler.borrow().is_none());
    assert_eq!(world.deliver(&config).delivered, 1);
    is_quiet(&world);
}

#[test]
fn a_redelivery_is_not_for_another_message_that_has_the_id_meanwhile() {
    let (world, config) = (World::new(&[]), config());
    subscribe(&world, &config, r#"["*"]"#);
    let event = r#"{"type":"asset.lost","id":"e1"}"#;
    let message = on_event(&world, &config, Some("acme"), event).unwrap().message_id;
    world.deliver(&config);
    // The message has been read by now.
    world.meddle(At::Scan("subscription/acme/_2a/"), move |world| {
        world.now_us.set(world.now_us.get() + 1_000_000);
        world.remove("message");
        world.remove("attempt");
        assert!(on_event(world, &self::config(), Some("acme"), event).unwrap().new);
    });
    let error = redeliver(&world, &config, "acme", &message, None).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.to_string().contains("reported again"), "{error}");
    assert!(world.meddler.borrow().is_none());
    world.deliver(&config);
    assert_eq!(world.requests.borrow().len(), 2);
    is_quiet(&world);
}

#[test]
fn a_redelivery_that_has_ended_before_it_was_told_is_not_made_twice() {
    let (world, config) = (World::new(&[]), config());
    let webhook = subscribe(&world, &config, r#"["*"]"#);
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap().message_id;
    assert_eq!(world.deliver(&config).delivered, 1);
    world.meddle(At::Applied("queue/"), |world| assert_eq!(world.deliver(&self::config()).delivered, 1));
    send_again(&world, &config, &message, Some(&webhook));
    assert_eq!(world.deliver(&config).attempts, 0);
    assert_eq!(world.requests.borrow().len(), 2);
    is_quiet(&world);
}

#[test]
fn an_attempt_that_was_made_from_two_rows_is_recorded_once() {
    let (world, config) = (World::new(&[500]), config());
    let webhook = subscribe(&world, &config, r#"["*"]"#);
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap().message_id;
    assert_eq!(world.deliver(&config).attempts, 1);
    // A success, so that the lane has more than one slot.
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap();
    assert_eq!(world.deliver(&config).delivered, 1);
    world.now_us.set(world.now_us.get() + 3_000_000);
    world.meddle(At::Wait, move |world| {
        // By a clock that is behind, the attempt under way is not due yet.
        let now_us = world.now_us.replace(world.now_us.get() - 2_000_000);
        send_again(world, &self::config(), &message, Some(&webhook));
        world.now_us.set(now_us);
    });
    let report = world.deliver(&config);
    assert_eq!((report.attempts, report.delivered), (1, 1));
    assert_eq!(world.requests.borrow().len(), 4);
    is_quiet(&world);
}

#[test]
fn redelivery_of_an_earlier_message_to_a_newer_webhook_is_sent() {
    let (world, config) = (World::new(&[]), config());
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap().message_id;
    let early = subscribe(&world, &config, r#"["asset.created"]"#);
    let error = redeliver(&world, &config, "acme", &message, Some(&early)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "it is not routed yet, and will not be to this one");
    assert_eq!(world.deliver(&config).routed, 1);
    let webhook = subscribe(&world, &config, r#"["asset.lost"]"#);
    let paused = subscribe(&world, &config, r#"["asset.*"]"#);
    update(&world, &config, "acme", &paused, r#"{"isActive":false}"#).unwrap();
    assert_eq!(send_again(&world, &config, &message, None), [webhook.as_str()]);
    assert_eq!(send_again(&world, &config, &message, Some(&webhook)), [webhook.as_str()]);
    assert_eq!(send_again(&world, &config, &message, Some(&early)), [early.as_str()]);
    assert_eq!(world.deliver(&config).delivered, 2);
    assert_eq!(log(&world, &config, &webhook), [("delivered".to_owned(), 1, Some(200))]);
    let error = redeliver(&world, &config, "acme", &message, Some(&paused)).unwrap_err();
    assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::Conflict, Some("webhookId")));
    for (message, webhook, field) in
        [("msg_x", None, "messageId"), (message.as_str(), Some("wh_x"), "webhookId"), (message.as_str(), None, "")]
    {
        let tenant = if field.is_empty() { "other" } else { "acme" };
        let error = redeliver(&world, &config, tenant, message, webhook).unwrap_err();
        let field = if field.is_empty() { "messageId" } else { field };
        assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::NotFound, Some(field)));
    }
    is_quiet(&world);
}

#[test]
fn a_redelivery_to_all_that_fails_half_way_names_the_webhooks_that_it_has_asked_for() {
    let (world, config) = (World::new(&[]), config());
    let mut webhooks: Vec<String> = (0..4).map(|_| subscribe(&world, &config, r#"["*"]"#)).collect();
    webhooks.sort();
    let message = on_event(&world, &config, Some("acme"), r#"{"type":"asset.lost"}"#).unwrap().message_id;
    world.deliver(&config);
    let all = |world: &World| {
        let path = format!("/messages/{message}/redeliver");
        let request = ApiRequest { method: "POST".to_owned(), path, query: String::new(), body: String::new() };
        let permissions = vec![MANAGE.to_owned()];
        let response = handle(world, &config, &request, &Caller { tenant: "acme".to_owned(), user: None, permissions });
        (response.status, serde_json::from_str::<serde_json::Value>(&response.body).unwrap())
    };
    // One webhook cannot be sent it any more. The others can.
    let last = keys::attempt(&Lane::of("acme", &webhooks[1]), &message, 1);
    let row = world.store.get_one(&last).unwrap().unwrap();
    let high = keys::attempt(&Lane::of("acme", &webhooks[1]), &message, 9_900);
    world.put(std::iter::once(high.clone()), &row.value);
    let (status, problem) = all(&world);
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["webhookIds"], serde_json::json!([webhooks[0], webhooks[2], webhooks[3]]));
    assert_eq!(problem["webhookIdsLeft"], serde_json::json!([webhooks[1]]));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.starts_with("there were 9900 attempts; it was done for 3 of 4 webhooks: wh_"), "{detail}");
    assert!(detail.contains("name each of the others as `webhookId`"), "{detail}");
    assert_eq!(world.deliver(&config).delivered, 3);
    // The store fails after two of them.
    world.store.commit(&[], &[Mutation::Delete { key: high }]).unwrap();
    world.fails_after.set(world.commits.get() + 2);
    let (status, problem) = all(&world);
    world.fails_after.set(u32::MAX);
    assert_eq!((status, &problem["webhookIds"]), (503, &serde_json::json!(webhooks[..2])), "{problem}");
    assert_eq!(problem["webhookIdsLeft"], serde_json::json!(webhooks[2..]));
    assert_eq!(world.deliver(&config).delivered, 2);
}
