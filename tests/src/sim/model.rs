//! The state of the store, as the applied commits tell it: messages, webhooks, lanes and deliveries. `apply` updates it commit
//! by commit. It decides nothing; `checkers` judge its content and the changes of one commit.

use std::collections::{BTreeMap, BTreeSet};

use hookwright_engine::ports::Mutation;

use super::health::Health;
use super::ids::{CallId, RequestId};
use super::kept::{Kept, Tombstone};
use super::rows::{self, Attempt, Group, Job, Lease, Numbered, Recorded, Row, Webhook};
use super::touched::Touched;

/// An accepted event.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// The number of the event's content.
    pub marker: u64,
    /// The tenant, as part of keys.
    pub tenant_part: String,
    /// The event's type.
    pub event_type: String,
    /// The row.
    pub value: String,
    /// When the commit was applied, in true microseconds.
    pub accepted_us: u64,
    /// When the call began that accepted it, in true microseconds.
    pub reported_us: u64,
    /// When it was accepted, by the engine's own account.
    pub order_us: u64,
    /// The inbox row, until it is routed.
    pub inbox: Option<String>,
    /// When the last routing commit was applied.
    pub routed_us: Option<u64>,
    /// When it was accepted, in milliseconds, as the row says that remembers its routing.
    pub accepted_ms: u64,
    /// The time in that row's key, in milliseconds.
    pub listed_ms: u64,
    /// To how many webhooks it was routed, as the same row says.
    pub listed: Option<usize>,
    /// The number of its subject.
    pub subject: Option<u64>,
    /// Its content was redacted.
    pub redacted: bool,
    /// Why it is being removed.
    pub tombstone: Option<Tombstone>,
    /// Since when, in true microseconds.
    pub tombstone_us: u64,
}

/// One message for one webhook.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// Queue rows that name it, and the number of the attempt.
    pub entries: Vec<(String, u32)>,
    /// The attempts recorded; number 0: a redelivery was asked for before there was one.
    pub log: BTreeMap<u32, Attempt>,
    /// When the last of them was, in true microseconds.
    pub recorded_us: u64,
    /// When it was put into the queue last, anew or by a redelivery that gave it another place, in true microseconds.
    pub placed_us: u64,
    /// Number of times that the attempt of this number was brought forward, so that its sender could not record it.
    pub moved: BTreeMap<u32, usize>,
    /// The time in the key of the record of each attempt, in milliseconds.
    pub recent_ms: BTreeMap<u32, u64>,
    /// Attempts that the webhook's records no longer name, because these have become too old, and since when, in true
    /// microseconds.
    pub unlisted: BTreeMap<u32, u64>,
    /// The jobs that asked for it, once for each commit.
    pub asked_for: Vec<String>,
    /// The calls that asked for it again, once for each commit.
    pub asked_by: Vec<CallId>,
    /// The requests submitted for it.
    pub requests: Vec<RequestId>,
}

impl Delivery {
    /// True if it was ever asked for again, by a call or by a job.
    pub fn was_asked(&self) -> bool {
        !self.asked_by.is_empty() || !self.asked_for.is_empty()
    }

    /// The attempt with which the schedule of attempt `number` began: the first, or that of the last redelivery.
    pub fn first_of(&self, number: u32) -> u32 {
        self.log.range(..number).rev().find(|(_, log)| log.again.is_some()).map_or(1, |(before, _)| before + 1)
    }
}

/// A lease that was not given back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lost {
    /// The call that had it.
    pub call: CallId,
    /// Another call took it before it had run out by its worker's own clock.
    pub early: bool,
    /// The store left its worker no time to release it.
    pub hurried: bool,
    /// The completion of a request under it was lost. The worker keeps the lane until it gives that request up, which can
    /// be after the end of the lease, because only waits that bring nothing count towards the time for that.
    pub unanswered: bool,
}

/// A webhook and its queue.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    /// The registrations, and since when each is the present one; `None`: it was removed.
    pub registrations: Vec<(u64, Option<Webhook>)>,
    /// The rows that find it, by the encoded patterns in their keys.
    pub subscriptions: BTreeMap<String, rows::Subscription>,
    /// The lease row.
    pub lease: Lease,
    /// The leases that ended otherwise than by being given back, by their tokens.
    pub lost: BTreeMap<String, Lost>,
    /// The last lease that each call had.
    pub last: BTreeMap<CallId, String>,
    /// When the lease was written, in true microseconds.
    pub leased_us: u64,
    /// The call whose commit wrote the lease.
    pub leased_by: Option<CallId>,
    /// Calls whose lease was taken by another.
    pub lost_by: BTreeSet<CallId>,
    /// Of each lease that was not given back, the delivery that its row named at its end.
    pub vain: Vec<Option<Numbered>>,
    /// How many claims were forgiven it when it was given back, beside that claim itself.
    pub forgiven: u32,
    /// How many had been recorded since the last lease that ran out, when it was leased.
    pub recorded: usize,
    /// How many attempts were recorded under the present lease.
    pub made: usize,
    /// How many more were brought forward or removed under it, so that they could not be.
    pub spared: usize,
    /// The deliveries that waited when it was leased, and when they were due, if the lane has a quarantine record.
    pub waited: Vec<(String, u32, u64)>,
    /// Its last attempt that counts was a success.
    pub last_succeeded: bool,
    /// Keys of its timers.
    pub timers: BTreeSet<String>,
    /// Of these, those that claims and releases have put: a lane has one of its own.
    pub own_timers: BTreeSet<String>,
    /// Queue rows.
    pub queue: BTreeMap<String, Group>,
    /// Before then, in milliseconds, the webhook is sent nothing.
    pub free_at_ms: u64,
    /// The time of the timer with which strict order or a pause was last changed, in milliseconds.
    pub switched_ms: u64,
    /// Deliveries by message.
    pub deliveries: BTreeMap<String, Delivery>,
    /// How it fares.
    pub health: Health,
}

