//! Group commit: one thread takes all waiting commits and makes them durable with one flush.
//!
//! The next group forms while a flush runs, so no commit waits for others to come. The commits of a group are decided one by
//! one in the order of arrival, and each sees the rows of those before it. No outcome is reported before the flush.

use super::connect;
use super::rows::version;
use hookwright_engine::ports::{Check, Mutation, StorageError};
use rusqlite::{Connection, Error, ErrorCode, OptionalExtension};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender};

/// The most commits of one group.
const GROUP_COMMITS_MAX: usize = 256;
/// A group with this many bytes takes no further commit.
const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;

const VERSION: &str = "SELECT version FROM hookwright WHERE key = ?1";
/// `REPLACE` deletes the row and inserts another, which gets the next version.
const PUT: &str = "REPLACE INTO hookwright (key, value) VALUES (?1, ?2)";
const DELETE: &str = "DELETE FROM hookwright WHERE key = ?1";

type Outcome = Result<Vec<u64>, StorageError>;

/// A well-formed commit, and the channel for its outcome.
#[derive(Debug)]
pub(super) struct Commit {
    pub checks: Vec<Check>,
    pub mutations: Vec<Mutation>,
    pub bytes: usize,
    pub answer: SyncSender<Outcome>,
}

/// Why a transaction failed.
enum Failure {
    /// The transaction could not begin: another process holds the lock.
    Begin(Error),
    /// A statement failed, for example because the disk is full.
    Statement(Error),
    /// The final `COMMIT` failed, after these outcomes had been decided.
    End(Error, Vec<Outcome>),
}

/// Commits until the channel is closed, then copies the write-ahead log into the file.
pub(super) fn run(mut connection: Connection, path: &Path, queue: &Receiver<Commit>) {
    while let Ok(first) = queue.recv() {
        let group = gather(first, queue);
        let outcomes = commit_group(&connection, &group);
        for (commit, outcome) in group.iter().zip(outcomes) {
            // An error means that the caller is gone.
            let _ = commit.answer.send(outcome);
        }
        if !connection.is_autocommit() {
            // The rollback failed, too. A new connection starts from the state on disk.
            if let Ok(fresh) = connect::writing(path) {
                connection = fresh;
            }
        }
    }
    // If another process is reading, the log stays, and the next process that opens the file uses it.
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
}

fn gather(first: Commit, queue: &Receiver<Commit>) -> Vec<Commit> {
    let mut bytes = first.bytes;
    let mut group = vec![first];
    while group.len() < GROUP_COMMITS_MAX && bytes < GROUP_BYTES_MAX {
        let Ok(commit) = queue.try_recv() else { break };
        bytes += commit.bytes;
        group.push(commit);
    }
    group
}

/// Returns one outcome for each commit. If a statement fails, each commit is repeated alone, so that one commit's failure does
/// not affect the others.
fn commit_group(connection: &Connection, group: &[Commit]) -> Vec<Outcome> {
    match transaction(connection, group) {
        Ok(outcomes) => outcomes,
        Err(Failure::Statement(_)) if group.len() > 1 => {
            group.iter().flat_map(|commit| commit_group(connection, std::slice::from_ref(commit))).collect()
        }
        Err(Failure::Begin(error) | Failure::Statement(error)) => {
            let why = format!("nothing was written: {error}");
            group.iter().map(|_| Err(StorageError::NotApplied(why.clone()))).collect()
        }
        Err(Failure::End(error, decided)) => decided.iter().map(|outcome| after_failed_end(&error, outcome)).collect(),
    }
}

/// Returns the outcome of a commit after a failed `COMMIT`.
///
/// A lock that could not be taken leaves nothing behind. After any other error the log may contain the whole transaction, and a
/// restart may apply it. A conflict becomes `NotApplied`, because it may have been with another commit of the same group.
fn after_failed_end(error: &Error, decided: &Outcome) -> Outcome {
    let busy = matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
    Err(match decided {
        Ok(_) if !busy => StorageError::Unknown(format!("the flush failed: {error}")),
        _ => StorageError::NotApplied(format!("nothing was written: {error}")),
    })
}

fn transaction(connection: &Connection, group: &[Commit]) -> Result<Vec<Outcome>, Failure> {
    connection.execute_batch("BEGIN IMMEDIATE").map_err(Failure::Begin)?;
    let result = match apply_group(connection, group) {
        Err(error) => Err(Failure::Statement(error)),
        Ok(outcomes) => match connection.execute_batch("COMMIT") {
            Err(error) => Err(Failure::End(error, outcomes)),
            Ok(()) => Ok(outcomes),
        },
    };
    if !connection.is_autocommit() {
        // SQLite ends some transactions itself. If the rollback fails, the caller sees that the transaction is open.
        let _ = connection.execute_batch("ROLLBACK");
    }
    result
}

fn apply_group(connection: &Connection, group: &[Commit]) -> rusqlite::Result<Vec<Outcome>> {
    let mut outcomes = Vec::with_capacity(group.len());
    for commit in group {
        let failed = failed_checks(connection, &commit.checks)?;
        outcomes.push(if failed.is_empty() {
            Ok(write(connection, &commit.mutations)?)
        } else {
            Err(StorageError::Conflict(failed))
        });
    }
    Ok(outcomes)
}

/// Returns the indexes of all checks that fail, before a row of the commit is written.
fn failed_checks(connection: &Connection, checks: &[Check]) -> rusqlite::Result<Vec<u32>> {
    let mut statement = connection.prepare_cached(VERSION)?;
    let mut failed = Vec::new();
    for (index, check) in (0u32..).zip(checks) {
        let stored: Option<i64> = statement.query_row([&check.key], |row| row.get(0)).optional()?;
        if stored.map(version) != check.version {
            failed.push(index);
        }
    }
    Ok(failed)
}

fn write(connection: &Connection, mutations: &[Mutation]) -> rusqlite::Result<Vec<u64>> {
    let mut put = connection.prepare_cached(PUT)?;
    let mut delete = connection.prepare_cached(DELETE)?;
    let mut versions = Vec::new();
    for mutation in mutations {
        match mutation {
            Mutation::Put { key, value } => {
                put.execute((key, value))?;
                versions.push(version(connection.last_insert_rowid()));
            }
            Mutation::Delete { key } => {
                delete.execute([key])?;
            }
        }
    }
    Ok(versions)
}
