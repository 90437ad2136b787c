//! Removes the messages that one routing commit lists, as a whole or their contents alone, and the rows that index attempts.

use crate::jobs::fate::{Fate, Removable, WithoutAnswer, fate};
use crate::jobs::step::{JobContext, Step};
use crate::ports::Entry;
use crate::store::keys;
use crate::store::rows::{self, Attempt, Message, Recent, RecordedAttempt, Routed, RoutedMessage, Tombstone};
use crate::store::subject;
use crate::support::error::Error;
use crate::support::limits::{RETENTION_ATTEMPTS_MAX, RETENTION_MESSAGES_MAX, RETENTION_STEP_MS};

/// The part of a message that is removed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// The message with its attempts.
    Whole,
    /// The event and the parts of responses. The messages are then listed in a `redacted` row with this token.
    Content(&'a str),
}

/// The messages of one `routed` or `redacted` row, as a step works through them.
struct Listed {
    /// Messages that stay in the row.
    left: Vec<RoutedMessage>,
    /// Messages that have not been looked at, the next one last.
    rest: Vec<RoutedMessage>,
    /// Messages whose content was removed.
    redacted: Vec<RoutedMessage>,
}

/// The outcome of removing one message.
enum Removed {
    Done,
    /// The message has more rows than one commit takes, so the next step goes on with it.
    Partly,
}

/// Adds to a step the removal of the messages that a row lists, from the job's place in it.
pub(super) fn messages(ctx: &mut JobContext<'_>, step: &mut Step, entry: &Entry, part: Part<'_>) -> Result<(), Error> {
    if step.leaves_out {
        go_on_after(step, entry);
        return Ok(());
    }
    let row: Routed = match rows::decode(&entry.key, &entry.value) {
        Ok(row) => row,
        Err(error) => {
            ctx.tell(&error);
            go_on_after(step, entry);
            return Ok(());
        }
    };
    let mut listed = Listed::from_place(&row, step.job.after.take().as_deref());
    remove_listed(ctx, step, keys::tenant_of(&entry.key), part, &mut listed)?;
    if listed.rest.is_empty() {
        go_on_after(step, entry);
    } else {
        step.job.place = Some(entry.key.clone());
        step.job.after = listed.left.last().map(|routed| routed.message.clone());
    }
    put_rows(step, entry, row, part, listed);
    Ok(())
}

impl Listed {
    /// Splits the messages of a row behind the one that the job has come to.
    fn from_place(row: &Routed, after: Option<&str>) -> Listed {
        let from = row.messages.iter().position(|routed| Some(routed.message.as_str()) == after);
        let mut left = row.messages.clone();
        let mut rest = left.split_off(from.map_or(0, |at| at + 1));
        rest.reverse();
        Listed { left, rest, redacted: Vec::new() }
    }
}

/// Removes messages until the row, the step's room or its time is used up.
fn remove_listed(
    ctx: &mut JobContext<'_>,
    step: &mut Step,
    tenant_part: &str,
    part: Part<'_>,
    listed: &mut Listed,
) -> Result<(), Error> {
    let deadline_ms = ctx.now_ms() + RETENTION_STEP_MS;
    let (mut scanned, mut changes) = (0, 0);
    while let Some(message) = listed.rest.pop() {
        let is_full =
            scanned == RETENTION_MESSAGES_MAX || changes >= RETENTION_ATTEMPTS_MAX || ctx.now_ms() >= deadline_ms;
        if scanned > 0 && is_full {
            listed.rest.push(message);
            break;
        }
        scanned += 1;
        let removable = match fate(ctx, tenant_part, &message)? {
            Fate::Missing => continue,
            Fate::Stays => {
                listed.left.push(message);
                continue;
            }
            Fate::Goes(removable) => *removable,
        };
        let key = keys::message(tenant_part, &message.message);
        step.commit.check(&key, Some(removable.version));
        let removed = match part {
            Part::Whole => remove_whole(step, key, removable, &mut changes),
            Part::Content(_) => remove_content(step, key, removable, &mut changes),
        };
        match (removed, part) {
            (Removed::Partly, _) => {
                listed.rest.push(message);
                break;
            }
            (Removed::Done, Part::Content(_)) => listed.redacted.push(message),
            (Removed::Done, Part::Whole) => {}
        }
    }
    step.job.scanned += scanned as u64;
    Ok(())
}

