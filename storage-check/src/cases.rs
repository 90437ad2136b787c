//! The list of cases, and what they are written with.

mod ending;
mod racing;
mod reading;
mod refusing;
mod writing;

use crate::failure::{Done, Failure};
use crate::{Durability, Subject};
use hookwright_engine::ports::{Check, Direction, Entry, KeyRange, Mutation, Storage, StorageError};
use std::fmt::Debug;

/// A store as a case sees it.
type Store = dyn Storage + Send + Sync;

/// One rule of the contract.
pub struct Case {
    /// A sentence that says the rule.
    pub name: &'static str,
    /// What must be possible with the subject.
    pub needs: Durability,
    /// How it is tried.
    pub run: Run,
}

/// Whom a case needs.
pub enum Run {
    /// One connection.
    One(fn(&Store) -> Done),
    /// Several, which the case makes and ends.
    Several(fn(&dyn Subject) -> Done),
}

const fn one(name: &'static str, run: fn(&Store) -> Done) -> Case {
    Case { name, needs: Durability::Memory, run: Run::One(run) }
}

const fn several(name: &'static str, needs: Durability, run: fn(&dyn Subject) -> Done) -> Case {
    Case { name, needs, run: Run::Several(run) }
}

/// Every case, simple ones first.
pub const CASES: &[Case] = &[
    one("an empty store has nothing", reading::empty),
    one("entries come in the order of their bytes", reading::order),
    one("a range is half-open", reading::half_open),
    one("a scan ends at its limit", reading::limits),
    one("get answers in the order asked", reading::get),
    one("values come back as they went in", reading::values),
    one("a value of the largest size comes back whole", reading::largest),
    one("reads that break a rule are refused", refusing::reads),
    one("a put answers the version that is read afterwards", writing::versions),
    one("a version is never reused", writing::never_reused),
    one("a failed check is named and nothing is applied", writing::conflict),
    one("only failed checks are named", writing::conflict_indexes),
    one("absence is checked", writing::absence),
    one("every check of many counts", writing::every_check),
    one("a check alone changes nothing", writing::check_alone),
    one("no version holds that never was", writing::unknown_versions),
    one("deleting what is not there is no error", writing::delete_missing),
    one("the largest commit fits", writing::largest),
    one("commits that break a rule are refused and nothing is applied", refusing::commits),
    several("what one connection writes the others read", Durability::Memory, racing::seen_by_others),
    several("a counter incremented under a check loses nothing", Durability::Memory, racing::counter),
    several("one of many inserts wins", Durability::Memory, racing::inserts),
    several("a check holds although only another row is changed", Durability::Memory, racing::unchanged_rows),
    several("rows written together are read together", Durability::Memory, racing::snapshots),
    several("commits in opposite orders do not deadlock", Durability::Memory, racing::opposite_orders),
    several("no two puts get one version", Durability::Memory, racing::distinct_versions),
    several("rows are there after reopening", Durability::Reopens, ending::reopened),
    several("no version comes back after reopening", Durability::Reopens, ending::versions),
    several("a crash loses no answered commit and halves none", Durability::Crashes, ending::crash),
    several("others go on after a crash", Durability::Crashes, ending::others),
];

/// How often what was not applied is repeated before the store is said to hang.
const REPEATS_MAX: usize = 1_000;

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

fn range(start: &str, end: &str) -> KeyRange {
    KeyRange { start: start.into(), end: end.into() }
}

/// Repeats what was not applied: that is allowed at any time, and the caller's to repeat. Answers the failed checks, if
/// there are any.
fn try_commit(store: &Store, checks: &[Check], mutations: &[Mutation]) -> Done<Result<Vec<u64>, Vec<u32>>> {
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

/// A commit that must be applied, with as many versions as it has puts.
fn commit(store: &Store, checks: &[Check], mutations: &[Mutation]) -> Done<Vec<u64>> {
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

fn count(number: usize) -> String {
    format!("{number} of them")
}

/// Puts without a check and answers the version.
fn set(store: &Store, key: &str, value: &str) -> Done<u64> {
    Ok(commit(store, &[], &[put(key, value)])?[0])
}

/// A commit whose checks fail: it names these, or at least one of them, and no other.
fn conflicts(what: &str, store: &Store, checks: &[Check], mutations: &[Mutation], failed: &[u32]) -> Done {
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

/// A read that must succeed; reads may fail for a moment as commits do.
fn patiently<T>(what: &str, read: impl Fn() -> Result<T, StorageError>) -> Done<T> {
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

fn get_all(store: &Store, keys: &[&str]) -> Done<Vec<Option<Entry>>> {
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    let found = patiently("get", || store.get(&keys))?;
    if found.len() == keys.len() {
        return Ok(found);
    }
    Err(Failure::new("what a get answers", count(keys.len()), count(found.len())))
}

fn get(store: &Store, key: &str) -> Done<Option<Entry>> {
    Ok(get_all(store, &[key])?.remove(0))
}

/// A row that must be there.
fn row(store: &Store, key: &str) -> Done<Entry> {
    get(store, key)?.ok_or_else(|| Failure::new(format!("get {key:?}"), "a row", "none"))
}

fn scan(store: &Store, range: &KeyRange, limit: u32, order: Direction) -> Done<Vec<Entry>> {
    patiently("scan", || store.scan(range, limit, order))
}

/// All rows of a small store.
fn all(store: &Store) -> Done<Vec<Entry>> {
    scan(store, &range("!", "~"), 1_000, Direction::Forward)
}

fn keys(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.key.as_str()).collect()
}

fn unexpected(what: &str, expected: &str, error: &dyn Debug) -> Failure {
    Failure::new(what, expected, format!("{error:?}"))
}
