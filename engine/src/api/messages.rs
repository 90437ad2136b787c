//! Reading back: a webhook's attempts, a message with its attempts, the catalogue.

use crate::api::view;
use crate::api::webhooks;
use crate::config::Config;
use crate::delivery::outgoing;
use crate::delivery::stored::read_webhook;
use crate::delivery::stored::unknown_message;
use crate::intake;
use crate::ports::{Direction, Entry, Host};
use crate::profile::payload;
use crate::store::id;
use crate::store::keys;
use crate::store::rows::{self, Attempt, Message, Recent, RecordedAttempt};
use crate::store::tenant::read_keeps_bodies;
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::json::{self, Json, Style};
use crate::support::limits::SCAN_ENTRIES_MAX;
use crate::support::time;

/// A page of a webhook's attempts, newest first.
pub fn attempts(
    host: &dyn Host,
    _config: &Config,
    tenant: &str,
    webhook: &str,
    cursor: Option<&str>,
    limit: u32,
) -> Result<String, Error> {
    let lane = webhooks::lane(tenant, webhook)?;
    let limit = webhooks::check_limit(limit)?;
    let (place, mut skip) = match cursor.map(parse_cursor) {
        None => (None, 0),
        Some(Some((place, skip))) => (Some(place), skip),
        Some(None) => return Err(Error::invalid("cursor", "is no cursor of this list")),
    };
    if cursor.is_none() {
        read_webhook(host, &lane)?;
    }
    // Each record names at least one attempt, so as many records as attempts wanted, and one more, are enough.
    let page = host.scan(&keys::recent_before(&lane, place.as_deref()), limit + 1, Direction::Reverse)?;
    let mut wanted: Vec<RecordedAttempt> = Vec::new();
    let (mut next, mut last) = (None, None);
    for entry in &page {
        let place = keys::recent_place(&lane, &entry.key).unwrap_or_default();
        let shown = std::mem::take(&mut skip);
        // What cannot be read is left out, here and below.
        let recent = rows::decode::<Recent>(&entry.key, &entry.value).map_or(Vec::new(), |recent| recent.attempts);
        last = Some((place, recent.len()));
        for (index, attempt) in recent.into_iter().rev().enumerate().skip(shown) {
            if wanted.len() == limit as usize {
                next = Some((place, index));
                break;
            }
            wanted.push(attempt);
        }
        if next.is_some() {
            break;
        }
    }
    if page.len() > limit as usize {
        // There was one that named nothing: there may be more behind it.
        next = next.or(last);
    }
    let keys: Vec<String> =
        wanted.iter().map(|attempt| keys::attempt(&lane, &attempt.message, attempt.number)).collect();
    let mut data = Vec::new();
    for (RecordedAttempt { message, number }, entry) in wanted.iter().zip(host.get(&keys)?) {
        // An attempt that retention has removed since is left out.
        let Some(entry) = entry else { continue };
        let Ok(attempt) = rows::decode::<Attempt>(&entry.key, &entry.value) else { continue };
        data.push(show(lane.webhook(), message, *number, &attempt));
    }
    let next = next.map_or(Json::Null, |(place, shown)| Json::String(format!("{place}/{shown}")));
    Ok(json::write(&Json::object(vec![("data", Json::Array(data)), ("nextCursor", next)]), Style::Compact))
}

/// A message with its latest attempts. Its event is shown without what the platform's profile hides.
pub fn message(host: &dyn Host, config: &Config, tenant: &str, message: &str) -> Result<String, Error> {
    let (tenant_part, row) = stored_message(host, tenant, message)?;
    let keep_bodies = read_keeps_bodies(host, &tenant_part)?;
    let event = row.event.as_ref().filter(|_| keep_bodies);
    let event = event.map_or(Json::Null, |event| payload::without(event, &config.profile().hidden));
    let (attempts, next) = newest(host, &tenant_part, message, None, webhooks::PAGE_MAX)?;
    let shown = Json::object(vec![
        ("id", Json::text(message)),
        ("type", Json::text(&row.event_type)),
        ("occurredAt", Json::String(time::rfc3339_micros(row.occurred_at_us))),
        ("acceptedAt", view::millis(row.accepted_at_ms())),
        ("event", event),
        ("attempts", Json::Array(attempts)),
        ("nextCursor", next),
    ]);
    Ok(json::write(&shown, Style::Compact))
}

