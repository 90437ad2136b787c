//! Receivers that never answer cost the others nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use hookwright_host::receiver::{Receiver, Script};
use serde_json::json;
use tempfile::TempDir;

use super::PATIENCE;
use super::serve::Serve;

const SILENT: usize = 100;
/// Events come in bursts, so that the healthy webhook's lane is often busy with one when the next is routed: then it is
/// found again only by its wake.
const BURST: usize = 3;
const EVENTS: usize = 50 * BURST;
/// Between two bursts.
const PACE: Duration = Duration::from_millis(100);
/// From an event's hand-over to its arrival, on a machine that is busy with other tests.
const DELAY_MAX: Duration = Duration::from_secs(3);

#[test]
fn silent_receivers_delay_no_other_webhook() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let healthy = Receiver::start(Script::Healthy).unwrap();
    let silent = Receiver::start(Script::Silent).unwrap();
    let register = |receiver: &Receiver| {
        serve.register(&json!({"url": receiver.url("/"), "events": ["*"], "timeoutMs": 30_000}));
    };
    register(&healthy);
    let alone = delays(&serve, &healthy);
    for _ in 0..SILENT {
        register(&silent);
    }
    let among = delays(&serve, &healthy);
    // Without this the test would be about nothing.
    assert!(silent.wait_for(SILENT, PATIENCE), "only {} requests wait for an answer", silent.received().len());
    // Noise is let pass, and not a neighbour's timeout.
    let (apart, beside) = (alone[EVENTS / 2], among[EVENTS / 2]);
    assert!(beside < apart * 5 + Duration::from_millis(200), "{beside:?} among silent receivers, {apart:?} alone");
    for (what, delays) in [("alone", &alone), ("among silent receivers", &among)] {
        let (median, worst) = (delays[EVENTS / 2], delays[EVENTS - 1]);
        println!("{what}: median {median:?}, worst {worst:?}");
        assert!(worst < DELAY_MAX, "{what}: {delays:?}");
    }
}

/// Measures the time of this number of events from the call to the healthy receiver. Returns the times, sorted.
fn delays(serve: &Serve, receiver: &Receiver) -> Vec<Duration> {
    let before = receiver.received().len();
    let mut handed_over: BTreeMap<String, SystemTime> = BTreeMap::new();
    let begun = Instant::now();
    for number in 0..EVENTS {
        // The pause is the load's, not the test's way of waiting.
        std::thread::sleep((PACE * u32::try_from(number / BURST).unwrap()).saturating_sub(begun.elapsed()));
        let at = SystemTime::now();
        handed_over.insert(serve.accept(&json!({"type": "a", "data": {"number": number}})), at);
    }
    assert!(receiver.wait_for(before + EVENTS, PATIENCE), "{} have arrived", receiver.received().len() - before);
    let received = receiver.received().into_iter().skip(before);
    let mut delays: Vec<Duration> = received
        .map(|request| request.at.duration_since(handed_over[request.header("webhook-id").unwrap()]).unwrap())
        .collect();
    assert_eq!(delays.len(), EVENTS);
    delays.sort();
    delays
}
