//! Removes messages, attempts and ended jobs that are older than the retention. The job never ends; it makes pass after pass.
//!
//! A pass walks through the rows that list routed messages, the indexes of attempts, and the jobs, in the order of their keys,
//! and seeks past younger rows. `fate` decides whether a message may go.

use crate::jobs::remove::{self, Part};
use crate::jobs::step::{JobContext, Step};
use crate::ports::{Direction, Entry};
use crate::store::keys::{self, KeyFamily};
use crate::store::rows::{self, Job, JobState};
use crate::support::error::Error;
use crate::support::limits::{
    RETENTION_PAUSE_MS_MAX, RETENTION_PAUSE_MS_MIN, RETENTION_RANGES_MAX, RETENTION_ROWS_MAX,
};

/// The families of rows that a pass walks through, in their order.
const FAMILIES: [KeyFamily; 4] = [KeyFamily::Redacted, KeyFamily::Job, KeyFamily::Recent, KeyFamily::Routed];

pub(super) fn step(ctx: &mut JobContext<'_>, step: &mut Step) -> Result<(), Error> {
    let Some(retention_ms) = ctx.config.retention_ms() else {
        // This configuration keeps everything. A worker with a retention starts the job again.
        step.job.state = JobState::Done;
        return Ok(());
    };
    let before_ms = ctx.now_ms().saturating_sub(retention_ms);
    let mut place = step.job.place.take().unwrap_or_else(|| FAMILIES[0].first());
    for _ in 0..RETENTION_RANGES_MAX {
        // A place of another family is behind the last one, so the pass ends.
        let family = KeyFamily::of(&place).filter(|family| FAMILIES.contains(family)).unwrap_or(KeyFamily::Routed);
        let lists_messages = matches!(family, KeyFamily::Redacted | KeyFamily::Routed);
        let limit = if lists_messages { 1 } else { RETENTION_ROWS_MAX };
        let page = ctx.host.scan(&keys::family_from(&place), limit, Direction::Forward)?;
        let Some(entry) = page.first() else {
            let following = FAMILIES.iter().skip_while(|other| **other != family).nth(1);
            let Some(following) = following else {
                step.pause_ms = Some((retention_ms / 8).clamp(RETENTION_PAUSE_MS_MIN, RETENTION_PAUSE_MS_MAX));
                return Ok(());
            };
            place = following.first();
            continue;
        };
        if family == KeyFamily::Job {
            place = remove_jobs(step, &page, before_ms);
            continue;
        }
        let (group, at_ms) = keys::kept_at(&entry.key).unwrap_or((&entry.key, u64::MAX));
        if at_ms >= before_ms {
            // The following rows of this group are younger.
            place = keys::after_group(group);
        } else if lists_messages {
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

/// Removes the jobs of a page that ended before a time. Returns the place behind the page.
fn remove_jobs(step: &mut Step, page: &[Entry], before_ms: u64) -> String {
    let mut place = String::new();
    for entry in page {
        let job = rows::decode::<Job>(&entry.key, &entry.value).ok();
        if job.and_then(|job| job.ended_at_ms).is_some_and(|ended_at_ms| ended_at_ms < before_ms) {
            // A redaction or retention job that is wanted again later is started again.
            step.commit.check(&entry.key, Some(entry.version));
            step.commit.delete(entry.key.clone());
            step.job.affected += 1;
        }
        place = keys::next(&entry.key);
    }
    place
}
