//! Decides whether a message may be removed.
//!
//! A message may be removed when all its deliveries have ended: its attempts name as many webhooks as it was routed to, not
//! counting webhooks that asked for it by a redelivery, and no attempt follows the last one of any webhook. The message's row
//! is read before its attempts, and the commit checks its version: a redelivery puts that row again, so one of the two
//! conflicts.

use crate::jobs::step::JobContext;
use crate::ports::{Direction, Entry};
use crate::store::keys;
use crate::store::rows::{self, Attempt, Message, RoutedMessage};
use crate::support::error::Error;
use crate::support::limits::{RETENTION_ATTEMPTS_MAX, SCAN_ENTRIES_MAX};

/// The decision about a message.
pub(super) enum Fate {
    /// A delivery waits, a row cannot be decoded, or an erasure is removing the message.
    Stays,
    /// The message is not in the store any more.
    Missing,
    /// The message may be removed.
    Goes(Box<Removable>),
}

/// A message that may be removed, with its attempts.
pub(super) struct Removable {
    pub version: u64,
    pub message: Message,
    /// Keys of the message's attempts: all of them, or one more than a commit takes.
    pub attempts: Vec<String>,
    /// The attempts that keep a part of a response, without that part: all of them, or one more than a commit takes.
    pub without_answers: Vec<WithoutAnswer>,
}

/// An attempt without the part of the response that its row keeps.
pub(super) struct WithoutAnswer {
    pub key: String,
    pub attempt: Attempt,
}

/// Reads a message that a routing commit lists, and decides whether it may be removed.
pub(super) fn fate(ctx: &mut JobContext<'_>, tenant_part: &str, listed: &RoutedMessage) -> Result<Fate, Error> {
    let Some(entry) = ctx.host.get_one(&keys::message(tenant_part, &listed.message))? else {
        return Ok(Fate::Missing);
    };
    let message: Message = match rows::decode(&entry.key, &entry.value) {
        Ok(message) => message,
        Err(error) => {
            ctx.tell(&error);
            return Ok(Fate::Stays);
        }
    };
    if message.is_erased() {
        return Ok(Fate::Stays);
    }
    // An event that was accepted later under the same id is listed by the commit that routed it.
    if message.accepted_at_ms() != listed.accepted_ms {
        return Ok(Fate::Missing);
    }
    let is_gone = message.is_gone();
    let Some(attempts) = read_attempts(ctx, tenant_part, &listed.message, is_gone)? else { return Ok(Fate::Stays) };
    // All deliveries of a tombstone had ended when it was put.
    if !is_gone && (attempts.waits || attempts.webhooks < listed.webhooks) {
        return Ok(Fate::Stays);
    }
    let Attempts { keys, without_answers, .. } = attempts;
    Ok(Fate::Goes(Box::new(Removable { version: entry.version, message, attempts: keys, without_answers })))
}

/// The attempts of a message, as far as they are read.
#[derive(Default)]
struct Attempts {
    keys: Vec<String>,
    without_answers: Vec<WithoutAnswer>,
    /// Number of webhooks that the message was routed to, as the attempts show it.
    webhooks: u32,
    /// The webhook of the last attempt read.
    webhook: String,
    /// Another attempt follows the last attempt read.
    waits: bool,
}

/// Reads the attempts of a message. Returns `None` if a delivery waits or a row cannot be decoded.
fn read_attempts(
    ctx: &mut JobContext<'_>,
    tenant_part: &str,
    message: &str,
    is_gone: bool,
) -> Result<Option<Attempts>, Error> {
    let mut range = keys::attempts_of_message(tenant_part, message);
    let mut attempts = Attempts::default();
    loop {
        let page = ctx.host.scan(&range, SCAN_ENTRIES_MAX, Direction::Forward)?;
        let is_full = page.len() == SCAN_ENTRIES_MAX as usize;
        for entry in page {
            range.start = keys::next(&entry.key);
            match attempts.add(entry) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) => {
                    ctx.tell(&error);
                    return Ok(None);
                }
            }
        }
        if !is_full || (is_gone && attempts.keys.len() > RETENTION_ATTEMPTS_MAX) {
            return Ok(Some(attempts));
        }
    }
}

impl Attempts {
    /// Adds the next attempt in the order of keys. Returns false if the delivery before it waits for another attempt.
    fn add(&mut self, entry: Entry) -> Result<bool, Error> {
        let attempt: Attempt = rows::decode(&entry.key, &entry.value)?;
        let Some((webhook, number)) = keys::parse_attempt(&entry.key) else { return Ok(true) };
        if webhook != self.webhook {
            if self.waits {
                return Ok(false);
            }
            // Number 0 stands first where the message was not routed to the webhook.
            self.webhooks += u32::from(number > 0);
            webhook.clone_into(&mut self.webhook);
        }
        self.waits = attempt.next_at_ms.is_some();
        if attempt.has_answer() && self.without_answers.len() <= RETENTION_ATTEMPTS_MAX {
            let attempt = attempt.without_answer();
            self.without_answers.push(WithoutAnswer { key: entry.key.clone(), attempt });
        }
        if self.keys.len() <= RETENTION_ATTEMPTS_MAX {
            self.keys.push(entry.key);
        }
        Ok(true)
    }
}