/// A page of a message's attempts, of any webhook, newest first.
pub fn message_attempts(
    host: &dyn Host,
    _config: &Config,
    tenant: &str,
    message: &str,
    cursor: Option<&str>,
    limit: u32,
) -> Result<String, Error> {
    let limit = webhooks::check_limit(limit)?;
    let before = match cursor.map(Place::parse) {
        None => None,
        Some(Some(place)) => Some(place),
        Some(None) => return Err(Error::invalid("cursor", "is no cursor of this list")),
    };
    let (tenant_part, _) = stored_message(host, tenant, message)?;
    let (attempts, next) = newest(host, &tenant_part, message, before.as_ref(), limit)?;
    Ok(json::write(&Json::object(vec![("data", Json::Array(attempts)), ("nextCursor", next)]), Style::Compact))
}

/// The JSON that a webhook's requests for this message carry, or that they sign where they carry a query. Nothing but the
/// event is stored; the same text is made of it each time.
pub fn payload(host: &dyn Host, config: &Config, tenant: &str, message: &str, webhook: &str) -> Result<String, Error> {
    let (tenant_part, row) = stored_message(host, tenant, message)?;
    let (hook, _, _) = read_webhook(host, &webhooks::lane(tenant, webhook)?)?;
    let whose = match hook.keep_bodies {
        Some(false) => Some("the webhook"),
        _ => (!read_keeps_bodies(host, &tenant_part)?).then_some("the tenant"),
    };
    if let Some(whose) = whose {
        let error = Error::of(ErrorKind::Conflict, format!("{whose} keeps no bodies, so none is shown"));
        return Err(error.hint("`keepBodies` decides that"));
    }
    let profile = config.format("format", &hook.format)?;
    let payload = payload::build(&profile, message, &outgoing::event(&row)?)?;
    Ok(payload.body().to_owned())
}

/// The tenant as part of a key, and the row of its message.
pub(crate) fn stored_message(host: &dyn Host, tenant: &str, message: &str) -> Result<(String, Message), Error> {
    let tenant_part = keys::part(intake::check_tenant(tenant)?);
    if !id::is_id("msg_", message) {
        return Err(unknown_message(message));
    }
    let entry = host.get_one(&keys::message(&tenant_part, message))?.ok_or_else(|| unknown_message(message))?;
    let row: Message = rows::decode(&entry.key, &entry.value)?;
    if row.is_gone() { Err(unknown_message(message)) } else { Ok((tenant_part, row)) }
}

/// Where an attempt stands among a message's: by its time, and among those of one millisecond by webhook and number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    at_ms: u64,
    webhook: String,
    number: u32,
}

impl Place {
    fn parse(text: &str) -> Option<Place> {
        let mut parts = text.splitn(3, '/');
        let at_ms = parts.next()?.parse().ok()?;
        let webhook = parts.next().filter(|webhook| id::is_id("wh_", webhook))?.to_owned();
        Some(Place { at_ms, webhook, number: parts.next()?.parse().ok()? })
    }
}

