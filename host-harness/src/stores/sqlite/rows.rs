//! Conversion of the table's rows.

use hookwright_engine::ports::Entry;
use rusqlite::Row;

/// Reads an entry of the columns `key`, `value` and `version`.
pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry { key: row.get(0)?, value: row.get(1)?, version: version(row.get(2)?) })
}

/// Converts a stored version. SQLite's integers are signed, but versions count up from 1.
pub(super) fn version(stored: i64) -> u64 {
    stored.unsigned_abs()
}
