//! Opening the file: pragmas, the table, and errors that name the path.
//!
//! The pragmas decide durability: a write-ahead log that is flushed at every commit.

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a call waits for a lock that another process holds.
const BUSY_TIMEOUT_MS: u64 = 5_000;
/// The pause between two attempts to create the schema.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// The version is the row's primary key, so new rows are stored next to each other, and `AUTOINCREMENT` never assigns a
/// version twice. In a `WITHOUT ROWID` table a lookup would read values of other rows on its way.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS hookwright (
        version INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL
    );
";

/// The log is flushed at every commit; macOS needs `fullfsync` for that. It is copied into the file every 16 MiB (4,096
/// pages) and truncated to 64 MiB. Negative cache sizes are KiB, positive ones pages.
const PRAGMAS_WRITING: &str = "
    PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON; PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 67108864;
";
const PRAGMAS_READING: &str = "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192;";

/// Makes the file and its table if they do not exist. Must not be called inside a transaction of the platform.
pub fn create_schema(path: &Path) -> Result<()> {
    let run = || -> rusqlite::Result<String> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;")?;
        // The mode is a property of the file, so it is set only here.
        let mode = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        connection.execute_batch(&format!("BEGIN IMMEDIATE; {SCHEMA} COMMIT;"))?;
        Ok(mode)
    };
    let mode = patiently(run).with_context(|| format!("cannot create the store {}", path.display()))?;
    if mode != "wal" {
        bail!(
            "{} is on a file system without shared memory, which the write-ahead log needs; move it to a local disk",
            path.display()
        );
    }
    Ok(())
}

/// Opens the connection of the writing thread.
pub(super) fn writing(path: &Path) -> Result<Connection> {
    open(path, PRAGMAS_WRITING)
}

/// Opens a connection that refuses to write.
pub(super) fn reading(path: &Path) -> Result<Connection> {
    open(path, PRAGMAS_READING)
}

/// Fails if the file has no table, or a table that could assign a version twice.
pub(super) fn require_schema(connection: &Connection, path: &Path) -> Result<()> {
    let path = path.display();
    let table = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'hookwright'";
    let sql: Option<String> = connection
        .query_row(table, [], |row| row.get(0))
        .optional()
        .with_context(|| format!("cannot read the store {path}"))?;
    match sql {
        Some(sql) if sql.contains("version INTEGER PRIMARY KEY AUTOINCREMENT") => Ok(()),
        Some(_) => bail!("the table `hookwright` of {path} has other columns than this version expects"),
        None => bail!("{path} has no table `hookwright`; create its schema first"),
    }
}

/// Repeats `run` while another process makes the same change. If two processes switch to the write-ahead log at once, SQLite
/// reports the file as busy to one of them without waiting.
fn patiently<T>(run: impl Fn() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    let begun = Instant::now();
    loop {
        match run() {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && begun.elapsed() < Duration::from_millis(BUSY_TIMEOUT_MS) =>
            {
                std::thread::sleep(BUSY_PAUSE);
            }
            outcome => return outcome,
        }
    }
}

fn open(path: &Path, pragmas: &str) -> Result<Connection> {
    let run = || {
        // A reader writes, too: to the index of the write-ahead log.
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.execute_batch(pragmas)?;
        Ok::<_, rusqlite::Error>(connection)
    };
    run().with_context(|| format!("cannot open the store {}", path.display()))
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))?;
    Ok(connection)
}
