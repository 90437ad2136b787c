//! The storage contract's suite against stores that break it: a suite that passes everything would prove nothing.

use hookwright_engine::host::{Check, Direction, Entry, KeyRange, Mutation, Storage, StorageError};
use hookwright_engine::memory::MemoryStore;
use hookwright_tests::contract;

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
                mutations.iter().for_each(|row| drop(self.0.commit(&[], std::slice::from_ref(row))))
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
    for fault in [
        Fault::ForgetsLastCheck,
        Fault::NamesEveryCheck,
        Fault::WritesBeforeItChecks,
        Fault::IncludesTheEnd,
        Fault::CutsLongValues,
        Fault::AnswersVersionsInKeyOrder,
        Fault::CommitsRowByRow,
    ] {
        let run = || contract::check(&|lend| lend(&Broken(MemoryStore::new(), fault)));
        assert!(std::panic::catch_unwind(run).is_err(), "{fault:?} went unseen");
    }
}
