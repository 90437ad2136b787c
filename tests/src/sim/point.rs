//! A point of a scenario: a call, and the fault that happens there.

use std::fmt;

/// The kind of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Not a commit of its own: a read, a request, a wait, a commit inside a transaction of the platform's.
    Plain,
    /// A commit.
    Commit,
}

/// The fault at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The instance is gone before the call is carried out.
    Before,
    /// It is gone before it gets the answer.
    After,
    /// It is gone, and its commit arrives right before its successor's first.
    Late,
    /// It is gone, and its commit arrives right before its successor's second: a lane has changed hands, its rows have not.
    Fenced,
    /// It is gone, and its commit arrives when all leases have run out.
    Later,
    /// It goes on, and does not know that its commit was applied.
    UnknownApplied,
    /// It goes on, and does not know that its commit was not applied.
    UnknownDropped,
    /// It goes on, does not know, and the commit arrives right before it commits again.
    UnknownLate,
}

impl Mode {
    pub(super) const ALL: &[Mode] = &[
        Mode::Before,
        Mode::After,
        Mode::Late,
        Mode::Fenced,
        Mode::Later,
        Mode::UnknownApplied,
        Mode::UnknownDropped,
        Mode::UnknownLate,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Mode::Before => "before",
            Mode::After => "after",
            Mode::Late => "late",
            Mode::Fenced => "fenced",
            Mode::Later => "later",
            Mode::UnknownApplied => "unknown-applied",
            Mode::UnknownDropped => "unknown-dropped",
            Mode::UnknownLate => "unknown-late",
        }
    }

    pub(super) fn of(kind: Kind) -> &'static [Mode] {
        match kind {
            Kind::Plain => &[Mode::Before, Mode::After],
            Kind::Commit => Mode::ALL,
        }
    }

    pub(super) fn crashes(self) -> bool {
        matches!(self, Mode::Before | Mode::After | Mode::Late | Mode::Fenced | Mode::Later)
    }
}

/// A call of a scenario, counted from 0, and what happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    pub(super) scenario: &'static str,
    pub(super) call: usize,
    pub(super) mode: Mode,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.scenario, self.call, self.mode.name())
    }
}
