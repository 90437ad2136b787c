//! Writes the row of a job and its timer, and bounds how many jobs a tenant may run.

use crate::ports::{Direction, Entry, Host};
use crate::store::commit::Commit;
use crate::store::id;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Empty, Job, JobKind, JobState};
use crate::support::error::{Error, ErrorKind};
use crate::support::limits::{ERASE_TOMBSTONE_PHASE, JOBS_COUNTED_MAX, JOBS_RUNNING_MAX};

/// Returns a job that starts now.
pub(crate) fn new(kind: JobKind, webhook: Option<&str>, now_ms: u64) -> Job {
    Job {
        token: String::new(),
        kind,
        state: JobState::Running,
        webhook: webhook.map(str::to_owned),
        subject_hash: None,
        phase: None,
        since_ms: None,
        until_ms: None,
        filter: None,
        place: None,
        after: None,
        asked_ms: None,
        scanned: 0,
        affected: 0,
        created_at_ms: now_ms,
        updated_at_ms: now_ms,
        ended_at_ms: None,
        detail: None,
        claims: None,
        single_steps: None,
        timer: None,
    }
}

/// Adds a new job, and the timer by which workers find it, to a commit. Returns the job's id.
pub(crate) fn put_new(host: &dyn Host, commit: &mut Commit, tenant_part: &str, token: &str, job: Job) -> String {
    let lane = Lane::of(tenant_part, &id::job(host, job.created_at_ms));
    put_at(commit, &lane, token, job, None);
    lane.webhook().to_owned()
}

/// Returns an error if the tenant already runs the maximum number of jobs like this one. Each takes a share of every worker's
/// time.
pub(crate) fn check_running(host: &dyn Host, tenant_part: &str, kind: JobKind) -> Result<(), Error> {
    let latest = host.scan(&keys::jobs_after(tenant_part, None), JOBS_COUNTED_MAX, Direction::Forward)?;
    // An erasure that only waits to remove its tombstones takes no worker's time.
    let works = |job: &Job| job.phase.is_none_or(|phase| phase < ERASE_TOMBSTONE_PHASE);
    let is_like = |job: &Job| job.kind == kind || (job.kind.sends() && kind.sends());
    let runs = |entry: &&Entry| {
        let job = rows::decode::<Job>(&entry.key, &entry.value);
        job.is_ok_and(|job| job.state == JobState::Running && is_like(&job) && works(&job))
    };
    let mut running = latest.iter().filter(runs).skip(JOBS_RUNNING_MAX - 1);
    let Some(entry) = running.next() else { return Ok(()) };
    let oldest = running.last().unwrap_or(entry);
    let (what, or) = if kind.sends() { ("send again", ", or cancel one") } else { ("erase", "") };
    let problem = format!("{JOBS_RUNNING_MAX} jobs of the tenant that {what} are running");
    let hint = format!("wait until one has ended{or}, as `{}`", keys::last_part(&oldest.key));
    Err(Error::of(ErrorKind::Conflict, problem).hint(hint))
}

/// A job, with the version of its row.
pub(crate) struct StoredJob {
    pub job: Job,
    pub version: u64,
}

/// Returns a job. `None`: there is no such row.
pub(crate) fn read(host: &dyn Host, lane: &Lane) -> Result<Option<StoredJob>, Error> {
    let Some(entry) = host.get_one(&keys::job(lane))? else { return Ok(None) };
    Ok(Some(StoredJob { job: rows::decode(&entry.key, &entry.value)?, version: entry.version }))
}

/// Adds a job with a known id, and its timer, to a commit. `before` is the row that it replaces.
pub(crate) fn put_at(commit: &mut Commit, lane: &Lane, token: &str, job: Job, before: Option<StoredJob>) {
    let timer = keys::timer(job.created_at_ms, lane, token);
    let job = Job { token: token.to_owned(), timer: Some(timer.clone()), ..job };
    commit.check(&keys::job(lane), before.as_ref().map(|before| before.version));
    if let Some(timer) = before.and_then(|before| before.job.timer) {
        commit.delete(timer);
    }
    commit.put(keys::job(lane), rows::encode(&job));
    commit.put(timer, rows::encode(&Empty {}));
}

/// The circumstances under which the next row of a job is written.
pub(crate) struct Next<'a> {
    /// The version of the present row.
    pub version: u64,
    /// The time of the next timer, in milliseconds. `None`: no timer.
    pub due_ms: Option<u64>,
    /// The token of the commit.
    pub token: &'a str,
    pub now_ms: u64,
}

/// Adds the next row of a job to a commit, and moves the job's timer as long as the job runs. Returns the row.
pub(crate) fn put_next(commit: &mut Commit, lane: &Lane, job: Job, next: Next<'_>) -> Job {
    commit.check(&keys::job(lane), Some(next.version));
    if let Some(timer) = job.timer {
        commit.delete(timer);
    }
    let runs = job.state == JobState::Running;
    let timer = next.due_ms.filter(|_| runs).map(|due_ms| keys::timer(due_ms, lane, next.token));
    if let Some(timer) = &timer {
        commit.put(timer.clone(), rows::encode(&Empty {}));
    }
    let ended_at_ms = (!runs).then_some(next.now_ms);
    // The place names rows of the tenant, and is of no use after the end.
    let (place, after) = if runs { (job.place, job.after) } else { (None, None) };
    let token = next.token.to_owned();
    let job = Job { token, timer, updated_at_ms: next.now_ms, ended_at_ms, place, after, ..job };
    commit.put(keys::job(lane), rows::encode(&job));
    job
}
