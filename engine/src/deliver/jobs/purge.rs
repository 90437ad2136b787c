//! Purging what a removed webhook has left behind: its lane, its health, the index of its attempts, and the messages of its
//! tests. Attempts of real messages stay with them.

use super::{Step, Work, fence};
use crate::Error;
use crate::deliver::Pump;
use crate::host::Direction;
use crate::keys::{self, Lane};
use crate::limits::{JOB_PAUSE_MS, JOB_PURGE_ROWS_MAX, UNUSABLE_MS};
use crate::records::{self, Attempt, JobState, Recent};

/// What comes back must not be purged half: first no routing can add to the queue any more (a redelivery cannot either, it
/// checks the registration), then the queue runs empty, and then the lane is free for good.
pub(super) fn step(pump: &mut Pump<'_>, work: &Work, step: &mut Step) -> Result<(), Error> {
    let lane = Lane::of(work.lane.tenant_part(), work.job.webhook.as_deref().unwrap_or_default());
    if work.job.place.is_none() {
        step.job.place = Some("fenced".to_owned());
        return fence(pump, work, step);
    }
    // What cannot be read may keep it waiting for ever.
    let waited_ms = pump.now_ms().saturating_sub(work.job.created_at_ms);
    let pause_ms = Some(waited_ms.clamp(JOB_PAUSE_MS, UNUSABLE_MS));
    let row = pump.host.get_one(&keys::lane(&lane))?;
    let queued = !pump.host.scan(&keys::queue_all(&lane), 1, Direction::Forward)?.is_empty();
    if let Some(entry) = row {
        let idle = records::decode::<records::Lane>(&entry.key, &entry.value)
            .is_ok_and(|row| row.until == 0 && row.wake.is_none());
        if !idle {
            step.pause_ms = pause_ms;
            return Ok(());
        }
        step.commit.check(&entry.key, Some(entry.version));
        step.commit.delete(entry.key);
    }
    if queued {
        // Its rows have wakes of their own.
        step.commit = crate::commit::Commit::default();
        step.pause_ms = pause_ms;
        return Ok(());
    }
    step.commit.delete(keys::stat(&lane));
    let page = pump.host.scan(&keys::recent_before(&lane, None), JOB_PURGE_ROWS_MAX, Direction::Forward)?;
    if page.len() < JOB_PURGE_ROWS_MAX as usize {
        step.job.state = JobState::Done;
    }
    // A test is the only attempt of its record.
    let mut tests = Vec::new();
    for entry in page {
        step.job.looked += 1;
        if let Ok(Recent { attempts }) = records::decode(&entry.key, &entry.value)
            && let [(message, 1)] = attempts.as_slice()
        {
            tests.push((message.clone(), keys::log(&lane, message, 1)));
        }
        step.commit.delete(entry.key);
        step.job.done += 1;
    }
    let keys: Vec<String> = tests.iter().map(|(_, key)| key.clone()).collect();
    let logs = if keys.is_empty() { Vec::new() } else { pump.host.get(&keys)? };
    for ((message, key), entry) in tests.into_iter().zip(logs) {
        let log = entry.and_then(|entry| records::decode::<Attempt>(&entry.key, &entry.value).ok());
        if log.is_some_and(|attempt| attempt.test) {
            step.commit.delete(keys::msg(lane.tenant_part(), &message));
            step.commit.delete(key);
            step.job.done += 2;
        }
    }
    Ok(())
}
