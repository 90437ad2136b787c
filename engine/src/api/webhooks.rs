//! Registers, changes, lists and removes webhooks.

use crate::api::paging::{bad_cursor, check_limit};
use crate::api::registration;
use crate::api::view::{self, Page};
use crate::config::Config;
use crate::delivery::stored::{Registered, read_health, read_webhook, unknown_webhook};
use crate::delivery::target;
use crate::intake;
use crate::jobs::row;
use crate::ports::{Direction, Host};
use crate::profile::secret::Secret;
use crate::store::commit::{self, Commit, Outcome};
use crate::store::id;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Empty, Health, JobKind, Webhook, WebhookSecret};
use crate::store::subscriptions::{Change, Known};
use crate::support::error::{Error, ErrorKind};
use crate::support::json;
use crate::support::limits::{SUBSCRIPTION_COMMITS_MAX, SUBSCRIPTION_MS_MAX, USER_BYTES_MAX};

/// Registers a webhook. Returns it with its secret in clear.
pub fn register(
    host: &dyn Host,
    config: &Config,
    tenant: &str,
    user: Option<&str>,
    registration: &str,
) -> Result<String, Error> {
    let tenant = intake::check_tenant(tenant)?;
    check_user(user)?;
    let draft = registration::read_new(config, registration)?;
    let lane = Lane::of(&keys::part(tenant), &id::webhook(host, host.accept_us(1)));
    let mut webhook = empty(host, tenant, user, &lane);
    let profile = config.format("format", draft.format.as_deref().unwrap_or(&config.profile().name))?;
    let secret = registration::secret(host, &profile, draft.secret.as_deref())?;
    registration::apply(host, config, draft, &profile, &mut webhook)?;
    if let Some(secret) = &secret {
        webhook.secrets.push(seal_secret(host, config, &webhook.id, secret)?);
    }
    for _ in commit::rounds(host, SUBSCRIPTION_COMMITS_MAX, SUBSCRIPTION_MS_MAX) {
        let known = Known::read(host, lane.tenant_part())?;
        known.check_room(config.webhooks_per_tenant_max())?;
        let mut commit = Commit::default();
        commit.check(&keys::webhook(&lane), None);
        commit.put(keys::webhook(&lane), rows::encode(&webhook));
        let added = Change { token: &webhook.token, webhooks: known.webhooks + 1, before: &[], now: &webhook.events };
        known.change(&mut commit, &lane, &added)?;
        match commit.submit(host)? {
            Outcome::Applied(_) => return show(host, config, &webhook, &Health::default(), secret.as_ref()),
            // Either an earlier submission was applied, or another webhook of the tenant was changed meanwhile.
            Outcome::Conflict { .. } => {
                if is_ours(host, &lane, &webhook.token)? {
                    return show(host, config, &webhook, &Health::default(), secret.as_ref());
                }
            }
        }
    }
    Err(busy())
}

/// Returns a webhook of which only the ids and times are known yet.
fn empty(host: &dyn Host, tenant: &str, user: Option<&str>, lane: &Lane) -> Webhook {
    let now_ms = host.now_us() / 1_000;
    Webhook {
        token: id::token(host),
        id: lane.webhook().to_owned(),
        tenant: tenant.to_owned(),
        user: user.map(str::to_owned),
        name: String::new(),
        url: String::new(),
        method: String::new(),
        events: Vec::new(),
        format: String::new(),
        secrets: Vec::new(),
        headers: Vec::new(),
        active: true,
        inactive_reason: None,
        activated_at_ms: None,
        timeout_ms: 0,
        schedule_s: Vec::new(),
        concurrency: None,
        rate_per_minute: None,
        keep_bodies: None,
        strict_order: false,
        on_exhausted: None,
        success_statuses: None,
        final_statuses: None,
        paused_until_ms: None,
        created_at_ms: now_ms,
        updated_at_ms: now_ms,
    }
}

/// Returns the JSON of a webhook. `secret` is shown in clear.
fn show(
    host: &dyn Host,
    config: &Config,
    webhook: &Webhook,
    health: &Health,
    secret: Option<&Secret>,
) -> Result<String, Error> {
    view::text(&view::webhook(config, webhook, health, secret, host.now_us() / 1_000))
}

