//! Cases with several writers and readers at once.

use super::{Store, absent, all, at, get, keys, put, set};
use hookwright_engine::host::{Check, Mutation, StorageError};
use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const WRITERS: usize = 4;

/// Repeats what was not applied: that is allowed at any time, and the caller's to repeat.
fn commit(store: &Store, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, Vec<u32>> {
    loop {
        match store.commit(checks, mutations) {
            Ok(versions) => return Ok(versions),
            Err(StorageError::Conflict(failed)) => return Err(failed),
            Err(StorageError::NotApplied(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Runs the function for each writer, all starting together, and collects what they return.
fn race<T: Send>(run: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(WRITERS);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (start, run) = (&start, &run);
                scope.spawn(move || {
                    start.wait();
                    run(writer)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

pub(super) fn counter(store: &Store) {
    const EACH: usize = 50;
    set(store, "counter", "0");
    race(|_| {
        let mut done = 0;
        while done < EACH {
            let row = get(store, "counter").unwrap();
            let next = row.value.parse::<usize>().unwrap() + 1;
            if commit(store, &[at("counter", row.version)], &[put("counter", &next.to_string())]).is_ok() {
                done += 1;
            }
        }
    });
    assert_eq!(get(store, "counter").unwrap().value, (WRITERS * EACH).to_string());
}

pub(super) fn inserts(store: &Store) {
    const KEYS: usize = 50;
    let wins = race(|writer| {
        (0..KEYS)
            .filter(|n| {
                let key = format!("k/{n:02}");
                commit(store, &[absent(&key)], &[put(&key, &writer.to_string())]).is_ok()
            })
            .collect::<Vec<_>>()
    });
    let mut won: Vec<usize> = wins.iter().flatten().copied().collect();
    won.sort_unstable();
    assert_eq!(won, (0..KEYS).collect::<Vec<_>>(), "each key was won once");
    for (writer, wins) in wins.iter().enumerate() {
        for n in wins {
            let row = get(store, &format!("k/{n:02}")).unwrap();
            assert_eq!(row.value, writer.to_string(), "the winner's value is there");
        }
    }
}

pub(super) fn snapshots(store: &Store) {
    const ROUNDS: usize = 200;
    let pair = |n: usize| [put("a", &n.to_string()), put("b", &n.to_string())];
    commit(store, &[], &pair(0)).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            (1..=ROUNDS).for_each(|n| drop(commit(store, &[], &pair(n)).unwrap()));
            done.store(true, Ordering::Release);
        });
        loop {
            let last = done.load(Ordering::Acquire);
            let got = store.get(&["b".into(), "a".into()]).unwrap();
            assert_eq!(got[0].as_ref().unwrap().value, got[1].as_ref().unwrap().value, "one get, one snapshot");
            let scanned = all(store);
            assert_eq!(scanned[0].value, scanned[1].value, "one scan, one snapshot");
            if last {
                assert_eq!(scanned[0].value, ROUNDS.to_string(), "what was answered is seen");
                break;
            }
        }
    });
}

pub(super) fn opposite_orders(store: &Store) {
    const ROUNDS: usize = 50;
    race(|writer| {
        let mut rows: Vec<_> = ["a", "b", "c", "d"].iter().map(|key| put(key, &writer.to_string())).collect();
        if writer % 2 == 1 {
            rows.reverse();
        }
        // Without checks there is nothing to lose to, so every one of them is applied.
        (0..ROUNDS).for_each(|_| drop(commit(store, &[], &rows).unwrap()));
    });
    let rows = all(store);
    assert_eq!(keys(&rows), ["a", "b", "c", "d"]);
    assert!(rows.iter().all(|row| row.value == rows[0].value), "the rows are of one commit: {rows:?}");
}

pub(super) fn distinct_versions(store: &Store) {
    const ROUNDS: usize = 25;
    let versions = race(|writer| {
        let rows = [put("shared", "1"), put(&format!("own/{writer}"), "1")];
        (0..ROUNDS).map(|_| commit(store, &[], &rows).unwrap()[0]).collect::<Vec<_>>()
    });
    let distinct: BTreeSet<u64> = versions.iter().flatten().copied().collect();
    assert_eq!(distinct.len(), WRITERS * ROUNDS, "each put of one key got a version of its own");
    let last = get(store, "shared").unwrap().version;
    assert!(distinct.contains(&last), "the version that is read was answered to somebody");
}
