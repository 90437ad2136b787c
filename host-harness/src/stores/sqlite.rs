//! The default store: one SQLite file. Other processes, and hosts in other languages, may open it at the same time.
//!
//! Reads use a small pool of connections. All commits go to one writing thread, which groups them into transactions.
//! `docs/sql-store.md` specifies the table and the statements.

mod connect;
mod rows;
mod writer;

pub use connect::create_schema;

use anyhow::{Context, Result, bail};
use hookwright_engine::contract::{commit_bytes, validate_commit, validate_get, validate_scan};
use hookwright_engine::ports::{Check, Direction, Entry, KeyRange, Mutation, Storage, StorageError};
use rows::entry;
use rusqlite::{Connection, OptionalExtension};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// How many idle reading connections are kept. More are opened while more threads read at once.
const READERS_IDLE_MAX: usize = 8;

const GET: &str = "SELECT key, value, version FROM hookwright WHERE key = ?1";
const SCAN_FORWARD: &str =
    "SELECT key, value, version FROM hookwright WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3";
const SCAN_REVERSE: &str =
    "SELECT key, value, version FROM hookwright WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3";

/// An open file. Clones share its connections.
///
/// Calls block; a commit waits up to 5 s for a lock that another process holds. Dropping the last clone finishes the pending
/// commits, copies the write-ahead log into the file, and closes it.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    /// `None` only while the store is dropped: the writer ends when the channel is closed.
    commits: Option<Sender<writer::Commit>>,
    writer: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens a file that has the table. [`create_schema`] makes the file and the table.
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

    /// Reads the whole file. Fails if SQLite finds damage, or if a row is newer than the last version that was assigned.
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
            bail!(
                "{path}: {ahead} rows are newer than the last version that was assigned; versions would be assigned again"
            );
        }
        Ok(())
    }

    /// Runs a read on a pooled connection. The connection of a failed read is used again, because SQLite ends its transaction.
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
            // A transaction is one snapshot. A single statement needs none, because it is one snapshot by itself.
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
    /// Closes the readers first: only the last connection can empty the write-ahead log.
    fn drop(&mut self) {
        self.readers.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        self.commits = None;
        if let Some(writer) = self.writer.take() {
            // The callers of a writer that panicked have got `unknown` already.
            let _ = writer.join();
        }
    }
}
