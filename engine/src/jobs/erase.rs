//! Erases the messages of a subject, phase by phase. Each phase goes through one family of rows, one page a step.
//!
//! First the messages become tombstones: rows without content, with a new version and without an inbox row, so no commit that
//! would start a delivery with them succeeds. After that a delivery of theirs can move only once more, when an attempt in
//! flight is settled. Therefore the queues are swept twice. A message that is in no queue can have nothing more recorded, so
//! its attempts are removed. The tombstones go last, when the commit that accepted the event can no longer arrive late.

use crate::jobs::step::{JobContext, Step, Work};
use crate::ports::{Direction, Entry};
use crate::store::keys::{self, KeyFamily, Lane};
use crate::store::rows::{self, Empty, JobState, Message, Queue, Recent, Routed, Tombstone};
use crate::store::subject;
use crate::support::error::Error;
use crate::support::limits::{
    ERASE_MESSAGES_MAX, ERASE_ROWS_MAX, ERASE_TOMBSTONE_MS, ERASE_TOMBSTONE_PHASE, QUEUE_PAGE, RETENTION_ATTEMPTS_MAX,
};

/// One phase of an erasure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Turns the subject's messages into tombstones.
    Mark,
    /// Takes the marked messages out of rows that list several.
    Sweep(List),
    /// Removes the attempts of the marked messages.
    Attempts,
    /// Removes the tombstones and the marks.
    Tombstones,
}

/// A family of rows that list several messages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Queue,
    Recent,
    Routed,
    Redacted,
}

const PHASES: [Phase; 8] = [
    Phase::Mark,
    Phase::Sweep(List::Queue),
    Phase::Sweep(List::Queue),
    Phase::Sweep(List::Recent),
    Phase::Sweep(List::Routed),
    Phase::Sweep(List::Redacted),
    Phase::Attempts,
    Phase::Tombstones,
];
const _: () = assert!(PHASES.len() == ERASE_TOMBSTONE_PHASE as usize + 1);

/// The job's detail while only the tombstones are left.
const REMOVED: &str = "everything is removed; the messages' ids go later";

pub(super) fn step(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step) -> Result<(), Error> {
    let number = step.job.phase.unwrap_or(0) as usize;
    let phase = PHASES.get(number).copied().unwrap_or(Phase::Tombstones);
    let more = match phase {
        Phase::Mark => mark(ctx, work, step)?,
        Phase::Sweep(list) => sweep(ctx, work, step, list)?,
        Phase::Attempts => remove_attempts(ctx, work, step)?,
        Phase::Tombstones => remove_tombstones(ctx, work, step)?,
    };
    if more {
        return Ok(());
    }
    step.job.place = None;
    step.job.phase = Some(u32::try_from(number + 1).unwrap_or(u32::MAX));
    if phase == Phase::Attempts {
        step.pause_ms = Some(ERASE_TOMBSTONE_MS);
        step.job.detail.get_or_insert_with(|| REMOVED.to_owned());
    }
    let found_none = phase == Phase::Mark && step.job.affected == 0;
    if phase == Phase::Tombstones || found_none {
        step.job.state = JobState::Done;
        step.job.subject_hash = None;
        step.job.phase = None;
        // A detail about a row that was left out stays.
        step.job.detail = step.job.detail.take().filter(|detail| detail != REMOVED);
    }
    Ok(())
}

/// Puts a tombstone for each message about the subject. Returns true if there are more messages to look at.
fn mark(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step) -> Result<bool, Error> {
    let tenant_part = work.lane.tenant_part();
    let place = step.job.place.clone().unwrap_or_else(|| KeyFamily::Message.of_tenant(tenant_part));
    let limit = rows_at_once(step, ERASE_MESSAGES_MAX);
    let page = ctx.host.scan(&keys::tenant_from(&place), limit, Direction::Forward)?;
    let more = page.len() == limit as usize;
    for entry in page {
        step.job.place = Some(keys::next(&entry.key));
        step.job.scanned += 1;
        if leaves_out(step, &entry) {
            continue;
        }
        let row: Message = match rows::decode(&entry.key, &entry.value) {
            Ok(row) => row,
            Err(error) => {
                ctx.tell(&error);
                continue;
            }
        };
        let subject_hash = row.subject_hash.clone().or_else(|| subject::hash_of(&row));
        // The erasure covers events that were accepted before the call.
        if subject_hash.is_none()
            || subject_hash != step.job.subject_hash
            || row.accepted_at_ms() > step.job.created_at_ms
        {
            continue;
        }
        let message = keys::last_part(&entry.key);
        step.job.affected += 1;
        step.commit.check(&entry.key, Some(entry.version));
        step.commit.put(keys::erasure(&work.lane, message), rows::encode(&Empty {}));
        step.commit.delete(keys::inbox(keys::shard_of(tenant_part), row.accepted_at_us, message));
        let tombstone = Some(Tombstone::Erasure);
        let row = Message { event: None, content_hash: None, tombstone, occurred_at_us: 0, subject_hash, ..row };
        step.commit.put(entry.key, rows::encode(&row));
    }
    Ok(more)
}

