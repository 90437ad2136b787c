//! Routing: which webhooks an accepted message concerns. It is decided once for each message, and the same commit fills the
//! lanes' queues and announces them. Matching is left to [`crate::store::subscriptions`].

mod batch;
mod commit;
mod read;
mod shard;
mod write;

pub(super) use shard::release_shards;

use super::state::{Agenda, Ctx, Leases, Report};
use crate::support::error::Error;
use crate::support::limits::ROUTE_BATCHES_MAX;

/// Routes batches until the inboxes are empty, other workers have the rest, or a lease is about to end. Returns true if a batch
/// was routed.
pub(super) fn route(
    ctx: &Ctx<'_>,
    leases: &mut Leases,
    agenda: &mut Agenda,
    report: &mut Report,
) -> Result<bool, Error> {
    let mut progress = false;
    for _ in 0..ROUTE_BATCHES_MAX {
        if leases.end_soon(ctx.now_ms()) {
            break;
        }
        let Some(shard) = shard::next_shard(ctx, leases, agenda, report)? else { return Ok(progress) };
        let Some(batch) = read::read_batch(ctx, &shard, report)? else {
            // No row can be decoded, or the subscriptions keep changing: the other shards come first.
            agenda.next_shard = shard.following();
            continue;
        };
        if !commit::commit_batch(ctx, leases, agenda, report, batch)? {
            return Ok(progress);
        }
        progress = true;
    }
    agenda.look = true;
    Ok(progress)
}
