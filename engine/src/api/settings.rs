//! The settings of a tenant: whether bodies of events and responses are kept.

use serde::{Deserialize, Serialize};

use crate::api::view;
use crate::config::Config;
use crate::intake;
use crate::jobs::row;
use crate::ports::Host;
use crate::store::commit::{self, Commit, Outcome};
use crate::store::id;
use crate::store::keys::{self, KeyFamily};
use crate::store::rows::{self, Job, JobKind, Tenant};
use crate::store::tenant::{keeps_bodies, read_keeps_bodies};
use crate::support::error::{Error, ErrorKind};
use crate::support::json;
use crate::support::limits::{SUBSCRIPTION_COMMITS_MAX, SUBSCRIPTION_MS_MAX};

/// The settings as the API shows them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SettingsView {
    keep_bodies: bool,
}

/// The settings that a call changes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Changes {
    keep_bodies: Option<bool>,
}

/// Returns the tenant's settings.
pub fn tenant_settings(host: &dyn Host, _config: &Config, tenant: &str) -> Result<String, Error> {
    show(read_keeps_bodies(host, &keys::part(intake::check_tenant(tenant)?))?)
}

/// Changes the settings that are given. Returns all settings.
pub fn update_settings(host: &dyn Host, _config: &Config, tenant: &str, changes: &str) -> Result<String, Error> {
    let tenant_part = keys::part(intake::check_tenant(tenant)?);
    let changes: Changes = json::read(changes)?;
    let key = keys::tenant(&tenant_part);
    let token = id::token(host);
    for _ in commit::rounds(host, SUBSCRIPTION_COMMITS_MAX, SUBSCRIPTION_MS_MAX) {
        let entry = host.get_one(&key)?;
        let before = keeps_bodies(entry.as_ref())?;
        let keep_bodies = changes.keep_bodies.unwrap_or(before);
        if keep_bodies == before {
            return show(before);
        }
        let mut commit = Commit::default();
        commit.check(&key, entry.map(|entry| entry.version));
        commit.put(key.clone(), rows::encode(&Tenant { token: token.clone(), keep_bodies }));
        if !keep_bodies {
            // A job removes the contents kept so far, and goes on for as long as the tenant keeps no bodies.
            let lane = keys::redaction_job(&tenant_part);
            let place = Some(KeyFamily::Routed.of_tenant(&tenant_part));
            let new = Job { place, ..row::new(JobKind::Redaction, None, host.now_us() / 1_000) };
            row::put_at(&mut commit, &lane, &token, new, row::read(host, &lane)?);
        }
        // After a conflict the row is read again: it may be the one that this commit put.
        if let Outcome::Applied(_) = commit.submit(host)? {
            return show(keep_bodies);
        }
    }
    Err(Error::of(ErrorKind::Unavailable, "other calls kept changing the settings").hint("repeat the call"))
}

fn show(keep_bodies: bool) -> Result<String, Error> {
    view::text(&SettingsView { keep_bodies })
}

#[cfg(test)]
mod tests;
