//! Sends again the deliveries of a webhook that ended without success in a time range. They are found by the index of the
//! webhook's attempts, in the order in which they ended.

use crate::jobs::asks::{Asks, Found, Sendable, sendable};
use crate::jobs::step::{JobContext, Step, Work};
use crate::ports::{Direction, Entry};
use crate::store::keys;
use crate::store::rows::{self, Attempt, DeliveryState, JobFilter, JobState, Recent, RecordedAttempt};
use crate::support::error::Error;
use crate::support::limits::JOB_ROWS_MAX;

pub(super) fn step(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step) -> Result<(), Error> {
    let Some(mut asks) = Asks::begin(ctx, work, step)? else { return Ok(()) };
    let job = &work.job;
    let mut range = keys::recent_between(&asks.lane, job.range_ms());
    if let Some(place) = job.place.as_ref().filter(|place| **place > range.start) {
        range.start.clone_from(place);
    }
    let page = ctx.host.scan(&range, JOB_ROWS_MAX, Direction::Forward)?;
    let last = page.len() < JOB_ROWS_MAX as usize;
    for entry in page {
        let after = job.after.as_ref().filter(|_| job.place.as_ref() == Some(&entry.key));
        if !recover(ctx, work, step, &mut asks, &entry, after)? {
            return Ok(());
        }
        step.job.place = Some(keys::next(&entry.key));
        step.job.after = None;
    }
    if last {
        step.job.state = JobState::Done;
    }
    Ok(())
}

/// Looks at the attempts of one index row. Returns true if the step has looked at all of them and may go on.
fn recover(
    ctx: &mut JobContext<'_>,
    work: &Work,
    step: &mut Step,
    asks: &mut Asks,
    entry: &Entry,
    after: Option<&String>,
) -> Result<bool, Error> {
    let attempts = match rows::decode::<Recent>(&entry.key, &entry.value) {
        Ok(recent) => recent.attempts,
        Err(error) => {
            ctx.tell(&error);
            return Ok(true);
        }
    };
    // If the message is no longer in the row, the row is scanned from its start.
    let from = attempts.iter().position(|recorded| Some(&recorded.message) == after).map_or(0, |at| at + 1);
    // The messages are read one by one anyway.
    let keys: Vec<String> =
        attempts[from..].iter().map(|recorded| keys::attempt(&asks.lane, &recorded.message, recorded.number)).collect();
    let logs = if keys.is_empty() { Vec::new() } else { ctx.host.get(&keys)? };
    for (recorded, log) in attempts[from..].iter().zip(logs) {
        let RecordedAttempt { message, number, .. } = recorded;
        let looks = asks.look(step, &entry.key, message);
        let log = log.and_then(|log| rows::decode::<Attempt>(&log.key, &log.value).ok());
        if looks && log.as_ref().is_some_and(|attempt| recorded.is_of(attempt) && is_meant(&asks.filter, attempt)) {
            // Read before the attempts, as retention reads it.
            let row = ctx.host.get_one(&keys::message(asks.lane.tenant_part(), message))?;
            if let Some(Sendable { entry: row, message: event }) = sendable(ctx, row)
                && asks.filter.has_type(&event.event_type)
                && let Found::Ended(last) = asks.last(ctx, work, message)?
                && last.number == *number
            {
                asks.ask(work, step, row, &event.event_type, Some(last));
            }
        }
        if asks.is_enough(ctx) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns true if a delivery ended with this attempt in a way that the job is about.
fn is_meant(filter: &JobFilter, attempt: &Attempt) -> bool {
    let state = DeliveryState::of(attempt.state).filter(|state| *state != DeliveryState::Skipped);
    state.is_some_and(|state| filter.has_state(state))
        && filter.has_outcome(attempt.status, attempt.error)
        && !attempt.test
        && attempt.next_at_ms.is_none()
}
