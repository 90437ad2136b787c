//! Reads the webhook that a call names, with the errors for webhooks and messages that do not exist.

use crate::config::Config;
use crate::delivery::target::inactive_reason;
use crate::ports::{Entry, Host};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Health, Webhook};
use crate::support::error::{Error, ErrorKind};
use crate::support::json;

/// A registered webhook.
pub(crate) struct Registered {
    pub webhook: Webhook,
    pub health: Health,
    /// The version of the webhook's row.
    pub version: u64,
}

/// Returns a webhook, or an error if it is not registered.
pub(crate) fn read_webhook(host: &dyn Host, lane: &Lane) -> Result<Registered, Error> {
    let mut entries = host.get(&[keys::webhook(lane), keys::health(lane)])?.into_iter();
    let (webhook, health) = (entries.next().flatten(), entries.next().flatten());
    let Some(entry) = webhook else { return Err(unknown_webhook(lane.webhook())) };
    let webhook = rows::decode(&entry.key, &entry.value)?;
    Ok(Registered { webhook, health: read_health(health)?, version: entry.version })
}

/// Returns a webhook, or an error if nothing is delivered to it.
pub(crate) fn read_active_webhook(host: &dyn Host, config: &Config, lane: &Lane) -> Result<Webhook, Error> {
    let webhook = read_webhook(host, lane)?.webhook;
    match inactive_reason(config, &webhook) {
        None => Ok(webhook),
        Some(reason) => {
            let error = Error::of(ErrorKind::Conflict, format!("nothing is delivered to the webhook: {reason}"));
            Err(error.at("webhookId").hint("mend that first"))
        }
    }
}

pub(crate) fn read_health(entry: Option<Entry>) -> Result<Health, Error> {
    entry.map_or(Ok(Health::default()), |entry| rows::decode(&entry.key, &entry.value))
}

pub(crate) fn unknown_webhook(webhook: &str) -> Error {
    Error::of(ErrorKind::NotFound, format!("there is no webhook `{}`", json::quoted(webhook))).at("webhookId")
}

pub(crate) fn unknown_message(message: &str) -> Error {
    Error::of(ErrorKind::NotFound, format!("there is no message `{}`", json::quoted(message))).at("messageId")
}
