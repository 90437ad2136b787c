//! Retention: a job without an end that removes what has become too old, pass after pass. It walks through what was routed, in
//! both forms, through the attempts' indexes and through the jobs that have ended, in the order of their keys, and seeks past
//! whatever is younger. What may go of a message is `remove`'s to say.

use crate::jobs::remove::{self, Part};
use crate::jobs::step::{JobContext, Step};
use crate::ports::{Direction, Entry};
use crate::store::keys;
use crate::store::rows::{self, Job, JobState};
use crate::support::error::Error;
use crate::support::limits::{
    RETENTION_PAUSE_MS_MAX, RETENTION_PAUSE_MS_MIN, RETENTION_RANGES_MAX, RETENTION_ROWS_MAX,
};

/// What follows each family of rows.
const NEXT: [(&str, &str); 4] = [("redacted", "job"), ("job", "recent"), ("recent", "routed"), ("routed", "")];

pub(super) fn step(ctx: &mut JobContext<'_>, step: &mut Step) -> Result<(), Error> {
    let Some(retention_ms) = ctx.config.retention_ms() else {
        // Another worker has been told to keep everything. Whoever is told otherwise begins anew.
        step.job.state = JobState::Done;
        return Ok(());
    };
    let before_ms = ctx.now_ms().saturating_sub(retention_ms);
    let mut place = step.job.place.take().unwrap_or_else(|| "redacted".to_owned());
    for _ in 0..RETENTION_RANGES_MAX {
        let family = place.split('/').next().unwrap_or_default().to_owned();
        let single = family == "redacted" || family == "routed";
        let limit = if single { 1 } else { RETENTION_ROWS_MAX };
        let page = ctx.host.scan(&keys::family_from(&place), limit, Direction::Forward)?;
        let Some(entry) = page.first() else {
            let next = NEXT.iter().find(|(of, _)| *of == family).map_or("", |(_, next)| next);
            if next.is_empty() {
                step.pause_ms = Some((retention_ms / 8).clamp(RETENTION_PAUSE_MS_MIN, RETENTION_PAUSE_MS_MAX));
                return Ok(());
            }
            next.clone_into(&mut place);
            continue;
        };
        if family == "job" {
            place = forget_jobs(step, &page, before_ms);
            continue;
        }
        let (group, at_ms) = keys::kept_at(&entry.key).unwrap_or((&entry.key, u64::MAX));
        if at_ms >= before_ms {
            // All that follows in this group is younger.
            place = keys::after_group(group);
        } else if single {
            return remove::messages(ctx, step, entry, Part::Whole);
        } else {
            let old = page.iter().take_while(|entry| {
                keys::kept_at(&entry.key).is_some_and(|(of, at_ms)| of == group && at_ms < before_ms)
            });
            let old: Vec<&Entry> = old.collect();
            step.job.place = old.last().map(|entry| keys::next(&entry.key));
            return remove::indexes(ctx, step, &old);
        }
    }
    step.job.place = Some(place);
    Ok(())
}

/// Removes those of these jobs that ended so long ago. Answers where it goes on.
fn forget_jobs(step: &mut Step, page: &[Entry], before_ms: u64) -> String {
    let mut place = String::new();
    for entry in page {
        let job = rows::decode::<Job>(&entry.key, &entry.value).ok();
        if job.and_then(|job| job.ended_at_ms).is_some_and(|ended_at_ms| ended_at_ms < before_ms) {
            // A tenant that keeps no bodies any more, or a host that forgets again, begins its own anew.
            step.commit.check(&entry.key, Some(entry.version));
            step.commit.delete(entry.key.clone());
            step.job.affected += 1;
        }
        place = keys::next(&entry.key);
    }
    place
}
