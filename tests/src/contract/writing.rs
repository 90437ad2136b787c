//! Cases about `commit`, one writer at a time.

use super::{Store, absent, all, assert_invalid, at, delete, get, put, set};
use hookwright_engine::host::StorageError::Conflict;
use hookwright_engine::host::{Check, Mutation};
use hookwright_engine::limits::{
    COMMIT_BYTES_MAX, COMMIT_CHECKS_MAX, COMMIT_MUTATIONS_MAX, KEY_BYTES_MAX, VALUE_BYTES_MAX,
};

pub(super) fn versions(store: &Store) {
    set(store, "m", "0");
    let answered = store.commit(&[], &[put("z", "1"), delete("m"), put("a", "2"), put("k", "3")]).unwrap();
    let read: Vec<u64> = ["z", "a", "k"].iter().map(|key| get(store, key).unwrap().version).collect();
    assert_eq!(answered, read, "in the order of the puts, without the deletes");
    let again = set(store, "a", "2");
    assert_ne!(again, read[1], "a put changes the version even if it does not change the value");
    assert_eq!(get(store, "a").unwrap().version, again);
    assert_eq!(get(store, "z").unwrap().version, read[0], "the version of another row stays");
}

pub(super) fn never_reused(store: &Store) {
    let mut seen = vec![set(store, "k", "1")];
    for round in 0..5 {
        store.commit(&[], &[delete("k")]).unwrap();
        // Once into an empty store, once with another row that is newer.
        if round % 2 == 0 {
            store.commit(&[], &[put("other", "1")]).unwrap();
        } else {
            store.commit(&[], &[delete("other")]).unwrap();
        }
        seen.push(set(store, "k", "1"));
    }
    let stale = at("k", seen[0]);
    assert_eq!(store.commit(&[stale], &[put("k", "2")]), Err(Conflict(vec![0])), "the row is not what it was");
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 6, "{seen:?}");
}

pub(super) fn conflict(store: &Store) {
    let a = set(store, "a", "1");
    let b = set(store, "b", "1");
    let before = all(store);
    let mutations = [put("new", "1"), put("a", "2"), delete("b")];
    assert_eq!(store.commit(&[at("a", a), at("b", b + 1_000)], &mutations), Err(Conflict(vec![1])));
    assert_eq!(store.commit(&[absent("a"), at("b", b)], &mutations), Err(Conflict(vec![0])));
    assert_eq!(all(store), before, "nothing was applied");
    let versions = store.commit(&[at("a", a), at("b", b)], &mutations).unwrap();
    assert_eq!(versions.len(), 2);
    assert_eq!(super::keys(&all(store)), ["a", "new"]);
    assert_eq!(store.commit(&[at("a", a), at("b", b)], &mutations[..2]).map_err(is_conflict), Err(true));
}

/// A store may name only some of the failed checks, but never one that held.
pub(super) fn conflict_indexes(store: &Store) {
    let version = set(store, "held", "1");
    set(store, "there", "1");
    let checks = [at("gone", 1), at("held", version), absent("there"), at("z", 7), absent("free")];
    let mutations = [put("there", "2"), put("free", "2"), put("held", "2")];
    let Err(Conflict(named)) = store.commit(&checks, &mutations) else { panic!("three checks do not hold") };
    assert!(!named.is_empty() && named.is_sorted_by(|a, b| a < b), "{named:?}");
    assert!(named.iter().all(|index| [0, 2, 3].contains(index)), "{named:?} names a check that holds");
    assert_eq!(get(store, "free"), None);
}

pub(super) fn absence(store: &Store) {
    let first = store.commit(&[absent("k")], &[put("k", "1")]).unwrap();
    assert_eq!(store.commit(&[absent("k")], &[put("k", "2")]), Err(Conflict(vec![0])));
    assert_eq!(get(store, "k").unwrap().value, "1");
    store.commit(&[at("k", first[0])], &[delete("k")]).unwrap();
    assert_eq!(get(store, "k"), None);
    store.commit(&[absent("k")], &[put("k", "3")]).unwrap();
    assert_eq!(get(store, "k").unwrap().value, "3");
}

