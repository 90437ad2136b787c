//! A scenario on its way: the steps that are left, and the calls that were made.

use std::collections::VecDeque;

use super::agenda::Delayed;
use super::ids::InstanceId;
use super::point::{Kind, Mode, Point};
use super::scenario::{Scenario, Step};

/// A scenario on its way.
#[derive(Debug)]
pub struct Script {
    /// Which.
    pub scenario: &'static Scenario,
    /// Where it is hit; nowhere: it is only watched.
    pub point: Option<Point>,
    /// The calls of storage and HTTP so far.
    pub calls: Vec<Kind>,
    /// The instance that makes the hit call, until the call is over.
    pub hit: Option<(InstanceId, Mode)>,
    /// The late commit, and the number of commits that its sender or its successor makes before it arrives.
    pub late: Option<(Delayed, u32)>,
    /// The first worker, whose clock is ahead, has yet to die.
    pub dies_ahead: bool,
    steps: VecDeque<(u64, Step)>,
    now: Option<Step>,
}

impl Script {
    /// A scenario, from its beginning.
    pub fn new(scenario: &'static Scenario, point: Option<Point>) -> Script {
        let steps = scenario.steps.iter().copied().collect();
        let dies_ahead = scenario.dies_ahead;
        Script { scenario, point, calls: Vec::new(), hit: None, late: None, dies_ahead, steps, now: None }
    }

    /// Returns true if the platform has made all its steps.
    pub fn over(&self) -> bool {
        self.steps.is_empty() && self.now.is_none()
    }

    /// How long until the next step, in microseconds.
    pub fn pause_us(&mut self) -> u64 {
        self.now = None;
        self.steps.front().map_or(0, |(after_ms, _)| after_ms * 1_000) + 100
    }

    /// The platform's next step, which is under way from now on.
    pub fn next(&mut self) -> Option<Step> {
        let (_, step) = self.steps.pop_front()?;
        self.now = Some(step);
        self.now
    }

    /// The step under way is left out.
    pub fn leave_out(&mut self) {
        self.now = None;
    }

    /// The platform has crashed: what it was doing it does again.
    pub fn again(&mut self) {
        if let Some(step) = self.now.take() {
            self.steps.push_front((0, step));
        }
    }
}
