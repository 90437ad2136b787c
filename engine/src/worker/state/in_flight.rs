//! The requests in flight, by their ids and by the hosts that they go to.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::delivery::Delivery;
use crate::delivery::target::Target;
use crate::store::keys::Lane;
use crate::support::limits::COMPLETION_MARGIN_MS;

/// A request in flight.
pub(crate) struct Sent {
    pub lane: Lane,
    /// The token of the lease under which it was sent: another lease of the same lane does not record it.
    pub token: String,
    pub delivery: Delivery,
    /// The webhook as it was then: its profile judges the response even if the webhook has been disabled since.
    pub target: Rc<Target>,
    pub event_type: String,
    pub sent_ms: u64,
    /// The webhook was healthy when the request was sent.
    pub healthy: bool,
}

/// A request whose completion never came.
pub(crate) struct Overdue {
    pub id: u64,
    pub timeout_ms: u32,
}

/// A request and the time until which its completion is waited for, on the scale of [`InFlight::passed_ms`].
struct Pending {
    sent: Sent,
    until_ms: u64,
}

/// The requests in flight.
pub(crate) struct InFlight {
    requests: BTreeMap<u64, Pending>,
    /// Ids begin with the time of the run, so that a completion which comes after its run is not taken for another request's.
    next_id: u64,
    /// The time spent in waits that ended without a completion or a signal, in milliseconds. Such a wait has lasted for as long as
    /// it was allowed, so a clock that jumps gives no request up.
    passed_ms: u64,
    /// How many go to each host and port.
    by_authority: BTreeMap<String, usize>,
}

impl InFlight {
    /// Returns the requests of a run that begins now: none.
    pub(crate) fn new(now_us: u64) -> InFlight {
        InFlight { requests: BTreeMap::new(), next_id: now_us, passed_ms: 0, by_authority: BTreeMap::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.requests.len()
    }

    /// Iterates over the requests.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Sent> {
        self.requests.values().map(|pending| &pending.sent)
    }

    /// Returns how many requests go to a host and port.
    pub(crate) fn to(&self, authority: &str) -> usize {
        self.by_authority.get(authority).copied().unwrap_or(0)
    }

    /// Adds a request and returns its id.
    pub(crate) fn add(&mut self, sent: Sent) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        *self.by_authority.entry(sent.target.authority().to_owned()).or_default() += 1;
        let until_ms = self.passed_ms + u64::from(sent.target.timeout_ms()) + COMPLETION_MARGIN_MS;
        self.requests.insert(id, Pending { sent, until_ms });
        id
    }

    /// Removes the request with this id. `None`: no such request is in flight.
    pub(crate) fn take(&mut self, id: u64) -> Option<Sent> {
        let Pending { sent, .. } = self.requests.remove(&id)?;
        if let Some(count) = self.by_authority.get_mut(sent.target.authority()) {
            *count -= 1;
            if *count == 0 {
                self.by_authority.remove(sent.target.authority());
            }
        }
        Some(sent)
    }

    /// Counts the time of a wait that ended without a completion or a signal.
    pub(crate) fn pass(&mut self, waited_ms: u64) {
        self.passed_ms += waited_ms;
    }

    /// Returns the requests whose completions are waited for no longer.
    pub(crate) fn overdue(&self) -> Vec<Overdue> {
        let overdue = self.requests.iter().filter(|(_, pending)| pending.until_ms <= self.passed_ms);
        overdue.map(|(id, pending)| Overdue { id: *id, timeout_ms: pending.sent.target.timeout_ms() }).collect()
    }
}
