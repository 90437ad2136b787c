//! Webhooks: registered, changed, listed, removed; and opened for use when something is to be sent.

use crate::api::{registration, view};
use crate::config::Config;
use crate::delivery::stored::{read_health, read_webhook, unknown_webhook};
use crate::delivery::target;
use crate::intake;
use crate::jobs::row;
use crate::ports::{Direction, Host};
use crate::profile::secret::Secret;
use crate::store::commit::{Commit, Outcome};
use crate::store::id;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Empty, Health, JobKind, Webhook, WebhookSecret};
use crate::store::subscriptions::Known;
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::json::{self, Json, Style};
use crate::support::limits::{
    LIVE_SECRETS_MAX, ROTATION_OVERLAP_MS, ROTATION_OVERLAP_MS_MAX, SUBSCRIPTION_COMMITS_MAX, USER_BYTES_MAX,
};

/// The webhooks of a page, at most.
pub(crate) const PAGE_MAX: u32 = 100;

/// Registers a webhook. Answers it with its secret in clear.
pub fn register(
    host: &dyn Host,
    config: &Config,
    tenant: &str,
    user: Option<&str>,
    registration: &str,
) -> Result<String, Error> {
    let tenant = intake::check_tenant(tenant)?;
    check_user(user)?;
    let now_ms = host.now_us() / 1_000;
    let draft = registration::new(config, registration)?;
    let lane = Lane::of(&keys::part(tenant), &id::webhook(host));
    let mut hook = Webhook {
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
        created_at_ms: now_ms,
        updated_at_ms: now_ms,
    };
    let profile = config.format("format", draft.format.as_deref().unwrap_or(&config.profile().name))?;
    let secret = registration::secret(host, &profile, draft.secret.as_deref())?;
    registration::apply(host, config, draft, &profile, &mut hook)?;
    if let Some(secret) = &secret {
        hook.secrets.push(seal_secret(host, config, &hook.id, secret)?);
    }
    for _ in 0..SUBSCRIPTION_COMMITS_MAX {
        let known = Known::read(host, lane.tenant_part())?;
        known.check_room(config.webhooks_per_tenant_max())?;
        let mut commit = Commit::default();
        commit.check(&keys::webhook(&lane), None);
        commit.put(keys::webhook(&lane), rows::encode(&hook));
        known.change(&mut commit, &lane, &hook.token, known.webhooks + 1, &[], &hook.events);
        match commit.submit(host)? {
            Outcome::Applied(_) => return Ok(view::show(config, &hook, &Health::default(), secret.as_ref())),
            // Another webhook of the tenant was changed meanwhile, unless this one is there already.
            Outcome::Conflict { .. } => {
                if is_ours(host, &lane, &hook.token)? {
                    return Ok(view::show(config, &hook, &Health::default(), secret.as_ref()));
                }
            }
        }
    }
    Err(busy())
}

fn check_user(user: Option<&str>) -> Result<(), Error> {
    let Some(user) = user else { return Ok(()) };
    if user.is_empty() || user.len() > USER_BYTES_MAX || user.chars().any(char::is_control) {
        let error = Error::invalid("userId", format!("`{}` names no user", json::quoted(user)));
        return Err(error.hint(format!("1 to {USER_BYTES_MAX} bytes without control characters")));
    }
    Ok(())
}

/// Changes the fields that are given. Answers the webhook.
pub fn update(host: &dyn Host, config: &Config, tenant: &str, webhook: &str, changes: &str) -> Result<String, Error> {
    let draft = registration::change(config, changes)?;
    let now_ms = host.now_us() / 1_000;
    let (hook, stat) = change(host, tenant, webhook, |hook| {
        let name = draft.format.clone().unwrap_or_else(|| hook.format.clone());
        let profile = config.format("format", &name)?;
        if let Some(text) = draft.secret.as_deref() {
            let secret = registration::secret(host, &profile, Some(text))?;
            hook.secrets =
                secret.iter().map(|secret| seal_secret(host, config, &hook.id, secret)).collect::<Result<_, _>>()?;
        } else if draft.format.is_some() {
            registration::check_secrets_fit(config, &profile, hook, now_ms)?;
        }
        registration::apply(host, config, draft.clone(), &profile, hook)?;
        hook.updated_at_ms = now_ms;
        Ok(())
    })?;
    Ok(view::show(config, &hook, &stat, None))
}

