//! The completion queue: by the engine's client, which is made with the first request, or by the callback.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hookwright_engine::ports::{Completion, Http, HttpError, HttpErrorKind, Request, Response, Signal, WaitResult};
use hookwright_host::http::Queue;
use hookwright_host::wake::Wakes;
use serde_json::{Value, json};

use super::ok;
use crate::callback::Callback;
use crate::engine::Engine;
use crate::handles;

/// How often the callback is asked for a wake while the bridge waits.
const WAKE_MS: u32 = 250;
/// How long after its timeout a request may still be answered by the callback.
const GRACE_MS: u64 = 5_000;

/// Requests of one instance by the engine's client.
pub(crate) struct OwnHttp {
    engine: Arc<Engine>,
    wakes: Wakes,
    /// Who is asked for wakes, and when it was.
    asked: Option<(Callback, Mutex<Option<Instant>>)>,
    queue: OnceLock<Queue>,
    /// What could not be handed over, for there is no client.
    refused: Mutex<Vec<Completion>>,
}

impl OwnHttp {
    /// With a callback, that is asked for wakes while this waits.
    pub(crate) fn new(engine: Arc<Engine>, wakes: Wakes, asked: Option<Callback>) -> OwnHttp {
        let asked = asked.map(|callback| (callback, Mutex::default()));
        OwnHttp { engine, wakes, asked, queue: OnceLock::new(), refused: Mutex::default() }
    }

    /// Passes a wake of the callback's on. One that fails has none.
    fn ask(&self) {
        let Some((callback, last)) = &self.asked else { return };
        let mut last = lock(last);
        if last.is_some_and(|last| last.elapsed() < Duration::from_millis(WAKE_MS.into())) {
            return;
        }
        *last = Some(Instant::now());
        match callback.ask(&json!({"call": "signal"})).and_then(ok).as_ref().map(Value::as_str) {
            Ok(Some("work")) => self.wakes.work(),
            Ok(Some("drain")) => self.wakes.drain(),
            _ => {}
        }
    }

    fn wait_once(&self, timeout_ms: u32) -> WaitResult {
        match self.queue.get() {
            Some(queue) => queue.wait(timeout_ms),
            None => {
                let wake = self.wakes.wait(Duration::from_millis(timeout_ms.into()));
                WaitResult { completions: Vec::new(), signal: wake }
            }
        }
    }
}

impl Http for OwnHttp {
    fn submit(&self, requests: Vec<Request>) {
        if requests.is_empty() {
            return;
        }
        match self.engine.http() {
            Ok(client) => self.queue.get_or_init(|| client.queue(self.wakes.clone())).submit(requests),
            Err(reason) => {
                let kind = HttpErrorKind::Internal;
                let failed = requests.iter().map(|request| failed(request.id, Duration::ZERO, kind, reason));
                lock(&self.refused).extend(failed);
            }
        }
    }

    fn wait(&self, timeout_ms: u32) -> WaitResult {
        let completions = std::mem::take(&mut *lock(&self.refused));
        if !completions.is_empty() {
            return WaitResult { completions, signal: Signal::None };
        }
        let begun = Instant::now();
        loop {
            self.ask();
            let gone_ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
            let left_ms = timeout_ms.saturating_sub(gone_ms);
            let now_ms = if self.asked.is_some() { left_ms.min(WAKE_MS) } else { left_ms };
            let result = self.wait_once(now_ms);
            if now_ms == left_ms || !result.completions.is_empty() || result.signal != Signal::None {
                return result;
            }
        }
    }
}

/// Requests of one instance by the callback.
pub(crate) struct CallbackHttp {
    callback: Callback,
    wakes: Wakes,
    /// What was submitted and is not finished, by numbers of the bridge's own. Every guest counts from 1, and the callback may
    /// still have an earlier guest's requests on their way.
    in_flight: Mutex<BTreeMap<u64, InFlight>>,
    /// Why the callback did not take what was submitted; told by the next wait.
    failure: Mutex<Option<String>>,
}

/// A request that the callback has.
#[derive(Clone, Copy)]
struct InFlight {
    /// The guest's number for it.
    id: u64,
    since: Instant,
    /// When it is no longer waited for.
    until: Instant,
}

impl CallbackHttp {
    pub(crate) fn new(callback: Callback, wakes: Wakes) -> CallbackHttp {
        CallbackHttp { callback, wakes, in_flight: Mutex::default(), failure: Mutex::default() }
    }

