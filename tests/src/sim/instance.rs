//! The state of an instance of the engine, and of its calls.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use hookwright_engine::ports::Completion;

use super::actor::{Life, Running, Senses};
use super::agenda::Delayed;
use super::ids::{CallId, InstanceId, RequestId};
use super::job::Job;
use super::ops::Op;

/// The role of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It calls `deliver`.
    Worker,
    /// It makes the platform's calls.
    Application,
}

/// An instance of the engine, in a process of its own.
#[derive(Debug)]
pub struct Instance {
    /// Its role.
    pub role: Role,
    /// Clock and entropy.
    pub senses: Arc<Senses>,
    /// Between its calls, if it is elsewhere and has been started.
    pub life: Option<Box<dyn Life>>,
    /// How far its clock is off.
    pub off_us: i64,
    /// Its call.
    pub running: Option<(CallId, Running)>,
    /// The call's open question to the outside.
    pub asks: Option<Op>,
    /// Counts its steps, so that what was due for an earlier one is void.
    pub epoch: u64,
    /// Requests in flight.
    pub in_flight: Vec<RequestId>,
    /// Requests that came back and were not reported.
    pub ready: Vec<(RequestId, Completion)>,
    /// It stands in a wait.
    pub waits: bool,
    /// How often it was started.
    pub lives: u64,
    /// Actions left.
    pub actions: u32,
    /// The state of the store in which its last call found nothing to do.
    pub idle_at: Option<u64>,
    /// It begins its next call later than it would, because nothing is due before.
    pub sleeps: bool,
    /// Waits in a row that were too short to wait for anything, with requests in flight and nothing coming back.
    pub short_waits: u32,
    /// Calls in a row that asked to be called again at once and changed nothing.
    pub fruitless: u32,
}

/// A call of the engine.
#[derive(Debug)]
pub struct Call {
    /// The instance that makes it.
    pub instance: InstanceId,
    /// The call itself.
    pub job: Rc<Job>,
    /// When it began, in true microseconds.
    pub began_us: u64,
    /// The state of the store at its beginning.
    pub revision: u64,
    /// The commits of its open transaction.
    pub transaction: Vec<Delayed>,
    /// The platform's transaction was lost under it.
    pub aborted: bool,
    /// Faults that it met.
    pub faults: u32,
    /// Calls of the store that failed for it, and commits of its that conflicted.
    pub refused: u32,
    /// When it last read each message, in true microseconds.
    pub read: BTreeMap<String, u64>,
    /// When each of its storage calls began and ended, in true microseconds.
    pub stored: Vec<(u64, u64)>,
}

impl Call {
    /// Returns true if its commits are part of a transaction of the platform's.
    pub fn in_transaction(&self) -> bool {
        matches!(&*self.job, Job::Accept { transaction: true, .. })
    }
}
