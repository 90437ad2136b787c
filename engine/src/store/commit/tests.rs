use std::cell::Cell;

use super::*;
use crate::ports::{Direction, Entry, KeyRange};

/// A storage that gives every commit the same result, after the same time.
struct Slow {
    now_ms: Cell<u64>,
    takes_ms: u64,
    submissions: Cell<u32>,
    result: Result<Vec<u64>, StorageError>,
}

impl Slow {
    fn new(takes_ms: u64, result: Result<Vec<u64>, StorageError>) -> Slow {
        Slow { now_ms: Cell::new(1_000_000), takes_ms, submissions: Cell::new(0), result }
    }
}

impl Storage for Slow {
    fn get(&self, _: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        unreachable!("a commit reads nothing")
    }

    fn scan(&self, _: &KeyRange, _: u32, _: Direction) -> Result<Vec<Entry>, StorageError> {
        unreachable!("a commit reads nothing")
    }

    fn commit(&self, _: &[Check], _: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        self.submissions.set(self.submissions.get() + 1);
        self.now_ms.set(self.now_ms.get() + self.takes_ms);
        self.result.clone()
    }
}

impl Clock for Slow {
    fn now_us(&self) -> u64 {
        self.now_ms.get() * 1_000
    }
}

#[test]
fn a_commit_is_submitted_again_until_its_deadline() {
    let unknown = || Err(StorageError::Unknown("scripted".to_owned()));
    let not_applied = || Err(StorageError::NotApplied("scripted".to_owned()));
    let conflict = || Err(StorageError::Conflict(Vec::new()));
    // The name of the case, the time of a submission in milliseconds, its result, and the submissions.
    let cases = [
        ("applied", 5_000, Ok(Vec::new()), 1),
        ("conflict", 5_000, conflict(), 1),
        ("unknown at once", 0, unknown(), 12),
        ("unknown after a while", 600, unknown(), 4),
        ("unknown after SQLite's busy timeout", 5_000, unknown(), 1),
        ("not applied at once", 0, not_applied(), 4),
        ("not applied after SQLite's busy timeout", 5_000, not_applied(), 1),
        ("invalid", 0, Err(StorageError::Invalid("scripted".to_owned())), 1),
        ("transaction lost", 0, Err(StorageError::TransactionAborted("scripted".to_owned())), 1),
    ];
    for (name, takes_ms, result, submissions) in cases {
        let host = Slow::new(takes_ms, result.clone());
        let outcome = Commit::default().submit(&host);
        assert_eq!(host.submissions.get(), submissions, "{name}");
        assert_eq!(outcome.is_ok(), matches!(result, Ok(_) | Err(StorageError::Conflict(_))), "{name}");
    }
}

#[test]
fn a_commit_whose_deadline_has_passed_is_submitted_once() {
    let host = Slow::new(0, Err(StorageError::Unknown("scripted".to_owned())));
    let error = Commit::default().submit_until(&host, 0).unwrap_err();
    assert_eq!((error.kind, host.submissions.get()), (ErrorKind::Unavailable, 1));
}

#[test]
fn rounds_end_by_count_or_by_time() {
    for (name, takes_ms, rounds_max, rounds_made) in [
        ("by count", 0, 500, 500),
        ("by time", 300, 500, 4),
        ("the first is always made", 5_000, 500, 1),
        ("none", 0, 0, 0),
    ] {
        let host = Slow::new(takes_ms, Ok(Vec::new()));
        let made = rounds(&host, rounds_max, 1_000).inspect(|_| host.now_ms.set(host.now_ms.get() + takes_ms)).count();
        assert_eq!(made, rounds_made, "{name}");
    }
}