/// The newest attempts of a message before a place, and the cursor to the rest. The log is in the order of webhooks, so all
/// of it is read, and no more than a page is kept.
fn newest(
    host: &dyn Host,
    tenant_part: &str,
    message: &str,
    before: Option<&Place>,
    limit: u32,
) -> Result<(Vec<Json>, Json), Error> {
    let mut page: Vec<(Place, Attempt)> = Vec::new();
    let mut more = false;
    let mut range = keys::attempts_of_message(tenant_part, message);
    loop {
        let entries = host.scan(&range, SCAN_ENTRIES_MAX, Direction::Forward)?;
        let Some(last) = entries.last().filter(|_| entries.len() == SCAN_ENTRIES_MAX as usize) else {
            more |= keep_newest(&mut page, entries, before, limit)?;
            break;
        };
        range.start = keys::next(&last.key);
        more |= keep_newest(&mut page, entries, before, limit)?;
    }
    let cursor = page
        .last()
        .filter(|_| more)
        .map_or(Json::Null, |(place, _)| Json::String(format!("{}/{}/{}", place.at_ms, place.webhook, place.number)));
    let shown = page.iter().map(|(place, attempt)| show(&place.webhook, message, place.number, attempt));
    Ok((shown.collect(), cursor))
}

/// Answers whether something was left out.
fn keep_newest(
    page: &mut Vec<(Place, Attempt)>,
    entries: Vec<Entry>,
    before: Option<&Place>,
    limit: u32,
) -> Result<bool, Error> {
    let mut more = false;
    for entry in entries {
        let Some((webhook, number)) = keys::parse_attempt(&entry.key) else { continue };
        let Ok(attempt) = rows::decode::<Attempt>(&entry.key, &entry.value) else { continue };
        let place = Place { at_ms: attempt.at_ms, webhook: webhook.to_owned(), number };
        // Number 0 is no attempt: it only says that a redelivery was asked for.
        if number == 0 || before.is_some_and(|before| place >= *before) {
            continue;
        }
        let at = page.partition_point(|(other, _)| *other > place);
        page.insert(at, (place, attempt));
        if page.len() > limit as usize {
            page.pop();
            more = true;
        }
    }
    Ok(more)
}

/// The profile's catalogue.
pub fn event_types(config: &Config) -> Result<String, Error> {
    let profile = config.profile();
    let types = profile.events.iter().map(|event_type| Json::text(event_type)).collect();
    let shown = Json::object(vec![("profile", Json::text(&profile.name)), ("eventTypes", Json::Array(types))]);
    Ok(json::write(&shown, Style::Compact))
}

/// An attempt as the API shows it.
pub(crate) fn show(webhook: &str, message: &str, number: u32, attempt: &Attempt) -> Json {
    let text = |text: &Option<String>| text.as_deref().map_or(Json::Null, Json::text);
    Json::object(vec![
        ("messageId", Json::text(message)),
        ("webhookId", Json::text(webhook)),
        ("eventType", Json::text(&attempt.event_type)),
        ("number", Json::from(u64::from(number))),
        ("at", view::millis(attempt.at_ms)),
        ("durationMs", Json::from(u64::from(attempt.duration_ms))),
        ("state", Json::text(attempt.state.as_str())),
        ("status", attempt.status.map_or(Json::Null, |status| Json::from(u64::from(status)))),
        ("error", attempt.error.map_or(Json::Null, |kind| Json::text(kind.as_str()))),
        ("detail", text(&attempt.detail)),
        ("responseExcerpt", text(&attempt.excerpt)),
        ("nextAttemptAt", attempt.next_at_ms.map_or(Json::Null, view::millis)),
        ("isTest", Json::Bool(attempt.test)),
    ])
}

/// A cursor is the place of a record and how many of its attempts have been shown: `<ms>/<token>/<count>`.
fn parse_cursor(text: &str) -> Option<(String, usize)> {
    let (place, count) = text.rsplit_once('/')?;
    let (ms, token) = place.split_once('/')?;
    let is_place = ms.len() == 13
        && ms.bytes().all(|byte| byte.is_ascii_digit())
        && token.len() == id::ID_CHARS
        && token.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    Some((is_place.then(|| place.to_owned())?, count.parse().ok()?))
}

#[cfg(test)]
mod tests;
