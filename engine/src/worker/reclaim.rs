//! Reclaiming: voids the leases of workers that are known to be dead, so that other workers need not wait for their ends.

use super::state::is_believed;
use crate::config::Config;
use crate::ports::{Direction, Entry, Host};
use crate::store::commit::{Commit, Outcome};
use crate::store::id;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Shard};
use crate::support::error::Error;
use crate::support::limits::{INBOX_SHARDS, SCAN_ENTRIES_MAX};

/// Voids every lease in the store, except those of lanes in quarantine, and returns the number of lanes that were freed.
///
/// It is for a host that knows that no other instance works on the store: at its start, for example, under a lock. If the host was
/// wrong, work is repeated and nothing is lost, because a worker whose lease is void can record nothing.
pub fn reclaim_leases(host: &dyn Host, _config: &Config) -> Result<u32, Error> {
    for shard in 0..INBOX_SHARDS {
        let entry = host.get_one(&keys::shard(shard))?;
        if let Some(entry) = entry {
            free_shard(host, &entry)?;
        }
    }
    let mut freed = 0;
    let mut after: Option<String> = None;
    loop {
        let page = host.scan(&keys::lanes_after(after.as_deref()), SCAN_ENTRIES_MAX, Direction::Forward)?;
        for entry in &page {
            // A key that names no lane is passed over.
            let Some(lane) = keys::parse_lane(&entry.key) else { continue };
            freed += u32::from(free_lane(host, &lane, entry)?);
        }
        if page.len() < SCAN_ENTRIES_MAX as usize {
            return Ok(freed);
        }
        after = page.last().map(|entry| entry.key.clone());
    }
}

/// Voids the lease of a shard. A row that cannot be decoded is reported by the worker that routes the shard.
fn free_shard(host: &dyn Host, entry: &Entry) -> Result<(), Error> {
    let Ok(row) = rows::decode::<Shard>(&entry.key, &entry.value) else { return Ok(()) };
    if row.until_ms > 0 {
        let mut commit = Commit::default();
        commit.check(&entry.key, Some(entry.version));
        commit.put(entry.key.clone(), rows::encode(&Shard { token: id::token(host), until_ms: 0, ..row }));
        commit.submit(host)?;
    }
    Ok(())
}

/// Frees a lane and puts a timer for now. Returns false if it was free, or if a worker has it after all: then the commit conflicts.
fn free_lane(host: &dyn Host, lane: &Lane, entry: &Entry) -> Result<bool, Error> {
    let Ok(row) = rows::decode::<rows::Lane>(&entry.key, &entry.value) else { return Ok(false) };
    // A delivery in quarantine is sent again only after its lease. Otherwise processes that are ended one after the other, for
    // any reason, would count against it within seconds.
    let alone = row.quarantine.as_ref().is_some_and(|quarantine| quarantine.delivery.is_some());
    if row.until_ms == 0 || (alone && is_believed(row.until_ms, host.now_us() / 1_000)) {
        return Ok(false);
    }
    let token = id::token(host);
    let timer = keys::timer(host.now_us() / 1_000, lane, &token);
    let mut commit = Commit::default();
    commit.check(&entry.key, Some(entry.version));
    let free = rows::Lane { token, until_ms: 0, timer: Some(timer.clone()), quarantine: row.quarantine };
    commit.put(entry.key.clone(), rows::encode(&free));
    commit.put(timer, rows::encode(&rows::Empty {}));
    if let Some(armed) = row.timer {
        commit.delete(armed);
    }
    Ok(matches!(commit.submit(host)?, Outcome::Applied(_)))
}
