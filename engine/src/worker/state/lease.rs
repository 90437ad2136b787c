//! The lease of a lane as its row has it, and how far the leases of other workers are believed.

use crate::support::limits::{CLOCK_SKEW_MS_MAX, LANE_TIMERS_MAX, LEASE_MARGIN_MS, LEASE_MS_MAX};

/// A lease that this worker has.
pub(crate) struct Lease {
    /// The version of the lane's row.
    pub version: u64,
    /// The token of the commit that took the lease.
    pub token: String,
    pub until_ms: u64,
    /// The key of the timer at the end of the lease.
    pub timer: String,
    /// The keys of timers that announced rows which the worker reads before it releases the lane.
    pub seen: Vec<String>,
}

impl Lease {
    /// Notes a timer of the lane. Returns true if it is new and there is room for it.
    pub(crate) fn see(&mut self, timer: &str) -> bool {
        let new = !self.is_full() && self.timer != timer && !self.seen.iter().any(|seen| seen == timer);
        if new {
            self.seen.push(timer.to_owned());
        }
        new
    }

    /// Returns true if no more timers are noted until those seen are deleted.
    pub(crate) fn is_full(&self) -> bool {
        self.seen.len() >= LANE_TIMERS_MAX
    }

    /// Returns true if the lease ends so soon that recording comes before anything else.
    pub(crate) fn ends_soon(&self, now_ms: u64) -> bool {
        (now_ms..now_ms + LEASE_MARGIN_MS).contains(&self.until_ms)
    }
}

/// Returns true if a lease binds other workers: it is not over, and it does not end later than the longest lease and the largest
/// difference between two clocks allow.
pub(crate) fn is_believed(until_ms: u64, now_ms: u64) -> bool {
    until_ms > now_ms && until_ms <= now_ms + LEASE_MS_MAX + CLOCK_SKEW_MS_MAX
}
