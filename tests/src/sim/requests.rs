//! The requests of a run, and what they brought back.

use hookwright_engine::ports::Completion;

use super::checkers::sends::Bodies;
use super::net::Sent;

/// The requests so far.
#[derive(Debug, Default)]
pub struct Requests {
    /// Each request, in the order in which they were submitted.
    pub sent: Vec<Sent>,
    /// The result of each request, until its sender is told.
    pub results: Vec<Option<Completion>>,
    /// The bodies of the requests.
    pub bodies: Bodies,
}
