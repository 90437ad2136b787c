//! The requests in flight, by their ids and by the hosts that they go to.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::delivery::Delivery;
use crate::delivery::target::Target;
use crate::store::keys::Lane;

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

/// The requests in flight.
pub(crate) struct InFlight {
    requests: BTreeMap<u64, Sent>,
    next_id: u64,
    /// How many go to each host and port.
    by_authority: BTreeMap<String, usize>,
}

impl InFlight {
    pub(crate) fn new() -> InFlight {
        InFlight { requests: BTreeMap::new(), next_id: 1, by_authority: BTreeMap::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.requests.len()
    }

    /// Iterates over the requests.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Sent> {
        self.requests.values()
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
        self.requests.insert(id, sent);
        id
    }

    /// Removes the request with this id. `None`: no such request is in flight.
    pub(crate) fn take(&mut self, id: u64) -> Option<Sent> {
        let sent = self.requests.remove(&id)?;
        if let Some(count) = self.by_authority.get_mut(sent.target.authority()) {
            *count -= 1;
            if *count == 0 {
                self.by_authority.remove(sent.target.authority());
            }
        }
        Some(sent)
    }
}
