//! Erasing a subject's messages, phase by phase. Each phase goes through one kind of rows, a page a step.
//!
//! First the messages become stones: rows without content that refuse whatever would begin something with them (their version has
//! changed, their inbox row is gone). From then on a delivery of theirs can only move once more, when an attempt that was on
//! its way is recorded; so whoever looks through the queues twice has seen it. Once it is in no queue, nothing can be recorded
//! of it any more, and what was recorded goes. The stones go last, when no commit can still arrive that has accepted the event.

use crate::jobs::step::{JobContext, Step, Work};
use crate::ports::{Direction, Entry};
use crate::store::keys;
use crate::store::rows::{self, Empty, JobState, Message, Queue, Recent, Routed, Tombstone};
use crate::store::subject;
use crate::support::error::Error;
use crate::support::limits::{
    ERASE_MESSAGES_MAX, ERASE_ROWS_MAX, ERASE_TOMBSTONE_MS, ERASE_TOMBSTONE_PHASE, QUEUE_PAGE, RETENTION_ATTEMPTS_MAX,
};

/// What the phases go through: the messages, the queues twice, then what was recorded and listed, the log, and the stones.
const PHASES: [&str; 8] = ["message", "queue", "queue", "recent", "routed", "redacted", "attempt", "stones"];
const _: () = assert!(PHASES.len() == ERASE_TOMBSTONE_PHASE as usize + 1);

/// What is said while the stones are all that is left.
const REMOVED: &str = "everything is removed; the messages' ids go later";

pub(super) fn step(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step) -> Result<(), Error> {
    let tenant_part = work.lane.tenant_part();
    let phase = step.job.phase.unwrap_or(0) as usize;
    let kind = PHASES.get(phase).copied().unwrap_or("stones");
    let marked = keys::erasures(&work.lane);
    let more = match kind {
        "message" => mark(ctx, work, step)?,
        "attempt" => forget_log(ctx, work, step, &marked)?,
        "stones" => drop_stones(ctx, work, step, &marked)?,
        _ => sweep(ctx, work, step, &format!("{kind}/{tenant_part}"))?,
    };
    if more {
        return Ok(());
    }
    step.job.place = None;
    step.job.phase = Some(u32::try_from(phase + 1).unwrap_or(u32::MAX));
    if kind == "attempt" {
        step.pause_ms = Some(ERASE_TOMBSTONE_MS);
        step.job.detail.get_or_insert_with(|| REMOVED.to_owned());
    }
    if kind == "stones" || (kind == "message" && step.job.affected == 0) {
        step.job.state = JobState::Done;
        step.job.subject_hash = None;
        step.job.phase = None;
        // What was left out stays said.
        step.job.detail = step.job.detail.take().filter(|detail| detail != REMOVED);
    }
    Ok(())
}

