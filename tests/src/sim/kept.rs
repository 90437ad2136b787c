//! The model's record of removals: tombstones, removed messages, dropped contents, and erasures that were asked for. It
//! decides nothing; `checkers/kept` judges it.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::CallId;
use super::model::{Message, Model, Touched};
use super::rows::{self, Attempt};

/// Erasures that were asked for, and messages that are gone.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Tenant, subject and beginning, in true microseconds, of each erasure that a call has asked for.
    pub asked: Vec<(String, u64, CallId, u64)>,
    /// The erasures under way and done: the job, its tenant, its subject and when its call began.
    pub jobs: BTreeMap<String, (String, u64, u64)>,
    /// Messages that are gone.
    pub gone: BTreeMap<String, Gone>,
    /// Of each lane and message of theirs, how often an attempt was brought forward while it was under way, and how many were made.
    pub moved: BTreeMap<(String, String), (usize, usize)>,
    /// Of each lane and message of theirs, each record of an attempt.
    pub recent: BTreeMap<(String, String), Vec<Record>>,
    /// Whether a tenant keeps bodies, as its row says.
    pub keeps: BTreeMap<String, bool>,
    /// Tenants that have kept none at some time.
    pub kept_none: BTreeSet<String>,
    /// Which messages each row of what was routed names.
    pub listed: BTreeMap<String, BTreeSet<String>>,
}

/// A message that is gone.
#[derive(Clone, Debug)]
pub struct Gone {
    /// The number of its content.
    pub marker: u64,
    /// When its content was replaced by a stone because of its subject, in true microseconds.
    pub erased_us: Option<u64>,
    /// When it went, in true microseconds.
    pub gone_us: u64,
    /// When it went last because of its subject, if not the last time that it went, in true microseconds.
    pub erased_until_us: Option<u64>,
}

/// A record of an attempt of a message that is gone.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// The attempt.
    pub number: u32,
    /// The time in the record's key, in milliseconds.
    pub at_ms: u64,
    /// Since when the webhook's records do not name it, in true microseconds.
    pub unlisted_us: Option<u64>,
}

impl Kept {
    /// A webhook's records no longer name this attempt, of a message that may have gone before.
    pub fn unlist(&mut self, lane: &str, message: &str, (number, at_ms): (u32, u64), now_us: u64) {
        let records = self.recent.get_mut(&(lane.to_owned(), message.to_owned())).into_iter().flatten();
        let same = |record: &&mut Record| record.number == number && record.at_ms == at_ms;
        records.filter(same).for_each(|record| _ = record.unlisted_us.get_or_insert(now_us));
    }
}

/// Returns true if a row may name a message that is gone: another erasure's mark, the place of a job that goes on from
/// there, a quarantine record of a lane until it is given back, or the reason why a webhook is paused.
pub fn remembers(key: &str, value: &str) -> bool {
    let other = key.starts_with("erasure/") || key.starts_with("lane/") || value.contains("paused: msg_");
    other || (key.starts_with("job/") && value.contains("\"state\":\"running\""))
}

/// The state of a message's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stone {
    /// It is too old.
    Old,
    /// Its subject is erased.
    Erased,
}

impl Model {
    /// A message's row was put again: as it was, or with less.
    pub fn message_again(
        &mut self,
        now_us: u64,
        key: &str,
        message: &str,
        value: &str,
        touched: &mut Touched,
    ) -> Result<(), String> {
        let Some(known) = self.messages.get_mut(message) else { return Err(format!("'{key}' is unknown")) };
        if known.value == value {
            return Ok(());
        }
        let row: rows::Message = serde_json::from_str(value).map_err(|error| format!("'{key}': {error}: {value}"))?;
        if value.contains("\"sim\":") {
            return Err(format!("'{key}' was written twice"));
        }
        match row.tombstone.as_deref() {
            Some(reason) => {
                let stone = if reason == "retention" { Stone::Old } else { Stone::Erased };
                if known.stone.is_none() {
                    known.stoned_us = now_us;
                    touched.stoned.push(message.to_owned());
                }
                known.stone = Some(stone);
                known.inbox = None;
            }
            None => touched.bared.push(message.to_owned()),
        }
        known.bare = true;
        value.clone_into(&mut known.value);
        Ok(())
    }

    /// A message's row was deleted: everything about it is forgotten, once the commit has been taken in.
    pub fn message_gone(&mut self, key: &str, message: &str, touched: &mut Touched) -> Result<(), String> {
        if !self.messages.contains_key(message) {
            return Err(format!("'{key}' was deleted, and is unknown"));
        }
        touched.gone.push(message.to_owned());
        Ok(())
    }

    /// Forgets the rows that a commit has removed. An error says why the commit should not have removed them.
    pub fn forget(&mut self, message: &str, now_us: u64) -> Option<Message> {
        let known = self.messages.remove(message)?;
        let erased_us = (known.stone == Some(Stone::Erased)).then_some(known.stoned_us);
        let before = self.kept.gone.get(message).and_then(|gone| gone.erased_until_us);
        let erased_until_us = erased_us.map(|_| now_us).or(before);
        let gone = Gone { marker: known.marker, erased_us, gone_us: now_us, erased_until_us };
        self.kept.gone.insert(message.to_owned(), gone);
        for (id, lane) in &mut self.lanes {
            let Some(delivery) = lane.deliveries.remove(message) else { continue };
            let of = (id.clone(), message.to_owned());
            let known = self.kept.moved.entry(of.clone()).or_default();
            known.0 += delivery.moved.values().sum::<usize>();
            known.1 += delivery.log.len();
            let records = delivery.recent_ms.iter().map(|(&number, &at_ms)| {
                let unlisted_us = delivery.unlisted.get(&number).copied();
                Record { number, at_ms, unlisted_us }
            });
            self.kept.recent.entry(of).or_default().extend(records);
        }
        Some(known)
    }

    /// Why a message may not go, if so: something of it waits, or it is not old enough.
    pub fn still_wanted(&self, message: &str, now_us: u64, retention_us: u64) -> Option<String> {
        let known = self.messages.get(message)?;
        if known.stone == Some(Stone::Erased) {
            return None;
        }
        let waits = |(_, lane): &(&String, &super::model::Lane)| {
            lane.deliveries.get(message).is_some_and(|delivery| {
                !delivery.entries.is_empty() || !delivery.log.values().next_back().is_some_and(Attempt::is_last)
            })
        };
        if let Some((id, lane)) = self.lanes.iter().find(waits) {
            return Some(format!("{id} waits for it: {:?}", lane.deliveries[message]));
        }
        match known.routed_us {
            None => Some("it is not routed".to_owned()),
            // By the clock of the worker that routed it, before the commit.
            Some(_) if retention_us > 0 && known.listed_ms * 1_000 + retention_us > now_us => {
                Some(format!("it was routed at {} ms", known.listed_ms))
            }
            Some(_) => None,
        }
    }

    /// Reads a row of routed messages. Its messages come from an earlier row, which must not name them any more when
    /// the commit is over.
    pub fn listing(&mut self, key: &str, messages: BTreeSet<String>) {
        if messages.is_empty() {
            self.kept.listed.remove(key);
        } else {
            self.kept.listed.insert(key.to_owned(), messages);
        }
    }
}
