//! Erasing all that is kept about one subject: the call that asks for it, and how a message's subject is told. The work is a job of
//! the pump's, in `deliver/jobs/erase.rs`.

use crate::commit::{Commit, Outcome};
use crate::config::Config;
use crate::host::Host;
use crate::json::{self, Json, Reader};
use crate::records::{Job, JobKind, Message};
use crate::{Error, ErrorKind, accept, id, job, keys};

/// Has all messages about a subject removed, with everything that is kept of them. Answers the job.
pub fn erase(host: &dyn Host, _config: &Config, tenant: &str, request: &str) -> Result<String, Error> {
    let tenant_part = keys::part(accept::check_tenant(tenant)?);
    let mut fields = Reader::new("", json::parse(request)?);
    let subject = fields.required("subject");
    fields.finish()?;
    let mut fields = Reader::new("subject", subject.unwrap_or_default());
    let subject_type = fields.text("type");
    let subject_id = fields.value("id");
    let known = subject_type.as_deref().zip(subject_id.as_ref().and_then(text));
    for (name, given) in [("type", subject_type.is_some()), ("id", known.is_some())] {
        if !given {
            fields.refuse_field(name, "is required, as the events have it");
        }
    }
    fields.finish()?;
    let (subject_type, subject_id) = known.unwrap_or_default();
    job::check_running(host, &tenant_part, JobKind::Erase)?;
    let now_ms = host.now_us() / 1_000;
    let subject = Some(hash(tenant, subject_type, subject_id));
    let new = Job { subject, ..job::new(JobKind::Erase, None, now_ms) };
    let shown = new.clone();
    let mut commit = Commit::default();
    let id = job::put_new(host, &mut commit, &tenant_part, &id::token(host), new);
    match commit.submit(host)? {
        // The id is this call's own: whatever is there, an earlier submission wrote.
        Outcome::Applied(_) | Outcome::Conflict { doubtful: true, .. } => Ok(job::shown(&id, &shown)),
        Outcome::Conflict { .. } => Err(Error::of(ErrorKind::Internal, "a job's id was drawn twice")),
    }
}

/// What stands for the subject of a message, if its event names one by type and id.
pub(crate) fn hash_of(message: &Message) -> Option<String> {
    let subject = message.event.as_ref()?.get("subject")?;
    Some(hash(&message.tenant, subject.get("type")?.as_str()?, text(subject.get("id")?)?))
}

/// The id of a subject, as a text: 7 and "7" are the same.
fn text(id: &Json) -> Option<&str> {
    match id {
        Json::String(text) => Some(text),
        Json::Number(number) => Some(number.text()),
        _ => None,
    }
}

fn hash(tenant: &str, subject_type: &str, subject_id: &str) -> String {
    id::derived("subject", &[tenant, subject_type, subject_id])
}
