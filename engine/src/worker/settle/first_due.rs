//! When the first row of a lane is due that is there after the plan's commit.

use super::plan_lane::LanePlan;
use crate::ports::{Direction, Entry, Host};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Queue};
use crate::support::error::Error;
use crate::support::limits::QUEUE_PAGE;
use crate::worker::state::{LaneOrder, LeasedLane};

/// Returns the time at which the lane's first row is due after the plan's commit. It is read after the timers that the release
/// deletes, so that no row goes without a timer.
pub(super) fn first_due_ms(
    host: &dyn Host,
    lane: &Lane,
    leased: &LeasedLane,
    plan: &LanePlan,
) -> Result<Option<u64>, Error> {
    let mut first = new_rows_due_ms(plan);
    let deleted = plan.rows.values().filter(|left| left.is_empty()).count();
    let mut limit = u32::try_from(deleted + 1).unwrap_or(u32::MAX);
    let mut range = keys::queue_all(lane);
    loop {
        let entries = host.scan(&range, limit, Direction::Forward)?;
        for entry in &entries {
            if plan.rows.get(&entry.key).is_some_and(Vec::is_empty) {
                continue;
            }
            let due = RowDue::of(entry, plan);
            let due_ms = match leased.order() {
                // An attempt that was sent before strict order was switched on gets a row of its own, which may be before this.
                LaneOrder::Strict => return Ok(earlier(first, due.strict_ms)),
                LaneOrder::ByTime => due.by_time_ms,
                LaneOrder::Unknown => due.strict_ms.min(due.by_time_ms),
            };
            first = earlier(first, due_ms);
            if due.by_time_ms <= due.at_ms {
                // The rows behind it are not due before.
                return Ok(first);
            }
            range.start = keys::next(&entry.key);
        }
        if entries.len() < limit as usize {
            return Ok(first);
        }
        limit = QUEUE_PAGE;
    }
}

/// Returns when the first of the rows is due that the commit adds.
fn new_rows_due_ms(plan: &LanePlan) -> Option<u64> {
    let first = plan.ended.iter().filter_map(|ended| ended.attempt.next_at_ms).min();
    // Deliveries behind the one that stays get a row of their own. Without strict order they need not wait.
    let behind = plan.stays.as_ref().filter(|stays| !stays.behind.is_empty());
    match behind {
        Some(stays) => first.min(keys::queue_due_ms(&stays.row)).or(first),
        None => first,
    }
}

fn earlier(first: Option<u64>, due_ms: u64) -> Option<u64> {
    Some(first.map_or(due_ms, |first_ms| first_ms.min(due_ms)))
}

/// When a row is due, in each order.
struct RowDue {
    /// The time in its key.
    at_ms: u64,
    strict_ms: u64,
    by_time_ms: u64,
}

impl RowDue {
    fn of(entry: &Entry, plan: &LanePlan) -> RowDue {
        let at_ms = keys::queue_due_ms(&entry.key).unwrap_or(0);
        if let Some(stays) = plan.stays.as_ref().filter(|stays| stays.row == entry.key) {
            return RowDue { at_ms, strict_ms: stays.until_ms, by_time_ms: stays.until_ms };
        }
        match rows::decode::<Queue>(&entry.key, &entry.value) {
            Ok(row) => {
                RowDue { at_ms, strict_ms: row.due_ms(&entry.key, true), by_time_ms: row.due_ms(&entry.key, false) }
            }
            Err(_) => RowDue { at_ms, strict_ms: at_ms, by_time_ms: at_ms },
        }
    }
}
