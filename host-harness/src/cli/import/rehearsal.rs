//! The rehearsal: registers all webhooks in a temporary instance of the component, which has the real rules.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use hookwright_engine::limits::WEBHOOKS_PER_TENANT_CEILING;
use hookwright_engine::memory::MemoryStore;
use hookwright_host::http::HttpClient;
use hookwright_host::{Blueprint, CallError, Imports, Pool, Settings};

use super::existing::Identity;
use super::problem::Problem;
use super::row::Row;
use crate::cli::{open, sealing};

/// The networks of all addresses.
const EVERY_NETWORK: [&str; 2] = ["0.0.0.0/0", "::/0"];

/// The outcome of a rehearsal.
pub struct Rehearsal {
    /// The webhooks that are accepted, each with its identity, in the order of the rows.
    pub valid: Vec<(Row, Identity)>,
    /// The reasons why the others are refused.
    pub problems: Vec<Problem>,
}

/// Registers the webhooks in a temporary store.
pub fn rehearse(settings: Settings, rows: Vec<Row>) -> Result<Rehearsal> {
    let store = Arc::new(MemoryStore::new());
    let http = HttpClient::builder().build()?;
    let profile = settings.profile.clone();
    let settings = Settings {
        sealing_keys: vec![sealing::random()?],
        // The service decides which networks webhooks may reach, and how many webhooks a tenant may have.
        allow_destinations: EVERY_NETWORK.map(str::to_owned).to_vec(),
        webhooks_per_tenant_max: Some(WEBHOOKS_PER_TENANT_CEILING),
        ..settings
    };
    let blueprint = Blueprint::new(open::runtime(None)?, settings, move |signals| {
        Imports::new(store.clone(), Arc::new(http.queue(signals)))
    });
    let pool = Pool::new(Arc::new(blueprint), 1);
    pool.call(|_| Ok(())).with_context(|| {
        format!(
            "rehearsing with the service's profile {profile}; if that is a profile of your own, name its --profile-file"
        )
    })?;
    let (mut valid, mut problems) = (Vec::new(), Vec::new());
    for row in rows {
        match pool.call(|plugin| plugin.register(&row.tenant, &row.registration)) {
            Ok(webhook) => {
                let identity = Identity::of(&row.tenant, row.user.as_deref(), &webhook)?;
                valid.push((row, identity));
            }
            Err(CallError::Refused(error)) => problems.push(row.problem(error.to_string())),
            Err(CallError::Trapped(trap)) => bail!("rehearsing: the component trapped: {}", trap.reason),
        }
    }
    Ok(Rehearsal { valid, problems })
}
