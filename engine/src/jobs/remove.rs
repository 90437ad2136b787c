//! Which messages may go, of those that one commit finished routing, and how: as a whole, or their contents alone.
//!
//! A message may go when all its deliveries have ended: its log then names as many webhooks as it was routed to, beside those that
//! asked for it on their own, and nothing follows on any of their last rows. The message is read before the log and its version
//! is checked: whoever has it sent again puts it again.

use crate::jobs::step::{JobContext, Step};
use crate::ports::{Direction, Entry};
use crate::store::keys;
use crate::store::rows::{self, Attempt, Message, Recent, RecordedAttempt, Routed, RoutedMessage, Tombstone};
use crate::store::subject;
use crate::support::error::Error;
use crate::support::limits::{RETENTION_ATTEMPTS_MAX, RETENTION_MESSAGES_MAX, RETENTION_STEP_MS, SCAN_ENTRIES_MAX};

/// What is to become of a message.
enum Fate {
    /// Something of it waits, or cannot be read, or somebody else is removing it.
    Stays,
    /// It is not there any more.
    Missing,
    /// It may go, with these rows of its log, of which there may be more than one commit takes.
    Goes {
        version: u64,
        message: Box<Message>,
        log: Vec<String>,
        /// Those of them that have kept what a receiver answered, without it.
        without_answers: Vec<(String, Attempt)>,
    },
}

/// Adds to a step what may go of the messages of one row, from where the job is in it. With a token, it is the contents alone.
pub(super) fn messages(
    ctx: &mut JobContext<'_>,
    step: &mut Step,
    entry: &Entry,
    bare: Option<&str>,
) -> Result<(), Error> {
    let tenant_part = keys::tenant_of(&entry.key);
    if step.leaves_out {
        go_on(step, entry, None);
        return Ok(());
    }
    let row: Routed = match rows::decode(&entry.key, &entry.value) {
        Ok(row) => row,
        Err(error) => {
            ctx.tell(&error);
            go_on(step, entry, None);
            return Ok(());
        }
    };
    let deadline_ms = ctx.now_ms() + RETENTION_STEP_MS;
    let after = step.job.after.take();
    let from = row.messages.iter().position(|routed| Some(&routed.message) == after.as_ref()).map_or(0, |at| at + 1);
    let mut left = row.messages.clone();
    let mut rest = left.split_off(from);
    rest.reverse();
    let (mut bared, mut looked, mut rows) = (Vec::new(), 0, 0);
    while let Some(listed) = rest.pop() {
        let full = looked == RETENTION_MESSAGES_MAX || rows >= RETENTION_ATTEMPTS_MAX || ctx.now_ms() >= deadline_ms;
        if looked > 0 && full {
            rest.push(listed);
            break;
        }
        looked += 1;
        let key = keys::message(tenant_part, &listed.message);
        let (version, message, log, without_answers) = match fate(ctx, tenant_part, &listed)? {
            Fate::Missing => continue,
            Fate::Stays => {
                left.push(listed);
                continue;
            }
            Fate::Goes { version, message, log, without_answers } => (version, message, log, without_answers),
        };
        step.commit.check(&key, Some(version));
        if bare.is_some() {
            rows += without_answers.len();
            let large = without_answers.len() > RETENTION_ATTEMPTS_MAX;
            for (key, attempt) in without_answers.into_iter().take(RETENTION_ATTEMPTS_MAX) {
                step.commit.put(key, rows::encode(&attempt));
            }
            if large {
                // The rest of them, and then the content, in further commits.
                rest.push(listed);
                break;
            }
        }
        step.job.affected += 1;
        let subject_hash = message.subject_hash.clone().or_else(|| subject::hash_of(&message));
        if bare.is_some() {
            step.commit.put(key, rows::encode(&Message { event: None, subject_hash, ..*message }));
            bared.push(listed);
            continue;
        }
        let large = log.len() > RETENTION_ATTEMPTS_MAX;
        rows += log.len();
        if message.is_gone() || !large {
            log.into_iter().take(RETENTION_ATTEMPTS_MAX).for_each(|key| step.commit.delete(key));
        }
        if large {
            // It is gone for everybody else from now on, and its rows go in several commits.
            let tombstone = Some(Tombstone::Retention);
            let row = Message { event: None, content_hash: None, tombstone, subject_hash, ..*message };
            step.commit.put(key, rows::encode(&row));
            rest.push(listed);
            break;
        }
        step.commit.delete(key);
    }
    step.job.scanned += looked as u64;
    go_on(step, entry, (!rest.is_empty()).then(|| left.last().map(|routed| routed.message.clone())));
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
    if let Some(token) = bare.filter(|_| !bared.is_empty()) {
        let at_ms = keys::kept_at(&entry.key).map_or(0, |(_, at_ms)| at_ms);
        let bared = Routed { messages: bared, ..row };
        step.commit.put(keys::redacted(tenant_part, at_ms, token), rows::encode(&bared));
    }
    Ok(())
}

