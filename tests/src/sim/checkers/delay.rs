//! Judges a healthy webhook's wait for its first attempt. Other webhooks' receivers may not lengthen it. The bound is
//! the time for its own queue, plus the time that each fault of workers, store and clocks explains.

use hookwright_engine::limits::{CLOCK_SKEW_MS_MAX, LEASE_MS_MAX, TIMEOUT_MS_MAX};

use super::{Failure, ensure};
use crate::sim::model::Lane;
use crate::sim::params::Params;

/// A worker that is gone comes back after at most this, and what it had leased is free when the lease is over.
pub const CRASH_US: u64 = 100_000_000 + LEASE_US;
/// A worker stands still for so long, twice at most, and its leases run out.
pub const STALL_US: u64 = 180_000_000 + LEASE_US;
/// A worker's call ends with an error and is made again; a commit that arrives late leases a lane to nobody.
pub const STORAGE_US: u64 = 10_000_000 + LEASE_US;
/// A request takes all its time.
pub const NETWORK_US: u64 = TIMEOUT_MS_MAX as u64 * 1_000;
const LEASE_US: u64 = (LEASE_MS_MAX + CLOCK_SKEW_MS_MAX) * 1_000;
/// A worker that has used up its time waits for its last request, which hangs, and is called again.
const LAST_US: u64 = NETWORK_US;
/// Without anything of this.
const CALM_US: u64 = 5_000_000;
/// Storage calls that a worker makes before it comes to a lane: routing, claiming, reading, sending, each for all lanes.
const STORAGE_CALLS: u64 = 60;
/// Those of each job that has its turns in between.
const JOB_CALLS: u64 = 20;

/// Faults, as the sum of the times that they may cost, and the times when a worker's budget ended.
#[derive(Clone, Debug, Default)]
pub struct Excuses {
    /// When, and the sum up to then.
    faults: Vec<(u64, u64)>,
    /// When a worker's call ended last, after all of its time.
    used_up_us: u64,
}

impl Excuses {
    /// Something went wrong.
    pub fn add(&mut self, now_us: u64, cost_us: u64) {
        let before = self.faults.last().map_or(0, |(_, sum_us)| *sum_us);
        self.faults.push((now_us, before + cost_us));
    }

    /// A worker's call has ended, after all of its time.
    pub fn used_up(&mut self, now_us: u64) {
        self.used_up_us = now_us;
    }

    /// Returns the time that the faults since then explain.
    fn since(&self, from_us: u64) -> u64 {
        let before = self.faults.partition_point(|(at_us, _)| *at_us < from_us);
        let sum = |index: usize| self.faults.get(index).map_or(0, |(_, sum_us)| *sum_us);
        let last = self.faults.len().checked_sub(1).map_or(0, sum);
        last - before.checked_sub(1).map_or(0, sum)
    }
}

/// Judges the first attempt of a message that was accepted then, while this number of jobs ran.
pub fn first_attempt(
    params: &Params,
    excuses: &Excuses,
    lane: &Lane,
    jobs: usize,
    (accepted_us, now_us): (u64, u64),
    about: impl Fn() -> String,
) -> Result<(), Failure> {
    let storage_us = params.storage_us_max + params.commit_us_max;
    let clocks_us = 4 * params.faults.clock_off_ms_max * 1_000;
    // Deliveries that were in the webhook's queue then, or have come since, may go first.
    let own =
        lane.deliveries.values().filter(|delivery| !delivery.entries.is_empty() || delivery.recorded_us >= accepted_us);
    let own = own.count() as u64 * (params.answer_us_max + 5 * storage_us);
    // A fault from right before lasts into the wait.
    let excused_us = excuses.since(accepted_us.saturating_sub(STALL_US));
    let last_us = if excuses.used_up_us >= accepted_us { LAST_US } else { 0 };
    let bound_us =
        CALM_US + last_us + (STORAGE_CALLS + JOB_CALLS * jobs as u64) * storage_us + clocks_us + own + excused_us;
    let waited_us = now_us - accepted_us;
    ensure(waited_us <= bound_us, "delay", || {
        format!("{} after {waited_us} us; {bound_us} us are explained, {excused_us} by faults", about())
    })
}

#[cfg(test)]
mod tests {
    use super::Excuses;

    #[test]
    fn faults_before_the_wait_do_not_count() {
        let mut excuses = Excuses::default();
        assert_eq!(excuses.since(0), 0);
        excuses.add(10, 100);
        excuses.add(20, 1_000);
        assert_eq!(
            [excuses.since(0), excuses.since(10), excuses.since(11), excuses.since(21)],
            [1_100, 1_100, 1_000, 0]
        );
    }
}
