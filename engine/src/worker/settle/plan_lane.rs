//! The plan of one lane: its rows and its health after the ended attempts.

use std::collections::BTreeMap;

use crate::store::rows::{Health, QueuedDelivery, Webhook};
use crate::worker::health;
use crate::worker::state::{Ended, LeasedLane};

/// The part of a commit that settles one lane.
pub(super) struct LanePlan {
    pub ended: Vec<Ended>,
    /// The deliveries that are left in each touched row. A row with none is deleted.
    pub rows: BTreeMap<String, Vec<QueuedDelivery>>,
    /// In strict order, the delivery that keeps its place.
    pub stays: Option<Stays>,
    /// The health row to write.
    pub health: Option<Health>,
    pub fate: Fate,
    /// The webhook has been changed since a request was sent.
    pub stale: bool,
    /// The webhook is taken out of service.
    pub disable: Option<Disable>,
}

/// In strict order, a delivery that keeps its place until its next attempt.
pub(super) struct Stays {
    /// The key of its row.
    pub row: String,
    pub until_ms: u64,
    /// The deliveries that stood behind it in its row. They get a row of their own.
    pub behind: Vec<QueuedDelivery>,
}

/// The fate of a lease.
pub(super) enum Fate {
    Kept,
    /// The lease is kept and the timers seen are deleted, so that a lane which waits for its receiver does not gather them. The
    /// timer at the end of the lease stays, and the release reads the queue.
    Tidied,
    Released(Release),
}

/// The release of a lane.
pub(super) struct Release {
    /// The time of the timer to write. `None`: no row is left.
    pub timer_ms: Option<u64>,
    /// No row that is left is due, by any worker's clock.
    pub is_through: bool,
}

/// A webhook's row that takes it out of service.
pub(super) struct Disable {
    /// The version of the row that was read.
    pub version: u64,
    pub webhook: Webhook,
}

/// Plans the rows and the health of a lane. An attempt whose delivery has been taken out of its row meanwhile is not recorded.
pub(super) fn plan_lane(leased: &LeasedLane, mut ended: Vec<Ended>) -> LanePlan {
    ended.retain(|one| leased.queue.holds(&one.delivery));
    let mut rows: BTreeMap<String, Vec<QueuedDelivery>> = BTreeMap::new();
    let mut health = leased.standing.health.clone();
    let mut stays = None;
    for one in &ended {
        let delivery = &one.delivery;
        let known = leased.queue.rows.get(&delivery.row);
        let left =
            rows.entry(delivery.row.clone()).or_insert_with(|| known.map_or_else(Vec::new, |row| row.left.clone()));
        left.retain(|named| !delivery.is_named_by(named));
        if let Some(until_ms) = one.stays_until_ms() {
            let behind = std::mem::replace(left, vec![delivery.queued(delivery.number + 1)]);
            stays = Some(Stays { row: delivery.row.clone(), until_ms, behind });
        }
        health::count(&mut health, one);
    }
    LanePlan {
        health: (!ended.is_empty()).then_some(health),
        ended,
        rows,
        stays,
        fate: Fate::Kept,
        stale: false,
        disable: None,
    }
}
