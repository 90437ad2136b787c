//! Takes the marked messages out of the rows that list several messages.

use super::marked;
use crate::jobs::step::{JobContext, Step, Work};
use crate::ports::{Direction, Entry};
use crate::store::keys::{self, KeyFamily, Lane};
use crate::store::rows::{self, Empty, Queue, Recent, Routed};
use crate::support::error::Error;
use crate::support::limits::{ERASE_ROWS_MAX, QUEUE_PAGE};

/// A family of rows that list several messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Queue,
    Recent,
    Routed,
    Redacted,
}

impl List {
    /// Returns the family of the rows.
    fn family(self) -> KeyFamily {
        match self {
            List::Queue => KeyFamily::Queue,
            List::Recent => KeyFamily::Recent,
            List::Routed => KeyFamily::Routed,
            List::Redacted => KeyFamily::Redacted,
        }
    }
}

/// Takes the marked messages out of the rows of one family. Returns true if there are more rows to look at.
pub(super) fn sweep(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step, list: List) -> Result<bool, Error> {
    let place = step.job.place.clone().unwrap_or_else(|| list.family().of_tenant(work.lane.tenant_part()));
    let limit = step.rows_at_once(if list == List::Queue { QUEUE_PAGE } else { ERASE_ROWS_MAX });
    let page = ctx.host.scan(&keys::tenant_from(&place), limit, Direction::Forward)?;
    let more = page.len() == limit as usize;
    let mut named: Vec<String> = Vec::new();
    for entry in &page {
        step.job.place = Some(keys::next(&entry.key));
        if step.leaves_out_row(&entry.key) {
            return Ok(more);
        }
        if let Err(error) = without(list, entry, &mut |message| {
            named.push(keys::erasure(&work.lane, message));
            false
        }) {
            ctx.tell(&error);
        }
    }
    named.sort_unstable();
    named.dedup();
    let marks = if named.is_empty() { Vec::new() } else { ctx.host.get(&named)? };
    let mut marks: Vec<String> = marks.into_iter().flatten().map(|entry| entry.key).collect();
    if marks.is_empty() {
        return Ok(more);
    }
    let mut tombstones = marked::tombstones(ctx, work, &marks)?.into_iter();
    marks.retain(|_| tombstones.next().flatten().is_some());
    put_without(ctx, work, step, list, (page, marks));
    Ok(more)
}

/// Adds to a step the rows of a page without the messages that are marked. `marks` is sorted.
fn put_without(
    ctx: &JobContext<'_>,
    work: &Work,
    step: &mut Step,
    list: List,
    (page, marks): (Vec<Entry>, Vec<String>),
) {
    let token = ctx.token();
    let mut timed: Option<Lane> = None;
    for entry in page {
        let Ok(left) =
            without(list, &entry, &mut |message| marks.binary_search(&keys::erasure(&work.lane, message)).is_ok())
        else {
            continue;
        };
        match left {
            Left::All => continue,
            Left::Some(value) => step.commit.put(entry.key.clone(), value),
            Left::Nothing => step.commit.delete(entry.key.clone()),
        }
        step.commit.check(&entry.key, Some(entry.version));
        // In strict order, a delivery behind one that waited may be due earlier than the lane's timer says.
        if let Some(lane) = keys::lane_of_queue(&entry.key).filter(|lane| timed.as_ref() != Some(lane)) {
            step.commit.put(keys::timer(0, &lane, &token), rows::encode(&Empty {}));
            timed = Some(lane);
        }
    }
}

/// The rest of a row from which messages were taken.
enum Left {
    /// The row is unchanged.
    All,
    /// The row's new value.
    Some(String),
    Nothing,
}

/// Returns a row without the messages for which `goes` is true.
fn without(list: List, entry: &Entry, goes: &mut dyn FnMut(&str) -> bool) -> Result<Left, Error> {
    let (key, value) = (&entry.key, &entry.value);
    let (before, after, text) = match list {
        List::Queue => {
            let mut row: Queue = rows::decode(key, value)?;
            let before = row.deliveries.len();
            row.deliveries.retain(|delivery| !goes(&delivery.message));
            (before, row.deliveries.len(), rows::encode(&row))
        }
        List::Recent => {
            let mut row: Recent = rows::decode(key, value)?;
            let before = row.attempts.len();
            row.attempts.retain(|attempt| !goes(&attempt.message));
            (before, row.attempts.len(), rows::encode(&row))
        }
        List::Routed | List::Redacted => {
            let mut row: Routed = rows::decode(key, value)?;
            let before = row.messages.len();
            row.messages.retain(|routed| !goes(&routed.message));
            (before, row.messages.len(), rows::encode(&row))
        }
    };
    Ok(match after {
        _ if after == before => Left::All,
        0 => Left::Nothing,
        _ => Left::Some(text),
    })
}
