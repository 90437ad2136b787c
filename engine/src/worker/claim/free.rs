//! A lane without a lease, as a claim needs to know it.

use crate::ports::Entry;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Health, Isolation, Quarantine};
use crate::support::error::Error;
use crate::support::limits::{GET_KEYS_MAX, TIMEOUT_MS_MAX};
use crate::worker::state::{Ctx, LaneOrder, Leases, Report, believed_free_at_us, is_believed};

/// A lane that no worker has leased.
pub(crate) struct FreeLane {
    pub lane: Lane,
    pub(super) version: Option<u64>,
    pub(super) owned_timer: Option<String>,
    pub order: LaneOrder,
    /// The keys of its due timers.
    pub(super) seen: Vec<String>,
    pub(super) health: Health,
    pub(super) quarantine: Quarantine,
    pub(super) timeout_ms: u32,
}

impl FreeLane {
    /// Returns how far the lane is kept apart from others.
    pub(super) fn isolation(&self) -> Isolation {
        self.quarantine.isolation_if_free()
    }
}

/// Reads at most `limit` of these lanes and returns those that no worker has leased.
pub(crate) fn read_free<'l>(
    ctx: &Ctx<'_>,
    leases: &Leases,
    lanes: impl Iterator<Item = &'l Lane>,
    limit: usize,
    report: &mut Report,
) -> Result<Vec<FreeLane>, Error> {
    let lanes: Vec<&Lane> = lanes.filter(|lane| !leases.lanes.contains_key(lane)).take(limit).collect();
    let mut free = Vec::new();
    for chunk in lanes.chunks(GET_KEYS_MAX / 3) {
        let wanted: Vec<String> =
            chunk.iter().flat_map(|lane| [keys::lane(lane), keys::health(lane), keys::webhook(lane)]).collect();
        let mut entries = ctx.host.get(&wanted)?.into_iter();
        let now_ms = ctx.now_ms();
        for &lane in chunk {
            let mut next = || entries.next().flatten();
            let rows = LaneRows { lease: next(), health: next(), webhook: next() };
            match free_lane(lane, rows, now_ms) {
                Ok(found) => free.extend(found),
                // This lane waits. The others need not.
                Err(error) => report.tell(&error),
            }
        }
    }
    Ok(free)
}

/// The rows of a lane that a claim reads.
struct LaneRows {
    lease: Option<Entry>,
    health: Option<Entry>,
    webhook: Option<Entry>,
}

fn free_lane(lane: &Lane, rows: LaneRows, now_ms: u64) -> Result<Option<FreeLane>, Error> {
    let row: rows::Lane = match &rows.lease {
        Some(entry) => rows::decode(&entry.key, &entry.value)?,
        None => rows::Lane::default(),
    };
    if is_believed(row.until_ms, now_ms) {
        return Ok(None);
    }
    let mut health: Health =
        rows.health.map_or(Ok(Health::default()), |entry| rows::decode(&entry.key, &entry.value))?;
    health.free_at_us = believed_free_at_us(health.free_at_us, now_ms);
    // This decides only the length of the lease. The webhook is read again after the lane has been leased.
    let (timeout_ms, order) = match rows.webhook {
        Some(entry) => rows::decode::<rows::Webhook>(&entry.key, &entry.value).map_or(
            (TIMEOUT_MS_MAX, LaneOrder::ByTime),
            |webhook| {
                let order = if webhook.strict_order { LaneOrder::Strict } else { LaneOrder::ByTime };
                (webhook.timeout_ms, order)
            },
        ),
        None => (0, LaneOrder::ByTime),
    };
    Ok(Some(FreeLane {
        lane: lane.clone(),
        version: rows.lease.map(|entry| entry.version),
        owned_timer: row.timer,
        order,
        seen: Vec::new(),
        health,
        quarantine: row.quarantine.unwrap_or_default(),
        timeout_ms: timeout_ms.min(TIMEOUT_MS_MAX),
    }))
}
