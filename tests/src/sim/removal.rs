//! The end of messages: which may go, and what is remembered of those that are gone.

use super::kept::{Gone, Tombstone};
use super::model::{Lane, Message, Model};
use super::rows::Attempt;

impl Model {
    /// Forgets a message whose rows a commit has removed. Returns it as it was.
    pub fn forget(&mut self, message: &str, now_us: u64) -> Option<Message> {
        let known = self.messages.remove(message)?;
        let erased_us = (known.tombstone == Some(Tombstone::Erased)).then_some(known.tombstone_us);
        let before = self.kept.gone.get(message).and_then(|gone| gone.erased_until_us);
        let erased_until_us = erased_us.map(|_| now_us).or(before);
        let gone = Gone { marker: known.marker, erased_us, gone_us: now_us, erased_until_us };
        self.kept.gone.insert(message.to_owned(), gone);
        for (id, lane) in &mut self.lanes {
            let Some(delivery) = lane.deliveries.remove(message) else { continue };
            let of = (id.clone(), message.to_owned());
            let known = self.kept.moved.entry(of).or_default();
            known.0 += delivery.moved.values().sum::<usize>();
            known.1 += delivery.log.len();
        }
        Some(known)
    }

    /// Why a message may not go, if so: something of it waits, or it is not old enough.
    pub fn still_wanted(&self, message: &str, now_us: u64, retention_us: u64) -> Option<String> {
        let known = self.messages.get(message)?;
        if known.tombstone == Some(Tombstone::Erased) {
            return None;
        }
        let waits = |(_, lane): &(&String, &Lane)| {
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
}
