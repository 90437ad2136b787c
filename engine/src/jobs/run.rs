//! Takes up the jobs that are due, makes their steps, and commits each with the job's row.
//!
//! A worker first commits that it takes a job up, which counts the workers that never came back from it: after a few of them
//! the job looks at one thing at a time, and in the end leaves that out. While a worker has the job, its timer stands at the
//! end of the lease, so that other workers look for work elsewhere.

use super::agenda::{Agenda, DueJob};
use super::step::{JobContext, Step, Work};
use super::{erase, purge, recover, redaction, replay, retention, row};
use crate::ports::Entry;
use crate::store::commit::{Commit, Outcome};
use crate::store::keys;
use crate::store::rows::{self, Job, JobKind, JobState};
use crate::support::error::{Error, ErrorKind};
use crate::support::limits::{
    JOB_FAILED_CLAIMS, JOB_LEASE_MS, JOB_SINGLE_CLAIMS, JOB_STEP_SCANNED_MAX, JOB_STEPS_MAX, UNUSABLE_MS,
};

/// The result of [`work`].
#[derive(Default)]
pub(crate) struct Worked {
    /// A step was made, or a job was given back.
    pub progress: bool,
    /// There may be something new to route or to claim.
    pub looks_again: bool,
    /// The time at which the job is due again, in milliseconds.
    pub due_ms: Option<u64>,
}

/// Makes one step of one job, if a job is due. `offset` is the place in the list at which this worker begins.
pub(crate) fn work(ctx: &mut JobContext<'_>, agenda: &mut Agenda, offset: usize) -> Result<Worked, Error> {
    let mut worked = Worked::default();
    if !std::mem::replace(&mut agenda.retention_ensured, true) {
        worked.looks_again = ensure_retention(ctx)?;
    }
    let work = match agenda.current.take() {
        Some(work) => Some(work),
        None => take_up_next(ctx, agenda, offset)?,
    };
    let Some(mut work) = work else { return Ok(worked) };
    worked.progress = true;
    work.steps += 1;
    let mut step = begin(&work);
    match make(ctx, &work, &mut step) {
        Ok(()) => {}
        Err(error) if matches!(error.kind, ErrorKind::Unavailable | ErrorKind::TransactionAborted) => {
            // `release` gives the job back unchanged.
            agenda.current = Some(work);
            return Err(error);
        }
        Err(error) => {
            // For example a row that cannot be decoded: this job waits, and nothing else does.
            ctx.tell(&error);
            give_back(ctx, work, UNUSABLE_MS)?;
            return Ok(worked);
        }
    }
    let goes_on = work.steps < JOB_STEPS_MAX && step.pause_ms.is_none() && step.job.state == JobState::Running;
    let due_ms = ctx.now_ms() + step.pause_ms.unwrap_or(if goes_on { JOB_LEASE_MS } else { 0 });
    let end = commit_step(ctx, work, step, due_ms)?;
    if end.committed {
        // The step may have queued deliveries that can be sent now.
        worked.looks_again = true;
        worked.due_ms = Some(due_ms);
    }
    agenda.current = end.work.filter(|_| goes_on || !end.committed);
    Ok(worked)
}

/// Gives the current job back, so that other workers need not wait for the end of the lease.
pub(crate) fn release(ctx: &mut JobContext<'_>, agenda: &mut Agenda) -> Result<(), Error> {
    match agenda.current.take() {
        Some(work) => give_back(ctx, work, 0),
        None => Ok(()),
    }
}

/// Starts the step after the job's last one: with care, if workers did not come back from it.
fn begin(work: &Work) -> Step {
    let mut step = Step { commit: Commit::default(), job: work.job.clone(), pause_ms: None, leaves_out: false };
    let claims = step.job.claims.take().unwrap_or(0);
    step.job.single_steps = match work.job.single_steps {
        None if claims > JOB_SINGLE_CLAIMS => Some(JOB_STEP_SCANNED_MAX),
        left => left.and_then(|left| left.checked_sub(1)),
    };
    step.leaves_out = claims > JOB_FAILED_CLAIMS;
    step
}

fn make(ctx: &mut JobContext<'_>, work: &Work, step: &mut Step) -> Result<(), Error> {
    match work.job.kind {
        kind if kind.sends() && step.leaves_out => {
            let claims = work.job.claims.unwrap_or(0);
            step.end(JobState::Failed, format!("no worker came back from it, {claims} times"));
            Ok(())
        }
        JobKind::Recover => recover::step(ctx, work, step),
        JobKind::Replay => replay::step(ctx, work, step),
        JobKind::Purge => purge::step(ctx, work, step),
        JobKind::Retention => retention::step(ctx, step),
        JobKind::Redaction => redaction::step(ctx, step),
        JobKind::Erase => erase::step(ctx, work, step),
    }
}

