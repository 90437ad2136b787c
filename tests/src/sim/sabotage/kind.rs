//! The purpose of a commit, recognized by its rows.

use hookwright_engine::ports::{Check, Mutation};

/// The purpose of a commit, by the rows that it changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Accept,
    Route,
    Claim,
    /// Of a quarantined lane: which delivery is to be made.
    Name,
    Settle,
    Release,
    Registration,
    /// A redelivery.
    Asked,
    /// A step of a job.
    Job,
    Other,
}

pub(super) fn kind_of(checks: &[Check], mutations: &[Mutation]) -> Kind {
    let any = |prefix: &str| mutations.iter().any(|mutation| mutation.key().starts_with(prefix));
    if any("job/") && !any("webhook/") {
        Kind::Job
    } else if any("shard/") {
        Kind::Route
    } else if any("message/") {
        Kind::Accept
    } else if any("webhook/") && !checks.iter().any(|check| check.key.starts_with("lane/")) {
        Kind::Registration
    } else if any("queue/") || (any("attempt/") && checks.iter().any(|check| check.key.starts_with("lane/"))) {
        Kind::Settle
    } else if mutations.iter().any(frees) {
        Kind::Release
    } else if any("lane/") && mutations.len() == 1 {
        Kind::Name
    } else if any("lane/") {
        Kind::Claim
    } else {
        Kind::Other
    }
}

fn frees(mutation: &Mutation) -> bool {
    matches!(mutation, Mutation::Put { key, value } if key.starts_with("lane/") && value.contains("\"untilMs\":0"))
}
