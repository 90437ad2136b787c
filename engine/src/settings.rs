//! What a tenant settles for itself: whether bodies are kept. Who acts upon it is elsewhere: `verdict` for what receivers answer,
//! `read` for what is shown.

use crate::commit::{Commit, Outcome};
use crate::config::Config;
use crate::host::{Entry, Host};
use crate::json::{self, Json, Reader, Style};
use crate::limits::SUBSCRIPTION_TRIES_MAX;
use crate::records::{self, Job, JobKind, Tenant};
use crate::{Error, ErrorKind, accept, id, job, keys};

/// The tenant's settings.
pub fn tenant_settings(host: &dyn Host, _config: &Config, tenant: &str) -> Result<String, Error> {
    Ok(show(of(host, &keys::part(accept::check_tenant(tenant)?))?))
}

/// Changes the settings that are given. Answers all of them.
pub fn update_settings(host: &dyn Host, _config: &Config, tenant: &str, changes: &str) -> Result<String, Error> {
    let tenant_part = keys::part(accept::check_tenant(tenant)?);
    let mut fields = Reader::new("", json::parse(changes)?);
    let given = fields.bool("keepBodies");
    fields.finish()?;
    let key = keys::tenant(&tenant_part);
    let token = id::token(host);
    for _ in 0..SUBSCRIPTION_TRIES_MAX {
        let entry = host.get_one(&key)?;
        let before = keeps_bodies(entry.as_ref())?;
        let keep_bodies = given.unwrap_or(before);
        if keep_bodies == before {
            return Ok(show(before));
        }
        let mut commit = Commit::default();
        commit.check(&key, entry.map(|entry| entry.version));
        commit.put(key.clone(), records::encode(&Tenant { token: token.clone(), keep_bodies }));
        if !keep_bodies {
            // What has been kept goes as well: a job looks after it, as long as this is so.
            let lane = keys::own_job(&format!("bare/{tenant_part}"));
            let place = Some(format!("routed/{tenant_part}"));
            let new = Job { place, ..job::new(JobKind::Bare, None, host.now_us() / 1_000) };
            job::put_at(&mut commit, &lane, &token, new, job::read_own(host, &lane)?);
        }
        // After a conflict it is read again: what is there then may be this commit's.
        if let Outcome::Applied(_) = commit.submit(host)? {
            return Ok(show(keep_bodies));
        }
    }
    Err(Error::of(ErrorKind::Unavailable, "the settings were being changed all the time").hint("repeat the call"))
}

/// Whether a tenant keeps bodies.
pub(crate) fn of(host: &dyn Host, tenant_part: &str) -> Result<bool, Error> {
    keeps_bodies(host.get_one(&keys::tenant(tenant_part))?.as_ref())
}

/// Whether a tenant with this row does.
pub(crate) fn keeps_bodies(entry: Option<&Entry>) -> Result<bool, Error> {
    entry.map_or(Ok(true), |entry| records::decode::<Tenant>(&entry.key, &entry.value).map(|tenant| tenant.keep_bodies))
}

fn show(keep_bodies: bool) -> String {
    json::write(&Json::object(vec![("keepBodies", Json::Bool(keep_bodies))]), Style::Compact)
}

#[cfg(test)]
mod tests;
