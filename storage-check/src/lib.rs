//! The storage contract as cases, which every store must pass.
//!
//! A store in this process is an [`InProcess`]. A store in another language is a [`Driven`]: a command that speaks the
//! protocol of `docs/storage-kit.md` on stdin and stdout. The rules are those of `wit/storage.wit`. The engine's `contract`
//! decides which calls are well-formed. The cases know nothing of a store's database or language.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod failure;
mod subject;

mod calls;
mod cases;

mod driven;
mod in_process;
pub mod protocol;
mod serve;

pub use driven::Driven;
pub use failure::Failure;
pub use in_process::InProcess;
pub use serve::{Offer, serve};
pub use subject::{Durability, End, Handle, Subject};

/// The outcome of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The store keeps the rule.
    Passed,
    /// The case was not run, because the store is not durable enough. The text says why.
    Skipped(&'static str),
    /// The store breaks the rule.
    Failed(Failure),
}

/// Returns the names of all cases, in the order in which they run.
pub fn cases() -> impl Iterator<Item = &'static str> {
    cases::CASES.iter().map(|case| case.name)
}

/// Runs the cases whose name is wanted, each with an empty store, and calls `tell` after each. Returns true if none failed.
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
