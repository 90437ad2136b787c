//! The call that has everything removed that is kept about one subject. A job of the kind `erase` does the work.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::api::view::{self, JobView};
use crate::config::Config;
use crate::intake;
use crate::jobs::row;
use crate::ports::Host;
use crate::store::commit::{Commit, Outcome};
use crate::store::id;
use crate::store::keys;
use crate::store::rows::{Job, JobKind};
use crate::store::subject;
use crate::support::error::{Error, ErrorKind};
use crate::support::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    subject: Subject,
}

/// The subject of events, as the events name it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    r#type: String,
    /// Read from the tree, which keeps the text of numbers: 7 and "7" are the same subject.
    #[serde(rename = "id")]
    _id: IgnoredAny,
}

/// Starts a job that removes all messages about a subject, with everything that is kept of them. Returns the job.
pub fn erase(host: &dyn Host, _config: &Config, tenant: &str, request: &str) -> Result<String, Error> {
    view::text(&start(host, tenant, request)?)
}

/// Starts the job. `request` is the JSON of the call.
pub(super) fn start(host: &dyn Host, tenant: &str, request: &str) -> Result<JobView, Error> {
    let tenant_part = keys::part(intake::check_tenant(tenant)?);
    let tree = json::parse(request)?;
    let subject_id = tree.get("subject").and_then(|subject| subject.get("id")).and_then(subject::text);
    let subject_id = subject_id.map(str::to_owned);
    let Request { subject } = json::from_json(tree)?;
    let subject_id = subject_id.ok_or_else(|| Error::invalid("subject.id", "expected a string or a number"))?;
    row::check_running(host, &tenant_part, JobKind::Erase)?;
    let subject_hash = Some(subject::hash(tenant, &subject.r#type, &subject_id));
    let job = Job { subject_hash, ..row::new(JobKind::Erase, None, host.now_us() / 1_000) };
    let mut commit = Commit::default();
    let id = row::put_new(host, &mut commit, &tenant_part, &id::token(host), job.clone());
    match commit.submit(host)? {
        // The id was drawn by this call, so a row with it was written by an earlier submission.
        Outcome::Applied(_) | Outcome::Conflict { maybe_applied: true, .. } => Ok(view::job(&id, &job)),
        Outcome::Conflict { .. } => Err(Error::of(ErrorKind::Internal, "a job's id was drawn twice")),
    }
}
