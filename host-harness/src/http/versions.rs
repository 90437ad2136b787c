//! The receivers that accept no HTTP/1.1 over TLS.
//!
//! Every receiver is offered HTTP/1.1, which all of them speak, and which writes header names as the profile spells them. Only
//! a receiver that refuses it in the TLS handshake gets HTTP/2. Nothing has been sent then, so the same attempt goes on.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many receivers are remembered.
const RECEIVERS_MAX: usize = 256;
/// How long a receiver is remembered.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// The receivers of one egress policy that accept only HTTP/2, by host and port, each with the time until which it is
/// remembered.
#[derive(Debug, Default)]
pub(super) struct Http2Only(Mutex<HashMap<String, Instant>>);

impl Http2Only {
    /// Returns true if the receiver refused HTTP/1.1 a short time ago.
    pub(super) fn has(&self, receiver: &str, now: Instant) -> bool {
        self.known().get(receiver).is_some_and(|until| now < *until)
    }

    /// Remembers a receiver. When there are too many, the one that has been remembered longest is forgotten.
    pub(super) fn remember(&self, receiver: &str, now: Instant) {
        let mut known = self.known();
        if known.len() >= RECEIVERS_MAX && !known.contains_key(receiver) {
            let oldest = known.iter().min_by_key(|(_, until)| **until).map(|(oldest, _)| oldest.clone());
            known.remove(&oldest.unwrap_or_default());
        }
        known.insert(receiver.to_owned(), now + REMEMBERED);
    }

    /// Forgets a receiver: it asks for HTTP/1.1.
    pub(super) fn forget(&self, receiver: &str) {
        self.known().remove(receiver);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        // No code panics while it holds the lock, so a poisoned map is consistent.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receiver_is_remembered_for_a_bounded_time() {
        let (known, now) = (Http2Only::default(), Instant::now());
        known.remember("a:443", now);
        assert!(known.has("a:443", now + REMEMBERED / 2) && !known.has("a:443", now + REMEMBERED));
        known.forget("a:443");
        assert!(!known.has("a:443", now));
    }

    #[test]
    fn oldest_receiver_is_forgotten_at_the_limit() {
        let (known, now) = (Http2Only::default(), Instant::now());
        for n in 0..=RECEIVERS_MAX {
            known.remember(&format!("r{n}:443"), now + Duration::from_millis(n as u64));
        }
        assert_eq!(known.known().len(), RECEIVERS_MAX);
        assert!(!known.has("r0:443", now) && known.has("r1:443", now));
    }
}
