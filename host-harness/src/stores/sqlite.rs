//! The embedded default store: one SQLite file, which other processes and other languages' hosts may open as well.
//!
//! Reads take a connection from a small pool; commits go to the one thread that writes, which decides how many of them
//! share a transaction. The table and its statements are those of `docs/sql-store.md`.

mod connect;
mod writer;

pub use connect::create_schema;

use anyhow::{Context, Result, bail};
use hookwright_engine::contract::{commit_bytes, validate_commit, validate_get, validate_scan};
use hookwright_engine::ports::{Check, Direction, Entry, KeyRange, Mutation, Storage, StorageError};
use rusqlite::{Connection, OptionalExtension, Row};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Reading connections that are kept when nobody reads. More are opened when more threads read at once.
const READERS_IDLE_MAX: usize = 8;

const GET: &str = "SELECT key, value, version FROM hookwright WHERE key = ?1";
const SCAN_FORWARD: &str =
    "SELECT key, value, version FROM hookwright WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3";
const SCAN_REVERSE: &str =
    "SELECT key, value, version FROM hookwright WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3";

/// A handle to one open file. Clones share its connections; the last one to go finishes what was handed over, copies
/// the write-ahead log into the file and closes it. Calls block, at most for as long as another process holds the lock.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    /// `None` only while the store is being dropped: the writer ends when nobody can hand it anything any more.
    commits: Option<Sender<writer::Commit>>,
    writer: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens a file that has the table. [`create_schema`] makes both.
    pub fn open(path: &Path) -> Result<Self> {
        let connection = connect::writing(path)?;
        connect::require_schema(&connection, path)?;
        let (commits, queue) = channel();
        let owned_path = path.to_owned();
        let writer = thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || writer::run(connection, &owned_path, &queue))
            .with_context(|| format!("cannot start the thread that writes {}", path.display()))?;
        let shared = Shared {
            path: path.to_owned(),
            readers: Mutex::new(Vec::new()),
            commits: Some(commits),
            writer: Some(writer),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Reads the whole file: whether SQLite finds it sound, and whether no row is newer than the last version given out.
    pub fn integrity_check(&self) -> Result<()> {
        let path = self.shared.path.display();
        let connection = connect::reading(&self.shared.path)?;
        let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            bail!("{path} is damaged: {verdict}");
        }
        let ahead: i64 = connection.query_row(
            "SELECT count(*) FROM hookwright
             WHERE version > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'hookwright'), 0)",
            [],
            |row| row.get(0),
        )?;
        if ahead > 0 {
            bail!("{path}: {ahead} rows are newer than the last version given out; versions would come back");
        }
        Ok(())
    }

    /// Lends a reading connection. One that was lent to a call that failed is used again: SQLite ends its transaction.
    fn read<T>(&self, run: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StorageError> {
        let idle = self.readers().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect::reading(&self.shared.path).map_err(|e| StorageError::NotApplied(format!("{e:#}")))?,
        };
        let result = run(&connection).map_err(|e| StorageError::NotApplied(format!("reading failed: {e}")));
        let mut readers = self.readers();
        if readers.len() < READERS_IDLE_MAX && connection.is_autocommit() {
            readers.push(connection);
        }
        result
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.shared.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for SqliteStore {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        validate_get(keys)?;
        self.read(|connection| {
            // One transaction is one snapshot; a single statement is one by itself.
            let _snapshot = if keys.len() > 1 { Some(connection.unchecked_transaction()?) } else { None };
            let mut statement = connection.prepare_cached(GET)?;
            keys.iter().map(|key| statement.query_row([key], entry).optional()).collect()
        })
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        validate_scan(range, limit)?;
        self.read(|connection| {
            let mut statement = connection.prepare_cached(match order {
                Direction::Forward => SCAN_FORWARD,
                Direction::Reverse => SCAN_REVERSE,
            })?;
            statement.query_map((&range.start, &range.end, limit), entry)?.collect()
        })
    }

    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        validate_commit(checks, mutations)?;
        let (answer, outcome) = sync_channel(1);
        let bytes = commit_bytes(checks, mutations);
        let commit = writer::Commit { checks: checks.to_vec(), mutations: mutations.to_vec(), bytes, answer };
        let sent = self.shared.commits.as_ref().map(|commits| commits.send(commit));
        let Some(Ok(())) = sent else {
            return Err(StorageError::NotApplied("the store's writer has stopped".into()));
        };
        outcome.recv().unwrap_or_else(|_| Err(StorageError::Unknown("the store's writer stopped midway".into())))
    }
}

impl Drop for Shared {
    /// Readers first, so that the writer's connection is the last and can empty the write-ahead log.
    fn drop(&mut self) {
        self.readers.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        self.commits = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has answered `unknown` already; there is nobody left to tell.
            let _ = writer.join();
        }
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry { key: row.get(0)?, value: row.get(1)?, version: version(row.get(2)?) })
}

/// SQLite's integers are signed. Versions start at 1 and are given out one by one, so none is ever negative.
fn version(stored: i64) -> u64 {
    stored.unsigned_abs()
}