fn check_user(user: Option<&str>) -> Result<(), Error> {
    let Some(user) = user else { return Ok(()) };
    if user.is_empty() || user.len() > USER_BYTES_MAX || user.chars().any(char::is_control) {
        let error = Error::invalid("userId", format!("`{}` names no user", json::quoted(user)));
        return Err(error.hint(format!("1 to {USER_BYTES_MAX} bytes without control characters")));
    }
    Ok(())
}

/// Changes the fields that are given. Returns the webhook.
pub fn update(host: &dyn Host, config: &Config, tenant: &str, id: &str, changes: &str) -> Result<String, Error> {
    let draft = registration::read_change(config, changes)?;
    let now_ms = host.now_us() / 1_000;
    let changed = change(host, tenant, id, |webhook| {
        let name = draft.format.clone().unwrap_or_else(|| webhook.format.clone());
        let profile = config.format("format", &name)?;
        if let Some(text) = draft.secret.as_deref() {
            let secret = registration::secret(host, &profile, Some(text))?;
            webhook.secrets =
                secret.iter().map(|secret| seal_secret(host, config, &webhook.id, secret)).collect::<Result<_, _>>()?;
        } else if draft.format.is_some() {
            registration::check_secrets_fit(config, &profile, webhook, now_ms)?;
        }
        registration::apply(host, config, draft.clone(), &profile, webhook)?;
        webhook.updated_at_ms = now_ms;
        Ok(())
    })?;
    show(host, config, &changed.webhook, &changed.health, None)
}

/// Returns a webhook, without its secret.
pub fn get(host: &dyn Host, config: &Config, tenant: &str, id: &str) -> Result<String, Error> {
    let registered = read_webhook(host, &lane(tenant, id)?)?;
    show(host, config, &registered.webhook, &registered.health, None)
}

/// Returns a page of the tenant's webhooks, in the order of their registration, the newest last: their ids begin with its
/// time.
pub fn list(host: &dyn Host, config: &Config, tenant: &str, cursor: Option<&str>, limit: u32) -> Result<String, Error> {
    let tenant_part = keys::part(intake::check_tenant(tenant)?);
    if let Some(cursor) = cursor.filter(|cursor| !id::is_id("wh_", cursor)) {
        return Err(bad_cursor(cursor));
    }
    let limit = check_limit(limit)?;
    let mut entries = host.scan(&keys::webhooks_after(&tenant_part, cursor), limit + 1, Direction::Forward)?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let lanes: Vec<Lane> = entries.iter().map(|entry| Lane::of(&tenant_part, keys::last_part(&entry.key))).collect();
    let health = host.get(&lanes.iter().map(keys::health).collect::<Vec<_>>())?;
    // A row that cannot be decoded is left out; `get` returns the reason.
    let now_ms = host.now_us() / 1_000;
    let decoded: Vec<(Webhook, Health)> = entries
        .iter()
        .zip(health)
        .filter_map(|(entry, health)| {
            let webhook = rows::decode::<Webhook>(&entry.key, &entry.value).ok()?;
            Some((webhook, read_health(health).unwrap_or_default()))
        })
        .collect();
    let data = decoded.iter().map(|(webhook, health)| view::webhook(config, webhook, health, None, now_ms)).collect();
    let next_cursor = lanes.last().filter(|_| more).map(|lane| lane.webhook().to_owned());
    view::text(&Page { data, next_cursor })
}

