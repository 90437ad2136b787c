//! What a tenant settles for itself: whether bodies are kept. Who acts upon it is elsewhere: `verdict` for what receivers answer,
//! `read` for what is shown.

use crate::config::Config;
use crate::intake;
use crate::jobs::row;
use crate::ports::Host;
use crate::store::commit::{Commit, Outcome};
use crate::store::id;
use crate::store::keys;
use crate::store::rows::{self, Job, JobKind, Tenant};
use crate::store::tenant::{keeps_bodies, read_keeps_bodies};
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::json::{self, Json, Reader, Style};
use crate::support::limits::SUBSCRIPTION_COMMITS_MAX;

/// The tenant's settings.
pub fn tenant_settings(host: &dyn Host, _config: &Config, tenant: &str) -> Result<String, Error> {
    Ok(show(read_keeps_bodies(host, &keys::part(intake::check_tenant(tenant)?))?))
}

/// Changes the settings that are given. Answers all of them.
pub fn update_settings(host: &dyn Host, _config: &Config, tenant: &str, changes: &str) -> Result<String, Error> {
    let tenant_part = keys::part(intake::check_tenant(tenant)?);
    let mut fields = Reader::new("", json::parse(changes)?);
    let given = fields.bool("keepBodies");
    fields.finish()?;
    let key = keys::tenant(&tenant_part);
    let token = id::token(host);
    for _ in 0..SUBSCRIPTION_COMMITS_MAX {
        let entry = host.get_one(&key)?;
        let before = keeps_bodies(entry.as_ref())?;
        let keep_bodies = given.unwrap_or(before);
        if keep_bodies == before {
            return Ok(show(before));
        }
        let mut commit = Commit::default();
        commit.check(&key, entry.map(|entry| entry.version));
        commit.put(key.clone(), rows::encode(&Tenant { token: token.clone(), keep_bodies }));
        if !keep_bodies {
            // What has been kept goes as well: a job looks after it, as long as this is so.
            let lane = keys::own_job(&format!("redaction/{tenant_part}"));
            let place = Some(keys::routed_of_tenant(&tenant_part));
            let new = Job { place, ..row::new(JobKind::Redaction, None, host.now_us() / 1_000) };
            row::put_at(&mut commit, &lane, &token, new, row::read_own(host, &lane)?);
        }
        // After a conflict it is read again: what is there then may be this commit's.
        if let Outcome::Applied(_) = commit.submit(host)? {
            return Ok(show(keep_bodies));
        }
    }
    Err(Error::of(ErrorKind::Unavailable, "the settings were being changed all the time").hint("repeat the call"))
}

fn show(keep_bodies: bool) -> String {
    json::write(&Json::object(vec![("keepBodies", Json::Bool(keep_bodies))]), Style::Compact)
}

#[cfg(test)]
mod tests;
