//! The agenda of a world: what is due, and when. Entries of the same time come in an order that is drawn. It decides
//! nothing else; `run` carries the entries out.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use hookwright_engine::ports::{Check, Mutation};

use super::ids::{CallId, InstanceId, RequestId};
use super::ops::Reply;
use super::rng::Rng;

/// The entries that are due, in the order of their times.
#[derive(Debug)]
pub struct Agenda {
    /// Draws the order of entries of the same time, and delays of the scheduler.
    pub order: Rng,
    entries: BinaryHeap<Reverse<(u64, u64, Slot)>>,
}

impl Agenda {
    /// The empty agenda of a seed.
    pub fn new(seed: u64) -> Agenda {
        Agenda { order: Rng::of(seed, "order", 0), entries: BinaryHeap::new() }
    }

    /// Puts an entry on the agenda, due at this true time in microseconds.
    pub fn put(&mut self, at_us: u64, due: Due) {
        let order = self.order.next();
        self.entries.push(Reverse((at_us, order, Slot(due))));
    }

    /// Takes the entry that is due first, with its time in true microseconds.
    pub fn take(&mut self) -> Option<(u64, Due)> {
        self.entries.pop().map(|Reverse((at_us, _, Slot(due)))| (at_us, due))
    }
}

/// An entry of the agenda.
#[derive(Debug)]
pub enum Due {
    /// An instance begins its next call.
    Start(InstanceId, u64),
    /// The call that an instance has made is carried out.
    Execute(InstanceId, u64),
    /// It learns the answer.
    Answer(InstanceId, u64, Box<Reply>),
    /// Its wait is over.
    WaitOver(InstanceId, u64),
    /// A request comes back.
    Complete(InstanceId, CallId, RequestId),
    /// A commit under way arrives, if the store has not been restored since this era.
    Land(u64, Box<Delayed>),
    /// A backup is made.
    Backup,
    /// It is restored.
    Restore,
    /// The faults end.
    FaultsEnd,
    /// A script's late commit arrives at last.
    Overdue,
}

/// A commit that arrives later.
#[derive(Debug)]
pub struct Delayed {
    /// The call that submitted it.
    pub call: CallId,
    /// As submitted.
    pub checks: Vec<Check>,
    /// As submitted.
    pub mutations: Vec<Mutation>,
    /// It is a transaction of the platform's, which may yet be rolled back.
    pub transaction: Option<Fate>,
}

/// The end of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It commits.
    Commits,
    /// It does not.
    RollsBack,
}

/// An entry of the agenda. Its place does not depend on its kind.
#[derive(Debug)]
struct Slot(Due);

impl PartialEq for Slot {
    fn eq(&self, _: &Slot) -> bool {
        true
    }
}
impl Eq for Slot {}
impl PartialOrd for Slot {
    fn partial_cmp(&self, other: &Slot) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Slot {
    fn cmp(&self, _: &Slot) -> Ordering {
        Ordering::Equal
    }
}
