//! Reading the queues of leased lanes.

use crate::ports::{Direction, Entry};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Queue};
use crate::support::error::Error;
use crate::support::limits::{LANES_READ_MAX, QUEUE_PAGE};
use crate::worker::state::{Completed, Ctx, Delivery, LeasedLane, Leases, QueuedRow, Registration, Report};

/// Reads the next rows of lanes that have used up the known ones. Only a few lanes are read at a time, because leases run until
/// their deliveries are sent. All rows of a webhook that was removed are due.
pub(super) fn read_queues(
    ctx: &Ctx<'_>,
    leases: &mut Leases,
    completed: &Completed,
    may_start: bool,
    report: &mut Report,
) -> Result<(), Error> {
    let now_ms = ctx.now_ms();
    let (mut reads, mut found) = (0, false);
    for (lane, leased) in &mut leases.lanes {
        if found && reads >= LANES_READ_MAX {
            break;
        }
        leased.queue.scan |= leased.queue.next_due_ms <= now_ms;
        if !may_start || !wants_rows(leased, now_ms) || !begin_reading(lane, leased, completed) {
            continue;
        }
        let limit = if leased.sends_first_only() { 1 } else { QUEUE_PAGE };
        let entries = ctx.host.scan(&keys::queue_all(lane), limit, Direction::Forward)?;
        reads += 1;
        read_rows(leased, entries, now_ms, report);
        found |= !leased.queue.ready.is_empty();
    }
    Ok(())
}

/// Returns true if the lane could send at once, and has nothing ready.
fn wants_rows(leased: &LeasedLane, now_ms: u64) -> bool {
    leased.queue.scan
        && leased.queue.ready.is_empty()
        && !leased.is_full()
        && !leased.is_paused(now_ms)
        && leased.may_send(now_ms)
}

/// Forgets the known rows of a lane that is read in strict order. Returns false if one of its attempts is not recorded: it is
/// recorded before anything follows, because the delivery may keep its place.
fn begin_reading(lane: &Lane, leased: &mut LeasedLane, completed: &Completed) -> bool {
    if !leased.strict && !leased.queue.partial {
        return true;
    }
    if leased.in_flight > 0 || completed.has(lane) {
        return false;
    }
    leased.queue.rows.clear();
    leased.queue.partial = leased.strict;
    true
}

/// Notes which of these rows are due, and when the first of the others becomes due.
fn read_rows(leased: &mut LeasedLane, entries: Vec<Entry>, now_ms: u64, report: &mut Report) {
    let gone = matches!(leased.registration, Registration::Gone);
    let first_only = leased.sends_first_only();
    let strict = leased.strict;
    let queue = &mut leased.queue;
    queue.scan = entries.len() == QUEUE_PAGE as usize;
    queue.next_due_ms = u64::MAX;
    for entry in entries {
        let at_ms = keys::queue_due_ms(&entry.key).unwrap_or(0);
        if at_ms > now_ms && !strict && !gone {
            queue.next_due_ms = queue.next_due_ms.min(at_ms);
            queue.scan = false;
            return;
        }
        if queue.rows.contains_key(&entry.key) {
            continue;
        }
        let row: Queue = match rows::decode(&entry.key, &entry.value) {
            Ok(row) => row,
            Err(error) => {
                queue.unreadable = true;
                report.tell(&error);
                // In strict order no delivery passes it.
                if strict {
                    queue.scan = false;
                    return;
                }
                continue;
            }
        };
        let due_ms = row.due_ms(&entry.key, strict);
        if due_ms > now_ms && !gone {
            queue.next_due_ms = queue.next_due_ms.min(due_ms);
            if strict {
                queue.scan = false;
                return;
            }
            continue;
        }
        let count = if first_only { 1 } else { row.deliveries.len() };
        let first = row.first.unwrap_or(1);
        queue.ready.extend(row.deliveries.iter().take(count).map(|queued| Delivery {
            row: entry.key.clone(),
            message: queued.message.clone(),
            number: queued.number,
            first,
        }));
        queue.rows.insert(entry.key, QueuedRow::of(entry.version, row));
    }
}
