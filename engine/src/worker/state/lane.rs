//! A lane that this worker has leased: how many requests it may send, and when.

use std::rc::Rc;

use super::delivery::LaneQueue;
use super::lease::Lease;
use super::standing::Standing;
use crate::delivery::target::Target;
use crate::store::rows::{self, Health, Isolation, Quarantine};
use crate::support::limits::{LANE_IN_FLIGHT_MAX, LEASE_MARGIN_MS, PAUSE_LEASED_MS_MAX};

/// A leased lane.
pub(crate) struct LeasedLane {
    pub lease: Lease,
    /// The quarantine as the lane's row has it, this claim included.
    pub quarantine: Quarantine,
    /// Deliveries that were recorded under this lease.
    pub recorded: usize,
    pub standing: Standing,
    pub registration: Registration,
    /// The webhook wanted strict order when it was last read: only the first delivery of the queue may be sent, and only when
    /// nothing is in flight.
    pub strict: bool,
    pub queue: LaneQueue,
    pub in_flight: usize,
}

/// The registration of a lane's webhook, as it was last read.
pub(crate) enum Registration {
    Unread,
    /// The webhook was removed.
    Gone,
    /// The webhook is disabled, for this reason.
    Inactive(String),
    /// The registration cannot be opened, because its sealing key is not configured for example.
    Unusable,
    Active(Rc<Target>),
}

/// The order in which a lane's queue is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum LaneOrder {
    Strict,
    ByTime,
    /// The registration has not been read, or cannot be.
    Unknown,
}

impl LeasedLane {
    /// Returns a lane that has just been leased, and of which nothing has been read.
    pub(crate) fn new(lease: Lease, quarantine: Quarantine, standing: Standing) -> LeasedLane {
        LeasedLane {
            lease,
            quarantine,
            recorded: 0,
            standing,
            registration: Registration::Unread,
            strict: false,
            queue: LaneQueue::unread(),
            in_flight: 0,
        }
    }

    /// Returns the order in which the queue is read.
    pub(crate) fn order(&self) -> LaneOrder {
        match self.registration {
            Registration::Unread | Registration::Unusable | Registration::Gone => LaneOrder::Unknown,
            Registration::Inactive(_) | Registration::Active(_) if self.strict => LaneOrder::Strict,
            Registration::Inactive(_) | Registration::Active(_) => LaneOrder::ByTime,
        }
    }

    /// Returns true if deliveries are sent to the webhook.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.registration, Registration::Active(_))
    }

    /// Returns true if the registration has to be read.
    pub(crate) fn is_unread(&self) -> bool {
        matches!(self.registration, Registration::Unread)
    }

    /// Returns true if all slots are in use.
    pub(crate) fn is_full(&self) -> bool {
        self.in_flight >= self.slots()
    }

    fn slots(&self) -> usize {
        match &self.registration {
            _ if self.is_alone() => 1,
            Registration::Active(target) if self.standing.healthy => target.concurrency(),
            _ if self.standing.healthy => LANE_IN_FLIGHT_MAX,
            _ => 1,
        }
    }

    /// Returns the time before which no attempt may be made: by the webhook's rate, because it keeps failing, or because it is
    /// paused.
    pub(crate) fn paused_until_ms(&self) -> u64 {
        self.paused_until_ms_after(&self.standing.health)
    }

    /// Returns the same time by a health row that this lane is about to have.
    pub(crate) fn paused_until_ms_after(&self, health: &Health) -> u64 {
        match &self.registration {
            Registration::Active(target) => {
                health.free_at_us.unwrap_or(0).div_ceil(1_000).max(target.paused_until_ms())
            }
            _ => 0,
        }
    }

    /// Returns true if that time is so far away that the lane is released until then.
    pub(crate) fn is_paused(&self, now_ms: u64) -> bool {
        self.paused_until_ms() > now_ms + PAUSE_LEASED_MS_MAX
    }

    /// Returns true if it has due deliveries that need no attempt.
    pub(crate) fn is_unsent(&self) -> bool {
        !self.queue.ready.is_empty() && !self.is_active()
    }

    /// Returns true if only the first delivery of the queue may be sent. Deliveries that are skipped are skipped in order too,
    /// but all at once.
    pub(crate) fn sends_first_only(&self) -> bool {
        self.strict && self.is_active()
    }

    /// Returns true if a request sent now reaches its timeout well before the lease ends.
    pub(crate) fn may_send(&self, now_ms: u64) -> bool {
        let timeout_ms = match &self.registration {
            Registration::Active(target) => target.timeout_ms(),
            Registration::Unusable => return false,
            Registration::Unread | Registration::Gone | Registration::Inactive(_) => 0,
        };
        now_ms + u64::from(timeout_ms) + LEASE_MARGIN_MS < self.lease.until_ms
    }

    /// Returns true if the lane is in quarantine: one delivery at a time, alone.
    pub(crate) fn is_alone(&self) -> bool {
        self.quarantine.isolation_if_leased() == Isolation::Quarantine
    }

    /// Returns how many recorded attempts show that the deliveries which wait did not crash the last worker: as many as may have
    /// been in flight, but no more than most webhooks have slots, or a slow webhook would stay in quarantine for long.
    pub(crate) fn attempts_to_leave_quarantine(&self, healthy: bool) -> usize {
        match &self.registration {
            Registration::Active(_) if self.strict || !healthy => 1,
            Registration::Active(target) => target.concurrency().min(LANE_IN_FLIGHT_MAX),
            _ => LANE_IN_FLIGHT_MAX,
        }
    }

    /// Moves the delivery that the last worker was sending to the front, unless the order is strict.
    pub(crate) fn bring_quarantined_forward(&mut self) {
        let Some(quarantined) = self.quarantine.delivery.as_ref().filter(|_| !self.strict) else { return };
        let place = self.queue.ready.iter().position(|delivery| delivery.is_named_by(quarantined));
        if let Some(delivery) = place.and_then(|place| self.queue.ready.remove(place)) {
            self.queue.ready.push_front(delivery);
        }
    }

    /// Takes over the lane's row as it is now, under the same lease. The number of attempts recorded under earlier leases is
    /// not in the row while the lane is leased.
    pub(crate) fn refresh(&mut self, version: u64, row: rows::Lane) {
        self.lease.version = version;
        let recorded = self.quarantine.recorded;
        self.quarantine = Quarantine { recorded, ..row.quarantine.unwrap_or_default() };
    }
}
