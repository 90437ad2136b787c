//! The receivers and the events of the demonstration.

use std::ops::RangeInclusive;

use anyhow::Result;
use hookwright_host::receiver::{Receiver, Scheme, Script};
use serde_json::{Value, json};

/// The tenant that owns the asset.
pub const TENANT: &str = "acme";

/// A receiver and its webhook.
#[derive(Debug)]
pub struct Party {
    /// Its name in the table.
    pub name: &'static str,
    /// The pattern of events that it subscribes to.
    pub pattern: &'static str,
    /// The format of its webhook.
    pub format: &'static str,
    /// Its secret; without one the component makes one.
    pub secret: Option<&'static str>,
    /// Its trouble, for the introduction.
    pub trouble: &'static str,
    /// How many attempts fail before each delivery succeeds. A receiver that is down may fail several attempts.
    pub failures: RangeInclusive<u32>,
    /// True while connections to its port are refused.
    pub is_down: bool,
    /// The receiver.
    pub receiver: Receiver,
    /// The id of its webhook, empty before it is registered.
    pub webhook_id: String,
}

impl Party {
    /// Returns how its receiver checks signatures made with this secret.
    pub fn scheme(&self, secret: &str) -> Scheme {
        let secrets = vec![secret.to_owned()];
        if self.format == "standard" { Scheme::Standard(secrets) } else { Scheme::PerfexAssets(secrets) }
    }
}

/// Returns three parties: one healthy, one down at first, and one that fails at first and uses another format.
pub fn parties() -> Result<Vec<Party>> {
    let party = Party {
        name: "audit",
        pattern: "*",
        format: "perfex-assets",
        secret: None,
        trouble: "healthy",
        failures: 0..=0,
        is_down: false,
        receiver: Receiver::start(Script::Healthy)?,
        webhook_id: String::new(),
    };
    let helpdesk = Party {
        name: "helpdesk",
        pattern: "asset.*",
        secret: Some("typed-by-the-helpdesk"),
        trouble: "down at first: connections are refused",
        failures: 1..=3,
        is_down: true,
        receiver: Receiver::reserve(Script::Healthy)?,
        webhook_id: String::new(),
        ..party
    };
    let purchasing = Party {
        name: "purchasing",
        pattern: "alert.low_stock",
        format: "standard",
        trouble: "answers its first request with 503",
        failures: 1..=1,
        receiver: Receiver::start(Script::FailFirst(1))?,
        webhook_id: String::new(),
        ..party
    };
    Ok(vec![party, helpdesk, purchasing])
}

/// Returns the registration of a party's webhook. The schedule is short, so that the demonstration takes seconds.
pub fn registration(party: &Party) -> String {
    let mut registration = json!({
        "name": party.name,
        "url": party.receiver.url("/webhooks"),
        "events": [party.pattern],
        "format": party.format,
        "schedule": [1, 2, 4],
        "timeoutMs": 10_000,
    });
    if let Some(secret) = party.secret {
        registration["secret"] = json!(secret);
    }
    registration.to_string()
}

/// An event.
#[derive(Clone)]
pub struct Event {
    pub event_type: &'static str,
    pub json: Value,
}

/// Returns the asset's life, in order. The alert is reported twice with one id, as a nightly job does.
pub fn events() -> Vec<Event> {
    let asset = |changes: Value| {
        let mut asset = json!({
            "id": "123", "assets_code": "AST-0123", "assets_name": "Dell Latitude 5440 \u{2014} caf\u{e9}",
            "series": "SN-99/A", "asset_group": "2", "asset_location": "HQ/2", "unit_price": "1200.00", "amount": "5",
            "status": "1", "barcode": null,
        });
        if let (Some(asset), Value::Object(changes)) = (asset.as_object_mut(), changes) {
            asset.extend(changes);
        }
        asset
    };
    let event = |number: u32, event_type: &'static str, before: Value, after: Value, data: Value| {
        let subject = json!({"type": "asset", "id": 123});
        let json = json!({
            "id": format!("demo-{number}"), "type": event_type, "subject": subject,
            "before": before, "after": after, "data": data,
        });
        Event { event_type, json }
    };
    let new = asset(json!({}));
    let allocated = asset(json!({"amount": "3"}));
    let checked_out = asset(json!({"amount": "3", "status": "3"}));
    let lost = asset(json!({"amount": "2", "status": "5"}));
    let alert = event(5, "alert.low_stock", Value::Null, lost.clone(), json!({"threshold": 5, "amount": 2}));
    vec![
        event(1, "asset.created", Value::Null, new.clone(), json!({})),
        event(
            2,
            "asset.allocated",
            new,
            allocated.clone(),
            json!({"acction_to": "7", "amount": "2", "acction_location": "HQ/2", "type": "allocation"}),
        ),
        event(3, "asset.checked_out", allocated, checked_out.clone(), json!({"checkout_to": "7"})),
        event(4, "asset.lost", checked_out, lost, json!({"amount": "1", "notes": "left on the train"})),
        alert.clone(),
        alert,
    ]
}

/// Returns the types of event that a party is subscribed to, each once.
pub fn subscribed(party: &Party) -> impl Iterator<Item = &'static str> {
    let pattern = party.pattern;
    let prefix = pattern.strip_suffix('*');
    let mut types: Vec<&str> = events().into_iter().map(|event| event.event_type).collect();
    types.dedup();
    types.into_iter().filter(move |event_type| match prefix {
        Some(prefix) => event_type.starts_with(prefix),
        None => *event_type == pattern,
    })
}