pub(super) fn check_alone(store: &Store) {
    let version = set(store, "k", "1");
    assert_eq!(store.commit(&[at("k", version)], &[]), Ok(vec![]));
    assert_eq!(store.commit(&[at("k", version + 1)], &[]), Err(Conflict(vec![0])));
    assert_eq!(store.commit(&[], &[]), Ok(vec![]));
    assert_eq!(get(store, "k").unwrap().version, version);
    // The row that is checked need not be one that is changed.
    assert_eq!(store.commit(&[at("k", version)], &[put("other", "1")]).map(|versions| versions.len()), Ok(1));
    assert_eq!(get(store, "k").unwrap().version, version);
}

pub(super) fn unknown_versions(store: &Store) {
    set(store, "k", "1");
    for version in [0, i64::MAX as u64, i64::MAX as u64 + 2, u64::MAX] {
        assert_eq!(store.commit(&[at("k", version)], &[put("k", "2")]), Err(Conflict(vec![0])), "{version}");
        assert_eq!(store.commit(&[at("none", version)], &[put("k", "2")]), Err(Conflict(vec![0])), "{version}");
    }
}

pub(super) fn delete_missing(store: &Store) {
    assert_eq!(store.commit(&[], &[delete("none")]), Ok(vec![]));
    set(store, "k", "1");
    assert_eq!(store.commit(&[], &[delete("none"), delete("k")]), Ok(vec![]));
    assert_eq!(all(store), []);
}

pub(super) fn largest(store: &Store) {
    let rows: Vec<_> = (0..COMMIT_MUTATIONS_MAX).map(|n| put(&format!("n/{n:04}"), "1")).collect();
    let versions = store.commit(&[], &rows).unwrap();
    let checks: Vec<Check> = (0..COMMIT_CHECKS_MAX).map(|n| at(&format!("n/{n:04}"), versions[n])).collect();
    let deletes: Vec<_> = (0..COMMIT_MUTATIONS_MAX).map(|n| delete(&format!("n/{n:04}"))).collect();
    assert_eq!(store.commit(&checks, &deletes), Ok(vec![]));
    assert_eq!(all(store), []);
    // 16 rows, each a 3-byte key and a value, of exactly the bytes that a commit may have.
    let value = "v".repeat(COMMIT_BYTES_MAX / 16 - 3);
    let rows: Vec<_> = (10..26).map(|n| put(&format!("b{n}"), &value)).collect();
    assert_eq!(store.commit(&[], &rows).map(|versions| versions.len()), Ok(16));
    assert!(all(store).iter().all(|row| row.value == value), "every value is whole");
}

pub(super) fn refused(store: &Store) {
    set(store, "k", "1");
    let before = all(store);
    let refuse = |checks: &[Check], mutations: &[Mutation]| {
        // A mutation that would do, so that a store which stops halfway is seen.
        let mutations = [&[put("fine", "1")], mutations].concat();
        assert_invalid(store.commit(checks, &mutations));
        assert_eq!(all(store), before, "nothing was applied");
    };
    for key in ["", "A", "a b", "ä", "a\u{0}", "a~", &"a".repeat(KEY_BYTES_MAX + 1)] {
        refuse(&[], &[put(key, "1")]);
        refuse(&[], &[delete(key)]);
        refuse(&[at(key, 1)], &[]);
    }
    refuse(&[], &[put("a", &"v".repeat(VALUE_BYTES_MAX + 1))]);
    refuse(&[], &[put("a", "\"\u{0}\"")]);
    refuse(&[], &[put("a", "1"), put("a", "2")]);
    refuse(&[], &[put("a", "1"), delete("a")]);
    refuse(&[at("k", 1), at("k", 2)], &[]);
    refuse(&[absent("a")], &[]);
    refuse(&[absent("a")], &[delete("a")]);
    let many: Vec<_> = (0..=COMMIT_CHECKS_MAX).map(|n| at(&format!("n/{n}"), 1)).collect();
    refuse(&many, &[]);
    let many: Vec<_> = (0..COMMIT_MUTATIONS_MAX).map(|n| delete(&format!("n/{n}"))).collect();
    refuse(&[], &many);
    let large: Vec<_> = (0..16).map(|n| put(&format!("n/{n}"), &"v".repeat(VALUE_BYTES_MAX))).collect();
    refuse(&[], &large);
}

fn is_conflict(error: hookwright_engine::host::StorageError) -> bool {
    matches!(error, Conflict(_))
}