    /// What the callback has, and its wake; whatever goes wrong is an error after the completions that are good.
    fn asked_to_wait(&self, timeout_ms: u32, completions: &mut Vec<Completion>) -> Result<Signal, String> {
        if let Some(reason) = lock(&self.failure).take() {
            return Err(reason);
        }
        let reply = self.callback.ask(&json!({"call": "http-wait", "timeoutMs": timeout_ms})).and_then(ok)?;
        let mut wrong = None;
        for line in reply["completions"].as_array().ok_or("`completions` is no array")? {
            match completion(line) {
                // One that is not in flight has ended before, or was an earlier guest's.
                Ok(completion) => {
                    let request = lock(&self.in_flight).remove(&completion.id);
                    completions.extend(request.map(|request| Completion { id: request.id, ..completion }));
                }
                Err(reason) => wrong = Some(reason),
            }
        }
        match (wrong, reply["signal"].as_str()) {
            (Some(reason), _) => Err(reason),
            (None, Some("none") | None) => Ok(Signal::None),
            (None, Some("work")) => Ok(Signal::Work),
            (None, Some("drain")) => Ok(Signal::Drain),
            (None, Some(_)) => Err("`signal` is none of none, work, drain".to_owned()),
        }
    }

    /// Ends what is in flight and is chosen.
    fn end(&self, kind: HttpErrorKind, reason: &str, chosen: impl Fn(&InFlight) -> bool) -> Vec<Completion> {
        let ended = lock(&self.in_flight).extract_if(.., |_, request| chosen(request)).collect::<Vec<_>>();
        ended.iter().map(|(_, request)| failed(request.id, request.since.elapsed(), kind, reason)).collect()
    }
}

impl Http for CallbackHttp {
    fn submit(&self, requests: Vec<Request>) {
        if requests.is_empty() {
            return;
        }
        let since = Instant::now();
        let in_flight = |request: &Request| {
            let number = handles::fresh();
            let until = since + Duration::from_millis(u64::from(request.timeout_ms) + GRACE_MS);
            lock(&self.in_flight).insert(number, InFlight { id: request.id, since, until });
            line(number, request)
        };
        let lines: Vec<Value> = requests.iter().map(in_flight).collect();
        if let Err(reason) = self.callback.ask(&json!({"call": "http-submit", "requests": lines})).and_then(ok) {
            *lock(&self.failure) = Some(reason);
        }
    }

    fn wait(&self, timeout_ms: u32) -> WaitResult {
        let mut completions = Vec::new();
        let asked = self.asked_to_wait(timeout_ms, &mut completions).unwrap_or_else(|reason| {
            completions.extend(self.end(HttpErrorKind::Internal, &reason, |_| true));
            Signal::None
        });
        let now = Instant::now();
        completions
            .extend(self.end(HttpErrorKind::Timeout, "the host has not answered", |request| request.until <= now));
        // The bridge's own are read after the callback, which may have been the time in which they were told.
        let wakes = [asked, self.wakes.wait(Duration::ZERO)];
        let wake = [Signal::Drain, Signal::Work].into_iter().find(|wake| wakes.contains(wake)).unwrap_or_default();
        WaitResult { completions, signal: wake }
    }
}

fn line(number: u64, request: &Request) -> Value {
    json!({
        "id": number.to_string(),
        "method": request.method,
        "url": request.url,
        "headers": request.headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Value>(),
        "body": request.body,
        "timeoutMs": request.timeout_ms,
        "responseBytesMax": request.response_bytes_max,
        "egress": {"allow": request.egress.allow, "deny": request.egress.deny},
    })
}

/// What became of a request, by the bridge's number for it.
fn completion(line: &Value) -> Result<Completion, String> {
    let text = |value: &Value, what: &str| {
        value.as_str().map(str::to_owned).ok_or_else(|| format!("`{what}` of a completion is no string"))
    };
    let id = text(&line["id"], "id")?.parse().map_err(|_| "`id` of a completion is no number")?;
    let duration_ms = line["durationMs"].as_u64().and_then(|ms| u32::try_from(ms).ok());
    let duration_ms = duration_ms.ok_or("`durationMs` of a completion is no number of 32 bits")?;
    let (response, error) = (&line["outcome"]["ok"], &line["outcome"]["error"]);
    let result = if response.is_object() {
        let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok());
        let status = status.filter(|status| (100..=599).contains(status)).ok_or("`status` is not from 100 to 599")?;
        let mut headers = Vec::new();
        for header in response["headers"].as_array().into_iter().flatten() {
            headers.push((text(&header["name"], "headers")?, text(&header["value"], "headers")?));
        }
        let truncated = response["truncated"].as_bool().unwrap_or_default();
        Ok(Response { status, headers, body: text(&response["body"], "body")?, truncated })
    } else {
        let kind = error["kind"].as_str().ok_or("an `outcome` has neither `ok` nor an `error` with its `kind`")?;
        let kind = HttpErrorKind::ALL.into_iter().find(|known| known.as_str() == kind);
        let kind = kind.ok_or("the `kind` of an error is none of the contract's")?;
        Err(HttpError { kind, detail: error["detail"].as_str().unwrap_or_default().to_owned() })
    };
    Ok(Completion { id, duration_ms, result })
}

fn failed(id: u64, since: Duration, kind: HttpErrorKind, reason: &str) -> Completion {
    let duration_ms = u32::try_from(since.as_millis()).unwrap_or(u32::MAX);
    Completion { id, duration_ms, result: Err(HttpError { kind, detail: reason.to_owned() }) }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics half-way under it, so what is poisoned is good.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