/// Returns the number of rows that one step looks at: one, if workers did not come back from several.
fn rows_at_once(step: &Step, most: u32) -> u32 {
    if step.job.single_steps.is_some() || step.leaves_out { 1 } else { most }
}

/// Returns true, and says so in the job, if the row is left out because no worker came back from it.
fn leaves_out(step: &mut Step, entry: &Entry) -> bool {
    if step.leaves_out {
        step.job.detail = Some(format!("the row '{}' was left out: no worker came back from it", entry.key));
    }
    step.leaves_out
}

/// Takes the marked messages out of the rows of one family. Returns true if there are more rows to look at.
fn sweep(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step, list: List) -> Result<bool, Error> {
    let place = step.job.place.clone().unwrap_or_else(|| list.family().of_tenant(work.lane.tenant_part()));
    let limit = rows_at_once(step, if list == List::Queue { QUEUE_PAGE } else { ERASE_ROWS_MAX });
    let page = ctx.host.scan(&keys::tenant_from(&place), limit, Direction::Forward)?;
    let more = page.len() == limit as usize;
    let mut named: Vec<String> = Vec::new();
    for entry in &page {
        step.job.place = Some(keys::next(&entry.key));
        if leaves_out(step, entry) {
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
    let mut tombstones = tombstones(ctx, work, &marks)?.into_iter();
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

/// The row of a tombstone.
struct TombstoneRow {
    key: String,
    version: u64,
}

/// Returns the tombstones of marked messages, in the order of the marks. `None` where another erasure has removed the
/// tombstone: a row with that key is then another message.
fn tombstones(ctx: &JobContext<'_>, work: &Work, marks: &[String]) -> Result<Vec<Option<TombstoneRow>>, Error> {
    let mut wanted: Vec<String> = Vec::new();
    for mark in marks {
        wanted.push(keys::message(work.lane.tenant_part(), keys::last_part(mark)));
    }
    let rows = if wanted.is_empty() { Vec::new() } else { ctx.host.get(&wanted)? };
    let tombstone = |row: Option<Entry>| {
        let row = row?;
        let erased = rows::decode::<Message>(&row.key, &row.value).is_ok_and(|message| message.is_erased());
        erased.then_some(TombstoneRow { key: row.key, version: row.version })
    };
    Ok(rows.into_iter().map(tombstone).collect())
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

/// Removes the attempts of the marked messages. Returns true if there are more.
fn remove_attempts(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step) -> Result<bool, Error> {
    let erasures = keys::erasures(&work.lane);
    let place = step.job.place.clone().unwrap_or_else(|| erasures.clone());
    let limit = rows_at_once(step, ERASE_MESSAGES_MAX);
    let marks = ctx.host.scan(&keys::below(&erasures, &place), limit, Direction::Forward)?;
    if let Some(mark) = marks.first()
        && leaves_out(step, mark)
    {
        step.job.place = Some(keys::next(&mark.key));
        return Ok(true);
    }
    let mut rows = 0;
    let marked: Vec<String> = marks.iter().map(|mark| mark.key.clone()).collect();
    for (mark, tombstone) in marks.iter().zip(tombstones(ctx, work, &marked)?) {
        step.job.place = Some(mark.key.clone());
        let Some(tombstone) = tombstone else {
            step.job.place = Some(keys::next(&mark.key));
            continue;
        };
        // The check keeps the attempts of another message with this id.
        step.commit.check(&tombstone.key, Some(tombstone.version));
        let range = keys::attempts_of_message(work.lane.tenant_part(), keys::last_part(&mark.key));
        let limit_of_attempts = u32::try_from(RETENTION_ATTEMPTS_MAX - rows).unwrap_or(1);
        let attempts = ctx.host.scan(&range, limit_of_attempts, Direction::Forward)?;
        rows += attempts.len();
        attempts.into_iter().for_each(|entry| step.commit.delete(entry.key));
        if rows == RETENTION_ATTEMPTS_MAX {
            return Ok(true);
        }
        step.job.place = Some(keys::next(&mark.key));
    }
    Ok(marks.len() == limit as usize)
}

/// Removes the tombstones and the marks. Returns true if there may be more.
fn remove_tombstones(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step) -> Result<bool, Error> {
    let erasures = keys::erasures(&work.lane);
    let limit = rows_at_once(step, ERASE_MESSAGES_MAX);
    let marks = ctx.host.scan(&keys::below(&erasures, &erasures), limit, Direction::Forward)?;
    if marks.is_empty() {
        return Ok(false);
    }
    if let Some(mark) = marks.first()
        && leaves_out(step, mark)
    {
        step.commit.delete(mark.key.clone());
        return Ok(true);
    }
    let marked: Vec<String> = marks.iter().map(|mark| mark.key.clone()).collect();
    for tombstone in tombstones(ctx, work, &marked)?.into_iter().flatten() {
        step.commit.check(&tombstone.key, Some(tombstone.version));
        step.commit.delete(tombstone.key);
    }
    let more = marks.len() == limit as usize;
    marks.into_iter().for_each(|mark| step.commit.delete(mark.key));
    Ok(more)
}
