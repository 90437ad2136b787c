//! Takes in the rows of messages: contents, inbox, and the lists of routed messages.

use std::collections::BTreeSet;

use super::change::Change;
use super::kept::Tombstone;
use super::model::{Message, Model, marker};
use super::rows::{self, Routed, RoutedMessage};
use super::touched::Touched;

impl Model {
    /// Returns true if a deleted row is that of a test send. A purge and the retention may both see it, and delete it
    /// without a check.
    pub fn test_gone(&mut self, key: &str) -> bool {
        if self.tests.remove(key) {
            self.tests_gone.insert(key.to_owned());
        }
        self.tests_gone.contains(key)
    }

    /// Takes in the row of a message.
    pub fn message(&mut self, change: Change<'_>, message: &str, touched: &mut Touched) -> Result<(), String> {
        let Change { now_us, key, value, .. } = change;
        let Some(value) = value else { return self.message_gone(key, message, touched) };
        if self.messages.get(message).is_some_and(|known| !known.value.is_empty()) {
            // A redelivery puts it again, so that nobody removes it meanwhile.
            return self.message_again(change, message, value, touched);
        }
        let row: rows::Message = change.read_put()?;
        let Some(marker) = marker(value) else {
            // A test send's message: it is kept for the log and goes through no inbox.
            return if self.tests.insert(key.to_owned()) { Ok(()) } else { Err(format!("'{key}' was written twice")) };
        };
        let accepted = Message {
            marker,
            tenant_part: key.split('/').nth(1).unwrap_or_default().to_owned(),
            event_type: row.event_type,
            value: value.to_owned(),
            subject: row.event.and_then(|event| event["subject"]["id"].as_u64()),
            accepted_us: now_us,
            order_us: row.accepted_at_us,
            ..Message::default()
        };
        self.messages.insert(message.to_owned(), accepted);
        touched.accepted.push(message.to_owned());
        touched.messages.insert(message.to_owned());
        Ok(())
    }

    /// A message's row was put again: as it was, or with less.
    fn message_again(
        &mut self,
        change: Change<'_>,
        message: &str,
        value: &str,
        touched: &mut Touched,
    ) -> Result<(), String> {
        let Change { now_us, key, .. } = change;
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
                let tombstone = if reason == "retention" { Tombstone::Old } else { Tombstone::Erased };
                if known.tombstone.is_none() {
                    known.tombstone_us = now_us;
                    touched.tombstoned.push(message.to_owned());
                }
                known.tombstone = Some(tombstone);
                known.inbox = None;
            }
            None => touched.redacted.push(message.to_owned()),
        }
        known.redacted = true;
        value.clone_into(&mut known.value);
        Ok(())
    }

    /// A message's row was deleted: everything about it is forgotten, once the commit has been taken in.
    fn message_gone(&mut self, key: &str, message: &str, touched: &mut Touched) -> Result<(), String> {
        if !self.messages.contains_key(message) {
            return Err(format!("'{key}' was deleted, and is unknown"));
        }
        touched.gone.push(message.to_owned());
        Ok(())
    }

    /// Takes in the inbox row of a message.
    pub fn inbox(&mut self, change: Change<'_>, message: &str, touched: &mut Touched) -> Result<(), String> {
        let Change { now_us, key, value, .. } = change;
        let entry = self.messages.entry(message.to_owned()).or_default();
        if entry.inbox.is_some() {
            touched.in_inbox.insert(message.to_owned());
        }
        touched.messages.insert(message.to_owned());
        if value.is_some() {
            if entry.routed_us.is_some() {
                return Err(format!("'{key}' came back after it was routed"));
            }
            if entry.inbox.as_deref().is_some_and(|inbox| inbox != key) {
                return Err(format!("'{key}' is a second inbox row of its message"));
            }
            entry.inbox = Some(key.to_owned());
        } else if entry.inbox.take().is_some() {
            entry.routed_us = Some(now_us);
        }
        Ok(())
    }

    /// A row of what was routed: new, or with less than before; or, of what has no content any more, with what was in another.
    pub fn listed(
        &mut self,
        change: Change<'_>,
        (tenant, at_ms): (&str, u64),
        touched: &mut Touched,
    ) -> Result<(), String> {
        let Change { key, value, .. } = change;
        let named = change.read::<Routed>()?.map(|row| row.messages).unwrap_or_default();
        let messages: BTreeSet<String> = named.iter().map(|routed| routed.message.clone()).collect();
        let wrong = || Err(format!("'{key}' names what it should not: {value:?}"));
        if let Some(before) = self.kept.listed.get(key) {
            if !messages.is_subset(before) {
                return wrong();
            }
        } else if key.starts_with("redacted/") {
            if !messages.iter().all(|message| self.messages.get(message).is_some_and(|known| known.listed.is_some())) {
                return wrong();
            }
        } else {
            for RoutedMessage { message, accepted_ms, webhooks } in named {
                touched.messages.insert(message.clone());
                let entry = self.messages.entry(message).or_default();
                entry.accepted_ms = accepted_ms;
                entry.listed_ms = at_ms;
                if entry.tenant_part != tenant || entry.listed.replace(webhooks).is_some() {
                    return wrong();
                }
            }
        }
        self.listing(key, messages);
        Ok(())
    }

    /// Reads a row of routed messages. Its messages come from an earlier row, which must not name them any more when
    /// the commit is over.
    fn listing(&mut self, key: &str, messages: BTreeSet<String>) {
        if messages.is_empty() {
            self.kept.listed.remove(key);
        } else {
            self.kept.listed.insert(key.to_owned(), messages);
        }
    }
}
