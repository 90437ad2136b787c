//! The storage contract as cases: what every store must pass, whatever it stands on and whatever it is written in.
//!
//! A store in this process is handed over as an [`InProcess`], one in another language is a [`Driven`]: a command that
//! speaks the protocol of `docs/storage-kit.md` on stdin and stdout. The rules are those of `wit/storage.wit`; which
//! calls are well-formed is decided by the engine's `contract`. The cases never look at what a store is made of.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod cases;
mod driven;
mod failure;
mod in_process;
pub mod protocol;
mod serve;

use hookwright_engine::ports::Storage;
use std::sync::Arc;

pub use driven::Driven;
pub use failure::Failure;
pub use in_process::InProcess;
pub use serve::{Offer, serve};

/// A connection to a store.
pub type Handle = Arc<dyn Storage + Send + Sync>;

/// A store under test.
pub trait Subject: Sync {
    /// What may be done to it.
    fn durability(&self) -> Durability;

    /// Ends every connection and makes the store empty.
    fn fresh(&self) -> Result<(), Failure>;

    /// One more connection, as another worker of a platform would have it.
    fn connect(&self) -> Result<Handle, Failure>;

    /// Ends connections. What is connected afterwards sees what was there.
    fn end(&self, how: End) -> Result<(), Failure>;
}

/// What outlives whom. Each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// The rows die with the process.
    Memory,
    /// The store can be closed and opened again.
    Reopens,
    /// Its processes can be killed.
    Crashes,
}

/// How connections end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All of them, properly.
    Closed,
    /// All of them, as by `kill -9`, whatever they are doing.
    Killed,
    /// The same for the process of the first alone; the second lives on.
    FirstKilled,
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Passed,
    /// The subject cannot be treated like that; the text says how.
    Skipped(&'static str),
    /// It does not hold.
    Failed(Failure),
}

/// The names of all cases, in the order in which they run.
pub fn cases() -> impl Iterator<Item = &'static str> {
    cases::CASES.iter().map(|case| case.name)
}

/// Runs the cases whose name is wanted, each with an empty store, and tells of each when it is done. Answers whether none
/// failed.
pub fn check(subject: &dyn Subject, wanted: impl Fn(&str) -> bool, mut tell: impl FnMut(&str, &Verdict)) -> bool {
    let mut passed = true;
    for case in cases::CASES.iter().filter(|case| wanted(case.name)) {
        let verdict = if subject.durability() < case.needs {
            Verdict::Skipped("the store dies with its process, or cannot be killed here")
        } else {
            run(subject, case).map_or_else(Verdict::Failed, |()| Verdict::Passed)
        };
        passed &= !matches!(verdict, Verdict::Failed(_));
        tell(case.name, &verdict);
    }
    passed
}

fn run(subject: &dyn Subject, case: &cases::Case) -> Result<(), Failure> {
    subject.fresh()?;
    match case.run {
        cases::Run::One(run) => run(&*subject.connect()?),
        cases::Run::Several(run) => run(subject),
    }
}
