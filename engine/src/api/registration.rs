//! Reads a registration or a change of one, checks every field once, and writes the fields into the webhook's row.

mod draft;
mod headers;

pub(super) use draft::Draft;

use draft::{AfterExhaustion, Headers};

use crate::api::statuses;
use crate::config::Config;
use crate::config::url;
use crate::delivery::target;
use crate::ports::Host;
use crate::profile::pattern;
use crate::profile::request::query;
use crate::profile::secret::Secret;
use crate::profile::{Method, OwnQuery, Profile, SecretAbsent, Unsigned};
use crate::store::rows::{OnExhausted, Webhook};
use crate::support::error::Error;
use crate::support::json;
use crate::support::limits;

/// Reads a new registration, which must have `url` and `events`.
pub(super) fn read_new(config: &Config, text: &str) -> Result<Draft, Error> {
    let draft = read_change(config, text)?;
    if draft.url.is_none() {
        return Err(Error::invalid("url", "is required").hint("the receiver's, as `https://example.com/in`"));
    }
    if draft.events.is_none() {
        return Err(Error::invalid("events", "is required").hint("patterns, as `[\"*\"]`"));
    }
    Ok(draft)
}

/// Reads the fields of a change and checks each. The profile's rules are checked by [`apply`].
pub(super) fn read_change(config: &Config, text: &str) -> Result<Draft, Error> {
    let mut draft: Draft = json::read(text)?;
    draft.trim();
    if let Some(url) = draft.url.take() {
        let (url, authorization) = url::take_credentials("url", &url)?;
        check_url(config, &url)?;
        (draft.url, draft.authorization) = (Some(url), authorization);
    }
    if let Some(name) = &draft.name {
        check_name(name)?;
    }
    if let Some(events) = draft.events.take() {
        draft.events = Some(pattern::parse_list(config.profile(), "events", &events)?);
    }
    if let Some(Headers(headers)) = &draft.headers {
        headers::check(headers)?;
    }
    check_schedule(draft.schedule.as_deref().unwrap_or_default())?;
    check_range("timeoutMs", draft.timeout_ms, limits::TIMEOUT_MS_MIN, limits::TIMEOUT_MS_MAX)?;
    check_range("concurrency", draft.concurrency, 1, limits::LANE_IN_FLIGHT_CEILING)?;
    check_range("ratePerMinute", draft.rate_per_minute, 0, limits::RATE_PER_MINUTE_MAX)?;
    Ok(draft)
}

/// Checks a URL without credentials: its form, and the address that it names, if it names one.
fn check_url(config: &Config, url: &str) -> Result<(), Error> {
    url::check("url", url, config.plain_http())?;
    match config.address_refusal(url) {
        None => Ok(()),
        Some(reason) => {
            let error = Error::invalid("url", format!("names an address that must not be reached: {reason}"));
            Err(error.hint("give a public address or a name; the platform can allow the network (allow-destination)"))
        }
    }
}

/// Returns the secret of a registration. `None`: the webhook is unsigned.
pub(super) fn secret(host: &dyn Host, profile: &Profile, given: Option<&str>) -> Result<Option<Secret>, Error> {
    match given {
        Some("") if profile.unsigned == Unsigned::Allow => Ok(None),
        Some("") => Err(Error::invalid("secret", format!("must not be empty: the profile {} signs", profile.name))
            .hint("leave the field out to have a secret made")),
        Some(text) => Secret::parse(profile, text).map(Some),
        None => match profile.secret_absent {
            SecretAbsent::Make => Ok(Some(Secret::generate(profile, &mut |buffer| host.fill(buffer)))),
            SecretAbsent::Unsigned => Ok(None),
            SecretAbsent::Refuse => {
                Err(Error::invalid("secret", "is required").hint("give the one that the receiver knows"))
            }
        },
    }
}

/// Returns an error if the webhook's live secrets cannot sign in another format.
pub(super) fn check_secrets_fit(
    config: &Config,
    profile: &Profile,
    webhook: &Webhook,
    now_ms: u64,
) -> Result<(), Error> {
    if webhook.secrets.is_empty() && profile.unsigned == Unsigned::Refuse {
        let message = format!("the profile {} signs, and the webhook has no secret", profile.name);
        return Err(Error::invalid("format", message).hint("give a secret in the same call"));
    }
    for secret in webhook.secrets.iter().filter(|secret| secret.is_live(now_ms)) {
        let text = config.sealing().open(&target::secret_place(&webhook.id), &secret.sealed)?;
        if Secret::parse(profile, &text).is_err() {
            let message = format!("the webhook's secret does not fit the profile {}", profile.name);
            return Err(Error::invalid("format", message).hint("give a new secret in the same call"));
        }
    }
    Ok(())
}

