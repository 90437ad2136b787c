//! Jobs as the platform sees them: work of more than one commit that a call has asked for, to be looked at and, as long as it
//! only sends again, to be cancelled. The work itself is the pump's, in `deliver/jobs.rs`.

use crate::commit::{Commit, Outcome};
use crate::config::Config;
use crate::host::{Direction, Entry, Host};
use crate::json::{self, Json, Reader, Style};
use crate::keys::{self, Lane};
use crate::limits::{ERASE_STONES_PHASE, JOBS_COUNTED_MAX, JOBS_RUNNING_MAX};
use crate::records::{self, Empty, Job, JobKind, JobState};
use crate::webhook::{self, view};
use crate::{Error, ErrorKind, accept, id, time};

/// How often a cancellation is tried while a pump is at the job.
const TRIES_MAX: u32 = 50;

/// A job that begins now.
pub(crate) fn new(kind: JobKind, webhook: Option<&str>, now_ms: u64) -> Job {
    Job {
        token: String::new(),
        kind,
        state: JobState::Running,
        webhook: webhook.map(str::to_owned),
        subject: None,
        phase: None,
        since_ms: None,
        until_ms: None,
        place: None,
        after: None,
        asked_ms: None,
        looked: 0,
        done: 0,
        created_at_ms: now_ms,
        updated_at_ms: now_ms,
        ended_at_ms: None,
        detail: None,
        tries: None,
        careful: None,
        wake: None,
    }
}

/// Adds a new job, and the wake that brings it to a pump, to the commit that asks for it. Answers its id.
pub(crate) fn put_new(host: &dyn Host, commit: &mut Commit, tenant_part: &str, token: &str, job: Job) -> String {
    let lane = Lane::of(tenant_part, &id::job(host, job.created_at_ms));
    put_at(commit, &lane, token, job, None);
    lane.webhook().to_owned()
}

/// Sends again, in a job, what has failed for a webhook since a time: what ended exhausted or failed, and still is. Answers
/// the job.
pub fn recover(host: &dyn Host, config: &Config, tenant: &str, webhook: &str, range: &str) -> Result<String, Error> {
    start(host, config, JobKind::Recover, (tenant, webhook), range)
}

/// Sends, in a job, what a webhook has missed since a time: what it subscribes to now and was never sent, or was skipped.
/// Answers the job.
pub fn replay(host: &dyn Host, config: &Config, tenant: &str, webhook: &str, range: &str) -> Result<String, Error> {
    start(host, config, JobKind::Replay, (tenant, webhook), range)
}

fn start(
    host: &dyn Host,
    config: &Config,
    kind: JobKind,
    (tenant, webhook): (&str, &str),
    range: &str,
) -> Result<String, Error> {
    let mut fields = Reader::new("", json::parse(range)?);
    let mut time = |name: &'static str| {
        let text = fields.text(name)?;
        let parsed = time::parse(&text).map_err(|error| error.at(name));
        fields.noted(parsed).map(|us| (us / 1_000).min(keys::TIME_MS_MAX))
    };
    let (since_ms, until_ms) = (time("since"), time("until"));
    if since_ms.is_none() {
        fields.refuse_field("since", "is required");
    }
    if until_ms.is_some_and(|until_ms| Some(until_ms) < since_ms) {
        fields.refuse_field("until", "is before `since`");
    }
    fields.finish()?;
    let lane = webhook::lane(tenant, webhook)?;
    webhook::read_active(host, config, &lane)?;
    check_running(host, lane.tenant_part(), kind)?;
    let now_ms = host.now_us() / 1_000;
    let job = Job { since_ms, until_ms, ..new(kind, Some(webhook), now_ms) };
    let mut commit = Commit::default();
    let id = put_new(host, &mut commit, lane.tenant_part(), &id::token(host), job.clone());
    // The id is this call's own: whatever is there, an earlier submission wrote.
    commit.submit(host)?;
    Ok(shown(&id, &job))
}

