//! `kill -9` at any moment, again and again, under load: every accepted event arrives everywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hookwright_engine::limits::{BREAKER_FAILURES, LANE_IN_FLIGHT_MAX};
use hookwright_engine::ports::Storage;
use hookwright_host::receiver::{Receiver, Scheme, Script, Signature};
use hookwright_host::stores::sqlite::SqliteStore;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::client::Client;
use super::serve::{Serve, database};
use super::until;

const KILLS: usize = 50;
const EVENTS: usize = 30 * KILLS;
/// Callers that hand events over at the same time.
const CALLERS: usize = 4;
const _: () = assert!(EVENTS.is_multiple_of(KILLS));
/// Deliveries of one webhook that a kill can cost their record: those in flight, and those that came back and are in the
/// commit which the kill met.
const UNRECORDED_MAX: usize = 2 * LANE_IN_FLIGHT_MAX;

#[test]
fn every_accepted_event_arrives_although_the_service_is_killed() {
    let seed = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() % (1 << 60)).unwrap();
    println!("seed {seed}");
    let folder = TempDir::new().unwrap();
    // It fails less often than what has a webhook left alone for minutes.
    let fails = BREAKER_FAILURES - 5;
    let receivers: Vec<Receiver> = [Script::Healthy, Script::FailFirst(fails), Script::Healthy]
        .map(|script| Receiver::start(script).unwrap())
        .into();
    let serve = Serve::start(folder.path(), "standard");
    let webhooks: Vec<String> = receivers.iter().map(|receiver| register(&serve, receiver)).collect();

    let begun = Instant::now();
    let (serve, accepted) = load(&folder, serve, seed);
    println!("{} events accepted and {KILLS} kills within {:?}", accepted.len(), begun.elapsed());
    assert_eq!(accepted.values().collect::<BTreeSet<_>>().len(), EVENTS, "two events have one message");
    for receiver in &receivers {
        until("the arrival of every event", || {
            let arrived = arrived(receiver);
            let complete = accepted.values().all(|message| arrived.contains(message));
            complete.then_some(())
        });
    }
    println!("all arrived after {:?}", begun.elapsed());
    // The log has one end for each delivery, and it is a good one.
    for webhook in &webhooks {
        until("one end of every delivery", || {
            let ends = ends(&serve, webhook);
            assert!(ends.values().all(|states| states == &["delivered"]), "{ends:?}");
            (ends.len() == EVENTS).then_some(())
        });
    }
    for (receiver, webhook) in receivers.iter().zip(&webhooks) {
        check_requests(receiver, &serve.attempts(webhook));
    }
    // A lane whose deliveries were made alone when its worker went is leased for some seconds more.
    let store = SqliteStore::open(&database(folder.path())).unwrap();
    until("that nothing is left to do", || is_quiet(&store).then_some(()));
    drop(store);
    serve.stop();
    let store = SqliteStore::open(&database(folder.path())).unwrap();
    store.integrity_check().unwrap();
    assert!(is_quiet(&store));
}

fn register(serve: &Serve, receiver: &Receiver) -> String {
    let webhook =
        serve.register(&json!({"url": receiver.url("/"), "events": ["*"], "timeoutMs": 5000, "schedule": vec![1; 10]}));
    receiver.verify(Scheme::Standard(vec![webhook.secret().to_owned()]));
    webhook.id
}

/// Hands over all events while the service is killed and started again. Returns the last service, and the message id of
/// each event by the event's own id.
fn load(folder: &TempDir, serve: Serve, seed: u64) -> (Serve, BTreeMap<usize, String>) {
    let mut random = seed | 1;
    let client = Mutex::new(serve.deref().clone());
    let next = AtomicUsize::new(0);
    let accepted = Mutex::new(BTreeMap::new());
    let serve = thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= EVENTS {
                        return;
                    }
                    let message = hand_over(&client, number);
                    lock(&accepted).insert(number, message);
                }
            });
        }
        let mut serve = serve;
        for round in 0..KILLS {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let share = EVENTS / KILLS;
            let after = round * share + usize::try_from(random >> 33).unwrap() % share;
            until("accepting goes on", || (lock(&accepted).len() >= after).then_some(()));
            // Any moment will do: this one is somewhere in the handling of what has just been accepted.
            thread::sleep(Duration::from_micros((random >> 20) % 50_000));
            serve.kill();
            serve = Serve::start(folder.path(), "standard");
            *lock(&client) = serve.deref().clone();
        }
        serve
    });
    (serve, accepted.into_inner().unwrap())
}

/// Repeats one event until it is accepted, as a platform would.
fn hand_over(client: &Mutex<Client>, number: usize) -> String {
    let event = json!({"id": format!("evt-{number}"), "type": "stock.changed", "data": {"number": number}});
    until("an event's acceptance", || {
        let client = lock(client).clone();
        client.offer(&event)
    })
}

/// The messages that a receiver has taken.
fn arrived(receiver: &Receiver) -> BTreeSet<String> {
    let taken = receiver.received().into_iter().filter(|request| request.answered == Some(200));
    taken.map(|request| request.header("webhook-id").unwrap().to_owned()).collect()
}

/// Every request is signed; those of one message are alike; and there are no more than the log and the kills explain.
fn check_requests(receiver: &Receiver, attempts: &[Value]) {
    let received = receiver.received();
    let mut deliveries: BTreeMap<&str, (usize, usize, &[u8])> = BTreeMap::new();
    for request in &received {
        assert_eq!(request.signature, Signature::Verified);
        let (requests, _, body) =
            deliveries.entry(request.header("webhook-id").unwrap()).or_insert((0, 0, &request.body));
        assert!(*body == request.body, "two bodies of one message: {:?} {:?}", body, request.body);
        *requests += 1;
    }
    assert_eq!(deliveries.len(), EVENTS, "a message arrived that nobody accepted");
    for attempt in attempts {
        let (_, logged, _) = deliveries.get_mut(attempt["messageId"].as_str().unwrap()).unwrap();
        *logged += 1;
    }
    let mut unrecorded = 0;
    for (message, (requests, logged, _)) in &deliveries {
        // One life of the service repeats nothing: each request beyond the log was lost to a kill of its own.
        let extra = requests.checked_sub(*logged).unwrap_or_else(|| panic!("{message}: {logged} of {requests} logged"));
        assert!(extra <= KILLS, "{message}: {requests} requests, {logged} attempts in the log");
        unrecorded += extra;
    }
    println!("{} requests, {} attempts in the log: {unrecorded} repeated", received.len(), attempts.len());
    assert!(unrecorded <= KILLS * UNRECORDED_MAX, "{unrecorded} requests are in no log");
}

/// The final states in a webhook's log, by message.
fn ends(serve: &Serve, webhook: &str) -> BTreeMap<String, Vec<String>> {
    let mut ends: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for attempt in serve.attempts(webhook).iter().filter(|attempt| attempt["state"] != "retrying") {
        ends.entry(text(&attempt["messageId"])).or_default().push(text(&attempt["state"]));
    }
    ends
}

/// Returns true if no work is left: nothing accepted and not routed, nothing queued, no timer.
fn is_quiet(store: &SqliteStore) -> bool {
    ["inbox", "queue", "timer"].into_iter().all(|prefix| {
        let range = hookwright_engine::ports::KeyRange { start: format!("{prefix}/"), end: format!("{prefix}0") };
        let mut left = store.scan(&range, 10, hookwright_engine::ports::Direction::Forward).unwrap();
        // The retention has no end.
        left.retain(|entry| !entry.key.contains("/_/job_"));
        left.is_empty()
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
