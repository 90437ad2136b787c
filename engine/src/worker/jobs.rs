//! The pump's work on jobs: one at a time, step by step between its deliveries. A step is one commit that checks the job's row
//! and holds both what was done and how far the job has come, so that the two never disagree; repeated, it conflicts.
//!
//! A pump that takes a job up says so first, so that it is known how many did not come back from it: then the job looks at
//! one thing at a time, and at last leaves that out. The job's timer is at the end of a lease while a pump is at it, so that
//! others look for work elsewhere. What a step of a job does is its kind's, in a file of its own.

mod asks;
mod erase;
mod purge;
mod recover;
mod redaction;
mod remove;
mod replay;
mod retention;

use super::Pump;
use crate::jobs::row;
use crate::ports::Entry;
use crate::store::commit::{Commit, Outcome};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Job, JobKind, JobState};
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::limits::{
    JOB_LAST_TRIES_MAX, JOB_LEASE_MS, JOB_STEP_LOOKS_MAX, JOB_STEPS_MAX, JOB_TRIES_MAX, JOBS_BROKEN_MAX, JOBS_DUE_MAX,
    JOBS_DUE_OF_TENANT_MAX, UNUSABLE_MS,
};

/// A job that this pump is at.
pub(super) struct Work {
    lane: Lane,
    version: u64,
    job: Job,
    steps: u32,
    /// The shard's row has changed since the job was read: no routing goes on that began before.
    fenced: bool,
}

/// What a step comes to.
struct Step {
    commit: Commit,
    /// The job as it becomes with the commit.
    job: Job,
    /// The job cannot go on before then, so many milliseconds from now.
    pause_ms: Option<u64>,
    /// No worker came back from what it looks at next, so it is left out: a job without an end goes on behind it.
    leaves_out: bool,
}

/// Keeps the timer of a job, which is due.
pub(super) fn note(pump: &mut Pump<'_>, lane: &Lane, timer: &str) {
    let of_tenant = pump.jobs_due.iter().filter(|(due, _)| due.tenant_part() == lane.tenant_part()).count();
    let room = pump.jobs_due.len() < JOBS_DUE_MAX
        && of_tenant < JOBS_DUE_OF_TENANT_MAX
        && !pump.jobs_broken.contains(&timer.to_owned());
    if room && pump.work.as_ref().is_none_or(|work| work.lane != *lane) {
        pump.jobs_due.push_back((lane.clone(), timer.to_owned()));
    }
}

/// Makes one step of one job. Answers whether there was one to make.
pub(super) fn work(pump: &mut Pump<'_>) -> Result<bool, Error> {
    // What is in flight is waited for, and recorded, in time.
    if !pump.may_start() || pump.is_alone() || !pump.done.is_empty() || pump.has_to_settle() {
        return Ok(false);
    }
    if !std::mem::replace(&mut pump.keeps, true) {
        begin_keeping(pump)?;
    }
    let mut work = match pump.work.take() {
        Some(work) => work,
        None => match find(pump)? {
            Some(work) => work,
            None => return Ok(false),
        },
    };
    work.steps += 1;
    let mut step = Step { commit: Commit::default(), job: work.job.clone(), pause_ms: None, leaves_out: false };
    let tries = step.job.tries.take().unwrap_or(0);
    step.job.careful = match work.job.careful {
        None if tries > JOB_TRIES_MAX => Some(JOB_STEP_LOOKS_MAX),
        careful => careful.and_then(|left| left.checked_sub(1)),
    };
    step.leaves_out = tries > JOB_LAST_TRIES_MAX;
    let made = match work.job.kind {
        kind if kind.is_wish() && tries > JOB_LAST_TRIES_MAX => {
            asks::end(&mut step, JobState::Failed, format!("no worker came back from it, {tries} times"));
            Ok(())
        }
        JobKind::Recover => recover::step(pump, &work, &mut step),
        JobKind::Replay => replay::step(pump, &work, &mut step),
        JobKind::Purge => purge::step(pump, &work, &mut step),
        JobKind::Retention => retention::step(pump, &mut step),
        JobKind::Redaction => redaction::step(pump, &mut step),
        JobKind::Erase => erase::step(pump, &work, &mut step),
    };
    match made {
        Ok(()) => {}
        Err(error) if matches!(error.kind, ErrorKind::Unavailable | ErrorKind::TransactionAborted) => {
            // It is given back as it was.
            pump.work = Some(work);
            return Err(error);
        }
        Err(error) => {
            // A row that cannot be read, say: the job waits, and nothing else does.
            pump.tell(&error);
            put_back(pump, work, UNUSABLE_MS)?;
            return Ok(true);
        }
    }
    let now_ms = pump.now_ms();
    let goes_on = work.steps < JOB_STEPS_MAX && step.pause_ms.is_none() && step.job.state == JobState::Running;
    let due_ms = now_ms + step.pause_ms.unwrap_or(if goes_on { JOB_LEASE_MS } else { 0 });
    submit(pump, work, step, due_ms, goes_on)?;
    Ok(true)
}

