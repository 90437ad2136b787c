//! Cases about `commit`, one writer at a time.

use crate::calls::{Store, absent, all, at, commit, conflicts, count, delete, get, keys, put, row, set};
use crate::failure::{Done, holds, same};
use hookwright_engine::limits::{COMMIT_BYTES_MAX, COMMIT_CHECKS_MAX, COMMIT_MUTATIONS_MAX};
use hookwright_engine::ports::Check;

pub(super) fn versions(store: &Store) -> Done {
    set(store, "m", "0")?;
    let answered = commit(store, &[], &[put("z", "1"), delete("m"), put("a", "2"), put("k", "3")])?;
    let read = vec![row(store, "z")?.version, row(store, "a")?.version, row(store, "k")?.version];
    same("the versions answered, in the order of the puts z, a, k", &answered, &read)?;
    let again = set(store, "a", "2")?;
    holds(again != read[1], "the version after the same value was put again", "another than before", &again)?;
    same("the version read after that", &row(store, "a")?.version, &again)?;
    same("the version of a row that was not touched", &row(store, "z")?.version, &read[0])
}

pub(super) fn never_reused(store: &Store) -> Done {
    let mut seen = vec![set(store, "k", "1")?];
    for round in 0..5 {
        commit(store, &[], &[delete("k")])?;
        // Once into an empty store, once with another row that is newer.
        commit(store, &[], &[if round % 2 == 0 { put("other", "1") } else { delete("other") }])?;
        let version = set(store, "k", "1")?;
        let what = format!("the version of k after {} deletes", round + 1);
        holds(!seen.contains(&version), what, &format!("none of {seen:?}"), &version)?;
        seen.push(version);
    }
    conflicts("a check of a version from before a delete", store, &[at("k", seen[0])], &[put("k", "2")], &[0])
}

pub(super) fn conflict(store: &Store) -> Done {
    let a = set(store, "a", "1")?;
    let b = set(store, "b", "1")?;
    let before = all(store)?;
    let mutations = [put("new", "1"), put("a", "2"), delete("b")];
    conflicts("a version that is not the row's", store, &[at("a", a), at("b", b + 1_000)], &mutations, &[1])?;
    conflicts("the absence of a row that is there", store, &[absent("a"), at("b", b)], &mutations, &[0])?;
    same("the rows after two conflicts", &all(store)?, &before)?;
    commit(store, &[at("a", a), at("b", b)], &mutations)?;
    same("the keys after the commit", &keys(&all(store)?), &vec!["a", "new"])?;
    conflicts("the same commit once more", store, &[at("a", a), at("b", b)], &mutations[..2], &[0, 1])
}

/// A store may name only some of the failed checks, but never one that held.
pub(super) fn conflict_indexes(store: &Store) -> Done {
    let version = set(store, "held", "1")?;
    set(store, "there", "1")?;
    let checks = [at("held", version), at("gone", 1), absent("there"), at("z", 7), absent("free")];
    let mutations = [put("there", "2"), put("free", "2"), put("held", "2")];
    conflicts("five checks of which two hold", store, &checks, &mutations, &[1, 2, 3])?;
    same("a row of the commit that failed", &get(store, "free")?, &None)
}

pub(super) fn absence(store: &Store) -> Done {
    let first = commit(store, &[absent("k")], &[put("k", "1")])?;
    conflicts("an insert of a row that is there", store, &[absent("k")], &[put("k", "2")], &[0])?;
    same("its value", &row(store, "k")?.value.as_str(), &"1")?;
    commit(store, &[at("k", first[0])], &[delete("k")])?;
    same("the row after its delete", &get(store, "k")?, &None)?;
    commit(store, &[absent("k")], &[put("k", "3")])?;
    same("the value of the second insert", &row(store, "k")?.value.as_str(), &"3")
}

/// Whichever of many checks it is that fails, and of whichever sort.
pub(super) fn every_check(store: &Store) -> Done {
    const ROWS: u32 = 5;
    let name = |n: u32| format!("row/{n}");
    let rows: Vec<_> = (0..ROWS).map(|n| put(&name(n), "1")).collect();
    let versions = commit(store, &[], &rows)?;
    let held: Vec<Check> = (0..ROWS).zip(&versions).map(|(n, version)| at(&name(n), *version)).collect();
    for stale in 0..ROWS {
        let mut checks = held.clone();
        checks[stale as usize].version = Some(versions[stale as usize] + 1_000);
        conflicts(&format!("5 checks, number {stale} of a wrong version"), store, &checks, &[put("x", "1")], &[stale])?;
        checks[stale as usize].version = None;
        let what = format!("5 checks, number {stale} of an absence that is none");
        conflicts(&what, store, &checks, &[put("x", "1"), put(&name(stale), "2")], &[stale])?;
    }
    commit(store, &held, &[put("x", "1")]).map(drop)
}

pub(super) fn check_alone(store: &Store) -> Done {
    let version = set(store, "k", "1")?;
    commit(store, &[at("k", version)], &[])?;
    conflicts("a check without a mutation", store, &[at("k", version + 1)], &[], &[0])?;
    commit(store, &[], &[])?;
    same("the version of a row that was checked alone", &row(store, "k")?.version, &version)?;
    // The row that is checked need not be one that is changed.
    commit(store, &[at("k", version)], &[put("other", "1")])?;
    same("the version of a row that was checked while another changed", &row(store, "k")?.version, &version)
}

pub(super) fn unknown_versions(store: &Store) -> Done {
    set(store, "k", "1")?;
    for version in [0, i64::MAX as u64, i64::MAX as u64 + 2, u64::MAX] {
        for key in ["k", "none"] {
            let what = format!("the version {version} of {key:?}");
            conflicts(&what, store, &[at(key, version)], &[put("k", "2")], &[0])?;
        }
    }
    Ok(())
}

pub(super) fn delete_missing(store: &Store) -> Done {
    commit(store, &[], &[delete("none")])?;
    set(store, "k", "1")?;
    commit(store, &[], &[delete("none"), delete("k")])?;
    same("all rows", &all(store)?, &vec![])
}

pub(super) fn largest(store: &Store) -> Done {
    let rows: Vec<_> = (0..COMMIT_MUTATIONS_MAX).map(|n| put(&format!("n/{n:04}"), "1")).collect();
    let versions = commit(store, &[], &rows)?;
    let checks: Vec<Check> = (0..COMMIT_CHECKS_MAX).map(|n| at(&format!("n/{n:04}"), versions[n])).collect();
    let deletes: Vec<_> = (0..COMMIT_MUTATIONS_MAX).map(|n| delete(&format!("n/{n:04}"))).collect();
    commit(store, &checks, &deletes)?;
    same("the rows after 1,000 deletes", &count(all(store)?.len()), &count(0))?;
    // 16 rows, each a 3-byte key and a value, of exactly the bytes that a commit may have.
    let value = "v".repeat(COMMIT_BYTES_MAX / 16 - 3);
    let rows: Vec<_> = (10..26).map(|n| put(&format!("b{n}"), &value)).collect();
    commit(store, &[], &rows)?;
    let whole = all(store)?.iter().filter(|row| row.value == value).count();
    same("the whole values of a commit of 8,388,608 bytes", &count(whole), &count(16))
}
