//! The calls about jobs: starting one that sends again, looking at jobs, and cancelling.

use crate::api::filter::{self, Wanted};
use crate::api::paging::{bad_cursor, check_limit};
use crate::api::view::{self, JobView, Page};
use crate::api::webhooks;
use crate::config::Config;
use crate::delivery::stored::read_active_webhook;
use crate::intake;
use crate::jobs::row::{self, StoredJob};
use crate::ports::{Direction, Entry, Host};
use crate::store::commit::{Commit, Outcome};
use crate::store::id;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Job, JobKind, JobState};
use crate::support::error::{Error, ErrorKind};
use crate::support::json;

/// Commits of a cancellation, while a worker changes the job, before the call fails.
const CANCEL_COMMITS_MAX: u32 = 50;

/// Starts a job that sends again the deliveries of a webhook that ended exhausted or failed in a time range. Returns the job.
pub fn recover(host: &dyn Host, config: &Config, tenant: &str, webhook: &str, range: &str) -> Result<String, Error> {
    view::text(&start(host, config, JobKind::Recover, (tenant, webhook), range)?)
}

/// Starts a job that sends a webhook the messages of a time range that it missed: those that it subscribes to now and was
/// never sent, or that were skipped. Returns the job.
pub fn replay(host: &dyn Host, config: &Config, tenant: &str, webhook: &str, range: &str) -> Result<String, Error> {
    view::text(&start(host, config, JobKind::Replay, (tenant, webhook), range)?)
}

/// Starts a job that sends again. `range` is the JSON of the call: a time range and a filter.
pub(super) fn start(
    host: &dyn Host,
    config: &Config,
    kind: JobKind,
    (tenant, webhook): (&str, &str),
    range: &str,
) -> Result<JobView, Error> {
    let Wanted { since_ms, until_ms, filter } = filter::read(config, kind, range)?;
    let lane = webhooks::lane(tenant, webhook)?;
    read_active_webhook(host, config, &lane)?;
    row::check_running(host, lane.tenant_part(), kind)?;
    let now_ms = host.now_us() / 1_000;
    let job = Job { since_ms: Some(since_ms), until_ms, filter, ..row::new(kind, Some(webhook), now_ms) };
    let mut commit = Commit::default();
    let id = row::put_new(host, &mut commit, lane.tenant_part(), &id::token(host), job.clone());
    // The id was drawn by this call, so a row with it was written by an earlier submission.
    commit.submit(host)?;
    Ok(view::job(&id, &job))
}

/// Returns a job.
pub fn job(host: &dyn Host, _config: &Config, tenant: &str, id: &str) -> Result<String, Error> {
    let StoredJob { job, .. } = read(host, &lane(tenant, id)?)?;
    view::text(&view::job(id, &job))
}

/// Returns a page of the tenant's jobs, newest first.
pub fn jobs(
    host: &dyn Host,
    _config: &Config,
    tenant: &str,
    cursor: Option<&str>,
    limit: u32,
) -> Result<String, Error> {
    let tenant_part = keys::part(intake::check_tenant(tenant)?);
    if let Some(cursor) = cursor.filter(|cursor| !id::is_id("job_", cursor)) {
        return Err(bad_cursor(cursor));
    }
    let limit = check_limit(limit)?;
    let entries = host.scan(&keys::jobs_after(&tenant_part, cursor), limit + 1, Direction::Forward)?;
    let is_full = entries.len() > limit as usize;
    let page = &entries[..entries.len().min(limit as usize)];
    // A row that cannot be decoded is left out; `job` returns the reason.
    let shown = |entry: &Entry| {
        let job = rows::decode(&entry.key, &entry.value).ok()?;
        Some(view::job(keys::last_part(&entry.key), &job))
    };
    let data = page.iter().filter_map(shown).collect();
    let next_cursor = page.last().filter(|_| is_full).map(|entry| keys::last_part(&entry.key).to_owned());
    view::text(&Page { data, next_cursor })
}

/// Ends a job that sends again. The deliveries that it has asked for are sent all the same. Returns the job.
pub fn cancel_job(host: &dyn Host, _config: &Config, tenant: &str, id: &str) -> Result<String, Error> {
    let lane = lane(tenant, id)?;
    for _ in 0..CANCEL_COMMITS_MAX {
        let StoredJob { job, version } = read(host, &lane)?;
        match job.state {
            JobState::Cancelled => return view::text(&view::job(id, &job)),
            JobState::Running if job.kind.sends() => {}
            state => {
                let problem = format!("`{id}` is a job of the kind {} that is {}", job.kind.as_str(), state.as_str());
                let error = Error::of(ErrorKind::Conflict, problem).at("jobId");
                return Err(error.hint("only running jobs of the kinds `recover` and `replay` can be cancelled"));
            }
        }
        let (now_ms, token) = (host.now_us() / 1_000, id::token(host));
        let mut commit = Commit::default();
        let job = Job { state: JobState::Cancelled, ..job };
        let job = row::put_next(&mut commit, &lane, job, row::Next { version, due_ms: None, token: &token, now_ms });
        match commit.submit(host)? {
            Outcome::Applied(_) => return view::text(&view::job(id, &job)),
            // The job is read again. If an earlier submission was applied, it is cancelled.
            Outcome::Conflict { .. } => {}
        }
    }
    Err(Error::of(ErrorKind::Unavailable, "workers kept changing the job").hint("repeat the call"))
}

/// Returns the name of a job's row, or an error if the id cannot be one.
fn lane(tenant: &str, id: &str) -> Result<Lane, Error> {
    let tenant_part = keys::part(intake::check_tenant(tenant)?);
    if id::is_id("job_", id) { Ok(Lane::of(&tenant_part, id)) } else { Err(unknown(id)) }
}

fn read(host: &dyn Host, lane: &Lane) -> Result<StoredJob, Error> {
    row::read(host, lane)?.ok_or_else(|| unknown(lane.webhook()))
}

fn unknown(id: &str) -> Error {
    Error::of(ErrorKind::NotFound, format!("there is no job `{}`", json::quoted(id))).at("jobId")
}