/// There is a job that removes what is too old, unless everything is kept.
fn begin_keeping(pump: &mut Pump<'_>) -> Result<(), Error> {
    let lane = keys::own_job("retention");
    let before = match row::read_own(pump.host, &lane) {
        _ if pump.config.retention_ms().is_none() => return Ok(()),
        Ok(Some((job, _))) if job.state == JobState::Running => return Ok(()),
        Ok(before) => before,
        Err(error) if error.kind == ErrorKind::Unavailable => return Err(error),
        Err(error) => {
            pump.tell(&error);
            return Ok(());
        }
    };
    let mut commit = Commit::default();
    row::put_at(&mut commit, &lane, &pump.token(), row::new(JobKind::Retention, None, pump.now_ms()), before);
    commit.submit(pump.host)?;
    pump.look = true;
    Ok(())
}

/// The next of the jobs that are due: of the tenant after the one that had its turn.
fn next_due(pump: &mut Pump<'_>) -> Option<(Lane, String)> {
    let turn = pump.job_turn.as_deref();
    let place = |index: usize| {
        let tenant_part = pump.jobs_due[index].0.tenant_part();
        (turn.is_some_and(|turn| tenant_part <= turn), tenant_part)
    };
    let mut first = 0;
    for index in 1..pump.jobs_due.len() {
        if turn.is_some() && place(index) < place(first) {
            first = index;
        }
    }
    pump.jobs_due.rotate_left(first);
    let due = pump.jobs_due.pop_front()?;
    pump.job_turn = Some(due.0.tenant_part().to_owned());
    Some(due)
}

/// Takes up the next of the jobs that are due. Where several pumps look at once, they rarely begin with the same.
fn find(pump: &mut Pump<'_>) -> Result<Option<Work>, Error> {
    let first = pump.first_shard as usize % pump.jobs_due.len().max(1);
    pump.jobs_due.rotate_left(first);
    while let Some((lane, timer)) = next_due(pump) {
        let entry = pump.host.get_one(&keys::job(&lane))?;
        let Some(Entry { key, value, version }) = entry else {
            // Nobody has written this; it would be due for ever.
            let mut commit = Commit::default();
            commit.delete(timer);
            commit.submit(pump.host)?;
            continue;
        };
        match rows::decode::<Job>(&key, &value) {
            // Whoever is at it has moved its timer.
            Ok(job) if job.timer.as_deref() == Some(&timer) => {
                let tries = Some(job.tries.unwrap_or(0).saturating_add(1));
                let work = Work { lane, version, job, steps: 0, fenced: false };
                if let Some(work) = put(pump, work, Commit::default(), tries, JOB_LEASE_MS)? {
                    return Ok(Some(work));
                }
            }
            Ok(_) => {}
            Err(error) => {
                pump.tell(&error);
                // Its timer stays, and keeps nobody else out.
                if pump.jobs_broken.len() < JOBS_BROKEN_MAX {
                    pump.jobs_broken.push(timer);
                }
            }
        }
    }
    Ok(None)
}

