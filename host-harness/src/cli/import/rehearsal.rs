//! Registering everything in a throw-away instance of the component first: the real rules, and nothing is written.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use hookwright_engine::limits::WEBHOOKS_PER_TENANT_CEILING;
use hookwright_engine::memory::MemoryStore;
use hookwright_host::http::HttpClient;
use hookwright_host::{Blueprint, CallError, Imports, Pool, Settings};

use super::Problem;
use super::row::Row;
use super::there::Identity;
use crate::cli::{open, sealing};

/// What each webhook will be known by, in the order of the rows; and what the component refuses.
pub fn rehearse(settings: Settings, rows: &[Row]) -> Result<(Vec<Identity>, Vec<Problem>)> {
    let store = Arc::new(MemoryStore::new());
    let http = HttpClient::builder().build()?;
    let profile = settings.profile.clone();
    let settings = Settings {
        sealing_keys: vec![sealing::random()?],
        // How many a tenant may have is for the service to say.
        webhooks_per_tenant_max: Some(WEBHOOKS_PER_TENANT_CEILING),
        ..settings
    };
    let blueprint = Blueprint::new(open::runtime(None)?, settings, move |wakes| {
        Imports::new(store.clone(), Arc::new(http.queue(wakes)))
    });
    let pool = Pool::new(Arc::new(blueprint), 1);
    pool.call(|_| Ok(())).with_context(|| {
        format!(
            "rehearsing with the profile {profile} that the service speaks; is it its own? then name --profile-file"
        )
    })?;
    let (mut identities, mut problems) = (Vec::new(), Vec::new());
    for row in rows {
        match pool.call(|plugin| plugin.register(&row.tenant, &row.registration)) {
            Ok(webhook) => identities.push(Identity::of(&row.tenant, row.user.as_deref(), &webhook)?),
            Err(CallError::Refused(error)) => problems.push(row.problem(error.to_string())),
            Err(CallError::Trapped(trap)) => bail!("rehearsing: the component trapped: {}", trap.reason),
        }
    }
    Ok((identities, problems))
}
