//! The inbox shards: which one is routed next, and giving them back.

use super::batch::ShardRead;
use crate::ports::Direction;
use crate::store::commit::Commit;
use crate::store::keys;
use crate::store::rows::{self, Shard};
use crate::support::error::Error;
use crate::support::limits::INBOX_SHARDS;
use crate::worker::state::{Agenda, Ctx, Leases, Report, is_believed};

/// Returns the next shard in rotation that has messages and that no other worker has leased.
pub(super) fn next_shard(
    ctx: &Ctx<'_>,
    leases: &Leases,
    agenda: &Agenda,
    report: &mut Report,
) -> Result<Option<ShardRead>, Error> {
    for (mut from, to) in [(agenda.next_shard, INBOX_SHARDS), (0, agenda.next_shard)] {
        while from < to {
            let first = ctx.host.scan(&keys::inbox_shards(from, to), 1, Direction::Forward)?;
            let Some((number, _)) = first.first().and_then(|entry| keys::parse_inbox(&entry.key)) else { break };
            from = number + 1;
            let (row, version) = match read_shard(ctx, number)? {
                Ok(read) => read,
                Err(error) => {
                    report.tell(&error);
                    continue;
                }
            };
            let own = leases.shards.get(&number) == Some(&row.token);
            if own || !is_believed(row.until_ms, ctx.now_ms()) {
                return Ok(Some(ShardRead { number, version, routed_ms: row.routed_ms.unwrap_or(0) }));
            }
        }
    }
    Ok(None)
}

/// The row of a shard and its version. The inner error is about the row.
type ShardRow = Result<(Shard, Option<u64>), Error>;

fn read_shard(ctx: &Ctx<'_>, number: u32) -> Result<ShardRow, Error> {
    let key = keys::shard(number);
    Ok(match ctx.host.get_one(&key)? {
        Some(entry) => rows::decode(&key, &entry.value).map(|row| (row, Some(entry.version))),
        None => Ok((Shard::default(), None)),
    })
}

/// Gives back the shards that this worker has leased, so that others need not wait for the end of the leases.
pub(crate) fn release_shards(ctx: &Ctx<'_>, leases: &mut Leases) -> Result<(), Error> {
    for (number, token) in std::mem::take(&mut leases.shards) {
        let Ok((row, version)) = read_shard(ctx, number)? else { continue };
        if row.token != token || row.until_ms == 0 {
            continue;
        }
        let mut commit = Commit::default();
        commit.check(&keys::shard(number), version);
        commit.put(keys::shard(number), rows::encode(&Shard { token: ctx.token(), until_ms: 0, ..row }));
        commit.submit(ctx.host)?;
    }
    Ok(())
}