/// The webhook, without its secret.
pub fn get(host: &dyn Host, config: &Config, tenant: &str, webhook: &str) -> Result<String, Error> {
    let (hook, stat, _) = read_webhook(host, &lane(tenant, webhook)?)?;
    Ok(view::show(config, &hook, &stat, None))
}

/// A page of the tenant's webhooks, in the order of their ids.
pub fn list(host: &dyn Host, config: &Config, tenant: &str, cursor: Option<&str>, limit: u32) -> Result<String, Error> {
    let tenant_part = keys::part(intake::check_tenant(tenant)?);
    if let Some(cursor) = cursor.filter(|cursor| !id::is_id("wh_", cursor)) {
        return Err(Error::invalid("cursor", format!("`{}` is no cursor of this list", json::quoted(cursor))));
    }
    let limit = check_limit(limit)?;
    let mut entries = host.scan(&keys::webhooks_after(&tenant_part, cursor), limit + 1, Direction::Forward)?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let lanes: Vec<Lane> = entries.iter().map(|entry| Lane::of(&tenant_part, keys::last_part(&entry.key))).collect();
    let stats = host.get(&lanes.iter().map(keys::health).collect::<Vec<_>>())?;
    let mut data = Vec::new();
    for (entry, stat) in entries.iter().zip(stats) {
        // What cannot be read is left out; asked for by itself it says why.
        let Ok(hook) = rows::decode::<Webhook>(&entry.key, &entry.value) else { continue };
        data.push(view::webhook(config, &hook, &read_health(stat).unwrap_or_default(), None));
    }
    let last = lanes.last().filter(|_| more).map_or(Json::Null, |lane| Json::text(lane.webhook()));
    Ok(json::write(&Json::object(vec![("data", Json::Array(data)), ("nextCursor", last)]), Style::Compact))
}

/// Removes the webhook. The pump cancels what waits for it, and a job removes what it leaves behind. Answers the job's id.
pub fn unregister(host: &dyn Host, _config: &Config, tenant: &str, webhook: &str) -> Result<String, Error> {
    let lane = lane(tenant, webhook)?;
    for _ in 0..SUBSCRIPTION_COMMITS_MAX {
        let known = Known::read(host, lane.tenant_part())?;
        let (hook, _, version) = read_webhook(host, &lane)?;
        let token = id::token(host);
        let mut commit = Commit::default();
        commit.check(&keys::webhook(&lane), Some(version));
        commit.delete(keys::webhook(&lane));
        known.change(&mut commit, &lane, &token, known.webhooks.saturating_sub(1), &hook.events, &[]);
        let now_ms = host.now_us() / 1_000;
        commit.put(keys::timer(now_ms, &lane, &token), rows::encode(&Empty {}));
        let purge = row::new(JobKind::Purge, Some(webhook), now_ms);
        let purge = row::put_new(host, &mut commit, lane.tenant_part(), &token, purge);
        match commit.submit(host)? {
            Outcome::Applied(_) => return Ok(purge),
            Outcome::Conflict { doubtful, .. } => {
                // If it had landed, its job is there.
                if doubtful && host.get_one(&keys::job(&Lane::of(lane.tenant_part(), &purge)))?.is_some() {
                    return Ok(purge);
                }
            }
        }
    }
    Err(busy())
}

