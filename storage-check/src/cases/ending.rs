//! Cases in which connections are closed, or killed in the middle of a commit, and others follow.

use crate::calls::{Store, all, at, commit, delete, get, put, row, set, unexpected};
use crate::failure::{Done, holds, same};
use crate::subject::{End, Handle, Subject};
use hookwright_engine::ports::StorageError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CRASHES: u64 = 20;
/// The longest time between an answer and the kill: about the time of a commit.
const PAUSE_US_MAX: u64 = 3_000;
/// How long a case waits for commits to be answered.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn reopened(subject: &dyn Subject) -> Done {
    let store = subject.connect()?;
    for n in 0..30 {
        set(&*store, &format!("k/{n:02}"), &format!("\"{n} é\""))?;
    }
    commit(&*store, &[], &[delete("k/07"), put("k/08", "2")])?;
    let before = all(&*store)?;
    drop(store);
    subject.end(End::Closed)?;
    let store = subject.connect()?;
    same("all rows after reopening", &all(&*store)?, &before)?;
    let version = row(&*store, "k/08")?.version;
    commit(&*store, &[at("k/08", version)], &[put("k/08", "3")]).map(drop)
}

pub(super) fn versions(subject: &dyn Subject) -> Done {
    let mut seen = Vec::new();
    for round in 0..4 {
        let store = subject.connect()?;
        for key in ["k", "newest"] {
            let version = set(&*store, key, "1")?;
            let what = format!("the version of {key} after the store was reopened {round} times");
            holds(!seen.contains(&version), what, &format!("none of {seen:?}"), &version)?;
            seen.push(version);
        }
        // The rows with the highest versions are deleted, so that a store cannot count from them.
        commit(&*store, &[], &[delete("newest"), delete("k")])?;
        drop(store);
        subject.end(End::Closed)?;
    }
    Ok(())
}

/// The commits of one process, as far as they were answered. Each puts `x`, `y` and a row of its own, and deletes the own
/// row of the commit before.
#[derive(Default)]
struct Known {
    /// The last answered commit, and its version of `x`.
    number: u64,
    version: u64,
    /// Every version of `x` that was answered or read.
    seen: Vec<u64>,
}

pub(super) fn crash(subject: &dyn Subject) -> Done {
    let mut known = Known::default();
    let mut random: u64 = 1;
    for _ in 0..CRASHES {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let store = subject.connect()?;
        let (answers, pause_us) = (1 + (random >> 33) % 6, (random >> 40) % PAUSE_US_MAX);
        commit_until_killed(subject, &store, &mut known, answers, pause_us)?;
        drop(store);
        look(&*subject.connect()?, &mut known)?;
    }
    Ok(())
}

fn commit_until_killed(subject: &dyn Subject, store: &Handle, known: &mut Known, answers: u64, pause_us: u64) -> Done {
    let target = known.number + answers;
    let answered = AtomicU64::new(known.number);
    thread::scope(|scope| {
        let writing = scope.spawn(|| write(&**store, known, &answered));
        let begun = Instant::now();
        while answered.load(Ordering::Acquire) < target && !writing.is_finished() && begun.elapsed() < PATIENCE {
            thread::yield_now();
        }
        // This moment falls somewhere into the commit that runs.
        thread::sleep(Duration::from_micros(pause_us));
        let ended = subject.end(End::Killed);
        writing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).and(ended)
    })
}

/// Commits until a commit stays without an answer.
fn write(store: &Store, known: &mut Known, answered: &AtomicU64) -> Done {
    loop {
        let number = known.number + 1;
        let checks = if known.version == 0 { vec![] } else { vec![at("x", known.version)] };
        let text = number.to_string();
        let mutations = [
            put("x", &text),
            delete(&format!("row/{}", known.number)),
            put(&format!("row/{number}"), &text),
            put("y", &text),
        ];
        match store.commit(&checks, &mutations) {
            Ok(versions) => {
                known.number = number;
                known.version = versions.first().copied().unwrap_or_default();
                let what = format!("the version of commit {number}");
                holds(!known.seen.contains(&known.version), what, "one that never was", &known.version)?;
                known.seen.push(known.version);
                answered.store(number, Ordering::Release);
            }
            Err(StorageError::NotApplied(_)) => {}
            Err(StorageError::Unknown(_)) => return Ok(()),
            Err(other) => return Err(unexpected("a commit before the crash", "success", &other)),
        }
    }
}

/// Checks that a crash left all of the last answered commit, or all of the commit that ran.
fn look(store: &Store, known: &mut Known) -> Done {
    let x = row(store, "x")?;
    let last = known.number;
    let allowed = [last.to_string(), (last + 1).to_string()];
    let what = format!("x after a crash, commit {last} being the last that was answered");
    holds(allowed.contains(&x.value), what, &format!("{last}, or {} if it landed", last + 1), &x.value)?;
    same("y, which is always written with x", &row(store, "y")?.value, &x.value)?;
    let number = last + u64::from(x.value != allowed[0]);
    same("the row that is always written with x", &row(store, &format!("row/{number}"))?.value, &x.value)?;
    if number > 0 {
        let gone = format!("row/{}", number - 1);
        same(format!("{gone}, which the same commit deletes"), &get(store, &gone)?, &None)?;
    }
    if number == last {
        return same("the version of x, which nobody has written since", &x.version, &known.version);
    }
    holds(!known.seen.contains(&x.version), "the version of the commit under way", "one that never was", &x.version)?;
    known.seen.push(x.version);
    (known.number, known.version) = (number, x.version);
    Ok(())
}

/// Kills one process in the middle of commits. The other must not wait for its locks.
pub(super) fn others(subject: &dyn Subject) -> Done {
    let (victim, survivor) = (subject.connect()?, subject.connect()?);
    set(&*survivor, "shared", "0")?;
    let answered = AtomicU64::new(0);
    thread::scope(|scope| {
        let writing = scope.spawn(|| {
            while victim.commit(&[], &[put("shared", "1"), put("other", "1")]).is_ok() {
                answered.fetch_add(1, Ordering::Release);
            }
        });
        let begun = Instant::now();
        while answered.load(Ordering::Acquire) < 3 && !writing.is_finished() && begun.elapsed() < PATIENCE {
            thread::yield_now();
        }
        subject.end(End::FirstKilled)
    })?;
    holds(answered.into_inner() >= 3, "commits before the crash", "at least 3", &"fewer")?;
    let version = set(&*survivor, "shared", "2")?;
    commit(&*survivor, &[at("shared", version)], &[put("shared", "3"), put("other", "3")])?;
    same("the row that both wrote", &row(&*subject.connect()?, "shared")?.value.as_str(), &"3")
}
