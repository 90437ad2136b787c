//! The calls and values that the cases consist of. Calls repeat themselves as the contract allows.

use crate::failure::{Done, Failure};
use hookwright_engine::ports::{Check, Direction, Entry, KeyRange, Mutation, Storage, StorageError};
use std::fmt::Debug;

/// A store as a case sees it.
pub(crate) type Store = dyn Storage + Send + Sync;

/// Number of repetitions of a call that was not applied, after which the store counts as hanging.
pub(crate) const REPEATS_MAX: usize = 1_000;

pub(crate) fn put(key: &str, value: &str) -> Mutation {
    Mutation::Put { key: key.into(), value: value.into() }
}

pub(crate) fn delete(key: &str) -> Mutation {
    Mutation::Delete { key: key.into() }
}

pub(crate) fn at(key: &str, version: u64) -> Check {
    Check { key: key.into(), version: Some(version) }
}

pub(crate) fn absent(key: &str) -> Check {
    Check { key: key.into(), version: None }
}

pub(crate) fn range(start: &str, end: &str) -> KeyRange {
    KeyRange { start: start.into(), end: end.into() }
}

/// Commits, and repeats a commit that was not applied, which a store may refuse at any time. Returns the versions, or the
/// indexes of the failed checks.
pub(crate) fn try_commit(store: &Store, checks: &[Check], mutations: &[Mutation]) -> Done<Result<Vec<u64>, Vec<u32>>> {
    let mut last = String::new();
    for _ in 0..REPEATS_MAX {
        match store.commit(checks, mutations) {
            Ok(versions) => return Ok(Ok(versions)),
            Err(StorageError::Conflict(failed)) => return Ok(Err(failed)),
            Err(StorageError::NotApplied(why)) => last = why,
            Err(other) => return Err(unexpected("commit", "success or a conflict", &other)),
        }
    }
    Err(Failure::new("commit", "an end", format!("not-applied {REPEATS_MAX} times in a row: {last}")))
}

/// Commits. Fails unless the store applies the commit and returns a version for each put.
pub(crate) fn commit(store: &Store, checks: &[Check], mutations: &[Mutation]) -> Done<Vec<u64>> {
    match try_commit(store, checks, mutations)? {
        Ok(versions) => {
            let puts = mutations.iter().filter(|mutation| matches!(mutation, Mutation::Put { .. })).count();
            let came = versions.len();
            if came == puts {
                Ok(versions)
            } else {
                Err(Failure::new("the versions of a commit", count(puts), count(came)))
            }
        }
        Err(failed) => Err(Failure::new("a commit whose checks hold", "success", format!("conflict {failed:?}"))),
    }
}

pub(crate) fn count(number: usize) -> String {
    format!("{number} of them")
}

/// Puts without a check, and returns the version.
pub(crate) fn set(store: &Store, key: &str, value: &str) -> Done<u64> {
    Ok(commit(store, &[], &[put(key, value)])?[0])
}

/// Commits with checks that fail. Fails unless the store names at least one of these, and no other.
pub(crate) fn conflicts(what: &str, store: &Store, checks: &[Check], mutations: &[Mutation], failed: &[u32]) -> Done {
    let expected = format!("a conflict of check {failed:?}");
    match try_commit(store, checks, mutations)? {
        Ok(versions) => Err(Failure::new(what, expected, format!("success with the versions {versions:?}"))),
        Err(named) if named.is_empty() || !named.iter().all(|index| failed.contains(index)) => {
            Err(Failure::new(what, expected, format!("a conflict of {named:?}")))
        }
        Err(named) if !named.is_sorted_by(|one, next| one < next) => {
            Err(Failure::new(what, "indexes in order, each once", format!("{named:?}")))
        }
        Err(_) => Ok(()),
    }
}

/// Reads, and repeats a read that was not applied.
pub(crate) fn patiently<T>(what: &str, read: impl Fn() -> Result<T, StorageError>) -> Done<T> {
    let mut last = String::new();
    for _ in 0..REPEATS_MAX {
        match read() {
            Ok(value) => return Ok(value),
            Err(StorageError::NotApplied(why)) => last = why,
            Err(other) => return Err(unexpected(what, "success", &other)),
        }
    }
    Err(Failure::new(what, "an end", format!("not-applied {REPEATS_MAX} times in a row: {last}")))
}

pub(crate) fn get_all(store: &Store, keys: &[&str]) -> Done<Vec<Option<Entry>>> {
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    let found = patiently("get", || store.get(&keys))?;
    if found.len() == keys.len() {
        return Ok(found);
    }
    Err(Failure::new("the number of entries of a get", count(keys.len()), count(found.len())))
}

pub(crate) fn get(store: &Store, key: &str) -> Done<Option<Entry>> {
    Ok(get_all(store, &[key])?.remove(0))
}

/// Returns a row. Fails if the row is missing.
pub(crate) fn row(store: &Store, key: &str) -> Done<Entry> {
    get(store, key)?.ok_or_else(|| Failure::new(format!("get {key:?}"), "a row", "none"))
}

pub(crate) fn scan(store: &Store, range: &KeyRange, limit: u32, order: Direction) -> Done<Vec<Entry>> {
    patiently("scan", || store.scan(range, limit, order))
}

/// Returns all rows of a store with at most 1,000.
pub(crate) fn all(store: &Store) -> Done<Vec<Entry>> {
    scan(store, &range("!", "~"), 1_000, Direction::Forward)
}

pub(crate) fn keys(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.key.as_str()).collect()
}

pub(crate) fn unexpected(what: &str, expected: &str, error: &dyn Debug) -> Failure {
    Failure::new(what, expected, format!("{error:?}"))
}