impl Lane {
    /// Returns the waiting deliveries, and when they are due.
    pub fn waiting(&self) -> Vec<(String, u32, u64)> {
        let strict = self.registration().is_some_and(|webhook| webhook.strict_order);
        let group = |(key, group): (&String, &Group)| -> Vec<(String, u32, u64)> {
            let due_ms = group.due_ms(key, strict);
            group.deliveries.iter().map(|one| (one.message.clone(), one.number, due_ms)).collect()
        };
        self.queue.iter().flat_map(group).collect()
    }

    /// Returns true if a delivery is due.
    pub fn is_due(&self, message: &str, number: u32, clock_ms: u64) -> bool {
        let this = |(of, what, due_ms): &(String, u32, u64)| of == message && *what == number && *due_ms <= clock_ms;
        self.waiting().iter().any(this)
    }

    /// Returns true if one of these still waits.
    pub fn still_waits(&self, message: &str, number: u32) -> bool {
        let delivery = self.deliveries.get(message);
        delivery.is_some_and(|delivery| delivery.entries.iter().any(|(_, waits)| *waits == number))
    }

    /// Returns true if its webhook wanted strict order all the time since then, or since it was registered.
    pub fn strict_since(&self, from_us: u64) -> bool {
        let first = self.registrations.iter().rposition(|(at_us, _)| *at_us <= from_us).unwrap_or(0);
        let strict =
            |(_, webhook): &(u64, Option<Webhook>)| webhook.as_ref().is_some_and(|webhook| webhook.strict_order);
        !self.registrations.is_empty() && self.registrations[first..].iter().all(strict)
    }

    /// The delivery that a row is about.
    pub fn delivery(&mut self, lane_id: &str, message: &str, touched: &mut Touched) -> &mut Delivery {
        touched.deliveries.insert((lane_id.to_owned(), message.to_owned()));
        if !self.deliveries.contains_key(message) {
            touched.new.push((lane_id.to_owned(), message.to_owned()));
            self.deliveries.insert(message.to_owned(), Delivery::default());
        }
        self.deliveries.get_mut(message).expect("just put there")
    }

    /// The registration now.
    pub fn registration(&self) -> Option<&Webhook> {
        self.registrations.last().and_then(|(_, webhook)| webhook.as_ref())
    }
}

/// A job, and what came of it.
#[derive(Clone, Debug)]
pub struct JobSeen {
    /// Its row.
    pub now: Job,
    /// When it was asked for, in true microseconds.
    pub began_us: u64,
    /// How often it has asked for a delivery.
    pub asks: u64,
    /// Number of claims of a step that a worker did not complete.
    pub lost: u32,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// By message id.
    pub messages: BTreeMap<String, Message>,
    /// By `<tenant>/<webhook>`.
    pub lanes: BTreeMap<String, Lane>,
    /// The lane of each URL: the workload gives every registration a URL of its own.
    pub by_url: BTreeMap<String, String>,
    /// Every row of a test send: the message and the attempt.
    pub tests: BTreeSet<String>,
    /// Those of them that were deleted.
    pub tests_gone: BTreeSet<String>,
    /// By `<tenant>/<job>`.
    pub jobs: BTreeMap<String, JobSeen>,
    /// Which attempts each record of a webhook names.
    pub records: BTreeMap<String, Vec<Recorded>>,
    /// How many webhooks a tenant has, and how many wide patterns these have, as its row says.
    pub counts: BTreeMap<String, (usize, usize)>,
    /// The sealed secrets in clear.
    pub secrets: BTreeMap<String, String>,
    /// The record of removals.
    pub kept: Kept,
    /// The values of the attempts recorded.
    pub logged: BTreeMap<String, String>,
}

impl Model {
    /// The lane of this id, which is put there if it is unknown.
    pub fn lane(&mut self, lane: &str) -> &mut Lane {
        if !self.lanes.contains_key(lane) {
            self.lanes.insert(lane.to_owned(), Lane::default());
        }
        self.lanes.get_mut(lane).expect("just put there")
    }

    /// The store has refused a commit: if it was about one lane, the call gives that up.
    pub fn refused(&mut self, call: CallId, mutations: &[Mutation]) {
        let lane = |mutation: &Mutation| match rows::parse(mutation.key()) {
            Some(Row::Attempt { tenant, webhook, .. }) => Some(format!("{tenant}/{webhook}")),
            Some(Row::Lane { lane }) => Some(lane.to_owned()),
            _ => None,
        };
        let mut lanes: Vec<String> = mutations.iter().filter_map(lane).collect();
        lanes.dedup();
        if let [lane] = lanes.as_slice() {
            self.lane(lane).lost_by.insert(call);
        }
    }

    /// The call that made this commit was given this secret: it is the newest of the webhook that the commit puts.
    pub fn learn(&mut self, mutations: &[Mutation], secret: &str) {
        for lane in mutations.iter().filter_map(|mutation| mutation.key().strip_prefix("webhook/")) {
            let newest = self.lanes.get(lane).and_then(Lane::registration).and_then(|webhook| webhook.secrets.first());
            if let Some(newest) = newest {
                self.secrets.insert(newest.sealed.clone(), secret.to_owned());
            }
        }
    }
}

/// The number that the workload writes into every event's data.
pub fn marker(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("\"sim\":")?;
    let digits = rest.trim_start();
    let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}
