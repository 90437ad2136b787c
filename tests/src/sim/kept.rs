//! The model's record of removals: tombstones, removed messages, dropped contents, and erasures that were asked for. It
//! decides nothing; `checkers/kept` judges it.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::CallId;

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
    /// When its content was replaced by a tombstone because of its subject, in true microseconds.
    pub erased_us: Option<u64>,
    /// When it went, in true microseconds.
    pub gone_us: u64,
    /// When it went last because of its subject, if not the last time that it went, in true microseconds.
    pub erased_until_us: Option<u64>,
}

/// Returns true if a row may name a message that is gone: the row of another erasure, the place of a job that goes on from
/// there, a quarantine record of a lane until it is given back, or the reason why a webhook is paused.
pub fn remembers(key: &str, value: &str) -> bool {
    let other = key.starts_with("erasure/") || key.starts_with("lane/") || value.contains("paused: msg_");
    other || (key.starts_with("job/") && value.contains("\"state\":\"running\""))
}

/// The state of a message's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tombstone {
    /// It is too old.
    Old,
    /// Its subject is erased.
    Erased,
}
