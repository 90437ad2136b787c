//! Judges each applied commit, each request and the end of a run. A checker names itself, so that a failure says which
//! promise was broken.

pub mod commits;
pub mod delay;
pub mod disabled;
pub mod endings;
pub mod explained;
pub mod jobs;
pub mod kept;
pub mod order;
pub mod pace;
pub mod quarantine;
pub mod redelivery;
pub mod sends;
pub mod tenants;

use super::model::Lane;
use super::rows::Webhook;

/// A promise was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which checker saw it.
    pub checker: &'static str,
    /// The broken rule, in detail.
    pub detail: String,
}

/// A failure, or the answer `Ok` if `holds`.
pub fn ensure(holds: bool, checker: &'static str, detail: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure { checker, detail: detail() }) }
}

/// Returns a lane's registrations at some time from `from_us` to `to_us`. `None` stands for a time without one.
pub fn during(lane: &Lane, from_us: u64, to_us: u64) -> Vec<Option<&Webhook>> {
    let first = lane.registrations.iter().rposition(|(at_us, _)| *at_us <= from_us);
    let mut states: Vec<Option<&Webhook>> = Vec::new();
    if first.is_none() {
        states.push(None);
    }
    let later = lane.registrations.iter().skip(first.unwrap_or(0)).take_while(|(at_us, _)| *at_us <= to_us);
    states.extend(later.map(|(_, webhook)| webhook.as_ref()));
    states
}
