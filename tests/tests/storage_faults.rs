//! The storage contract's suite against stores that break it: a suite that passes everything would prove nothing.

use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::{Check, Direction, Entry, KeyRange, Mutation, Storage, StorageError};
use hookwright_storage_check::{InProcess, Verdict, check};
use std::sync::Arc;

/// Ways to break the contract that a quick look at a store would not show.
#[derive(Clone, Copy, Debug)]
enum Fault {
    ForgetsLastCheck,
    NamesEveryCheck,
    WritesBeforeItChecks,
    IncludesTheEnd,
    CutsLongValues,
    AnswersVersionsInKeyOrder,
    CommitsRowByRow,
}

struct Broken(MemoryStore, Fault);

impl Storage for Broken {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        self.0.get(keys)
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        let mut range = range.clone();
        if matches!(self.1, Fault::IncludesTheEnd) {
            range.end.push('!');
        }
        self.0.scan(&range, limit, order)
    }

    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        let (mut checks, mut mutations) = (checks.to_vec(), mutations.to_vec());
        match self.1 {
            Fault::ForgetsLastCheck => drop(checks.pop()),
            Fault::WritesBeforeItChecks => drop(self.0.commit(&[], &mutations[..mutations.len().min(1)])),
            Fault::CommitsRowByRow => {
                let rest = mutations.split_off(mutations.len().min(1));
                let mut versions = self.0.commit(&checks, &mutations)?;
                for row in rest {
                    // Long enough for a reader to come between.
                    std::thread::sleep(std::time::Duration::from_micros(100));
                    versions.extend(self.0.commit(&[], &[row])?);
                }
                return Ok(versions);
            }
            Fault::CutsLongValues => mutations.iter_mut().for_each(|row| {
                if let Mutation::Put { value, .. } = row
                    && value.is_char_boundary(65_535)
                {
                    value.truncate(65_535);
                }
            }),
            Fault::AnswersVersionsInKeyOrder => mutations.sort_by(|one, other| one.key().cmp(other.key())),
            Fault::NamesEveryCheck | Fault::IncludesTheEnd => {}
        }
        self.0.commit(&checks, &mutations).map_err(|error| match (error, self.1) {
            (StorageError::Conflict(_), Fault::NamesEveryCheck) => {
                StorageError::Conflict((0u32..).zip(&checks).map(|(index, _)| index).collect())
            }
            (error, _) => error,
        })
    }
}

#[test]
fn the_suite_sees_every_fault() {
    for (fault, case) in [
        (Fault::ForgetsLastCheck, "each of several checks can fail a commit"),
        (Fault::NamesEveryCheck, "only failed checks are named"),
        (Fault::WritesBeforeItChecks, "a failed check is named and nothing is applied"),
        (Fault::IncludesTheEnd, "a range is half-open"),
        (Fault::CutsLongValues, "a value of the largest size is read whole"),
        (Fault::AnswersVersionsInKeyOrder, "a put returns the version that is read afterwards"),
        (Fault::CommitsRowByRow, "rows written together are read together"),
    ] {
        let subject = InProcess::shared(move || Arc::new(Broken(MemoryStore::new(), fault)));
        let mut failed = Vec::new();
        let passed = check(
            &subject,
            |name| name == case,
            |name, verdict| {
                if matches!(verdict, Verdict::Failed(_)) {
                    failed.push(name.to_owned());
                }
            },
        );
        assert!(!passed && failed.iter().any(|name| name == case), "{fault:?}: failed {failed:?}, and not {case:?}");
    }
}
