//! The completion queue of an instance, by the callback.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use hookwright_engine::ports::{Completion, Http, HttpErrorKind, Request, Signal, WaitResult};
use hookwright_host::signal::Signals;
use serde_json::{Value, json};

use super::completion;
use crate::callback::Callback;
use crate::handles;
use crate::lock::lock;

/// Time after its timeout for which a request may still be completed by the callback, in milliseconds.
const GRACE_MS: u64 = 1_000;

/// HTTP requests of one instance by the callback.
pub(crate) struct CallbackHttp {
    callback: Callback,
    signals: Signals,
    /// The requests in flight, by the bridge's numbers. Every guest counts its requests from 1, and the callback may still have
    /// requests of an earlier guest in flight.
    in_flight: Mutex<BTreeMap<u64, InFlight>>,
    /// Why the last submission failed. The next wait reports it.
    submit_error: Mutex<Option<String>>,
}

/// A request that the callback has.
#[derive(Clone, Copy)]
struct InFlight {
    /// The guest's number of the request.
    id: u64,
    since: Instant,
    /// The time at which the request counts as lost.
    until: Instant,
}

impl CallbackHttp {
    /// Creates a queue.
    pub(crate) fn new(callback: Callback, signals: Signals) -> CallbackHttp {
        CallbackHttp { callback, signals, in_flight: Mutex::default(), submit_error: Mutex::default() }
    }

    /// Asks the callback for completions and a signal. On an error, `completions` has those before and beside the bad one.
    fn ask(&self, timeout_ms: u32, completions: &mut Vec<Completion>) -> Result<Signal, String> {
        if let Some(reason) = lock(&self.submit_error).take() {
            return Err(reason);
        }
        let reply = self.callback.ask(&json!({"call": "http-wait", "timeoutMs": timeout_ms}))?;
        let mut unfit = None;
        for value in reply["completions"].as_array().ok_or("`completions` is not an array")? {
            match completion::parse(value) {
                // A request that is not in flight has ended before, or belonged to an earlier guest.
                Ok(completion) => {
                    let request = lock(&self.in_flight).remove(&completion.id);
                    completions.extend(request.map(|request| Completion { id: request.id, ..completion }));
                }
                Err(reason) => unfit = Some(reason),
            }
        }
        match (unfit, reply["signal"].as_str()) {
            (Some(reason), _) => Err(reason),
            (None, Some("none") | None) => Ok(Signal::None),
            (None, Some("work")) => Ok(Signal::Work),
            (None, Some("drain")) => Ok(Signal::Drain),
            (None, Some(_)) => Err("`signal` is not none, work or drain".to_owned()),
        }
    }

    /// Ends the requests in flight that a condition selects.
    fn end(&self, kind: HttpErrorKind, reason: &str, condition: impl Fn(&InFlight) -> bool) -> Vec<Completion> {
        let ended = lock(&self.in_flight).extract_if(.., |_, request| condition(request)).collect::<Vec<_>>();
        ended.iter().map(|(_, request)| completion::failed(request.id, request.since.elapsed(), kind, reason)).collect()
    }
}

impl Http for CallbackHttp {
    fn submit(&self, requests: Vec<Request>) {
        if requests.is_empty() {
            return;
        }
        let since = Instant::now();
        let add = |request: &Request| {
            let number = handles::fresh();
            let until = since + Duration::from_millis(u64::from(request.timeout_ms) + GRACE_MS);
            lock(&self.in_flight).insert(number, InFlight { id: request.id, since, until });
            completion::request_to_json(number, request)
        };
        let requests: Vec<Value> = requests.iter().map(add).collect();
        if let Err(reason) = self.callback.ask(&json!({"call": "http-submit", "requests": requests})) {
            *lock(&self.submit_error) = Some(reason);
        }
    }

    fn wait(&self, timeout_ms: u32) -> WaitResult {
        let mut completions = Vec::new();
        let asked = self.ask(timeout_ms, &mut completions).unwrap_or_else(|reason| {
            completions.extend(self.end(HttpErrorKind::Internal, &reason, |_| true));
            Signal::None
        });
        let now = Instant::now();
        let late = self.end(HttpErrorKind::Timeout, "the host did not complete the request", |one| one.until <= now);
        completions.extend(late);
        // The bridge's own signal is read after the callback, because it may have been given during the callback.
        let signals = [asked, self.signals.wait(Duration::ZERO)];
        let signal =
            [Signal::Drain, Signal::Work].into_iter().find(|signal| signals.contains(signal)).unwrap_or_default();
        WaitResult { completions, signal }
    }
}
