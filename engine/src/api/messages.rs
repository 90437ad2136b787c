//! Reads messages, their attempts, their payloads, and the catalogue of event types.

use serde::Serialize;

use crate::api::paging::{PAGE_MAX, bad_cursor, check_limit};
use crate::api::view::{self, AttemptView, MessageView, Page};
use crate::api::webhooks;
use crate::config::Config;
use crate::delivery::outgoing;
use crate::delivery::stored::{read_webhook, unknown_message};
use crate::intake;
use crate::ports::{Direction, Entry, Host};
use crate::profile::payload;
use crate::store::id;
use crate::store::keys;
use crate::store::rows::{self, Attempt, Message};
use crate::store::tenant::read_keeps_bodies;
use crate::support::error::{Error, ErrorKind};
use crate::support::limits::SCAN_ENTRIES_MAX;
use crate::support::time;

/// Returns a message with its latest attempts. Its event is shown without the attributes that the platform's profile hides.
pub fn message(host: &dyn Host, config: &Config, tenant: &str, message: &str) -> Result<String, Error> {
    let (tenant_part, row) = stored_message(host, tenant, message)?;
    let keep_bodies = read_keeps_bodies(host, &tenant_part)?;
    let event = row.event.as_ref().filter(|_| keep_bodies);
    let event = event.map(|event| view::raw(&payload::without(event, &config.profile().hidden))).transpose()?;
    let Page { data, next_cursor } = newest(host, &tenant_part, message, None, PAGE_MAX)?;
    view::text(&MessageView {
        id: message,
        r#type: &row.event_type,
        occurred_at: time::rfc3339_micros(row.occurred_at_us),
        accepted_at: view::millis(row.accepted_at_ms()),
        event,
        attempts: data,
        next_cursor,
    })
}

/// Returns a page of a message's attempts, of any webhook, newest first.
pub fn message_attempts(
    host: &dyn Host,
    _config: &Config,
    tenant: &str,
    message: &str,
    cursor: Option<&str>,
    limit: u32,
) -> Result<String, Error> {
    let limit = check_limit(limit)?;
    let place = |cursor| Place::parse(cursor).ok_or_else(|| bad_cursor(cursor));
    let before = cursor.map(place).transpose()?;
    let (tenant_part, _) = stored_message(host, tenant, message)?;
    view::text(&newest(host, &tenant_part, message, before.as_ref(), limit)?)
}

/// Returns the JSON that a webhook's requests for this message carry, or that they sign if they carry a query. It is made of the
/// stored event each time.
pub fn payload(host: &dyn Host, config: &Config, tenant: &str, message: &str, webhook: &str) -> Result<String, Error> {
    let (tenant_part, row) = stored_message(host, tenant, message)?;
    let webhook_row = read_webhook(host, &webhooks::lane(tenant, webhook)?)?.webhook;
    let whose = match webhook_row.keep_bodies {
        Some(false) => Some("the webhook"),
        _ => (!read_keeps_bodies(host, &tenant_part)?).then_some("the tenant"),
    };
    if let Some(whose) = whose {
        let error = Error::of(ErrorKind::Conflict, format!("{whose} keeps no bodies, so the payload is not shown"));
        return Err(error.hint("set `keepBodies` to true"));
    }
    let profile = config.format("format", &webhook_row.format)?;
    let payload = payload::build(&profile, message, &outgoing::event(&row)?)?;
    Ok(payload.body().to_owned())
}

/// Returns the tenant as part of a key, and the row of its message.
pub(super) fn stored_message(host: &dyn Host, tenant: &str, message: &str) -> Result<(String, Message), Error> {
    let tenant_part = keys::part(intake::check_tenant(tenant)?);
    if !id::is_id("msg_", message) {
        return Err(unknown_message(message));
    }
    let entry = host.get_one(&keys::message(&tenant_part, message))?.ok_or_else(|| unknown_message(message))?;
    let row: Message = rows::decode(&entry.key, &entry.value)?;
    if row.is_gone() { Err(unknown_message(message)) } else { Ok((tenant_part, row)) }
}

/// The place of an attempt among those of a message: by its time, and within one millisecond by webhook and number.
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

    /// Returns the text that [`Place::parse`] reads.
    fn cursor(&self) -> String {
        format!("{}/{}/{}", self.at_ms, self.webhook, self.number)
    }
}

/// Returns the newest attempts of a message before a place. The attempts are stored in the order of webhooks, so all of them
/// are read, and at most a page is kept.
fn newest(
    host: &dyn Host,
    tenant_part: &str,
    message: &str,
    before: Option<&Place>,
    limit: u32,
) -> Result<Page<AttemptView>, Error> {
    let mut newest = Newest { page: Vec::new(), before, limit: limit as usize, more: false };
    let mut range = keys::attempts_of_message(tenant_part, message);
    loop {
        let entries = host.scan(&range, SCAN_ENTRIES_MAX, Direction::Forward)?;
        let is_full = entries.len() == SCAN_ENTRIES_MAX as usize;
        for entry in entries {
            range.start = keys::next(&entry.key);
            newest.add(&entry);
        }
        if !is_full {
            break;
        }
    }
    let next_cursor = newest.page.last().filter(|_| newest.more).map(|listed| listed.place.cursor());
    let show = |Listed { place, attempt }: &Listed| view::attempt(&place.webhook, message, place.number, attempt);
    let shown = newest.page.iter().map(show);
    Ok(Page { data: shown.collect(), next_cursor })
}

/// An attempt and its place in the list.
struct Listed {
    place: Place,
    attempt: Attempt,
}

/// The newest attempts found so far.
struct Newest<'a> {
    page: Vec<Listed>,
    before: Option<&'a Place>,
    limit: usize,
    /// An attempt was left out for want of room.
    more: bool,
}

impl Newest<'_> {
    /// Adds an attempt, if it is among the newest. A row that cannot be decoded is left out.
    fn add(&mut self, entry: &Entry) {
        let Some((webhook, number)) = keys::parse_attempt(&entry.key) else { return };
        let Ok(attempt) = rows::decode::<Attempt>(&entry.key, &entry.value) else { return };
        let place = Place { at_ms: attempt.at_ms, webhook: webhook.to_owned(), number };
        // Number 0 is no attempt: it records that a redelivery was asked for.
        if number == 0 || self.before.is_some_and(|before| place >= *before) {
            return;
        }
        let at = self.page.partition_point(|other| other.place > place);
        self.page.insert(at, Listed { place, attempt });
        if self.page.len() > self.limit {
            self.page.pop();
            self.more = true;
        }
    }
}

/// The catalogue of event types.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventTypes<'a> {
    profile: &'a str,
    event_types: &'a [String],
}

/// Returns the profile's catalogue.
pub fn event_types(config: &Config) -> Result<String, Error> {
    let profile = config.profile();
    view::text(&EventTypes { profile: &profile.name, event_types: &profile.events })
}

#[cfg(test)]
mod tests;
