//! The form of a scenario: which webhooks there are, what their receivers answer, what the platform does and when.

use super::coverage::Count;
use super::poison::Poison;

/// A scenario.
#[derive(Debug)]
pub struct Scenario {
    /// As on the command line.
    pub name: &'static str,
    /// The format.
    pub profile: &'static str,
    /// Instances that deliver.
    pub workers: usize,
    /// The webhooks at the start.
    pub webhooks: &'static [Registered],
    /// The platform's steps, and the pause before each, in milliseconds.
    pub steps: &'static [(u64, Step)],
    /// The events that a run without faults must count.
    pub expects: &'static [Count],
    /// The first worker's clock is ahead by far, and it is gone when it first sends.
    pub dies_ahead: bool,
    /// The event of this number is poison.
    pub poison: Option<(u64, Poison)>,
    /// Retention of messages, in seconds; 0: without limit.
    pub retention_s: u32,
}

/// A webhook and its receiver.
#[derive(Clone, Copy, Debug)]
pub struct Registered {
    /// Its patterns, in JSON.
    pub events: &'static str,
    /// In JSON.
    pub schedule: &'static str,
    /// Requests a minute; 0: as many as there are.
    pub rate: u32,
    /// The receiver's statuses, request by request; the last stays.
    pub answers: &'static [u16],
    /// Further fields, each after a comma.
    pub more: &'static str,
}

/// A step of the platform.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Reports the events of these numbers.
    Report(&'static [u64]),
    /// The same in a transaction of its own.
    ReportInTransaction(&'static [u64]),
    Register(Registered),
    Update(Which, &'static str),
    Unregister(Which),
    /// Rotates the secret, with an overlap in seconds.
    Rotate(Which, u32),
    Test(Which),
    /// Has the first message sent again, to this webhook or to all.
    Redeliver(Option<Which>),
    /// Has everything sent again that has failed.
    Recover(Which),
    /// Has everything sent that was missed.
    Replay(Which),
    /// Ends the last of the jobs.
    Cancel,
    /// Has everything removed about the events of this number.
    Erase(u64),
    /// Says whether bodies are kept.
    KeepBodies(bool),
}

/// A webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The first that there was.
    First,
    /// The newest that is there.
    Newest,
}
