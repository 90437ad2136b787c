//! What came of it: the component's attempt log, joined with what the receivers saw.

use std::ops::RangeInclusive;

use anyhow::{Context, Result};
use hookwright_host::Accepted;
use hookwright_host::receiver::{Received, Signature};
use serde::Deserialize;

use super::story::{self, Party};

/// Everything that the verdict is about.
#[derive(Debug)]
pub struct Outcome {
    /// Each event that was reported, by type, and what it became.
    pub accepted: Vec<(String, Accepted)>,
    /// Each webhook's side.
    pub webhooks: Vec<WebhookRecord>,
}

/// One webhook's side.
#[derive(Debug)]
pub struct WebhookRecord {
    /// Its name.
    pub name: &'static str,
    /// How many attempts had to fail before each delivery.
    pub failures: RangeInclusive<u32>,
    /// The types of event it is subscribed to.
    pub subscribed: Vec<&'static str>,
    /// Its attempts, oldest first.
    pub attempts: Vec<Joined>,
    /// Requests that arrived without an attempt in the log.
    pub strays: usize,
}

/// An attempt, with the request that arrived because of it, if one did.
#[derive(Debug)]
pub struct Joined {
    /// What the component wrote down.
    pub attempt: Attempt,
    /// What the receiver wrote down.
    pub arrival: Option<Arrival>,
}

/// An attempt, as the component's log shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    pub message_id: String,
    pub event_type: String,
    pub number: u32,
    pub at: String,
    pub state: String,
    pub status: Option<u16>,
    pub error: Option<String>,
}

/// A request, as its receiver saw it.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub event_type: String,
    /// Unix seconds of its arrival.
    pub at_s: u64,
    /// What it was answered.
    pub answered: Option<u16>,
    /// The verdict on its signature.
    pub signature: Signature,
    /// The message's id, in formats that send it.
    pub message_id: Option<String>,
    /// Unix seconds that it says it was sent at.
    pub timestamp_s: Option<u64>,
    /// The signature itself.
    pub signed: Option<String>,
    /// Exactly what arrived.
    pub body: Vec<u8>,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Attempt>,
}

impl WebhookRecord {
    /// Joins a page of the attempt log with what the party's receiver saw.
    pub fn new(party: &Party, log: &str) -> Result<WebhookRecord> {
        let page: Page = serde_json::from_str(log).context("the attempt log")?;
        let arrivals = party.receiver.received().iter().map(Arrival::new).collect();
        let (attempts, strays) = join(page.data, arrivals);
        let subscribed = story::subscribed(party).collect();
        Ok(WebhookRecord { name: party.name, failures: party.failures.clone(), subscribed, attempts, strays })
    }

    /// The attempts for one type of event, in order.
    pub fn of_event(&self, event_type: &str) -> Vec<&Joined> {
        self.attempts.iter().filter(|joined| joined.attempt.event_type == event_type).collect()
    }

    /// How many of its events have been tried at least once.
    pub fn events_tried(&self) -> usize {
        self.subscribed.iter().filter(|event_type| !self.of_event(event_type).is_empty()).count()
    }

    /// Whether each of its events has come to its end.
    pub fn is_final(&self) -> bool {
        self.subscribed
            .iter()
            .all(|event_type| self.of_event(event_type).last().is_some_and(|joined| joined.attempt.state != "retrying"))
    }
}

/// The n-th attempt that was answered belongs to the n-th arrival of its event.
fn join(mut attempts: Vec<Attempt>, mut arrivals: Vec<Arrival>) -> (Vec<Joined>, usize) {
    attempts.sort_by(|a, b| (&a.at, a.number).cmp(&(&b.at, b.number)));
    let mut joined = Vec::new();
    for attempt in attempts {
        let is_its = |arrival: &Arrival| arrival.event_type == attempt.event_type;
        let arrival = match attempt.status {
            Some(_) => arrivals.iter().position(is_its).map(|at| arrivals.remove(at)),
            None => None,
        };
        joined.push(Joined { attempt, arrival });
    }
    (joined, arrivals.len())
}

impl Arrival {
    fn new(received: &Received) -> Arrival {
        let body: serde_json::Value = serde_json::from_slice(&received.body).unwrap_or_default();
        let first = |names: [&str; 2]| names.iter().find_map(|name| received.header(name)).map(str::to_owned);
        let event_type = body["event"].as_str().or(body["type"].as_str()).unwrap_or("?").to_owned();
        let since_1970 = received.at.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Arrival {
            event_type,
            at_s: since_1970.as_secs(),
            answered: received.answered,
            signature: received.signature.clone(),
            message_id: received.header("webhook-id").map(str::to_owned),
            timestamp_s: first(["x-asset-webhook-timestamp", "webhook-timestamp"]).and_then(|text| text.parse().ok()),
            signed: first(["x-asset-webhook-signature", "webhook-signature"]),
            body: received.body.to_vec(),
        }
    }
}
