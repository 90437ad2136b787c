//! When a run looks for work, whose turn it is, and how much it may still start.

use std::collections::BTreeMap;

use super::report::Budget;
use crate::ports::{Host, Signal};
use crate::store::keys::Lane;
use crate::support::limits::{INBOX_SHARDS, POLL_MS, PROBLEMS_REPORT_MS, PROBLEMS_SPREAD_MS};

/// The agenda of a run.
pub(crate) struct Agenda {
    /// There may be something to route or to claim.
    pub look: bool,
    pub next_look_ms: u64,
    /// When the first leased lane that is paused may send again.
    pub next_send_ms: u64,
    /// The last timer that was read, if the last look ended before the last timer.
    pub timers_after: Option<String>,
    /// Lanes were left to other workers, or for later, because there was no room.
    pub crowded: bool,
    /// From then on the run claims only lanes that share a worker with few others or none.
    pub isolated_from_ms: u64,
    /// The inbox shard that is looked at next. It is drawn, so it also spreads the waits of several workers.
    pub next_shard: u32,
    pub turns: Turns,
    /// Attempts that the run may still start.
    pub attempts_left: u32,
    deadline_ms: u64,
    /// The deadline has been brought forward because of problems.
    reports_soon: bool,
    /// The host wants the instance to finish, or the run has failed: nothing new is started.
    draining: bool,
}

/// The lanes after which the next turn begins.
#[derive(Default)]
pub(crate) struct Turns {
    /// The last lane picked of each tenant.
    pub of_tenant: BTreeMap<String, Lane>,
    /// The last lane picked of those whose deliveries need no attempt.
    pub unsent: Option<Lane>,
}

impl Agenda {
    /// Returns the agenda of a run that begins now.
    pub(crate) fn new(host: &dyn Host, budget: Budget) -> Agenda {
        let now_ms = host.now_us() / 1_000;
        let mut drawn = [0; 4];
        host.fill(&mut drawn);
        Agenda {
            look: true,
            next_look_ms: now_ms,
            next_send_ms: u64::MAX,
            timers_after: None,
            crowded: false,
            isolated_from_ms: u64::MAX,
            next_shard: u32::from_le_bytes(drawn) % INBOX_SHARDS,
            turns: Turns::default(),
            attempts_left: budget.attempts_max,
            deadline_ms: now_ms.saturating_add(u64::from(budget.time_ms)),
            reports_soon: false,
            draining: false,
        }
    }

    /// Returns true if new work may be started.
    pub(crate) fn may_start(&self, now_ms: u64) -> bool {
        !self.draining && self.attempts_left > 0 && now_ms < self.deadline_ms
    }

    /// Returns true if it is time to look for something to route or to claim, and notes the next time.
    pub(crate) fn begin_look(&mut self, now_ms: u64) -> bool {
        let due = self.may_start(now_ms) && (self.look || now_ms >= self.next_look_ms);
        if due {
            self.look = false;
            self.next_look_ms = now_ms + u64::from(POLL_MS);
        }
        due
    }

    /// Brings the next look forward.
    pub(crate) fn look_by(&mut self, at_ms: u64) {
        self.next_look_ms = self.next_look_ms.min(at_ms);
    }

    /// Returns true if a lane that shares a worker with few others, or none, has waited for long enough.
    pub(crate) fn only_isolated(&self, now_ms: u64) -> bool {
        now_ms >= self.isolated_from_ms
    }

    /// Returns true if nothing is left that the run would look at or wait for.
    pub(crate) fn is_through(&self, now_ms: u64) -> bool {
        !self.may_start(now_ms) || (self.timers_after.is_none() && self.next_send_ms == u64::MAX)
    }

    /// Returns how long there is nothing to do but to wait for the requests in flight.
    pub(crate) fn idle_ms(&self, now_ms: u64) -> u32 {
        if !self.may_start(now_ms) {
            return POLL_MS;
        }
        let at_ms = self.next_look_ms.min(self.next_send_ms);
        let idle_ms = at_ms.saturating_sub(now_ms).clamp(1, u64::from(POLL_MS));
        u32::try_from(idle_ms).unwrap_or(POLL_MS)
    }

    /// Brings the deadline forward after the first problem, because a run may last for days and its report is what tells the
    /// operator. The drawn shard spreads the reports of several workers.
    pub(crate) fn report_soon(&mut self, now_ms: u64) {
        if !self.reports_soon {
            self.reports_soon = true;
            let by_ms = now_ms + PROBLEMS_REPORT_MS + u64::from(self.next_shard) * PROBLEMS_SPREAD_MS;
            self.deadline_ms = self.deadline_ms.min(by_ms);
        }
    }

    /// Takes note of a signal of the host.
    pub(crate) fn note(&mut self, signal: Signal) {
        match signal {
            Signal::None => {}
            Signal::Work => self.look = true,
            Signal::Drain => self.draining = true,
        }
    }

    /// Starts nothing new from here on, so that every lane is released.
    pub(crate) fn drain(&mut self) {
        self.draining = true;
    }
}
