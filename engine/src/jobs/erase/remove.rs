//! The last two phases: removes the attempts of the marked messages, and later the tombstones and the marks.

use super::marked;
use crate::jobs::step::{JobContext, Step, Work};
use crate::ports::Direction;
use crate::store::keys;
use crate::support::error::Error;
use crate::support::limits::{ERASE_MESSAGES_MAX, RETENTION_ATTEMPTS_MAX};

/// Removes the attempts of the marked messages. Returns true if there are more.
pub(super) fn attempts(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step) -> Result<bool, Error> {
    let erasures = keys::erasures(&work.lane);
    let place = step.job.place.clone().unwrap_or_else(|| erasures.clone());
    let limit = step.rows_at_once(ERASE_MESSAGES_MAX);
    let marks = ctx.host.scan(&keys::below(&erasures, &place), limit, Direction::Forward)?;
    if let Some(mark) = marks.first()
        && step.leaves_out_row(&mark.key)
    {
        step.job.place = Some(keys::next(&mark.key));
        return Ok(true);
    }
    let mut rows = 0;
    let marked: Vec<String> = marks.iter().map(|mark| mark.key.clone()).collect();
    for (mark, tombstone) in marks.iter().zip(marked::tombstones(ctx, work, &marked)?) {
        step.job.place = Some(mark.key.clone());
        let Some(tombstone) = tombstone else {
            step.job.place = Some(keys::next(&mark.key));
            continue;
        };
        // The check keeps the attempts of another message with this id.
        step.commit.check(&tombstone.key, Some(tombstone.version));
        let range = keys::attempts_of_message(work.lane.tenant_part(), keys::last_part(&mark.key));
        let limit_of_attempts = u32::try_from(RETENTION_ATTEMPTS_MAX - rows).unwrap_or(1);
        let attempts = ctx.host.scan(&range, limit_of_attempts, Direction::Forward)?;
        rows += attempts.len();
        attempts.into_iter().for_each(|entry| step.commit.delete(entry.key));
        if rows == RETENTION_ATTEMPTS_MAX {
            return Ok(true);
        }
        step.job.place = Some(keys::next(&mark.key));
    }
    Ok(marks.len() == limit as usize)
}

/// Removes the tombstones and the marks. Returns true if there may be more.
pub(super) fn tombstones(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step) -> Result<bool, Error> {
    let erasures = keys::erasures(&work.lane);
    let limit = step.rows_at_once(ERASE_MESSAGES_MAX);
    let marks = ctx.host.scan(&keys::below(&erasures, &erasures), limit, Direction::Forward)?;
    if marks.is_empty() {
        return Ok(false);
    }
    if let Some(mark) = marks.first()
        && step.leaves_out_row(&mark.key)
    {
        step.commit.delete(mark.key.clone());
        return Ok(true);
    }
    let marked: Vec<String> = marks.iter().map(|mark| mark.key.clone()).collect();
    for tombstone in marked::tombstones(ctx, work, &marked)?.into_iter().flatten() {
        step.commit.check(&tombstone.key, Some(tombstone.version));
        step.commit.delete(tombstone.key);
    }
    let more = marks.len() == limit as usize;
    marks.into_iter().for_each(|mark| step.commit.delete(mark.key));
    Ok(more)
}