/// Writes the fields that were given into a webhook, and the profile's defaults into a new one.
pub(super) fn apply(
    host: &dyn Host,
    config: &Config,
    draft: Draft,
    profile: &Profile,
    webhook: &mut Webhook,
) -> Result<(), Error> {
    let is_new = webhook.url.is_empty();
    let now_ms = host.now_us() / 1_000;
    apply_target(&draft, profile, webhook, now_ms)?;
    headers::apply(host, config, profile, &draft, webhook)?;
    if is_new || draft.url.is_some() || draft.method.is_some() || draft.format.is_some() {
        check_own_query(profile, webhook)?;
    }
    if let Some(name) = draft.name {
        webhook.name = name;
    } else if is_new {
        webhook.name = webhook.url.chars().take(limits::WEBHOOK_NAME_CHARS_MAX).collect();
    }
    if let Some(events) = draft.events {
        webhook.events = events;
    }
    if let Some(is_active) = draft.is_active {
        set_active(webhook, is_active, now_ms);
    }
    apply_delivery(draft.schedule, profile, webhook, is_new);
    if let Some(timeout_ms) = draft.timeout_ms {
        webhook.timeout_ms = narrow(timeout_ms);
    }
    if let Some(concurrency) = draft.concurrency {
        webhook.concurrency = Some(narrow(concurrency));
    }
    if let Some(rate_per_minute) = draft.rate_per_minute {
        // 0 removes the limit.
        webhook.rate_per_minute = Some(narrow(rate_per_minute)).filter(|rate| *rate > 0);
    }
    if let Some(keep_bodies) = draft.keep_bodies {
        webhook.keep_bodies = (!keep_bodies).then_some(false);
    }
    let has_other_format = is_new || draft.format.is_some();
    statuses::apply(draft.success_statuses, draft.final_statuses, has_other_format, profile, webhook)?;
    webhook.strict_order = draft.strict_order.unwrap_or(webhook.strict_order);
    let on_exhausted = draft.on_exhausted.map(|choice| match choice {
        AfterExhaustion::Continue => OnExhausted::Continue,
        AfterExhaustion::Pause => OnExhausted::Pause,
    });
    webhook.on_exhausted = on_exhausted.or(webhook.on_exhausted);
    draft.paused_until.apply(webhook, now_ms)
}

/// Writes the URL, the format and the method.
fn apply_target(draft: &Draft, profile: &Profile, webhook: &mut Webhook, now_ms: u64) -> Result<(), Error> {
    let is_new = webhook.url.is_empty();
    if let Some(url) = &draft.url {
        if !is_new && *url != webhook.url {
            webhook.activated_at_ms = Some(now_ms);
        }
        webhook.url.clone_from(url);
    }
    webhook.format.clone_from(&profile.name);
    let default = profile.methods.first().copied().unwrap_or_default().as_str();
    let method = draft.method.as_deref().unwrap_or(if is_new { default } else { &webhook.method });
    webhook.method = check_method(profile, method)?;
    Ok(())
}

/// Returns an error if a parameter of the URL's own query has the name of a part of the payload, which is sent as a query
/// beside it.
fn check_own_query(profile: &Profile, webhook: &Webhook) -> Result<(), Error> {
    if Method::parse(&webhook.method) != Some(Method::Get) || profile.own_query == OwnQuery::Replace {
        return Ok(());
    }
    match query::own_names(&webhook.url).into_iter().find(|name| profile.has_member(name)) {
        None => Ok(()),
        Some(name) => {
            let message = format!(
                "has the parameter `{}`, which the payload of {} has as well",
                json::quoted(&name),
                profile.name
            );
            let hint = "give it another name, leave it out, or let the webhook use POST";
            Err(Error::invalid("url", message).hint(hint))
        }
    }
}

/// Writes the schedule, and for a new webhook the profile's defaults of delivery.
fn apply_delivery(schedule: Option<Vec<u64>>, profile: &Profile, webhook: &mut Webhook, is_new: bool) {
    if is_new {
        webhook.timeout_ms = profile.timeout_ms;
        webhook.schedule_s.clone_from(&profile.schedule_s);
    }
    if let Some(schedule) = schedule {
        webhook.schedule_s = schedule.into_iter().map(narrow).collect();
    }
}

fn set_active(webhook: &mut Webhook, is_active: bool, now_ms: u64) {
    if is_active && !webhook.active {
        webhook.activated_at_ms = Some(now_ms);
    }
    if is_active != webhook.active {
        webhook.inactive_reason = None;
    }
    webhook.active = is_active;
}

/// Returns a number that has been checked against a range of 32 bits.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() || name.chars().count() > limits::WEBHOOK_NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let hint = format!("1 to {} characters, no control characters", limits::WEBHOOK_NAME_CHARS_MAX);
        return Err(Error::invalid("name", format!("`{}` is no name", json::quoted(name))).hint(hint));
    }
    Ok(())
}

fn check_method(profile: &Profile, text: &str) -> Result<String, Error> {
    let allowed: Vec<&str> = profile.methods.iter().map(|method| method.as_str()).collect();
    if allowed.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(Error::invalid("method", format!("`{}` is not possible", json::quoted(text)))
        .hint(format!("the methods are {}", allowed.join(", "))))
}

fn check_schedule(schedule: &[u64]) -> Result<(), Error> {
    if schedule.len() > limits::SCHEDULE_WAITS_MAX {
        let message = format!("has {} waits; {} are allowed", schedule.len(), limits::SCHEDULE_WAITS_MAX);
        return Err(Error::invalid("schedule", message));
    }
    for (index, wait_s) in schedule.iter().enumerate() {
        if *wait_s > u64::from(limits::SCHEDULE_WAIT_S_MAX) {
            let hint = format!("whole seconds, 0 to {}", limits::SCHEDULE_WAIT_S_MAX);
            return Err(Error::invalid(&format!("schedule[{index}]"), format!("`{wait_s}` is out of range")).hint(hint));
        }
    }
    Ok(())
}

fn check_range<T: TryInto<u64>>(field: &str, number: Option<u64>, min: T, max: T) -> Result<(), Error> {
    let (min, max) = (min.try_into().unwrap_or(0), max.try_into().unwrap_or(u64::MAX));
    match number {
        Some(number) if !(min..=max).contains(&number) => {
            Err(Error::invalid(field, format!("`{number}` is out of range")).hint(format!("{min} to {max}")))
        }
        _ => Ok(()),
    }
}