/// Puts a stone for each message about the subject. Answers whether there is more to look at.
fn mark(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step) -> Result<bool, Error> {
    let tenant_part = work.lane.tenant_part();
    let place = step.job.place.clone().unwrap_or_else(|| format!("message/{tenant_part}"));
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
        // What is reported after the call is not concerned.
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

/// How many rows are looked at in one step: one after the other, where pumps did not come back from several.
fn rows_at_once(step: &Step, most: u32) -> u32 {
    if step.job.single_steps.is_some() || step.leaves_out { 1 } else { most }
}

/// Whether the row is not looked at, because no ctx came back from it.
fn leaves_out(step: &mut Step, entry: &Entry) -> bool {
    if step.leaves_out {
        step.job.detail = Some(format!("the row '{}' was left out: no worker came back from it", entry.key));
    }
    step.leaves_out
}

/// Takes the marked messages out of rows that name several. Answers whether there is more to look at.
fn sweep(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step, start: &str) -> Result<bool, Error> {
    let place = step.job.place.clone().unwrap_or_else(|| start.to_owned());
    let limit = rows_at_once(step, if start.starts_with("queue") { QUEUE_PAGE } else { ERASE_ROWS_MAX });
    let page = ctx.host.scan(&keys::tenant_from(&place), limit, Direction::Forward)?;
    let more = page.len() == limit as usize;
    let mut named: Vec<String> = Vec::new();
    for entry in &page {
        step.job.place = Some(keys::next(&entry.key));
        if leaves_out(step, entry) {
            return Ok(more);
        }
        if let Err(error) = without(entry, &mut |message| {
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
    let mut stones = stones(ctx, work, &marks)?.into_iter();
    marks.retain(|_| stones.next().flatten().is_some());
    let token = ctx.token();
    let mut woken = String::new();
    for entry in page {
        let Ok(left) = without(&entry, &mut |message| marks.binary_search(&keys::erasure(&work.lane, message)).is_ok())
        else {
            continue;
        };
        match left {
            Left::All => continue,
            Left::Some(value) => step.commit.put(entry.key.clone(), value),
            Left::Nothing => step.commit.delete(entry.key.clone()),
        }
        step.commit.check(&entry.key, Some(entry.version));
        // What stood behind a delivery that waited, in strict order, may be due before that was, and before its own place says.
        if let Some(lane) = keys::lane_of_queue(&entry.key).filter(|lane| lane.as_str() != woken) {
            step.commit.put(keys::timer(0, &lane, &token), rows::encode(&Empty {}));
            lane.as_str().clone_into(&mut woken);
        }
    }
    Ok(more)
}

/// The keys and versions of marked messages' stones. None: another job for the same subject has removed it since, with all that
/// named it, and what is there now is another message.
fn stones(ctx: &JobContext<'_>, work: &Work, marks: &[String]) -> Result<Vec<Option<(String, u64)>>, Error> {
    let mut wanted: Vec<String> = Vec::new();
    for mark in marks {
        wanted.push(keys::message(work.lane.tenant_part(), keys::last_part(mark)));
    }
    let rows = if wanted.is_empty() { Vec::new() } else { ctx.host.get(&wanted)? };
    let stone = |row: Option<Entry>| {
        let row = row?;
        let erased = rows::decode::<Message>(&row.key, &row.value).is_ok_and(|message| message.is_erased());
        erased.then_some((row.key, row.version))
    };
    Ok(rows.into_iter().map(stone).collect())
}

/// What is left of a row.
enum Left {
    All,
    Some(String),
    Nothing,
}

/// A row without the messages that go.
fn without(entry: &Entry, goes: &mut dyn FnMut(&str) -> bool) -> Result<Left, Error> {
    let (key, value) = (&entry.key, &entry.value);
    let (before, after, text) = if key.starts_with("queue/") {
        let mut row: Queue = rows::decode(key, value)?;
        let before = row.deliveries.len();
        row.deliveries.retain(|delivery| !goes(&delivery.message));
        (before, row.deliveries.len(), rows::encode(&row))
    } else if key.starts_with("recent/") {
        let mut row: Recent = rows::decode(key, value)?;
        let before = row.attempts.len();
        row.attempts.retain(|attempt| !goes(&attempt.message));
        (before, row.attempts.len(), rows::encode(&row))
    } else {
        let mut row: Routed = rows::decode(key, value)?;
        let before = row.messages.len();
        row.messages.retain(|routed| !goes(&routed.message));
        (before, row.messages.len(), rows::encode(&row))
    };
    Ok(match after {
        _ if after == before => Left::All,
        0 => Left::Nothing,
        _ => Left::Some(text),
    })
}

/// Removes what was recorded of the marked messages. Answers whether there is more.
fn forget_log(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step, marked: &str) -> Result<bool, Error> {
    let place = step.job.place.clone().unwrap_or_else(|| marked.to_owned());
    let limit = rows_at_once(step, ERASE_MESSAGES_MAX);
    let marks = ctx.host.scan(&keys::below(marked, &place), limit, Direction::Forward)?;
    if let Some(mark) = marks.first()
        && leaves_out(step, mark)
    {
        step.job.place = Some(keys::next(&mark.key));
        return Ok(true);
    }
    let mut rows = 0;
    let marked: Vec<String> = marks.iter().map(|mark| mark.key.clone()).collect();
    for (mark, stone) in marks.iter().zip(stones(ctx, work, &marked)?) {
        step.job.place = Some(mark.key.clone());
        let Some((stone, version)) = stone else {
            step.job.place = Some(keys::next(&mark.key));
            continue;
        };
        // What is deleted is of no other message than this.
        step.commit.check(&stone, Some(version));
        let range = keys::attempts_of_message(work.lane.tenant_part(), keys::last_part(&mark.key));
        let log_limit = u32::try_from(RETENTION_ATTEMPTS_MAX - rows).unwrap_or(1);
        let log = ctx.host.scan(&range, log_limit, Direction::Forward)?;
        rows += log.len();
        log.into_iter().for_each(|entry| step.commit.delete(entry.key));
        if rows == RETENTION_ATTEMPTS_MAX {
            return Ok(true);
        }
        step.job.place = Some(keys::next(&mark.key));
    }
    Ok(marks.len() == limit as usize)
}

/// Removes the stones and the marks. Answers whether there are more.
fn drop_stones(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step, marked: &str) -> Result<bool, Error> {
    let limit = rows_at_once(step, ERASE_MESSAGES_MAX);
    let marks = ctx.host.scan(&keys::below(marked, marked), limit, Direction::Forward)?;
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
    for (stone, version) in stones(ctx, work, &marked)?.into_iter().flatten() {
        step.commit.check(&stone, Some(version));
        step.commit.delete(stone);
    }
    let more = marks.len() == limit as usize;
    marks.into_iter().for_each(|mark| step.commit.delete(mark.key));
    Ok(more)
}
