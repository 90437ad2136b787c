//! The call that sends a message again.

use serde::Serialize;

use crate::api::messages;
use crate::api::view;
use crate::api::webhooks;
use crate::config::Config;
use crate::delivery::redeliver::{self, Redelivered, check_kept};
use crate::delivery::stored::{read_active_webhook, unknown_webhook};
use crate::delivery::target::inactive_reason;
use crate::event::pattern;
use crate::ports::{Entry, Host};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Message, Webhook};
use crate::store::subscriptions::{self, Found};
use crate::support::error::{Error, ErrorKind, Progress};
use crate::support::limits::ROUTE_DELIVERIES_MAX;

/// Reads of a tenant's subscriptions, while other calls change them, before the call fails.
const SUBSCRIPTION_READS_MAX: u32 = 8;

/// The webhooks to which a message goes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Redelivery<'a> {
    message_id: &'a str,
    webhook_ids: &'a [String],
}

/// Sends a message again: to one webhook, whether it subscribes to the type or not, or to every active one that subscribes
/// to it now. A delivery that is due already is left alone.
pub fn redeliver(
    host: &dyn Host,
    config: &Config,
    tenant: &str,
    message: &str,
    webhook: Option<&str>,
) -> Result<String, Error> {
    let (tenant_part, row) = messages::stored_message(host, tenant, message)?;
    if row.test {
        let error = Error::of(ErrorKind::Conflict, format!("`{message}` was a test"));
        return Err(error.hint("POST /webhooks/{id}/test sends another one"));
    }
    check_kept(&row)?;
    let webhooks = match webhook {
        Some(webhook) => {
            let lane = webhooks::lane(tenant, webhook)?;
            let webhook_row = read_active_webhook(host, config, &lane)?;
            let subscribes = pattern::selects(&webhook_row.events, &row.event_type);
            match redeliver::redeliver(host, &lane, message, &row, subscribes)? {
                Redelivered::Due => vec![webhook.to_owned()],
                Redelivered::Unregistered => return Err(unknown_webhook(webhook)),
            }
        }
        None => {
            let webhooks = active_subscribers(host, config, &tenant_part, &row)?;
            to_all(host, &tenant_part, webhooks, message, &row)?
        }
    };
    view::text(&Redelivery { message_id: message, webhook_ids: &webhooks })
}

/// Sends a message to all of these webhooks. Returns those that are still registered.
///
/// Errors: the first one, with the webhooks that were asked for and the others. A webhook that cannot be sent the message does
/// not keep it from the others, but a failure of the storage ends the call.
fn to_all(
    host: &dyn Host,
    tenant_part: &str,
    webhooks: Vec<String>,
    message: &str,
    row: &Message,
) -> Result<Vec<String>, Error> {
    let (mut done, mut left) = (Vec::new(), Vec::new());
    let mut first: Option<Error> = None;
    let mut webhooks = webhooks.into_iter();
    for webhook in webhooks.by_ref() {
        match redeliver::redeliver(host, &Lane::of(tenant_part, &webhook), message, row, true) {
            Ok(Redelivered::Due) => done.push(webhook),
            Ok(Redelivered::Unregistered) => {}
            Err(error) => {
                left.push(webhook);
                let is_of_webhook = matches!(error.kind, ErrorKind::Conflict | ErrorKind::Blocked);
                first.get_or_insert(error);
                if !is_of_webhook {
                    break;
                }
            }
        }
    }
    let Some(error) = first else { return Ok(done) };
    left.extend(webhooks);
    let why = error.hint.as_ref().map_or(String::new(), |hint| format!("{hint}; "));
    let hint = format!("{why}name each of the others as `webhookId`; all at once would repeat those that were done");
    Err(error.hint(hint).after(Progress { done, left }))
}

fn active_subscribers(
    host: &dyn Host,
    config: &Config,
    tenant_part: &String,
    row: &Message,
) -> Result<Vec<String>, Error> {
    let mut webhooks = subscribers(host, tenant_part, &row.event_type)?;
    if webhooks.len() > ROUTE_DELIVERIES_MAX {
        let message = format!("more than {ROUTE_DELIVERIES_MAX} webhooks subscribe to the event");
        return Err(Error::of(ErrorKind::Conflict, message).hint("name one as `webhookId`"));
    }
    let keys: Vec<String> = webhooks.iter().map(|webhook| keys::webhook(&Lane::of(tenant_part, webhook))).collect();
    let entries = if keys.is_empty() { Vec::new() } else { host.get(&keys)? };
    let active =
        |webhook_row: Option<Entry>| match webhook_row.map(|entry| rows::decode::<Webhook>(&entry.key, &entry.value)) {
            Some(Ok(webhook_row)) => Ok(inactive_reason(config, &webhook_row).is_none()),
            // A newer version of the component can decode the row.
            Some(Err(error)) if error.kind == ErrorKind::Blocked => Err(error),
            // A damaged row cannot be sent to.
            Some(Err(_)) | None => Ok(false),
        };
    let active = entries.into_iter().map(active).collect::<Result<Vec<bool>, Error>>()?;
    let mut active = active.into_iter();
    webhooks.retain(|_| active.next() == Some(true));
    Ok(webhooks)
}

/// Returns the webhooks that subscribe to an event type, at one moment.
fn subscribers(host: &dyn Host, tenant_part: &String, event_type: &str) -> Result<Vec<String>, Error> {
    for _ in 0..SUBSCRIPTION_READS_MAX {
        let before = subscriptions::known_of(host, &mut std::iter::once(tenant_part))?;
        let known = before.first().copied().unwrap_or_default();
        let mut webhooks = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let Found { webhooks: page, through } =
                subscriptions::of(host, tenant_part, &known, event_type, after.as_deref())?;
            webhooks.extend(page);
            if through.is_none() || webhooks.len() > ROUTE_DELIVERIES_MAX {
                break;
            }
            after = through;
        }
        if subscriptions::known_of(host, &mut std::iter::once(tenant_part))? == before {
            return Ok(webhooks);
        }
    }
    Err(Error::of(ErrorKind::Unavailable, "other calls kept changing the subscriptions").hint("repeat the call"))
}

#[cfg(test)]
mod tests;
