//! Cases with several writers and readers at once, each with a connection of its own.

use crate::calls::{
    REPEATS_MAX, Store, absent, all, at, commit, delete, get, get_all, keys, put, row, set, try_commit,
};
use crate::failure::{Done, Failure, holds, same};
use crate::subject::{Handle, Subject};
use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const WRITERS: usize = 4;

/// Runs the function for each writer, all starting together, and collects what they return.
fn race<T: Send>(subject: &dyn Subject, run: impl Fn(&Store, usize) -> Done<T> + Sync) -> Done<Vec<T>> {
    let handles: Vec<Handle> = (0..WRITERS).map(|_| subject.connect()).collect::<Done<_>>()?;
    together(&handles, run)
}

/// The same for writers that are connected already.
fn together<T: Send>(handles: &[Handle], run: impl Fn(&Store, usize) -> Done<T> + Sync) -> Done<Vec<T>> {
    let start = Barrier::new(handles.len());
    thread::scope(|scope| {
        let (start, run) = (&start, &run);
        let begin = |(writer, handle): (usize, &Handle)| {
            let handle = Handle::clone(handle);
            scope.spawn(move || {
                start.wait();
                run(&*handle, writer)
            })
        };
        let threads: Vec<_> = handles.iter().enumerate().map(begin).collect();
        // A writer that panics takes the case with it: that is a mistake of the case, not of the store.
        let join = |thread: thread::ScopedJoinHandle<'_, Done<T>>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    })
}

pub(super) fn seen_by_others(subject: &dyn Subject) -> Done {
    let (one, other) = (subject.connect()?, subject.connect()?);
    for round in 0..20 {
        let version = set(&*one, "k", &round.to_string())?;
        let seen = row(&*other, "k")?;
        let came = (seen.value.as_str(), seen.version);
        same("the row as another connection reads it", &came, &(round.to_string().as_str(), version))?;
        same("all rows as another connection reads them", &all(&*other)?, &vec![seen])?;
        commit(&*other, &[at("k", version)], &[delete("k")])?;
        same("the row after another connection deleted it", &get(&*one, "k")?, &None)?;
    }
    Ok(())
}

pub(super) fn counter(subject: &dyn Subject) -> Done {
    const EACH: usize = 50;
    set(&*subject.connect()?, "counter", "0")?;
    race(subject, |store, _| {
        let mut done = 0;
        for _ in 0..REPEATS_MAX * EACH {
            let found = row(store, "counter")?;
            let number: usize = found.value.parse().map_err(|_| Failure::new("a counter", "a number", &found.value))?;
            let mutation = put("counter", &(number + 1).to_string());
            done += usize::from(try_commit(store, &[at("counter", found.version)], &[mutation])?.is_ok());
            if done == EACH {
                return Ok(());
            }
        }
        Err(Failure::new("incrementing a counter", "that it succeeds at last", format!("{done} increments of {EACH}")))
    })?;
    let sum = row(&*subject.connect()?, "counter")?.value;
    same("a counter after 200 increments by 4 connections", &sum, &(WRITERS * EACH).to_string())
}

pub(super) fn inserts(subject: &dyn Subject) -> Done {
    const KEYS: usize = 50;
    let wins = race(subject, |store, writer| {
        let mut won = Vec::new();
        for n in 0..KEYS {
            let key = format!("k/{n:02}");
            if try_commit(store, &[absent(&key)], &[put(&key, &writer.to_string())])?.is_ok() {
                won.push(n);
            }
        }
        Ok(won)
    })?;
    let mut won: Vec<usize> = wins.iter().flatten().copied().collect();
    won.sort_unstable();
    same("the keys that were won, each once", &won, &(0..KEYS).collect())?;
    let store = subject.connect()?;
    for (writer, wins) in wins.iter().enumerate() {
        for n in wins {
            let key = format!("k/{n:02}");
            same(format!("the winner of {key}"), &row(&*store, &key)?.value, &writer.to_string())?;
        }
    }
    Ok(())
}

/// Each of two commits checks the row that the other one changes. In whichever order they happen, the check of the second
/// fails; a store that guards only what a commit changes lets both through.
pub(super) fn unchanged_rows(subject: &dyn Subject) -> Done {
    const ROUNDS: usize = 200;
    let handles: [Handle; 2] = [subject.connect()?, subject.connect()?];
    for round in 0..ROUNDS {
        let versions = commit(&*handles[0], &[], &[put("a", "1"), put("b", "1")])?;
        let won = together(&handles, |store, writer| {
            let (check, mutation) =
                if writer == 0 { (at("b", versions[1]), put("a", "0")) } else { (at("a", versions[0]), put("b", "0")) };
            Ok(try_commit(store, &[check], &[mutation])?.is_ok())
        })?;
        let what =
            format!("the commits applied of two that each check the row which the other changes, in round {round}");
        same(what, &won.into_iter().filter(|won| *won).count(), &1)?;
    }
    Ok(())
}

pub(super) fn snapshots(subject: &dyn Subject) -> Done {
    const ROUNDS: usize = 200;
    let pair = |n: usize| [put("a", &n.to_string()), put("b", &n.to_string())];
    let (writer, reader) = (subject.connect()?, subject.connect()?);
    commit(&*writer, &[], &pair(0))?;
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let result = (1..=ROUNDS).try_for_each(|n| commit(&*writer, &[], &pair(n)).map(drop));
            done.store(true, Ordering::Release);
            result
        });
        let read = loop {
            let last = done.load(Ordering::Acquire);
            if let Err(failure) = read_pair(&*reader) {
                break Err(failure);
            }
            if last {
                break Ok(());
            }
        };
        // Of two failures the writer's comes first: the reader's may follow from it.
        writing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).and(read)
    })?;
    same("the last value written", &row(&*reader, "a")?.value, &ROUNDS.to_string())
}

