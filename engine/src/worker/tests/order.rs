//! Strict order.

use crate::ports::Clock;
use crate::testing::*;
use crate::*;

fn config() -> Config {
    Config::new(&settings()).unwrap()
}

/// A webhook in strict order whose schedule has two waits.
fn strict(world: &World, fields: &str) -> String {
    registered(world, &config(), &format!(r#""schedule":[10,60],"strictOrder":true{fields}"#))
}

/// Accepts events with these numbers in one call, and returns their messages.
fn accept(world: &World, numbers: std::ops::Range<u32>) -> Vec<String> {
    let events: Vec<String> = numbers.map(|n| format!(r#"{{"type":"a","data":{{"n":{n}}}}}"#)).collect();
    let accepted = on_events(world, &config(), Some("acme"), &events).unwrap();
    accepted.into_iter().map(|accepted| accepted.message_id).collect()
}

/// The numbers of the events that were sent, in the order in which they were.
fn sent(world: &World) -> Vec<u64> {
    let number = |body: &str| {
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        body["data"]["n"].as_u64().unwrap()
    };
    world.requests.borrow().iter().map(|request| number(request.body.as_ref().unwrap())).collect()
}

fn later(world: &World, seconds: u64) {
    world.now_us.set(world.now_us() + seconds * 1_000_000);
}

fn states(world: &World, webhook: &str) -> Vec<String> {
    let mut states: Vec<String> = log(world, &config(), webhook).into_iter().map(|(state, ..)| state).collect();
    states.reverse();
    states
}

#[test]
fn strict_order_sends_one_message_at_a_time_in_order_of_acceptance() {
    let world = World::new(&[]);
    strict(&world, r#","concurrency":8"#);
    // The clock stands still: what is accepted in one millisecond, or one microsecond, has an order all the same.
    for call in 0..9 {
        accept(&world, call * 20..call * 20 + 20);
    }
    assert_eq!(world.deliver(&config()).delivered, 180);
    accept(&world, 180..200);
    assert_eq!(world.deliver(&config()).delivered, 20);
    assert_eq!(sent(&world), (0..200).collect::<Vec<u64>>());
    assert_eq!(world.in_flight_max.get(), 1);
    is_quiet(&world);
}

#[test]
fn failed_attempt_in_strict_order_blocks_later_messages() {
    let world = World::new(&[200, 500, 500, 200, 500]);
    let webhook = strict(&world, "");
    accept(&world, 0..4);
    assert_eq!(world.deliver(&config()).attempts, 2);
    assert_eq!(world.deliver(&config()).attempts, 0, "the second one waits, and so do the others");
    // A message accepted meanwhile waits as well.
    let behind = accept(&world, 4..6).remove(0);
    assert_eq!(world.deliver(&config()).attempts, 0);
    let told = explain(&world, &config(), "acme", &behind, &webhook).unwrap();
    assert!(told.contains("in strict order it waits for msg_"), "{told}");
    for (wait_s, attempts) in [(12, 1), (50, 0), (30, 2), (12, 4)] {
        later(&world, wait_s);
        assert_eq!(world.deliver(&config()).attempts, attempts, "{wait_s}");
    }
    assert_eq!(sent(&world), [0, 1, 1, 1, 2, 2, 3, 4, 5]);
    assert_eq!(states(&world, &webhook).iter().filter(|state| *state == "delivered").count(), 6);
    is_quiet(&world);
}

#[test]
fn exhausted_delivery_in_strict_order_lets_the_next_one_follow() {
    let world = World::new(&[500, 500, 500]);
    let webhook = strict(&world, "");
    accept(&world, 0..3);
    for attempts in [1, 1, 3] {
        assert_eq!(world.deliver(&config()).attempts, attempts);
        later(&world, 100);
    }
    assert_eq!(sent(&world), [0, 0, 0, 1, 2]);
    assert_eq!(states(&world, &webhook), ["retrying", "retrying", "exhausted", "delivered", "delivered"]);
    is_quiet(&world);
}

#[test]
fn exhausted_delivery_pauses_a_webhook_that_asks_for_it() {
    let world = World::new(&[500, 500, 500]);
    let webhook = strict(&world, r#","onExhausted":"pause""#);
    let messages = accept(&world, 0..20);
    for attempts in [1, 1, 1, 0] {
        assert_eq!(world.deliver(&config()).attempts, attempts);
        later(&world, 100);
    }
    accept(&world, 20..21);
    world.deliver(&config());
    let reason = format!("paused: {} exhausted its attempts", messages[0]);
    let view = shown(&world, &config(), &webhook);
    assert_eq!((&view["isActive"], &view["inactiveReason"]), (&false.into(), &reason.clone().into()));
    assert_eq!(states(&world, &webhook)[2..], [vec!["exhausted"], vec!["skipped"; 20]].concat());
    let page: serde_json::Value =
        serde_json::from_str(&attempts(&world, &config(), "acme", &webhook, None, 100).unwrap()).unwrap();
    assert!(page["data"].as_array().unwrap()[..20].iter().all(|attempt| attempt["detail"] == reason.as_str()));
    let order: Vec<&str> =
        page["data"].as_array().unwrap().iter().map(|attempt| attempt["messageId"].as_str().unwrap()).collect();
    assert!(order[1..20].iter().rev().eq(messages[1..].iter()), "skipped in order: {order:?}");
    is_quiet(&world);
    update(&world, &config(), "acme", &webhook, r#"{"isActive":true}"#).unwrap();
    for message in &messages {
        send_again(&world, &config(), message, Some(&webhook));
    }
    assert_eq!(world.deliver(&config()).delivered, 20);
    assert_eq!(sent(&world)[3..], (0..20).collect::<Vec<u64>>());
    // The timers of these redeliveries are deleted a few at a time.
    while world.count("timer") > 0 {
        assert_eq!(world.deliver(&config()).attempts, 0);
    }
    is_quiet(&world);
}

#[test]
fn aborted_message_pauses_no_webhook() {
    let world = World::new(&[410]);
    let webhook = strict(&world, r#","onExhausted":"pause""#);
    accept(&world, 0..2);
    world.deliver(&config());
    assert_eq!(shown(&world, &config(), &webhook)["inactiveReason"], "the receiver answered 410");
    assert_eq!(states(&world, &webhook), ["exhausted", "skipped"]);
    is_quiet(&world);
    // Also with what would have been its last attempt, and however many in a row.
    let world = World::new(&[422, 422, 422]);
    *world.wish.borrow_mut() = Some("abort-message".to_owned());
    let config = Config::new(&Settings { disable_after_deliveries: Some(2), ..settings() }).unwrap();
    let webhook = registered(&world, &config, r#""strictOrder":true,"onExhausted":"pause","schedule":[]"#);
    accept_many(&world, &config, 4);
    assert_eq!(world.deliver(&config).delivered, 1);
    let states: Vec<String> = log(&world, &config, &webhook).into_iter().map(|(state, ..)| state).collect();
    assert_eq!(states, ["delivered", "exhausted", "exhausted", "exhausted"]);
    assert_eq!(shown(&world, &config, &webhook)["isActive"], true);
    is_quiet(&world);
}

#[test]
fn redelivery_joins_the_end_and_a_waiting_first_delivery_keeps_its_place() {
    let world = World::new(&[200, 500, 500, 500, 200]);
    let webhook = strict(&world, "");
    let messages = accept(&world, 0..4);
    assert_eq!(world.deliver(&config()).attempts, 2);
    send_again(&world, &config(), &messages[0], Some(&webhook));
    send_again(&world, &config(), &messages[3], Some(&webhook));
    assert_eq!(world.deliver(&config()).attempts, 0, "nothing passes the one that waits");
    send_again(&world, &config(), &messages[1], Some(&webhook));
    assert_eq!(world.deliver(&config()).attempts, 1, "it is brought forward");
    assert_eq!(world.deliver(&config()).attempts, 0, "its schedule begins anew");
    later(&world, 12);
    assert_eq!(world.deliver(&config()).attempts, 1);
    later(&world, 70);
    assert_eq!(world.deliver(&config()).delivered, 4);
    assert_eq!(sent(&world), [0, 1, 1, 1, 1, 2, 3, 0]);
    is_quiet(&world);
}

#[test]
fn attempt_in_flight_is_repeated_when_its_schedule_begins_anew() {
    let world = World::new(&[500, 500, 500, 500, 200]);
    let webhook = strict(&world, "");
    let message = accept(&world, 0..1).remove(0);
    assert_eq!(world.deliver(&config()).attempts, 1);
    later(&world, 12);
    world.meddle(At::Wait, move |world| {
        // By a clock that is behind, the attempt in flight is not due yet.
        let now_us = world.now_us.replace(world.now_us.get() - 5_000_000);
        send_again(world, &config(), &message, Some(&webhook));
        world.now_us.set(now_us);
    });
    assert_eq!(world.deliver(&config()).attempts, 1);
    for wait_s in [12, 70] {
        later(&world, wait_s);
        assert_eq!(world.deliver(&config()).attempts, 1);
    }
    assert_eq!(world.requests.borrow().len(), 5, "one of them was not recorded");
    is_quiet(&world);
}

#[test]
fn redelivery_notices_that_the_attempt_was_made_meanwhile() {
    let world = World::new(&[500, 500]);
    let webhook = strict(&world, "");
    let message = accept(&world, 0..1).remove(0);
    assert_eq!(world.deliver(&config()).attempts, 1);
    // The log has been read by now, the queue has not.
    let queue = format!("queue/acme/{webhook}/").leak();
    world.meddle(At::Scan(queue), move |world| {
        later(world, 12);
        assert_eq!(world.deliver(&config()).attempts, 1);
    });
    send_again(&world, &config(), &message, Some(&webhook));
    assert!(world.meddler.borrow().is_none());
    assert_eq!(world.deliver(&config()).delivered, 1);
    assert_eq!(states(&world, &webhook), ["retrying", "retrying", "delivered"]);
    is_quiet(&world);
}

#[test]
fn strict_order_holds_when_the_clocks_of_workers_differ() {
    let world = World::new(&[]);
    let webhook = strict(&world, "");
    let ahead = |world: &World, seconds: i64| {
        let now_us = world.now_us.get();
        world.now_us.set(now_us.saturating_add_signed(seconds * 1_000_000));
        now_us
    };
    accept(&world, 0..1);
    // Routed by a worker whose clock is ahead, and not sent because its budget is spent.
    let now_us = ahead(&world, 50);
    world.statuses.borrow_mut().push_back(500);
    assert_eq!(world.deliver(&config()).attempts, 1);
    accept(&world, 1..3);
    world.deliver(&config());
    world.now_us.set(now_us + 1_000_000);
    accept(&world, 3..5);
    world.deliver(&config());
    later(&world, 100);
    world.deliver(&config());
    assert_eq!(sent(&world), [0, 0, 1, 2, 3, 4]);
    assert_eq!(log(&world, &config(), &webhook).len(), 6);
    is_quiet(&world);
}

#[test]
fn strict_order_can_change_while_deliveries_wait() {
    let world = World::new(&[500, 200]);
    let webhook = strict(&world, "");
    accept(&world, 0..20);
    assert_eq!(world.deliver(&config()).attempts, 1);
    update(&world, &config(), "acme", &webhook, r#"{"strictOrder":false}"#).unwrap();
    assert_eq!(world.deliver(&config()).delivered, 19, "those behind it are free");
    assert_eq!(world.deliver(&config()).attempts, 0);
    world.statuses.borrow_mut().extend([500, 500]);
    accept(&world, 20..22);
    assert_eq!(world.deliver(&config()).attempts, 2);
    update(&world, &config(), "acme", &webhook, r#"{"strictOrder":true}"#).unwrap();
    accept(&world, 22..24);
    assert_eq!(world.deliver(&config()).attempts, 0, "what waits is first");
    let before = world.requests.borrow().len();
    later(&world, 15);
    assert_eq!(world.deliver(&config()).delivered, 5);
    let order = sent(&world)[before..].to_vec();
    assert_eq!((order[0], &order[3..]), (0, &[22, 23][..]), "{order:?}");
    is_quiet(&world);
}

#[test]
fn worker_with_the_lane_notices_a_change_of_strict_order() {
    for (before, after) in [(true, false), (false, true)] {
        let world = World::new(&[200, 500]);
        let webhook = registered(&world, &config(), &format!(r#""schedule":[10],"strictOrder":{before}"#));
        accept(&world, 0..1);
        assert_eq!(world.deliver(&config()).delivered, 1);
        accept(&world, 1..30);
        world.meddle(At::Wait, move |world| {
            let change = format!(r#"{{"strictOrder":{after}}}"#);
            update(world, &config(), "acme", &webhook, &change).unwrap();
        });
        for _ in 0..3 {
            world.deliver(&config());
            later(&world, 15);
        }
        let mut order = sent(&world);
        order.sort_unstable();
        order.dedup();
        assert_eq!(order, (0..30).collect::<Vec<u64>>());
        assert_eq!(world.requests.borrow().len(), 31);
        is_quiet(&world);
    }
}

#[test]
fn strict_order_fields_are_validated() {
    let world = World::new(&[]);
    let webhook = strict(&world, "");
    let view = shown(&world, &config(), &webhook);
    assert_eq!((&view["strictOrder"], &view["onExhausted"]), (&true.into(), &"continue".into()));
    for (change, field) in [
        (r#"{"strictOrder":1}"#, "strictOrder"),
        (r#"{"onExhausted":"stop"}"#, "onExhausted"),
        (r#"{"onExhausted":true}"#, "onExhausted"),
    ] {
        let error = update(&world, &config(), "acme", &webhook, change).unwrap_err();
        assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::Invalid, Some(field)), "{change}");
    }
    update(&world, &config(), "acme", &webhook, r#"{"onExhausted":"pause"}"#).unwrap();
    assert_eq!(shown(&world, &config(), &webhook)["onExhausted"], "pause");
}