/// Sets a new secret; the old ones go on signing for a while. Answers the webhook with the new one in clear.
pub fn rotate_secret(
    host: &dyn Host,
    config: &Config,
    tenant: &str,
    webhook: &str,
    secret: Option<&str>,
    overlap_s: Option<u32>,
) -> Result<String, Error> {
    let overlap_ms = overlap_s.map_or(ROTATION_OVERLAP_MS, |overlap_s| u64::from(overlap_s) * 1_000);
    if overlap_ms > ROTATION_OVERLAP_MS_MAX {
        let message = format!("`{}` is too long", overlap_ms / 1_000);
        let hint = format!("0 to {} seconds", ROTATION_OVERLAP_MS_MAX / 1_000);
        return Err(Error::invalid("overlapS", message).hint(hint));
    }
    let now_ms = host.now_us() / 1_000;
    let mut shown = None;
    let (hook, stat) = change(host, tenant, webhook, |hook| {
        let profile = config.format("format", &hook.format)?;
        let fresh = match secret {
            Some(text) => Secret::parse(&profile, text)?,
            None => Secret::generate(&profile, &mut |buffer| host.fill(buffer)),
        };
        for old in &mut hook.secrets {
            old.until_ms = Some(old.until_ms.unwrap_or(u64::MAX).min(now_ms + overlap_ms));
        }
        hook.secrets.retain(|old| old.is_live(now_ms));
        hook.secrets.insert(0, seal_secret(host, config, &hook.id, &fresh)?);
        if hook.secrets.len() > LIVE_SECRETS_MAX {
            let message = format!("{LIVE_SECRETS_MAX} secrets are live already");
            return Err(Error::of(ErrorKind::Conflict, message).hint("rotate with a shorter overlap"));
        }
        hook.updated_at_ms = now_ms;
        shown = Some(fresh);
        Ok(())
    })?;
    Ok(view::show(config, &hook, &stat, shown.as_ref()))
}

/// A webhook's lane, if the ids can be such.
pub(crate) fn lane(tenant: &str, webhook: &str) -> Result<Lane, Error> {
    let tenant = intake::check_tenant(tenant)?;
    if id::is_id("wh_", webhook) { Ok(Lane::of(&keys::part(tenant), webhook)) } else { Err(unknown_webhook(webhook)) }
}

/// Checks a page's size.
pub(crate) fn check_limit(limit: u32) -> Result<u32, Error> {
    if (1..=PAGE_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Error::invalid("limit", format!("`{limit}` is out of range")).hint(format!("1 to {PAGE_MAX}")))
    }
}

fn change(
    host: &dyn Host,
    tenant: &str,
    webhook: &str,
    edit: impl FnMut(&mut Webhook) -> Result<(), Error>,
) -> Result<(Webhook, Health), Error> {
    change_lane(host, &lane(tenant, webhook)?, edit)
}

fn change_lane(
    host: &dyn Host,
    lane: &Lane,
    mut edit: impl FnMut(&mut Webhook) -> Result<(), Error>,
) -> Result<(Webhook, Health), Error> {
    for _ in 0..SUBSCRIPTION_COMMITS_MAX {
        let known = Known::read(host, lane.tenant_part())?;
        let (mut hook, stat, version) = read_webhook(host, lane)?;
        let before = hook.events.clone();
        edit(&mut hook)?;
        hook.token = id::token(host);
        let mut commit = Commit::default();
        commit.check(&keys::webhook(lane), Some(version));
        commit.put(keys::webhook(lane), rows::encode(&hook));
        if hook.events != before {
            known.change(&mut commit, lane, &hook.token, known.webhooks, &before, &hook.events);
        }
        // Whoever has the lane reads the registration again: it may be active now, or another row may be due next.
        let now_ms = host.now_us() / 1_000;
        commit.put(keys::timer(now_ms, lane, &hook.token), rows::encode(&Empty {}));
        match commit.submit(host)? {
            Outcome::Applied(_) => return Ok((hook, stat)),
            Outcome::Conflict { doubtful, .. } => {
                if doubtful && is_ours(host, lane, &hook.token)? {
                    return Ok((hook, stat));
                }
            }
        }
    }
    Err(busy())
}

fn is_ours(host: &dyn Host, lane: &Lane, token: &str) -> Result<bool, Error> {
    let entry = host.get_one(&keys::webhook(lane))?;
    let hook = entry.map(|entry| rows::decode::<Webhook>(&entry.key, &entry.value)).transpose()?;
    Ok(hook.is_some_and(|hook| hook.token == token))
}

fn seal_secret(host: &dyn Host, config: &Config, webhook: &str, secret: &Secret) -> Result<WebhookSecret, Error> {
    let sealed = config.sealing().seal(host, &target::secret_place(webhook), secret.expose())?;
    Ok(WebhookSecret { sealed, fingerprint: config.sealing().fingerprint(secret.expose()), until_ms: None })
}

fn busy() -> Error {
    Error::of(ErrorKind::Unavailable, "the webhook was being changed by others all the time").hint("repeat the call")
}

#[cfg(test)]
mod tests;
