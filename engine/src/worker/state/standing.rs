//! How a lane's webhook has fared, as far as sending depends on it: its health row, and the attempts made since it was read.

use crate::ports::Entry;
use crate::store::rows::{self, Health};
use crate::support::limits::{BREAKER_PAUSE_MS_MAX, PACE_AHEAD_MS};

/// The standing of a leased lane's webhook.
pub(crate) struct Standing {
    pub health: Health,
    /// The last attempt succeeded, so the lane may use all its slots.
    pub healthy: bool,
    /// The webhook has a rate, and attempts were made that no stored health row counts.
    pub spaced: bool,
}

impl Standing {
    /// Returns the standing by a health row.
    pub(crate) fn of(health: Health) -> Standing {
        Standing { healthy: is_healthy(&health), health, spaced: false }
    }

    /// Takes over the stored health row, if it can be decoded. The later of the two times is kept at which the webhook is free,
    /// because this worker may have sent since.
    pub(crate) fn update(&mut self, entry: Option<Entry>, now_ms: u64) {
        let stored = entry.and_then(|entry| rows::decode::<Health>(&entry.key, &entry.value).ok());
        if let Some(stored) = stored {
            let free_at_us = self.health.free_at_us.max(believed_free_at_us(stored.free_at_us, now_ms));
            self.health = Health { free_at_us, ..stored };
        }
    }

    /// Counts an attempt of a webhook that has a rate.
    pub(crate) fn space(&mut self, now_us: u64, spacing_us: u64) {
        if spacing_us > 0 {
            self.spaced = true;
            self.health.free_at_us = Some(self.health.free_at_us.unwrap_or(0).max(now_us) + spacing_us);
        }
    }
}

/// Returns true if the last attempt of the webhook succeeded.
pub(crate) fn is_healthy(health: &Health) -> bool {
    health.failures == 0 && health.succeeded_at_ms.is_some()
}

/// Returns the time at which the webhook is free, if it is credible. A later time than any pause allows was written by a clock
/// that was far ahead, and is ignored.
pub(crate) fn believed_free_at_us(free_at_us: Option<u64>, now_ms: u64) -> Option<u64> {
    let latest_us = (now_ms + BREAKER_PAUSE_MS_MAX + PACE_AHEAD_MS) * 1_000;
    free_at_us.filter(|free_at_us| *free_at_us <= latest_us)
}
