//! `lane/`: the lease of a lane, and its quarantine.

use serde::{Deserialize, Serialize};

use super::{QueuedDelivery, Row};
use crate::store::keys;
use crate::support::limits::{QUARANTINE_ALONE_CLAIMS, QUARANTINE_FAILED_CLAIMS, QUARANTINE_FEW_CLAIMS};

/// `lane/`: the lease of a lane.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lane {
    /// The commit that wrote the row.
    pub token: String,
    /// The end of the lease, in milliseconds; 0: the lane is free.
    pub until_ms: u64,
    /// The key of the timer that the lane owns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer: Option<String>,
    /// The claims that count against the lane, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Quarantine>,
}

/// The claims that count against a lane: leases that were not given back.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quarantine {
    /// Claims in a row, the present one included.
    pub claims: u32,
    /// The quarantined delivery: the one that is sent alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<QueuedDelivery>,
    /// When it was quarantined, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<u64>,
    /// The number of attempts recorded since the last lease that ran out, while the lane is free; none: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<u32>,
}

/// How far a lane is kept apart from others, because its workers keep dying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isolation {
    /// It shares its worker with any other lanes.
    None,
    /// It shares its worker with few others.
    Few,
    /// It is in quarantine: its worker has no other lane and makes one delivery at a time.
    Quarantine,
}

impl Isolation {
    /// Returns the isolation after this number of claims in a row that were not released.
    fn after(unreleased: u32) -> Isolation {
        match unreleased {
            QUARANTINE_ALONE_CLAIMS.. => Isolation::Quarantine,
            QUARANTINE_FEW_CLAIMS.. => Isolation::Few,
            _ => Isolation::None,
        }
    }
}

impl Quarantine {
    /// Returns the isolation of a lane that is free, or whose lease has run out.
    pub fn isolation_if_free(&self) -> Isolation {
        Isolation::after(self.claims)
    }

    /// Returns the isolation of a lane that is leased. The present claim does not count, because it may still be released.
    pub fn isolation_if_leased(&self) -> Isolation {
        Isolation::after(self.claims.saturating_sub(1))
    }

    /// Returns true if the worker that has leased the lane ends the named delivery as failed, because too many leases that named
    /// it were not released.
    pub fn fails_delivery(&self) -> bool {
        self.claims > QUARANTINE_FAILED_CLAIMS
    }
}

impl Lane {
    /// Returns the lane's isolation at this time.
    pub fn isolation(&self, now_ms: u64) -> Isolation {
        match &self.quarantine {
            Some(quarantine) if self.until_ms > now_ms => quarantine.isolation_if_leased(),
            Some(quarantine) => quarantine.isolation_if_free(),
            None => Isolation::None,
        }
    }
}

impl Row for Lane {
    fn invalid_field(&self) -> Option<&'static str> {
        self.timer.as_ref().is_some_and(|key| !keys::is_timer(key)).then_some("timer")
    }
}