/// The job goes on behind a row, or within it: after a message that stays, or at its beginning.
fn go_on(step: &mut Step, entry: &Entry, within: Option<Option<String>>) {
    step.job.place = Some(if within.is_some() { entry.key.clone() } else { keys::next(&entry.key) });
    step.job.after = within.flatten();
}

/// Adds to a step that these rows of attempts' indexes go, and with them the messages of tests: nothing else leads to them.
pub(super) fn indexes(ctx: &mut JobContext<'_>, step: &mut Step, page: &[&Entry]) -> Result<(), Error> {
    let mut tests = Vec::new();
    for entry in page {
        // A test is the only attempt of its record. What cannot be read is no loss.
        if let Ok(Recent { attempts }) = rows::decode(&entry.key, &entry.value)
            && let ([RecordedAttempt { message, number: 1 }], Some(lane)) =
                (attempts.as_slice(), keys::lane_of_recent(&entry.key))
        {
            tests.push((keys::message(lane.tenant_part(), message), keys::attempt(&lane, message, 1)));
        }
        step.commit.delete(entry.key.clone());
    }
    step.job.scanned += page.len() as u64;
    step.job.affected += page.len() as u64;
    let wanted: Vec<String> = tests.iter().map(|(_, log)| log.clone()).collect();
    let logs = if wanted.is_empty() { Vec::new() } else { ctx.host.get(&wanted)? };
    for ((msg, key), entry) in tests.into_iter().zip(logs) {
        let log = entry.and_then(|entry| rows::decode::<Attempt>(&entry.key, &entry.value).ok());
        if log.is_some_and(|attempt| attempt.test) {
            step.commit.delete(msg);
            step.commit.delete(key);
            step.job.affected += 2;
        }
    }
    Ok(())
}

fn fate(ctx: &mut JobContext<'_>, tenant_part: &str, listed: &RoutedMessage) -> Result<Fate, Error> {
    let RoutedMessage { message, accepted_ms, webhooks } = listed;
    let Some(entry) = ctx.host.get_one(&keys::message(tenant_part, message))? else { return Ok(Fate::Missing) };
    let row: Message = match rows::decode(&entry.key, &entry.value) {
        Ok(row) => row,
        Err(error) => {
            ctx.tell(&error);
            return Ok(Fate::Stays);
        }
    };
    if row.is_erased() {
        return Ok(Fate::Stays);
    }
    // One that was reported under its id since is listed where it was routed.
    if row.accepted_at_ms() != *accepted_ms {
        return Ok(Fate::Missing);
    }
    let mut range = keys::attempts_of_message(tenant_part, message);
    let mut log: Vec<String> = Vec::new();
    let mut without_answers = Vec::new();
    let (mut of, mut routed, mut waits) = (String::new(), 0, false);
    loop {
        let page = ctx.host.scan(&range, SCAN_ENTRIES_MAX, Direction::Forward)?;
        let whole = page.len() == SCAN_ENTRIES_MAX as usize;
        for entry in page {
            range.start = keys::next(&entry.key);
            let attempt: Attempt = match rows::decode(&entry.key, &entry.value) {
                Ok(attempt) => attempt,
                Err(error) => {
                    ctx.tell(&error);
                    return Ok(Fate::Stays);
                }
            };
            let Some((webhook, number)) = keys::parse_attempt(&entry.key) else { continue };
            if webhook != of {
                if waits {
                    return Ok(Fate::Stays);
                }
                // With number 0 begins the log of a webhook that it was not routed to.
                routed += u32::from(number > 0);
                webhook.clone_into(&mut of);
            }
            waits = attempt.next_at_ms.is_some();
            if attempt.has_answer() && without_answers.len() <= RETENTION_ATTEMPTS_MAX {
                without_answers.push((entry.key.clone(), attempt.without_answer()));
            }
            if log.len() <= RETENTION_ATTEMPTS_MAX {
                log.push(entry.key);
            }
        }
        if !whole || (row.is_gone() && log.len() > RETENTION_ATTEMPTS_MAX) {
            break;
        }
    }
    // What is being removed had ended when that began.
    if !row.is_gone() && (waits || routed < *webhooks) {
        return Ok(Fate::Stays);
    }
    Ok(Fate::Goes { version: entry.version, message: Box::new(row), log, without_answers })
}
