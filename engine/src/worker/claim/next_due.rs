//! When there is something to do again.

use crate::ports::{Direction, Entry};
use crate::store::keys::{self, Lane};
use crate::store::rows;
use crate::support::error::Error;
use crate::support::limits::{INBOX_SHARDS, POLL_MS, TIMER_PAGE};
use crate::worker::state::{Ctx, is_believed};

/// Returns the milliseconds until there is something to do: at most until the next poll.
pub(crate) fn next_due_ms(ctx: &Ctx<'_>) -> Result<u32, Error> {
    let now_ms = ctx.now_ms();
    let due_ms = now_ms + u64::from(POLL_MS);
    let due_ms = due_ms.min(inbox_due_ms(ctx, now_ms)?).min(timer_due_ms(ctx, now_ms)?);
    Ok(u32::try_from(due_ms.saturating_sub(now_ms)).unwrap_or(POLL_MS))
}

/// Returns when the first shard that has messages can be routed.
fn inbox_due_ms(ctx: &Ctx<'_>, now_ms: u64) -> Result<u64, Error> {
    let inboxes = keys::inbox_shards(0, INBOX_SHARDS);
    let first = ctx.host.scan(&inboxes, 1, Direction::Forward)?;
    let Some(entry) = first.first() else { return Ok(u64::MAX) };
    let shard = keys::parse_inbox(&entry.key).map_or(0, |(shard, _)| shard);
    let entry = ctx.host.get_one(&keys::shard(shard))?;
    let row = entry.map_or(Ok(rows::Shard::default()), |entry| rows::decode(&entry.key, &entry.value));
    let until_ms = row.map_or(u64::MAX, |row: rows::Shard| row.until_ms);
    Ok(if is_believed(until_ms, now_ms) { until_ms } else { now_ms })
}

/// Returns when the first of the timers is due whose lane can be claimed then.
fn timer_due_ms(ctx: &Ctx<'_>, now_ms: u64) -> Result<u64, Error> {
    let timers = ctx.host.scan(&keys::timers_after(None), TIMER_PAGE, Direction::Forward)?;
    let due: Vec<(u64, Lane)> = timers.iter().filter_map(|entry| keys::parse_timer(&entry.key)).collect();
    if due.is_empty() {
        return Ok(u64::MAX);
    }
    let lanes: Vec<String> = due.iter().map(|(_, lane)| keys::lane(lane)).collect();
    let leases = ctx.host.get(&lanes)?;
    let claimable = due.iter().zip(leases).filter_map(|((at_ms, _), lease)| claimable_ms(*at_ms, lease, now_ms));
    Ok(claimable.min().unwrap_or(u64::MAX))
}

/// Returns when a lane with a timer at this time can be claimed. `None`: its row cannot be decoded, which the claim has reported.
fn claimable_ms(at_ms: u64, lease: Option<Entry>, now_ms: u64) -> Option<u64> {
    let until_ms = match lease {
        Some(entry) => rows::decode::<rows::Lane>(&entry.key, &entry.value).ok()?.until_ms,
        None => 0,
    };
    Some(if is_believed(until_ms, now_ms) { at_ms.max(until_ms) } else { at_ms })
}
