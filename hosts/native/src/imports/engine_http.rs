//! The completion queue of an instance, by the HTTP client of its engine.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use hookwright_engine::ports::{Completion, Http, HttpErrorKind, Request, Signal, WaitResult};
use hookwright_host::http::Queue;
use hookwright_host::signal::Signals;
use serde_json::json;

use super::completion;
use crate::callback::Callback;
use crate::engine::Engine;
use crate::lock::lock;

/// Time between two questions for a signal while the bridge waits, in milliseconds.
const SIGNAL_POLL_MS: u32 = 250;

/// HTTP requests of one instance by the engine's client.
pub(crate) struct EngineHttp {
    engine: Arc<Engine>,
    signals: Signals,
    /// The callback that is asked for signals, if it serves them.
    poll: Option<SignalPoll>,
    queue: OnceLock<Queue>,
    /// Completions of requests that were not submitted, because there is no client.
    refused: Mutex<Vec<Completion>>,
}

struct SignalPoll {
    callback: Callback,
    last: Mutex<Option<Instant>>,
}

impl EngineHttp {
    /// Creates a queue. A `poll` callback is asked for signals during waits.
    pub(crate) fn new(engine: Arc<Engine>, signals: Signals, poll: Option<Callback>) -> EngineHttp {
        let poll = poll.map(|callback| SignalPoll { callback, last: Mutex::default() });
        EngineHttp { engine, signals, poll, queue: OnceLock::new(), refused: Mutex::default() }
    }

    /// Passes a signal of the callback on. A callback that fails has none.
    fn poll_for_signal(&self) {
        let Some(poll) = &self.poll else { return };
        let mut last = lock(&poll.last);
        if last.is_some_and(|last| last.elapsed() < Duration::from_millis(SIGNAL_POLL_MS.into())) {
            return;
        }
        *last = Some(Instant::now());
        let Ok(signal) = poll.callback.ask(&json!({"call": "signal"})) else { return };
        match signal.as_str() {
            Some("work") => self.signals.work(),
            Some("drain") => self.signals.drain(),
            _ => {}
        }
    }

    fn wait_once(&self, timeout_ms: u32) -> WaitResult {
        match self.queue.get() {
            Some(queue) => queue.wait(timeout_ms),
            None => {
                let signal = self.signals.wait(Duration::from_millis(timeout_ms.into()));
                WaitResult { completions: Vec::new(), signal }
            }
        }
    }
}

impl Http for EngineHttp {
    fn submit(&self, requests: Vec<Request>) {
        if requests.is_empty() {
            return;
        }
        match self.engine.http() {
            Ok(client) => self.queue.get_or_init(|| client.queue(self.signals.clone())).submit(requests),
            Err(reason) => {
                let kind = HttpErrorKind::Internal;
                let failed = |request: &Request| completion::failed(request.id, Duration::ZERO, kind, reason);
                lock(&self.refused).extend(requests.iter().map(failed));
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
            self.poll_for_signal();
            let elapsed_ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
            let left_ms = timeout_ms.saturating_sub(elapsed_ms);
            let step_ms = if self.poll.is_some() { left_ms.min(SIGNAL_POLL_MS) } else { left_ms };
            let result = self.wait_once(step_ms);
            if step_ms == left_ms || !result.completions.is_empty() || result.signal != Signal::None {
                return result;
            }
        }
    }
}
