//! Taking over: voids the leases of workers that are known to be dead, so that nobody waits for their ends.

use super::is_believed;
use crate::config::Config;
use crate::ports::{Direction, Entry, Host};
use crate::store::commit::Commit;
use crate::store::id;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Shard};
use crate::support::error::Error;
use crate::support::limits::{INBOX_SHARDS, SCAN_ENTRIES_MAX};

/// Voids every lease in the storage, but for lanes whose deliveries are made alone. For a host that knows that no other
/// instance works on it: at its start, say, under a lock. Where it was wrong, work is repeated and nothing is lost: a worker whose
/// lease is gone can record nothing.
/// Answers how many lanes were freed.
pub fn reclaim_leases(host: &dyn Host, _config: &Config) -> Result<u32, Error> {
    for shard in 0..INBOX_SHARDS {
        let entry = host.get_one(&keys::shard(shard))?;
        if let Some(entry) = entry {
            free_shard(host, &entry)?;
        }
    }
    let mut freed = 0;
    let mut place: Option<Lane> = None;
    loop {
        let page = host.scan(&keys::lanes_after(place.as_ref()), SCAN_ENTRIES_MAX, Direction::Forward)?;
        for entry in &page {
            let Some(lane) = keys::parse_lane(&entry.key) else { continue };
            freed += u32::from(free_lane(host, &lane, entry)?);
            place = Some(lane);
        }
        if page.len() < SCAN_ENTRIES_MAX as usize {
            return Ok(freed);
        }
    }
}

fn free_shard(host: &dyn Host, entry: &Entry) -> Result<(), Error> {
    // What cannot be read is nobody's: whoever works there tells it.
    let Ok(row) = rows::decode::<Shard>(&entry.key, &entry.value) else { return Ok(()) };
    if row.until_ms > 0 {
        let mut commit = Commit::default();
        commit.check(&entry.key, Some(entry.version));
        commit.put(entry.key.clone(), rows::encode(&Shard { token: id::token(host), until_ms: 0, ..row }));
        commit.submit(host)?;
    }
    Ok(())
}

/// Frees a lane and timers it now. A conflict means that somebody is at work there after all.
fn free_lane(host: &dyn Host, lane: &Lane, entry: &Entry) -> Result<bool, Error> {
    let Ok(row) = rows::decode::<rows::Lane>(&entry.key, &entry.value) else { return Ok(false) };
    // A delivery that was made alone is made again a lease later: else processes that are ended one after the other, for whatever
    // reason, would be held against it within seconds.
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
    Ok(matches!(commit.submit(host)?, crate::store::commit::Outcome::Applied(_)))
}
