//! The tombstones of the messages that an erasure has marked.

use crate::jobs::step::{JobContext, Work};
use crate::ports::Entry;
use crate::store::keys;
use crate::store::rows::{self, Message};
use crate::support::error::Error;

/// The row of a tombstone.
pub(super) struct TombstoneRow {
    pub key: String,
    pub version: u64,
}

/// Returns the tombstones of marked messages, in the order of the marks. `None` where another erasure has removed the
/// tombstone: a row with that key is then another message.
pub(super) fn tombstones(
    ctx: &JobContext<'_>,
    work: &Work,
    marks: &[String],
) -> Result<Vec<Option<TombstoneRow>>, Error> {
    let mut wanted: Vec<String> = Vec::new();
    for mark in marks {
        wanted.push(keys::message(work.lane.tenant_part(), keys::last_part(mark)));
    }
    let rows = if wanted.is_empty() { Vec::new() } else { ctx.host.get(&wanted)? };
    let tombstone = |row: Option<Entry>| {
        let row = row?;
        let erased = rows::decode::<Message>(&row.key, &row.value).is_ok_and(|message| message.is_erased());
        erased.then_some(TombstoneRow { key: row.key, version: row.version })
    };
    Ok(rows.into_iter().map(tombstone).collect())
}
