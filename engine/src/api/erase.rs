//! Erasing all that is kept about one subject: the call that asks for it, and how a message's subject is told. The work is a job of
//! the pump's, in `deliver/jobs/erase.rs`.

use crate::api::jobs;
use crate::config::Config;
use crate::intake;
use crate::jobs::row;
use crate::ports::Host;
use crate::store::commit::{Commit, Outcome};
use crate::store::id;
use crate::store::keys;
use crate::store::rows::{Job, JobKind};
use crate::store::subject;
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::json::{self, Reader};

/// Has all messages about a subject removed, with everything that is kept of them. Answers the job.
pub fn erase(host: &dyn Host, _config: &Config, tenant: &str, request: &str) -> Result<String, Error> {
    let tenant_part = keys::part(intake::check_tenant(tenant)?);
    let mut fields = Reader::new("", json::parse(request)?);
    let given_subject = fields.required("subject");
    fields.finish()?;
    let mut fields = Reader::new("subject", given_subject.unwrap_or_default());
    let subject_type = fields.text("type");
    let subject_id = fields.value("id");
    let known = subject_type.as_deref().zip(subject_id.as_ref().and_then(subject::text));
    for (name, given) in [("type", subject_type.is_some()), ("id", known.is_some())] {
        if !given {
            fields.refuse_field(name, "is required, as the events have it");
        }
    }
    fields.finish()?;
    let (subject_type, subject_id) = known.unwrap_or_default();
    row::check_running(host, &tenant_part, JobKind::Erase)?;
    let now_ms = host.now_us() / 1_000;
    let hash = Some(subject::hash(tenant, subject_type, subject_id));
    let new = Job { subject_hash: hash, ..row::new(JobKind::Erase, None, now_ms) };
    let shown = new.clone();
    let mut commit = Commit::default();
    let id = row::put_new(host, &mut commit, &tenant_part, &id::token(host), new);
    match commit.submit(host)? {
        // The id is this call's own: whatever is there, an earlier submission wrote.
        Outcome::Applied(_) | Outcome::Conflict { doubtful: true, .. } => Ok(jobs::shown(&id, &shown)),
        Outcome::Conflict { .. } => Err(Error::of(ErrorKind::Internal, "a job's id was drawn twice")),
    }
}