/// Removes a webhook. Workers cancel its waiting deliveries, and a job removes the rows that it leaves behind. Returns the
/// job's id.
pub fn unregister(host: &dyn Host, _config: &Config, tenant: &str, id: &str) -> Result<String, Error> {
    let lane = lane(tenant, id)?;
    for _ in commit::rounds(host, SUBSCRIPTION_COMMITS_MAX, SUBSCRIPTION_MS_MAX) {
        let known = Known::read(host, lane.tenant_part())?;
        let Registered { webhook, version, .. } = read_webhook(host, &lane)?;
        let token = id::token(host);
        let mut commit = Commit::default();
        commit.check(&keys::webhook(&lane), Some(version));
        commit.delete(keys::webhook(&lane));
        let webhooks = known.webhooks.saturating_sub(1);
        known.change(&mut commit, &lane, &Change { token: &token, webhooks, before: &webhook.events, now: &[] })?;
        let now_ms = host.now_us() / 1_000;
        commit.put(keys::timer(now_ms, &lane, &token), rows::encode(&Empty {}));
        let purge = row::new(JobKind::Purge, Some(id), now_ms);
        let purge = row::put_new(host, &mut commit, lane.tenant_part(), &token, purge);
        match commit.submit(host)? {
            Outcome::Applied(_) => return Ok(purge),
            Outcome::Conflict { maybe_applied, .. } => {
                // The job is there if an earlier submission was applied.
                if maybe_applied && host.get_one(&keys::job(&Lane::of(lane.tenant_part(), &purge)))?.is_some() {
                    return Ok(purge);
                }
            }
        }
    }
    Err(busy())
}

/// Returns the lane of a webhook, or an error if its id cannot be one.
pub(super) fn lane(tenant: &str, webhook: &str) -> Result<Lane, Error> {
    let tenant = intake::check_tenant(tenant)?;
    if id::is_id("wh_", webhook) { Ok(Lane::of(&keys::part(tenant), webhook)) } else { Err(unknown_webhook(webhook)) }
}

/// A webhook after a change.
pub(super) struct Changed {
    pub webhook: Webhook,
    pub health: Health,
}

/// Edits a webhook's row, and its subscriptions if its patterns change.
pub(super) fn change(
    host: &dyn Host,
    tenant: &str,
    id: &str,
    mut edit: impl FnMut(&mut Webhook) -> Result<(), Error>,
) -> Result<Changed, Error> {
    let lane = &lane(tenant, id)?;
    for _ in commit::rounds(host, SUBSCRIPTION_COMMITS_MAX, SUBSCRIPTION_MS_MAX) {
        let known = Known::read(host, lane.tenant_part())?;
        let Registered { mut webhook, health, version } = read_webhook(host, lane)?;
        let before = webhook.events.clone();
        edit(&mut webhook)?;
        webhook.token = id::token(host);
        let mut commit = Commit::default();
        commit.check(&keys::webhook(lane), Some(version));
        commit.put(keys::webhook(lane), rows::encode(&webhook));
        if webhook.events != before {
            let webhooks = known.webhooks;
            let change = Change { token: &webhook.token, webhooks, before: &before, now: &webhook.events };
            known.change(&mut commit, lane, &change)?;
        }
        // The timer makes a worker that has the lane read the registration again: another row may be due next.
        let now_ms = host.now_us() / 1_000;
        commit.put(keys::timer(now_ms, lane, &webhook.token), rows::encode(&Empty {}));
        match commit.submit(host)? {
            Outcome::Applied(_) => return Ok(Changed { webhook, health }),
            Outcome::Conflict { maybe_applied, .. } => {
                if maybe_applied && is_ours(host, lane, &webhook.token)? {
                    return Ok(Changed { webhook, health });
                }
            }
        }
    }
    Err(busy())
}

fn is_ours(host: &dyn Host, lane: &Lane, token: &str) -> Result<bool, Error> {
    let entry = host.get_one(&keys::webhook(lane))?;
    let webhook = entry.map(|entry| rows::decode::<Webhook>(&entry.key, &entry.value)).transpose()?;
    Ok(webhook.is_some_and(|webhook| webhook.token == token))
}

/// Returns the row of a secret that is set now.
pub(super) fn seal_secret(host: &dyn Host, config: &Config, id: &str, secret: &Secret) -> Result<WebhookSecret, Error> {
    let sealed = config.sealing().seal(host, &target::secret_place(id), secret.expose())?;
    let fingerprint = config.sealing().fingerprint(secret.expose());
    Ok(WebhookSecret { sealed, fingerprint, since_ms: host.now_us() / 1_000, until_ms: None })
}

fn busy() -> Error {
    Error::of(ErrorKind::Unavailable, "other calls kept changing the webhook").hint("repeat the call")
}

#[cfg(test)]
mod tests;
