//! The requests that a receiver has got, and the script by which it answers them.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use super::verify::{Scheme, Signature};

/// How many requests are kept. Older ones are dropped.
const KEPT_MAX: usize = 10_000;

/// How a receiver answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// 200 to every request.
    Healthy,
    /// 503 to this number of requests, then 200.
    FailFirst(u32),
    /// Reads the request and never answers.
    Silent,
}

/// A request, as it arrived.
#[derive(Clone)]
pub struct Received {
    /// When its body was complete.
    pub at: SystemTime,
    /// The method.
    pub method: String,
    /// The path and the query. They may hold a credential.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The receiver's verdict on the signature.
    pub signature: Signature,
    /// The status of the response; `None` if there was none.
    pub answered: Option<u16>,
}

impl Received {
    /// Returns a header's value, if the header exists and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Shows neither the target nor headers nor the body, because each may hold a credential.
impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Received")
            .field("at", &self.at)
            .field("method", &self.method)
            .field("body_bytes", &self.body.len())
            .field("signature", &self.signature)
            .field("answered", &self.answered)
            .finish_non_exhaustive()
    }
}

/// Chooses the responses.
pub(super) enum Answers {
    Script(Script),
    /// A function that is called for each request. The receiver keeps no requests itself.
    Asked(Box<dyn Fn(&Received) -> StatusCode + Send + Sync>),
}

impl std::fmt::Debug for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Answers::Script(script) => script.fmt(f),
            Answers::Asked(_) => f.write_str("Asked(..)"),
        }
    }
}

/// The requests of one receiver.
#[derive(Debug)]
pub(super) struct Record {
    answers: Answers,
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct State {
    scheme: Scheme,
    count: usize,
    kept: VecDeque<Received>,
}

impl Record {
    pub(super) fn new(answers: Answers) -> Record {
        Record { answers, state: Mutex::default(), arrived: Condvar::new() }
    }

    /// Sets how signatures are checked from now on.
    pub(super) fn verify(&self, scheme: Scheme) {
        self.state().scheme = scheme;
    }

    /// Returns the kept requests, oldest first.
    pub(super) fn received(&self) -> Vec<Received> {
        self.state().kept.iter().cloned().collect()
    }

    /// Waits until `count` requests have arrived in all. Returns false if the time is up before.
    pub(super) fn wait_for(&self, count: usize, timeout: Duration) -> bool {
        let begun = Instant::now();
        let mut state = self.state();
        while state.count < count {
            let left = timeout.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return false;
            }
            state = self.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Records a request and returns the status of its response; `None` if there shall be no response.
    pub(super) fn add(&self, head: Parts, body: Bytes) -> Option<StatusCode> {
        let mut received = Received {
            at: SystemTime::now(),
            method: head.method.to_string(),
            target: head.uri.to_string(),
            headers: head.headers,
            body,
            signature: Signature::Unchecked,
            answered: None,
        };
        let script = match &self.answers {
            Answers::Asked(answer) => return Some(answer(&received)),
            Answers::Script(script) => *script,
        };
        let mut state = self.state();
        state.count += 1;
        let answer = match script {
            Script::Healthy => Some(StatusCode::OK),
            Script::FailFirst(failures) if usize::try_from(failures).is_ok_and(|failures| state.count <= failures) => {
                Some(StatusCode::SERVICE_UNAVAILABLE)
            }
            Script::FailFirst(_) => Some(StatusCode::OK),
            Script::Silent => None,
        };
        if state.kept.len() == KEPT_MAX {
            state.kept.pop_front();
        }
        received.signature = state.scheme.check(&received.headers, &received.body);
        received.answered = answer.map(|status| status.as_u16());
        state.kept.push_back(received);
        self.arrived.notify_all();
        answer
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock, so a poisoned state is consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_request_shows_no_credential() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer geheim".parse().unwrap());
        let received = Received {
            at: SystemTime::UNIX_EPOCH,
            method: "POST".to_owned(),
            target: "/hooks/geheim?token=geheim".to_owned(),
            headers,
            body: Bytes::from_static(b"geheim"),
            signature: Signature::Unchecked,
            answered: Some(200),
        };
        let shown = format!("{received:?}");
        assert!(shown.contains("POST") && !shown.contains("geheim"), "{shown}");
    }
}