fn read_pair(store: &Store) -> Done {
    let got: Vec<_> = get_all(store, &["b", "a"])?.into_iter().map(|row| row.map(|row| row.value)).collect();
    holds(got[0] == got[1], "one get of two rows that are always written together", "one snapshot", &got)?;
    let scanned: Vec<_> = all(store)?.into_iter().map(|row| row.value).collect();
    let is_one = scanned.len() == 2 && scanned[0] == scanned[1];
    holds(is_one, "one scan of two rows that are always written together", "one snapshot", &scanned)
}

pub(super) fn opposite_orders(subject: &dyn Subject) -> Done {
    const ROUNDS: usize = 50;
    race(subject, |store, writer| {
        let mut rows: Vec<_> = ["a", "b", "c", "d"].iter().map(|key| put(key, &writer.to_string())).collect();
        if writer % 2 == 1 {
            rows.reverse();
        }
        // Without checks there is nothing to lose to, so every one of them is applied.
        (0..ROUNDS).try_for_each(|_| commit(store, &[], &rows).map(drop))
    })?;
    let rows = all(&*subject.connect()?)?;
    same("the keys", &keys(&rows), &vec!["a", "b", "c", "d"])?;
    let values: BTreeSet<&str> = rows.iter().map(|row| row.value.as_str()).collect();
    holds(values.len() == 1, "the values of rows always written together", "all of one commit", &values)
}

pub(super) fn distinct_versions(subject: &dyn Subject) -> Done {
    const ROUNDS: usize = 25;
    let versions = race(subject, |store, writer| {
        let rows = [put("shared", "1"), put(&format!("own/{writer}"), "1")];
        (0..ROUNDS).map(|_| Ok(commit(store, &[], &rows)?[0])).collect::<Done<Vec<_>>>()
    })?;
    let distinct: BTreeSet<u64> = versions.iter().flatten().copied().collect();
    same("the distinct versions of 100 puts of one key", &distinct.len(), &(WRITERS * ROUNDS))?;
    let last = row(&*subject.connect()?, "shared")?.version;
    holds(distinct.contains(&last), "the version that is read at the end", "one that was answered to somebody", &last)
}
