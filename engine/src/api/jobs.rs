//! Jobs as the platform sees them: work of more than one commit that a call has asked for, to be looked at and, as long as it
//! only sends again, to be cancelled. The work itself is the pump's, in `deliver/jobs.rs`.

use crate::api::view;
use crate::api::webhooks;
use crate::config::Config;
use crate::delivery::stored::read_active_webhook;
use crate::intake;
use crate::jobs::row;
use crate::ports::{Direction, Host};
use crate::store::commit::{Commit, Outcome};
use crate::store::id;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Job, JobKind, JobState};
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::json::{self, Json, Reader, Style};
use crate::support::time;

/// How often a cancellation is tried while a pump is at the job.
const TRIES_MAX: u32 = 50;

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
    let lane = webhooks::lane(tenant, webhook)?;
    read_active_webhook(host, config, &lane)?;
    row::check_running(host, lane.tenant_part(), kind)?;
    let now_ms = host.now_us() / 1_000;
    let job = Job { since_ms, until_ms, ..row::new(kind, Some(webhook), now_ms) };
    let mut commit = Commit::default();
    let id = row::put_new(host, &mut commit, lane.tenant_part(), &id::token(host), job.clone());
    // The id is this call's own: whatever is there, an earlier submission wrote.
    commit.submit(host)?;
    Ok(shown(&id, &job))
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
    let tenant_part = keys::part(intake::check_tenant(tenant)?);
    if let Some(cursor) = cursor.filter(|cursor| !id::is_id("job_", cursor)) {
        return Err(Error::invalid("cursor", format!("`{}` is no cursor of this list", json::quoted(cursor))));
    }
    let limit = webhooks::check_limit(limit)?;
    let entries = host.scan(&keys::jobs_after(&tenant_part, cursor), limit + 1, Direction::Forward)?;
    let mut data = Vec::new();
    for entry in entries.iter().take(limit as usize) {
        // What cannot be read is left out; asked for by itself it says why.
        let Ok(job) = rows::decode(&entry.key, &entry.value) else { continue };
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
            JobState::Running if job.kind.sends() => {}
            state => {
                let problem = format!("a job of the kind {} that is {}", job.kind.as_str(), state.as_str());
                let error = Error::of(ErrorKind::Conflict, format!("`{id}` is {problem}")).at("jobId");
                return Err(error.hint("only running jobs that send again, `recover` and `replay`, can be cancelled"));
            }
        }
        let (now_ms, token) = (host.now_us() / 1_000, id::token(host));
        let mut commit = Commit::default();
        let job = Job { state: JobState::Cancelled, ..job };
        let job = row::put_next(&mut commit, &lane, job, row::Next { version, due_ms: None, token: &token, now_ms });
        match commit.submit(host)? {
            Outcome::Applied(_) => return Ok(shown(id, &job)),
            // It is read again: if this commit had landed, it is cancelled.
            Outcome::Conflict { .. } => {}
        }
    }
    Err(Error::of(ErrorKind::Unavailable, "the job was being worked on all the time").hint("repeat the call"))
}

fn read(host: &dyn Host, tenant: &str, id: &str) -> Result<(Lane, Job, u64), Error> {
    let tenant_part = keys::part(intake::check_tenant(tenant)?);
    let unknown = || Error::of(ErrorKind::NotFound, format!("there is no job `{}`", json::quoted(id))).at("jobId");
    if !id::is_id("job_", id) {
        return Err(unknown());
    }
    let lane = Lane::of(&tenant_part, id);
    let entry = host.get_one(&keys::job(&lane))?.ok_or_else(unknown)?;
    Ok((lane, rows::decode(&entry.key, &entry.value)?, entry.version))
}

pub(crate) fn shown(id: &str, job: &Job) -> String {
    json::write(&show(id, job), Style::Compact)
}

fn show(id: &str, job: &Job) -> Json {
    let mut members = vec![
        ("id", Json::text(id)),
        ("kind", Json::text(job.kind.as_str())),
        ("state", Json::text(job.state.as_str())),
        ("scanned", Json::from(job.scanned)),
        ("affected", Json::from(job.affected)),
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
