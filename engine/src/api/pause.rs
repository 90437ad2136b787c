//! The field `pausedUntil`: for how long the deliveries of a webhook wait.

use serde::{Deserialize, Deserializer};

use crate::store::rows::Webhook;
use crate::support::error::Error;
use crate::support::json;
use crate::support::limits;
use crate::support::time;

/// The field as it was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum PauseChange {
    /// It was not given.
    #[default]
    Keep,
    /// `null`: deliveries are sent again from now on.
    End,
    /// The time of the end, as text.
    Until(String),
}

impl<'de> Deserialize<'de> for PauseChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PauseChange, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(text.map_or(PauseChange::End, PauseChange::Until))
    }
}

impl PauseChange {
    /// Writes the pause into a webhook. A time that is over ends a pause, as `null` does.
    pub(super) fn apply(&self, webhook: &mut Webhook, now_ms: u64) -> Result<(), Error> {
        let until_ms = match self {
            PauseChange::Keep => return Ok(()),
            PauseChange::End => None,
            PauseChange::Until(text) => Some(read(text, now_ms)?).filter(|until_ms| *until_ms > now_ms),
        };
        // The end of an earlier pause is kept, because it decides which deliveries are paced.
        webhook.paused_until_ms = until_ms.or(webhook.paused_until_ms.map(|until_ms| until_ms.min(now_ms)));
        Ok(())
    }
}

/// Returns the end of a pause, in milliseconds.
fn read(text: &str, now_ms: u64) -> Result<u64, Error> {
    let until_ms = time::parse(text).map_err(|error| error.at("pausedUntil"))? / 1_000;
    if until_ms > now_ms + limits::PAUSE_MS_MAX {
        let days = limits::PAUSE_MS_MAX / 86_400_000;
        return Err(Error::invalid("pausedUntil", format!("`{}` is more than {days} days ahead", json::quoted(text)))
            .hint("give an earlier time; deliveries that may be skipped need no pause but `isActive: false`"));
    }
    Ok(until_ms)
}

/// Returns the end of a webhook's pause, in milliseconds, while it lasts.
pub(super) fn end_ms(webhook: &Webhook, now_ms: u64) -> Option<u64> {
    webhook.paused_until_ms.filter(|until_ms| *until_ms > now_ms)
}
