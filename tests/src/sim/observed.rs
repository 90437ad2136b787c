//! The facts about a run that only the simulator knows, for the checkers to judge by.

use std::collections::BTreeMap;

use super::checkers::delay::Excuses;
use super::checkers::endings::End;
use super::checkers::pace::Paces;
use super::checkers::redelivery::Promise;
use super::poison::Kills;

/// The facts of a run so far.
#[derive(Debug, Default)]
pub struct Observed {
    /// The end of each call, in the order of the calls.
    pub ends: Vec<End>,
    /// The promises of redeliveries about messages that were not routed yet.
    pub promises: Vec<Promise>,
    /// Faults that may have made other webhooks wait.
    pub excuses: Excuses,
    /// When each lane may be sent the next request.
    pub paces: Paces,
    /// Number of workers that each event has killed, by its number and the lane that they had leased.
    pub kills: BTreeMap<(u64, String), Kills>,
}