/// Refuses a job beside too many others like it: each takes its share of every pump's time.
pub(crate) fn check_running(host: &dyn Host, tenant_part: &str, kind: JobKind) -> Result<(), Error> {
    let latest = host.scan(&keys::jobs_after(tenant_part, None), JOBS_COUNTED_MAX, Direction::Forward)?;
    // An erasure that only waits until its messages' ids are free takes nobody's time.
    let works = |job: &Job| job.phase.is_none_or(|phase| phase < ERASE_STONES_PHASE);
    let is_like = |job: &Job| job.kind == kind || (job.kind.is_wish() && kind.is_wish());
    let runs = |entry: &&Entry| {
        let job = records::decode::<Job>(&entry.key, &entry.value);
        job.is_ok_and(|job| job.state == JobState::Running && is_like(&job) && works(&job))
    };
    let mut running = latest.iter().filter(runs).skip(JOBS_RUNNING_MAX - 1);
    let Some(entry) = running.next() else { return Ok(()) };
    let oldest = running.last().unwrap_or(entry);
    let (what, or) = if kind.is_wish() { ("send again", ", or cancel one") } else { ("erase", "") };
    let problem = format!("{JOBS_RUNNING_MAX} jobs of the tenant that {what} are running");
    let hint = format!("wait until one has ended{or}, as `{}`", keys::last_part(&oldest.key));
    Err(Error::of(ErrorKind::Conflict, problem).hint(hint))
}

/// The same, of a job whose id is known, and whose row may be there.
pub(crate) fn put_at(commit: &mut Commit, lane: &Lane, token: &str, job: Job, before: Option<(Job, u64)>) {
    let wake = keys::wake(job.created_at_ms, lane, token);
    let job = Job { token: token.to_owned(), wake: Some(wake.clone()), ..job };
    commit.check(&keys::job(lane), before.as_ref().map(|(_, version)| *version));
    if let Some(wake) = before.and_then(|(before, _)| before.wake) {
        commit.delete(wake);
    }
    commit.put(keys::job(lane), records::encode(&job));
    commit.put(wake, records::encode(&Empty {}));
}

/// A job that no tenant has asked for, as it is; an unreadable row is an error.
pub(crate) fn read_own(host: &dyn Host, lane: &Lane) -> Result<Option<(Job, u64)>, Error> {
    let Some(entry) = host.get_one(&keys::job(lane))? else { return Ok(None) };
    Ok(Some((records::decode(&entry.key, &entry.value)?, entry.version)))
}

/// A job.
pub fn job(host: &dyn Host, _config: &Config, tenant: &str, id: &str) -> Result<String, Error> {
    let (lane, job, _) = read(host, tenant, id)?;
    Ok(shown(lane.webhook(), &job))
}

/// A page of the tenant's jobs, newest first.
pub fn jobs(
    host: &dyn Host,
    _config: &Config,
    tenant: &str,
    cursor: Option<&str>,
    limit: u32,
) -> Result<String, Error> {
    let tenant_part = keys::part(accept::check_tenant(tenant)?);
    if let Some(cursor) = cursor.filter(|cursor| !id::is_id("job_", cursor)) {
        return Err(Error::invalid("cursor", format!("`{}` is no cursor of this list", json::quoted(cursor))));
    }
    let limit = webhook::check_limit(limit)?;
    let entries = host.scan(&keys::jobs_after(&tenant_part, cursor), limit + 1, Direction::Forward)?;
    let mut data = Vec::new();
    for entry in entries.iter().take(limit as usize) {
        // What cannot be read is left out; asked for by itself it says why.
        let Ok(job) = records::decode(&entry.key, &entry.value) else { continue };
        data.push(show(keys::last_part(&entry.key), &job));
    }
    let last = entries.get((limit as usize).wrapping_sub(1)).filter(|_| entries.len() > limit as usize);
    let next = last.map_or(Json::Null, |entry| Json::text(keys::last_part(&entry.key)));
    Ok(json::write(&Json::object(vec![("data", Json::Array(data)), ("nextCursor", next)]), Style::Compact))
}

