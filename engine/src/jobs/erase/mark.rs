//! The first phase: the subject's messages become tombstones, and each is marked.

use crate::jobs::step::{JobContext, Step, Work};
use crate::ports::Direction;
use crate::store::keys::{self, KeyFamily};
use crate::store::rows::{self, Empty, Message, Tombstone};
use crate::store::subject;
use crate::support::error::Error;
use crate::support::limits::ERASE_MESSAGES_MAX;

/// Puts a tombstone for each message about the subject. Returns true if there are more messages to look at.
pub(super) fn mark(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step) -> Result<bool, Error> {
    let tenant_part = work.lane.tenant_part();
    let place = step.job.place.clone().unwrap_or_else(|| KeyFamily::Message.of_tenant(tenant_part));
    let limit = step.rows_at_once(ERASE_MESSAGES_MAX);
    let page = ctx.host.scan(&keys::tenant_from(&place), limit, Direction::Forward)?;
    let more = page.len() == limit as usize;
    for entry in page {
        step.job.place = Some(keys::next(&entry.key));
        step.job.scanned += 1;
        if step.leaves_out_row(&entry.key) {
            continue;
        }
        let row: Message = match rows::decode(&entry.key, &entry.value) {
            Ok(row) => row,
            Err(error) => {
                ctx.tell(&error);
                continue;
            }
        };
        let subject_hash = row.subject_hash.clone().or_else(|| subject::hash_of(&row));
        // The erasure covers events that were accepted before the call.
        if subject_hash.is_none()
            || subject_hash != step.job.subject_hash
            || row.accepted_at_ms() > step.job.created_at_ms
        {
            continue;
        }
        let message = keys::last_part(&entry.key);
        step.job.affected += 1;
        step.commit.check(&entry.key, Some(entry.version));
        step.commit.put(keys::erasure(&work.lane, message), rows::encode(&Empty {}));
        step.commit.delete(keys::inbox(keys::shard_of(tenant_part), row.accepted_at_us, message));
        let tombstone = Some(Tombstone::Erasure);
        let row = Message { event: None, content_hash: None, tombstone, occurred_at_us: 0, subject_hash, ..row };
        step.commit.put(entry.key, rows::encode(&row));
    }
    Ok(more)
}