/// Starts the retention job if none runs, unless the configuration keeps everything. Returns true if it was started.
fn ensure_retention(ctx: &mut JobContext<'_>) -> Result<bool, Error> {
    let lane = keys::retention_job();
    let before = match row::read(ctx.host, &lane) {
        _ if ctx.config.retention_ms().is_none() => return Ok(false),
        Ok(Some(before)) if before.job.state == JobState::Running => return Ok(false),
        Ok(before) => before,
        Err(error) if error.kind == ErrorKind::Unavailable => return Err(error),
        Err(error) => {
            ctx.tell(&error);
            return Ok(false);
        }
    };
    let mut commit = Commit::default();
    row::put_at(&mut commit, &lane, &ctx.token(), row::new(JobKind::Retention, None, ctx.now_ms()), before);
    commit.submit(ctx.host)?;
    Ok(true)
}

/// Takes up the next job that is due and that no other worker has.
fn take_up_next(ctx: &mut JobContext<'_>, agenda: &mut Agenda, offset: usize) -> Result<Option<Work>, Error> {
    agenda.begin_round(offset);
    while let Some(DueJob { lane, timer }) = agenda.next_due() {
        let entry = ctx.host.get_one(&keys::job(&lane))?;
        let Some(Entry { key, value, version }) = entry else {
            // A timer without a job would stay due.
            let mut commit = Commit::default();
            commit.delete(timer);
            commit.submit(ctx.host)?;
            continue;
        };
        match rows::decode::<Job>(&key, &value) {
            // Another worker that has the job has moved its timer.
            Ok(job) if job.timer.as_deref() == Some(&timer) => {
                let claims = Some(job.claims.unwrap_or(0).saturating_add(1));
                let work = Work { lane, version, job, steps: 0, fenced: false };
                if let Some(work) = put(ctx, work, claims, JOB_LEASE_MS)? {
                    return Ok(Some(work));
                }
            }
            Ok(_) => {}
            Err(error) => {
                ctx.tell(&error);
                agenda.note_unreadable(timer);
            }
        }
    }
    Ok(None)
}

/// Commits the job with another count of claims, due again after `due_in_ms`. Returns `None` if another worker has it.
fn put(ctx: &JobContext<'_>, work: Work, claims: Option<u32>, due_in_ms: u64) -> Result<Option<Work>, Error> {
    let (now_ms, token) = (ctx.now_ms(), ctx.token());
    let mut commit = Commit::default();
    let next = row::Next { version: work.version, due_ms: Some(now_ms + due_in_ms), token: &token, now_ms };
    let job = row::put_next(&mut commit, &work.lane, Job { claims, ..work.job }, next);
    let outcome = commit.submit(ctx.host)?;
    let version = applied(ctx, outcome, &keys::job(&work.lane), &token)?;
    Ok(version.map(|version| Work { version, job, ..work }))
}

/// Returns the version of a job's row if it is the row that this commit put.
fn applied(ctx: &JobContext<'_>, outcome: Outcome, key: &str, token: &str) -> Result<Option<u64>, Error> {
    match outcome {
        Outcome::Applied(versions) => versions.of(key).map(Some),
        Outcome::Conflict { maybe_applied: false, .. } => Ok(None),
        Outcome::Conflict { maybe_applied: true, .. } => {
            let entry = ctx.host.get_one(key)?;
            let ours = |entry: &Entry| rows::decode::<Job>(key, &entry.value).is_ok_and(|job| job.token == token);
            Ok(entry.filter(ours).map(|entry| entry.version))
        }
    }
}

/// The result of committing a step.
struct StepEnd {
    committed: bool,
    /// The job, if this worker still has it.
    work: Option<Work>,
}

fn commit_step(ctx: &mut JobContext<'_>, mut work: Work, step: Step, due_ms: u64) -> Result<StepEnd, Error> {
    let Step { mut commit, job, .. } = step;
    let token = ctx.token();
    let next = row::Next { version: work.version, due_ms: Some(due_ms), token: &token, now_ms: ctx.now_ms() };
    let job = row::put_next(&mut commit, &work.lane, job, next);
    let key = keys::job(&work.lane);
    let outcome = match commit.submit(ctx.host) {
        Ok(outcome) => outcome,
        Err(error) if error.kind == ErrorKind::Internal => {
            // The store refuses the step's rows. When the lease ends, the job is taken up again with more care.
            ctx.tell(&error);
            return Ok(StepEnd { committed: false, work: None });
        }
        Err(error) => return Err(error),
    };
    let failed = match &outcome {
        Outcome::Conflict { keys, .. } => keys.clone(),
        Outcome::Applied(_) => Vec::new(),
    };
    if let Some(version) = applied(ctx, outcome, &key, &token)? {
        return Ok(StepEnd { committed: true, work: Some(Work { version, job, ..work }) });
    }
    work.fenced |= failed.contains(&keys::shard(keys::shard_of(work.lane.tenant_part())));
    // A worker that has changed the job has it now; any other row that has changed is read again.
    let keeps = !failed.contains(&key) && work.steps < JOB_STEPS_MAX;
    Ok(StepEnd { committed: false, work: keeps.then_some(work) })
}

/// Gives a job back as it was taken up, due again after `due_in_ms`. The take-up does not count against it.
fn give_back(ctx: &JobContext<'_>, work: Work, due_in_ms: u64) -> Result<(), Error> {
    let claims = work.job.claims.and_then(|left| left.checked_sub(1)).filter(|left| *left > 0);
    put(ctx, work, claims, due_in_ms)?;
    Ok(())
}
