//! The storage contract as cases: what every store must pass, whatever it stands on.
//!
//! Each case begins with an empty store of its own. What only one store has (files, reopening) is tested beside the
//! call of [`check`], not here.
#![allow(clippy::unwrap_used)]

mod racing;
mod reading;
mod writing;

use hookwright_engine::host::{Check, Direction, Entry, KeyRange, Mutation, Storage, StorageError};

/// A store under test.
pub type Store = dyn Storage + Send + Sync;

/// Makes an empty store, lends it once, and disposes of it.
pub type WithEmpty<'a> = dyn Fn(&mut dyn FnMut(&Store)) + 'a;

type Case = (&'static str, fn(&Store));

const CASES: &[Case] = &[
    ("an empty store has nothing", reading::empty),
    ("entries come in the order of their bytes", reading::order),
    ("a range is half-open", reading::half_open),
    ("a scan ends at its limit", reading::limits),
    ("get answers in the order asked", reading::get),
    ("values come back as they went in", reading::values),
    ("reads that break a rule are refused", reading::refused),
    ("a put answers the version that is read afterwards", writing::versions),
    ("a version is never reused", writing::never_reused),
    ("a failed check is named and nothing is applied", writing::conflict),
    ("only failed checks are named", writing::conflict_indexes),
    ("absence is checked", writing::absence),
    ("a check alone changes nothing", writing::check_alone),
    ("no version holds that never was", writing::unknown_versions),
    ("deleting what is not there is no error", writing::delete_missing),
    ("the largest commit fits", writing::largest),
    ("commits that break a rule are refused and nothing is applied", writing::refused),
    ("a counter incremented under a check loses nothing", racing::counter),
    ("one of many inserts wins", racing::inserts),
    ("rows written together are read together", racing::snapshots),
    ("commits in opposite orders do not deadlock", racing::opposite_orders),
    ("no two puts get one version", racing::distinct_versions),
];

/// Runs every case, each with a store of its own.
pub fn check(with_empty: &WithEmpty<'_>) {
    for (name, case) in CASES {
        // Shown if the case panics.
        println!("case: {name}");
        let mut ran = 0;
        with_empty(&mut |store| {
            ran += 1;
            case(store);
        });
        assert_eq!(ran, 1, "{name}: the store must be lent once");
    }
}

fn put(key: &str, value: &str) -> Mutation {
    Mutation::Put { key: key.into(), value: value.into() }
}

fn delete(key: &str) -> Mutation {
    Mutation::Delete { key: key.into() }
}

fn at(key: &str, version: u64) -> Check {
    Check { key: key.into(), version: Some(version) }
}

fn absent(key: &str) -> Check {
    Check { key: key.into(), version: None }
}

/// Puts without a check and answers the version.
fn set(store: &Store, key: &str, value: &str) -> u64 {
    store.commit(&[], &[put(key, value)]).unwrap()[0]
}

fn get(store: &Store, key: &str) -> Option<Entry> {
    store.get(&[key.into()]).unwrap().remove(0)
}

fn range(start: &str, end: &str) -> KeyRange {
    KeyRange { start: start.into(), end: end.into() }
}

fn keys(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.key.as_str()).collect()
}

/// All rows of a small store.
fn all(store: &Store) -> Vec<Entry> {
    store.scan(&range("!", "~"), 1_000, Direction::Forward).unwrap()
}

fn assert_invalid<T: std::fmt::Debug>(result: Result<T, StorageError>) {
    assert!(matches!(result, Err(StorageError::Invalid(_))), "refused as invalid, but: {result:?}");
}
