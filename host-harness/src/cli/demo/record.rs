//! The outcome of the demonstration: the component's attempts, joined with the requests that the receivers got.

use std::ops::RangeInclusive;

use anyhow::{Context, Result};
use hookwright_host::Accepted;
use hookwright_host::receiver::{Received, Signature};
use serde::Deserialize;

use super::story::{self, Party};

/// The outcome of the demonstration.
#[derive(Debug)]
pub struct Outcome {
    /// The reported events.
    pub reported: Vec<Reported>,
    /// The deliveries of each webhook.
    pub webhooks: Vec<WebhookRecord>,
}

/// A reported event.
#[derive(Debug)]
pub struct Reported {
    /// Its type.
    pub event_type: String,
    /// The message that it became.
    pub message: Accepted,
}

/// The deliveries of one webhook.
#[derive(Debug)]
pub struct WebhookRecord {
    /// Its name.
    pub name: &'static str,
    /// The expected number of failed attempts of each delivery.
    pub failures: RangeInclusive<u32>,
    /// The types of event it is subscribed to.
    pub subscribed: Vec<&'static str>,
    /// Its attempts, oldest first.
    pub attempts: Vec<Joined>,
    /// The number of requests without an attempt in the log.
    pub strays: usize,
}

/// An attempt, with its request if one arrived.
#[derive(Debug)]
pub struct Joined {
    /// The component's record.
    pub attempt: Attempt,
    /// The receiver's record.
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

/// A request, as its receiver recorded it.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub event_type: String,
    /// Unix seconds of its arrival.
    pub at_s: u64,
    /// The status of the response.
    pub answered: Option<u16>,
    /// The verdict on its signature.
    pub signature: Signature,
    /// The message's id, in formats that send it.
    pub message_id: Option<String>,
    /// Unix seconds of the request's own timestamp.
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
    /// Joins a page of the attempt log with the requests of the party's receiver.
    pub fn new(party: &Party, log: &str) -> Result<WebhookRecord> {
        let page: Page = serde_json::from_str(log).context("reading the attempt log")?;
        let arrivals = party.receiver.received().iter().map(Arrival::new).collect();
        let Joins { attempts, strays } = join(page.data, arrivals);
        let subscribed = story::subscribed(party).collect();
        Ok(WebhookRecord { name: party.name, failures: party.failures.clone(), subscribed, attempts, strays })
    }

    /// Returns the attempts for one type of event, in order.
    pub fn of_event(&self, event_type: &str) -> Vec<&Joined> {
        self.attempts.iter().filter(|joined| joined.attempt.event_type == event_type).collect()
    }

    /// Returns the number of events with at least one attempt.
    pub fn events_attempted(&self) -> usize {
        self.subscribed.iter().filter(|event_type| !self.of_event(event_type).is_empty()).count()
    }

    /// Returns true if the delivery of each event has ended.
    pub fn is_final(&self) -> bool {
        self.subscribed
            .iter()
            .all(|event_type| self.of_event(event_type).last().is_some_and(|joined| joined.attempt.state != "retrying"))
    }
}

/// The attempts with their requests, and the number of requests without an attempt.
struct Joins {
    attempts: Vec<Joined>,
    strays: usize,
}

/// Joins the n-th attempt with a response to the n-th arrival of its event.
fn join(mut attempts: Vec<Attempt>, mut arrivals: Vec<Arrival>) -> Joins {
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
    Joins { attempts: joined, strays: arrivals.len() }
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
