//! A backup of the store.

use super::checkers::redelivery::Promise;
use super::checkers::sends::Bodies;
use super::model::Model;
use super::store::SimStore;

/// A backup, and what the simulator knew when it was made.
#[derive(Debug)]
pub struct Backup {
    /// The rows.
    pub store: SimStore,
    /// Their meaning.
    pub model: Model,
    /// The promises of redeliveries.
    pub promises: Vec<Promise>,
    /// The bodies of the requests.
    pub bodies: Bodies,
    /// Of each request, true if an attempt recorded it.
    pub recorded: Vec<bool>,
    /// Of each request, true if its sender could still record it.
    pub open: Vec<bool>,
}
