//! The budget that a call of `deliver` is given, and the report that it returns.

use crate::support::error::Error;
use crate::support::limits::PROBLEMS_TOLD_MAX;
use crate::support::problems;

/// How much a call of `deliver` may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Milliseconds after which the call starts nothing new.
    pub time_ms: u32,
    /// Largest number of attempts that the call starts.
    pub attempts_max: u32,
}

/// The result of a call of `deliver`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Messages that were routed to their webhooks.
    pub routed: u32,
    /// Attempts that were made and recorded.
    pub attempts: u32,
    /// Recorded attempts that succeeded.
    pub delivered: u32,
    /// Milliseconds until `deliver` should be called again.
    pub next_due_ms: u32,
    /// Problems for the operator's log, such as a row that cannot be decoded: each names its key. Work that does not need the
    /// row went on.
    pub problems: Vec<String>,
}

/// The report of a run while it is written.
#[derive(Default)]
pub(crate) struct Report {
    pub routed: u32,
    pub attempts: u32,
    pub delivered: u32,
    problems: Vec<String>,
}

impl Report {
    /// Adds a problem, once.
    pub(crate) fn tell(&mut self, error: &Error) {
        problems::tell(&mut self.problems, error);
    }

    /// Returns the list of problems, for a step that writes to it.
    pub(crate) fn problems(&mut self) -> &mut Vec<String> {
        &mut self.problems
    }

    /// Returns true if the run has met a problem.
    pub(crate) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Adds the error that ended the run, before all other problems.
    pub(crate) fn fail(&mut self, error: &Error) {
        let others = std::mem::take(&mut self.problems);
        self.tell(error);
        let told = self.problems.len();
        self.problems.extend(others.into_iter().take(PROBLEMS_TOLD_MAX - told));
    }

    /// Returns true if there is nothing to report.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_idle() && self.problems.is_empty()
    }

    /// Returns true if the run has routed nothing and recorded no attempt.
    pub(crate) fn is_idle(&self) -> bool {
        self.routed == 0 && self.attempts == 0
    }

    /// Returns the finished report.
    pub(crate) fn finish(self, next_due_ms: u32) -> DeliveryReport {
        let Report { routed, attempts, delivered, problems } = self;
        DeliveryReport { routed, attempts, delivered, next_due_ms, problems }
    }
}