/// Ends a job that sends again; what it has asked for stays asked for. Answers the job.
pub fn cancel_job(host: &dyn Host, _config: &Config, tenant: &str, id: &str) -> Result<String, Error> {
    for _ in 0..TRIES_MAX {
        let (lane, job, version) = read(host, tenant, id)?;
        match job.state {
            JobState::Cancelled => return Ok(shown(id, &job)),
            JobState::Running if job.kind.is_wish() => {}
            state => {
                let problem = format!("a job of the kind {} that is {}", job.kind.as_str(), state.as_str());
                let error = Error::of(ErrorKind::Conflict, format!("`{id}` is {problem}")).at("jobId");
                return Err(error.hint("only running jobs that send again, `recover` and `replay`, can be cancelled"));
            }
        }
        let (now_ms, token) = (host.now_us() / 1_000, id::token(host));
        let mut commit = Commit::default();
        let wake = job.wake.clone();
        let job = Job { state: JobState::Cancelled, ..job };
        let job = put_next(&mut commit, &lane, job, version, wake, None, &token, now_ms);
        match commit.submit(host)? {
            Outcome::Applied(_) => return Ok(shown(id, &job)),
            // It is read again: if this commit had landed, it is cancelled.
            Outcome::Conflict { .. } => {}
        }
    }
    Err(Error::of(ErrorKind::Unavailable, "the job was being worked on all the time").hint("repeat the call"))
}

/// Adds the next row of a job to a commit, and moves its wake: to a time, as long as the job runs. Answers the row.
#[allow(clippy::too_many_arguments)] // each is a part of the row or of its key
pub(crate) fn put_next(
    commit: &mut Commit,
    lane: &Lane,
    job: Job,
    version: u64,
    wake: Option<String>,
    due_ms: Option<u64>,
    token: &str,
    now_ms: u64,
) -> Job {
    commit.check(&keys::job(lane), Some(version));
    if let Some(wake) = wake {
        commit.delete(wake);
    }
    let runs = job.state == JobState::Running;
    let wake = due_ms.filter(|_| runs).map(|due_ms| keys::wake(due_ms, lane, token));
    if let Some(wake) = &wake {
        commit.put(wake.clone(), records::encode(&Empty {}));
    }
    let ended_at_ms = (!runs).then_some(now_ms);
    // Where it was says what it looked at, and is of no use any more.
    let (place, after) = if runs { (job.place, job.after) } else { (None, None) };
    let job = Job { token: token.to_owned(), wake, updated_at_ms: now_ms, ended_at_ms, place, after, ..job };
    commit.put(keys::job(lane), records::encode(&job));
    job
}

fn read(host: &dyn Host, tenant: &str, id: &str) -> Result<(Lane, Job, u64), Error> {
    let tenant_part = keys::part(accept::check_tenant(tenant)?);
    let unknown = || Error::of(ErrorKind::NotFound, format!("there is no job `{}`", json::quoted(id))).at("jobId");
    if !id::is_id("job_", id) {
        return Err(unknown());
    }
    let lane = Lane::of(&tenant_part, id);
    let entry = host.get_one(&keys::job(&lane))?.ok_or_else(unknown)?;
    Ok((lane, records::decode(&entry.key, &entry.value)?, entry.version))
}

pub(crate) fn shown(id: &str, job: &Job) -> String {
    json::write(&show(id, job), Style::Compact)
}

fn show(id: &str, job: &Job) -> Json {
    let mut members = vec![
        ("id", Json::text(id)),
        ("kind", Json::text(job.kind.as_str())),
        ("state", Json::text(job.state.as_str())),
        ("looked", Json::from(job.looked)),
        ("done", Json::from(job.done)),
        ("createdAt", view::millis(job.created_at_ms)),
        ("updatedAt", view::millis(job.updated_at_ms)),
    ];
    for (name, text) in [("webhookId", &job.webhook), ("detail", &job.detail)] {
        members.extend(text.as_deref().map(|text| (name, Json::text(text))));
    }
    for (name, ms) in [("since", job.since_ms), ("until", job.until_ms), ("endedAt", job.ended_at_ms)] {
        members.extend(ms.map(|ms| (name, view::millis(ms))));
    }
    Json::object(members)
}
