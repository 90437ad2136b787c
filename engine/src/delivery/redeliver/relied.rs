//! The rows that a redelivery relies on: the registration, and the message with its event.

use super::put::put_same;
use crate::delivery::stored::unknown_message;
use crate::ports::{Entry, Host};
use crate::store::commit::{Commit, Outcome};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Message};
use crate::support::error::{Error, ErrorKind};

/// Returns an error if the message's event is no longer kept.
pub(crate) fn check_kept(row: &Message) -> Result<(), Error> {
    if row.event.is_some() {
        return Ok(());
    }
    let error = Error::of(ErrorKind::Conflict, "the event is no longer kept: the tenant keeps no bodies");
    Err(error.hint("report it again under another id"))
}

/// The rows that a redelivery relies on, read before the delivery.
pub(super) struct Relied {
    webhook: Entry,
    message: Entry,
}

impl Relied {
    /// Reads the rows. Returns `None` if the webhook has been removed. `known` is the message as it was when the call began.
    pub fn read(host: &dyn Host, lane: &Lane, message: &str, known: &Message) -> Result<Option<Relied>, Error> {
        let mut rows = host.get(&[keys::webhook(lane), keys::message(lane.tenant_part(), message)])?.into_iter();
        let Some(webhook) = rows.next().flatten() else { return Ok(None) };
        let entry = rows.next().flatten().ok_or_else(|| unknown_message(message))?;
        // An erasure or the retention may have put a tombstone since the call began.
        let row: Message = rows::decode(&entry.key, &entry.value)?;
        if row.is_gone() {
            return Err(unknown_message(message));
        }
        if row.accepted_at_us != known.accepted_at_us {
            let error = Error::of(ErrorKind::Unavailable, "the message was removed and reported again meanwhile");
            return Err(error.hint("repeat the call"));
        }
        check_kept(&row)?;
        Ok(Some(Relied { webhook, message: entry }))
    }

    /// Submits the commit with a check of both rows. The message's row is put again.
    pub fn submit(self, host: &dyn Host, commit: &mut Commit) -> Result<Outcome, Error> {
        commit.check(&self.webhook.key, Some(self.webhook.version));
        put_same(commit, self.message);
        commit.submit(host)
    }
}
