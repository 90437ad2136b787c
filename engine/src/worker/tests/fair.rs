//! Fairness: no tenant or webhook costs the others more than its share.

use crate::ports::{Clock, Mutation, Storage};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Queue, QueuedDelivery};
use crate::support::limits::{
    GROUP_DELIVERIES_MAX, IN_FLIGHT_UNHEALTHY_MAX, SEND_BATCH_MAX, TENANT_IN_FLIGHT_MAX, TENANT_UNHEALTHY_MAX,
};
use crate::testing::*;
use crate::*;

/// Registers a webhook of a tenant on a host of its own.
fn webhook(world: &World, config: &Config, tenant: &str, number: usize, fields: &str) -> String {
    let registration = format!(r#"{{"url":"https://{tenant}{number}.example/in","events":["*"]{fields}}}"#);
    let shown = register(world, config, tenant, None, &registration).unwrap();
    serde_json::from_str::<serde_json::Value>(&shown).unwrap()["id"].as_str().unwrap().to_owned()
}

fn accept(world: &World, config: &Config, tenant: &str, count: usize) {
    for _ in 0..count {
        on_event(world, config, Some(tenant), r#"{"type":"a"}"#).unwrap();
    }
}

#[test]
fn tenant_with_many_webhooks_leaves_one_with_few_its_share() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    for number in 0..20 {
        webhook(&world, &config, "many", number, "");
    }
    webhook(&world, &config, "few", 0, "");
    for tenant in ["many", "few"] {
        accept(&world, &config, tenant, 1);
    }
    assert_eq!(world.deliver(&config).delivered, 21);
    let before = world.requests.borrow().len();
    for tenant in ["many", "few"] {
        accept(&world, &config, tenant, 30);
    }
    assert_eq!(world.deliver(&config).delivered, 21 * 30);
    let requests = world.requests.borrow();
    let first = &requests[before..before + SEND_BATCH_MAX];
    // As many as its webhook takes at once, and not a twenty-first part of the batch.
    assert_eq!(first.iter().filter(|request| request.url.contains("few")).count(), limits::LANE_IN_FLIGHT_MAX);
}

#[test]
fn tenant_never_has_all_slots() {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    for number in 0..20 {
        webhook(&world, &config, "many", number, r#","concurrency":64"#);
    }
    accept(&world, &config, "many", 1);
    assert_eq!(world.deliver(&config).delivered, 20);
    accept(&world, &config, "many", 45);
    assert_eq!(world.deliver(&config).delivered, 20 * 45);
    assert!(world.in_flight_max.get() <= TENANT_IN_FLIGHT_MAX, "{}", world.in_flight_max.get());
    let config = Config::new(&Settings { webhooks_per_tenant_max: Some(10_000), ..settings() }).unwrap();
    for number in 0..TENANT_IN_FLIGHT_MAX + 50 {
        webhook(&world, &config, "all", number, "");
    }
    accept(&world, &config, "all", 1);
    while world.deliver(&config).attempts > 0 {}
    world.in_flight_max.set(0);
    accept(&world, &config, "all", 1);
    world.silent_until_us.set(world.now_us() + 3_000_000);
    while world.deliver(&config).attempts > 0 {}
    assert_eq!(world.in_flight_max.get(), TENANT_IN_FLIGHT_MAX);
}

#[test]
fn unhealthy_webhooks_leave_half_of_the_slots_to_healthy_ones_and_a_part_to_other_tenants() {
    let config = Config::new(&Settings { webhooks_per_tenant_max: Some(10_000), ..settings() }).unwrap();
    let world = World::new(&[]);
    webhook(&world, &config, "well", 0, "");
    accept(&world, &config, "well", 1);
    assert_eq!(world.deliver(&config).delivered, 1);
    for (tenant, webhooks) in [("many", 300), ("few", 40), ("more", 300)] {
        (0..webhooks).for_each(|number| drop(webhook(&world, &config, tenant, number, "")));
    }
    world.silent_until_us.set(world.now_us() + 5_000_000);
    let sent = |tenant: &str| world.requests.borrow().iter().filter(|sent| sent.url.contains(tenant)).count();
    let budget = Budget { time_ms: 3_000, attempts_max: 1_000 };
    let fly = |tenants: &[&str]| {
        let before: Vec<usize> = tenants.iter().map(|tenant| sent(tenant)).collect();
        tenants.iter().for_each(|tenant| accept(&world, &config, tenant, 1));
        world.in_flight_max.set(0);
        world.silent_until_us.set(world.now_us() + 5_000_000);
        // All requests are sent before the first response.
        deliver(&world, &config, budget).unwrap();
        let sent: Vec<usize> = tenants.iter().zip(before).map(|(tenant, before)| sent(tenant) - before).collect();
        (world.in_flight_max.get(), sent)
    };
    assert_eq!(fly(&["many"]), (TENANT_UNHEALTHY_MAX, vec![TENANT_UNHEALTHY_MAX]));
    let (in_flight, sent) = fly(&["more", "few", "well"]);
    assert_eq!((in_flight, sent[2]), (IN_FLIGHT_UNHEALTHY_MAX + 1, 1), "{sent:?}");
    assert!(sent[0] <= TENANT_UNHEALTHY_MAX && sent[1] == 40, "{sent:?}");
}

/// The backlog of an inactive or removed webhook ends beside the deliveries of others, and not before them.
#[test]
fn deliveries_without_attempts_do_not_delay_those_that_are_sent() {
    for gone in [false, true] {
        let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
        let idle = webhook(&world, &config, "idle", 0, "");
        webhook(&world, &config, "well", 0, "");
        accept(&world, &config, "well", 1);
        assert_eq!(world.deliver(&config).delivered, 1);
        let lane = Lane::of("idle", &idle);
        let now_ms = world.now_us() / 1_000;
        let letter = |digit: char| char::from_u32(u32::from(digit) + u32::from('a') - u32::from('0')).unwrap();
        let queued = |number: usize| {
            let digits: String = format!("{number:026}").chars().map(letter).collect();
            QueuedDelivery { message: format!("msg_{digits}"), number: 1 }
        };
        let groups = 100;
        for group in 0..groups {
            let deliveries = (group * GROUP_DELIVERIES_MAX..(group + 1) * GROUP_DELIVERIES_MAX).map(queued).collect();
            let value = rows::encode(&Queue { deliveries, ..Queue::default() });
            world.put(std::iter::once(keys::queue(&lane, now_ms, &format!("{group:026}.00"))), &value);
        }
        world.put(std::iter::once(keys::timer(now_ms, &lane, &"a".repeat(26))), r#"{"v":1}"#);
        if gone {
            unregister(&world, &config, "idle", &idle).unwrap();
        } else {
            update(&world, &config, "idle", &idle, r#"{"isActive":false}"#).unwrap();
        }
        accept(&world, &config, "well", 40);
        let report = deliver(&world, &config, Budget { time_ms: 10_000, attempts_max: 40 }).unwrap();
        assert_eq!(report.delivered, 40);
        let left = world.count("queue");
        assert!((groups / 2..=groups).contains(&left), "{left} of {groups} groups");
        while deliver(&world, &config, Budget { time_ms: 60_000, attempts_max: 40 }).unwrap().next_due_ms == 0 {}
        assert_eq!(world.count("queue"), 0);
    }
}

/// Returns the storage calls that one event costs, beside another webhook for which `waiting` deliveries wait.
fn calls_beside(waiting: usize, due_in_ms: u64) -> (u32, u32) {
    let (world, config) = (World::new(&[]), Config::new(&settings()).unwrap());
    // The messages that are read now exist: accepted, and routed to no webhook so far.
    let first: Vec<String> = (0..GROUP_DELIVERIES_MAX)
        .map(|_| on_event(&world, &config, Some("busy"), r#"{"type":"a"}"#).unwrap().message_id)
        .collect();
    world.deliver(&config);
    let busy = webhook(&world, &config, "busy", 0, "");
    webhook(&world, &config, "quick", 0, "");
    let lane = Lane::of("busy", &busy);
    let now_ms = world.now_us() / 1_000;
    let queued = |number: usize| {
        let message = first.get(number).cloned().unwrap_or_else(|| format!("msg_{number:026}"));
        QueuedDelivery { message, number: 1 }
    };
    let groups: Vec<Mutation> = (0..waiting / GROUP_DELIVERIES_MAX)
        .map(|group| {
            let first = group * GROUP_DELIVERIES_MAX;
            let deliveries = (first..first + GROUP_DELIVERIES_MAX).map(queued).collect();
            let value = rows::encode(&Queue { deliveries, ..Queue::default() });
            Mutation::Put { key: keys::queue(&lane, now_ms + due_in_ms, &format!("{group:026}.00")), value }
        })
        .collect();
    for groups in groups.chunks(limits::COMMIT_MUTATIONS_MAX) {
        world.store.commit(&[], groups).unwrap();
    }
    world.put(std::iter::once(keys::timer(now_ms + due_in_ms, &lane, &"a".repeat(26))), r#"{"v":1}"#);
    accept(&world, &config, "quick", 1);
    let (reads, commits) = (world.reads.get(), world.commits.get());
    let attempts = if due_in_ms > 0 { 1 } else { 2 };
    let report = deliver(&world, &config, Budget { time_ms: 10_000, attempts_max: attempts }).unwrap();
    assert_eq!((report.routed, report.delivered), (1, attempts));
    assert_eq!(world.requests.borrow().iter().filter(|request| request.url.contains("quick")).count(), 1);
    (world.reads.get() - reads, world.commits.get() - commits)
}

#[test]
fn million_waiting_deliveries_of_one_webhook_cost_other_webhooks_no_storage_call() {
    for due_in_ms in [3_600_000, 0] {
        assert_eq!(calls_beside(1_000_000, due_in_ms), calls_beside(1_600, due_in_ms));
    }
}