/// Removes a message with its attempts. A message with too many of them becomes a tombstone first.
fn remove_whole(step: &mut Step, key: String, removable: Removable, changes: &mut usize) -> Removed {
    let Removable { message, attempts, .. } = removable;
    step.job.affected += 1;
    let is_large = attempts.len() > RETENTION_ATTEMPTS_MAX;
    *changes += attempts.len();
    if message.is_gone() || !is_large {
        attempts.into_iter().take(RETENTION_ATTEMPTS_MAX).for_each(|key| step.commit.delete(key));
    }
    if !is_large {
        step.commit.delete(key);
        return Removed::Done;
    }
    let subject_hash = hash_of(&message);
    let tombstone = Some(Tombstone::Retention);
    let row = Message { event: None, content_hash: None, tombstone, subject_hash, ..message };
    step.commit.put(key, rows::encode(&row));
    Removed::Partly
}

/// Removes the parts of responses that a message's attempts keep, and then its event.
fn remove_content(step: &mut Step, key: String, removable: Removable, changes: &mut usize) -> Removed {
    let Removable { message, without_answers, .. } = removable;
    *changes += without_answers.len();
    let is_large = without_answers.len() > RETENTION_ATTEMPTS_MAX;
    for WithoutAnswer { key, attempt } in without_answers.into_iter().take(RETENTION_ATTEMPTS_MAX) {
        step.commit.put(key, rows::encode(&attempt));
    }
    if is_large {
        return Removed::Partly;
    }
    step.job.affected += 1;
    let subject_hash = hash_of(&message);
    step.commit.put(key, rows::encode(&Message { event: None, subject_hash, ..message }));
    Removed::Done
}

/// Returns the hash by which the message can still be erased when its event is gone.
fn hash_of(message: &Message) -> Option<String> {
    message.subject_hash.clone().or_else(|| subject::hash_of(message))
}

/// Moves the job's place behind a row.
fn go_on_after(step: &mut Step, entry: &Entry) {
    step.job.place = Some(keys::next(&entry.key));
    step.job.after = None;
}

/// Writes the row without the messages that were removed, and lists the messages whose content was removed.
fn put_rows(step: &mut Step, entry: &Entry, row: Routed, part: Part<'_>, listed: Listed) {
    let Listed { mut left, rest, redacted } = listed;
    left.extend(rest.into_iter().rev());
    if left.len() < row.messages.len() {
        step.commit.check(&entry.key, Some(entry.version));
        if left.is_empty() {
            step.commit.delete(entry.key.clone());
        } else {
            let left = Routed { queued_ms: row.queued_ms, elsewhere: row.elsewhere, messages: left };
            step.commit.put(entry.key.clone(), rows::encode(&left));
        }
    }
    if let Part::Content(token) = part
        && !redacted.is_empty()
    {
        let at_ms = keys::kept_at(&entry.key).map_or(0, |(_, at_ms)| at_ms);
        let key = keys::redacted(keys::tenant_of(&entry.key), at_ms, token);
        step.commit.put(key, rows::encode(&Routed { messages: redacted, ..row }));
    }
}

/// Adds to a step the removal of rows that index a webhook's attempts, and of the messages of tests, which no other row names.
pub(super) fn indexes(ctx: &mut JobContext<'_>, step: &mut Step, page: &[&Entry]) -> Result<(), Error> {
    let (mut tests, mut wanted) = (Vec::new(), Vec::new());
    for entry in page {
        // A test is the only attempt of its row. A row that cannot be decoded is removed all the same.
        if let Ok(Recent { attempts }) = rows::decode(&entry.key, &entry.value)
            && let ([RecordedAttempt { message, number: 1, .. }], Some(lane)) =
                (attempts.as_slice(), keys::lane_of_recent(&entry.key))
        {
            tests.push(keys::message(lane.tenant_part(), message));
            wanted.push(keys::attempt(&lane, message, 1));
        }
        step.commit.delete(entry.key.clone());
    }
    step.job.scanned += page.len() as u64;
    step.job.affected += page.len() as u64;
    let attempts = if wanted.is_empty() { Vec::new() } else { ctx.host.get(&wanted)? };
    for ((message, key), entry) in tests.into_iter().zip(wanted).zip(attempts) {
        let attempt = entry.and_then(|entry| rows::decode::<Attempt>(&entry.key, &entry.value).ok());
        if attempt.is_some_and(|attempt| attempt.test) {
            step.commit.delete(message);
            step.commit.delete(key);
            step.job.affected += 2;
        }
    }
    Ok(())
}
