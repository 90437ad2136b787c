//! Removes the rows that a deleted webhook leaves behind: its lane, its health, the index of its attempts, and the messages of
//! its tests. Attempts of accepted messages stay with their messages.

use crate::jobs::remove;
use crate::jobs::step::{JobContext, Step, Work, fence};
use crate::ports::Direction;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, JobState};
use crate::support::error::Error;
use crate::support::limits::{JOB_PAUSE_MS, JOB_PAUSE_MS_MAX, JOB_PURGE_ROWS_MAX};

/// Makes one step. First a fence keeps routing from adding to the queue; a redelivery cannot, because it checks the
/// registration. Then the queue empties. After that nothing can write the webhook's rows any more.
pub(super) fn step(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step) -> Result<(), Error> {
    let lane = Lane::of(work.lane.tenant_part(), work.job.webhook.as_deref().unwrap_or_default());
    if work.job.place.is_none() {
        step.job.place = Some("fenced".to_owned());
        return fence(ctx, work, step);
    }
    // A row that cannot be decoded keeps the job waiting, so it looks less and less often.
    let waited_ms = ctx.now_ms().saturating_sub(work.job.created_at_ms);
    let pause_ms = Some(waited_ms.clamp(JOB_PAUSE_MS, JOB_PAUSE_MS_MAX));
    let row = ctx.host.get_one(&keys::lane(&lane))?;
    let queued = !ctx.host.scan(&keys::queue_all(&lane), 1, Direction::Forward)?.is_empty();
    if let Some(entry) = row {
        let idle = rows::decode::<rows::Lane>(&entry.key, &entry.value)
            .is_ok_and(|row| row.until_ms == 0 && row.timer.is_none());
        if !idle {
            step.pause_ms = pause_ms;
            return Ok(());
        }
        step.commit.check(&entry.key, Some(entry.version));
        step.commit.delete(entry.key);
    }
    if queued {
        // Its rows have timers of their own.
        step.commit = crate::store::commit::Commit::default();
        step.pause_ms = pause_ms;
        return Ok(());
    }
    step.commit.delete(keys::health(&lane));
    let page = ctx.host.scan(&keys::recent_before(&lane, None), JOB_PURGE_ROWS_MAX, Direction::Forward)?;
    if page.len() < JOB_PURGE_ROWS_MAX as usize {
        step.job.state = JobState::Done;
    }
    remove::indexes(ctx, step, &page.iter().collect::<Vec<_>>())
}