/// Commits the job with another count of tries, due again after so long. None: somebody else has it.
fn put(
    pump: &mut Pump<'_>,
    work: Work,
    mut commit: Commit,
    tries: Option<u32>,
    due_in_ms: u64,
) -> Result<Option<Work>, Error> {
    let (now_ms, token) = (pump.now_ms(), pump.token());
    let timer = work.job.timer.clone();
    let job = Job { tries, ..work.job };
    let job =
        row::put_next(&mut commit, &work.lane, job, work.version, timer, Some(now_ms + due_in_ms), &token, now_ms);
    let outcome = commit.submit(pump.host)?;
    let version = applied(pump, outcome, &keys::job(&work.lane), &token)?;
    Ok(version.map(|version| Work { version, job, ..work }))
}

/// The version of a job's row if it is what this commit put.
fn applied(pump: &Pump<'_>, outcome: Outcome, key: &str, token: &str) -> Result<Option<u64>, Error> {
    match outcome {
        Outcome::Applied(versions) => versions.of(key).map(Some),
        Outcome::Conflict { doubtful: false, .. } => Ok(None),
        Outcome::Conflict { doubtful: true, .. } => {
            let entry = pump.host.get_one(key)?;
            let ours = |entry: &Entry| rows::decode::<Job>(key, &entry.value).is_ok_and(|job| job.token == token);
            Ok(entry.filter(ours).map(|entry| entry.version))
        }
    }
}

fn submit(pump: &mut Pump<'_>, mut work: Work, step: Step, due_ms: u64, goes_on: bool) -> Result<(), Error> {
    let Step { mut commit, job, .. } = step;
    let token = pump.token();
    let timer = work.job.timer.clone();
    let job = row::put_next(&mut commit, &work.lane, job, work.version, timer, Some(due_ms), &token, pump.now_ms());
    let key = keys::job(&work.lane);
    let outcome = match commit.submit(pump.host) {
        Ok(outcome) => outcome,
        Err(error) if error.kind == ErrorKind::Internal => {
            // The storage refuses what the step records: the job is taken up again, and more carefully, when its lease ends.
            pump.tell(&error);
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let failed = match &outcome {
        Outcome::Conflict { keys, .. } => keys.clone(),
        Outcome::Applied(_) => Vec::new(),
    };
    let Some(version) = applied(pump, outcome, &key, &token)? else {
        work.fenced |= failed.iter().any(|key| key.starts_with("shard/"));
        // Whoever has changed the job is at it; otherwise something else has happened, and is read again.
        if !failed.contains(&key) && work.steps < JOB_STEPS_MAX {
            pump.work = Some(work);
        }
        return Ok(());
    };
    // What was asked for may be sent now.
    pump.look = true;
    pump.next_look_ms = pump.next_look_ms.min(due_ms);
    pump.work = goes_on.then_some(Work { version, job, ..work });
    Ok(())
}

/// Gives the job back, so that others need not wait for the lease's end.
pub(super) fn release(pump: &mut Pump<'_>) -> Result<(), Error> {
    match pump.work.take() {
        Some(work) => put_back(pump, work, 0),
        None => Ok(()),
    }
}

/// Gives a job back as it was taken up, due after so long. That it was taken up is not held against it.
fn put_back(pump: &mut Pump<'_>, work: Work, due_in_ms: u64) -> Result<(), Error> {
    let tries = work.job.tries.and_then(|tries| tries.checked_sub(1)).filter(|tries| *tries > 0);
    put(pump, work, Commit::default(), tries, due_in_ms)?;
    Ok(())
}

/// Adds to a step that no routing commit can still land that has read the subscriptions before: it checks the shard's row, and
/// this puts it again as it is. If somebody else has changed that row meanwhile, that is as good.
fn fence(pump: &Pump<'_>, work: &Work, step: &mut Step) -> Result<(), Error> {
    if work.fenced {
        return Ok(());
    }
    let key = keys::shard(keys::shard_of(work.lane.tenant_part()));
    let (value, version) = match pump.host.get_one(&key)? {
        Some(entry) => (entry.value, Some(entry.version)),
        None => (rows::encode(&rows::Shard::default()), None),
    };
    step.commit.check(&key, version);
    step.commit.put(key, value);
    Ok(())
}

#[cfg(test)]
mod tests;
