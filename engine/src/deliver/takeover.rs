//! Taking over: voids the leases of workers that are known to be dead, so that nobody waits for their ends.

use super::is_believed;
use crate::commit::Commit;
use crate::config::Config;
use crate::host::{Direction, Entry, Host};
use crate::keys::{self, Lane};
use crate::limits::{INBOX_SHARDS, SCAN_ENTRIES_MAX};
use crate::records::{self, Shard};
use crate::{Error, id};

/// Voids every lease in the storage, but for lanes whose deliveries are made alone. For a host that knows that no other
/// instance works on it: at its start, say, under a lock. Where it was wrong, work is repeated and nothing is lost: a worker whose
/// lease is gone can record nothing.
/// Answers how many lanes were freed.
pub fn take_over(host: &dyn Host, _config: &Config) -> Result<u32, Error> {
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
    let Ok(row) = records::decode::<Shard>(&entry.key, &entry.value) else { return Ok(()) };
    if row.until > 0 {
        let mut commit = Commit::default();
        commit.check(&entry.key, Some(entry.version));
        commit.put(entry.key.clone(), records::encode(&Shard { token: id::token(host), until: 0, ..row }));
        commit.submit(host)?;
    }
    Ok(())
}

/// Frees a lane and wakes it now. A conflict means that somebody is at work there after all.
fn free_lane(host: &dyn Host, lane: &Lane, entry: &Entry) -> Result<bool, Error> {
    let Ok(row) = records::decode::<records::Lane>(&entry.key, &entry.value) else { return Ok(false) };
    // A delivery that was made alone is made again a lease later: else processes that are ended one after the other, for whatever
    // reason, would be held against it within seconds.
    let alone = row.doubt.as_ref().is_some_and(|doubt| doubt.suspect.is_some());
    if row.until == 0 || (alone && is_believed(row.until, host.now_us() / 1_000)) {
        return Ok(false);
    }
    let token = id::token(host);
    let wake = keys::wake(host.now_us() / 1_000, lane, &token);
    let mut commit = Commit::default();
    commit.check(&entry.key, Some(entry.version));
    let free = records::Lane { token, until: 0, wake: Some(wake.clone()), doubt: row.doubt };
    commit.put(entry.key.clone(), records::encode(&free));
    commit.put(wake, records::encode(&records::Empty {}));
    if let Some(armed) = row.wake {
        commit.delete(armed);
    }
    Ok(matches!(commit.submit(host)?, crate::commit::Outcome::Applied(_)))
}
