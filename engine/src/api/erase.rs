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
use crate::support::json::{self, InvalidText};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    subject: Subject,
}

/// The subject of events, as the events name it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    /// Both are read from the tree, which has the events' form of them. The type is a text.
    #[serde(rename = "type")]
    _type: String,
    /// The text of numbers is kept: 7 and "7" are the same subject.
    #[serde(rename = "id")]
    _id: IgnoredAny,
}

/// Starts a job that removes all messages about a subject, with everything that is kept of them. Returns the job.
pub fn erase(host: &dyn Host, config: &Config, tenant: &str, request: &str) -> Result<String, Error> {
    view::text(&start(host, config, tenant, request)?)
}

/// Starts the job. `request` is the JSON of the call.
pub(super) fn start(host: &dyn Host, config: &Config, tenant: &str, request: &str) -> Result<JobView, Error> {
    let tenant_part = keys::part(intake::check_tenant(tenant)?);
    // Events that were accepted before the platform refused such texts are still found.
    let tree = match config.invalid_text() {
        InvalidText::Replace => json::parse_by(request, InvalidText::Replace)?,
        InvalidText::Keep | InvalidText::Refuse => json::parse_kept(request)?,
    };
    let member = |name| tree.get("subject").and_then(|subject| subject.get(name)).and_then(subject::text);
    let (subject_type, subject_id) = (member("type").map(str::to_owned), member("id").map(str::to_owned));
    let Request { subject: Subject { .. } } = json::from_json(tree)?;
    let subject_id = subject_id.ok_or_else(|| Error::invalid("subject.id", "expected a string or a number"))?;
    let subject_type = subject_type.ok_or_else(|| Error::invalid("subject.type", "is required"))?;
    row::check_running(host, &tenant_part, JobKind::Erase)?;
    let subject_hash = Some(subject::hash(tenant, &subject_type, &subject_id));
    let job = Job { subject_hash, ..row::new(JobKind::Erase, None, host.now_us() / 1_000) };
    let mut commit = Commit::default();
    let id = row::put_new(host, &mut commit, &tenant_part, &id::token(host), job.clone());
    match commit.submit(host)? {
        // The id was drawn by this call, so a row with it was written by an earlier submission.
        Outcome::Applied(_) | Outcome::Conflict { maybe_applied: true, .. } => Ok(view::job(&id, &job)),
        Outcome::Conflict { .. } => Err(Error::of(ErrorKind::Internal, "a job's id was drawn twice")),
    }
}
