//! The state of the store, as the applied commits tell it: messages, webhooks, lanes and deliveries, updated commit by
//! commit. It decides nothing; `checkers` judge its content and the changes of one commit.

use std::collections::{BTreeMap, BTreeSet};

use hookwright_engine::ports::Mutation;

use super::health::Health;
use super::ids::{CallId, RequestId};
use super::kept::{Kept, Stone};
use super::rows::{
    self, Attempt, Group, Job, Lease, Numbered, Recent, Routed, RoutedMessage, Row, Subscriptions, Tenant, Webhook,
};

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
    /// Its row has no content any more.
    pub bare: bool,
    /// It is being removed.
    pub stone: Option<Stone>,
    /// Since when, in true microseconds.
    pub stoned_us: u64,
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
    /// Somebody took it before it had run out by its holder's own clock.
    pub early: bool,
    /// The store left its holder no time to give it back.
    pub hurried: bool,
}

/// A webhook and its queue.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    /// The registrations with the times from which they hold; `None`: it was removed.
    pub hook: Vec<(u64, Option<Webhook>)>,
    /// The encoded patterns that find it.
    pub subs: BTreeSet<String>,
    /// The lease row.
    pub lease: Lease,
    /// The leases that ended otherwise than by being given back, by their tokens.
    pub lost: BTreeMap<String, Lost>,
    /// The last lease that each call had.
    pub last: BTreeMap<CallId, String>,
    /// When the lease was written, in true microseconds.
    pub leased_us: u64,
    /// The call whose commit wrote the lease.
    pub holder: Option<CallId>,
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
    pub proven: bool,
    /// Keys of wakes.
    pub wakes: BTreeSet<String>,
    /// Of these, those that claims and releases have put: a lane has one of its own.
    pub own_wakes: BTreeSet<String>,
    /// Queue rows.
    pub queue: BTreeMap<String, Group>,
    /// Before then, in milliseconds, the webhook is sent nothing.
    pub free_at_ms: u64,
    /// The time of the wake with which strict order was last switched on or off, in milliseconds.
    pub switched_ms: u64,
    /// Deliveries by message.
    pub deliveries: BTreeMap<String, Delivery>,
    /// How it fares.
    pub health: Health,
}

impl Lane {
    /// Returns the waiting deliveries, and when they are due.
    fn waiting(&self) -> Vec<(String, u32, u64)> {
        let strict = self.registration().is_some_and(|hook| hook.strict_order);
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
        let first = self.hook.iter().rposition(|(at_us, _)| *at_us <= from_us).unwrap_or(0);
        let strict = |(_, hook): &(u64, Option<Webhook>)| hook.as_ref().is_some_and(|hook| hook.strict_order);
        !self.hook.is_empty() && self.hook[first..].iter().all(strict)
    }

    /// The registration now.
    pub fn registration(&self) -> Option<&Webhook> {
        self.hook.last().and_then(|(_, hook)| hook.as_ref())
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
    /// How often a pump that took it up did not make a step.
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
    tests_gone: BTreeSet<String>,
    /// By `<tenant>/<job>`.
    pub jobs: BTreeMap<String, JobSeen>,
    /// Which attempts each record of a webhook names.
    records: BTreeMap<String, Vec<Numbered>>,
    /// How many webhooks a tenant has, as its row says.
    pub counts: BTreeMap<String, usize>,
    /// The sealed secrets in clear.
    pub secrets: BTreeMap<String, String>,
    /// The record of removals.
    pub kept: Kept,
    /// The values of the attempts recorded.
    logged: BTreeMap<String, String>,
}

/// The changes of one commit.
#[derive(Debug, Default)]
pub struct Touched {
    /// Lanes whose queue, wakes or lease changed.
    pub lanes: BTreeSet<String>,
    /// Lanes whose registration or patterns changed.
    pub hooks: BTreeSet<String>,
    /// Lane and message.
    pub deliveries: BTreeSet<(String, String)>,
    /// Messages accepted or routed.
    pub messages: BTreeSet<String>,
    /// Of these, those that were accepted.
    pub accepted: Vec<String>,
    /// Lane, message, number of attempts recorded.
    pub logged: Vec<(String, String, u32)>,
    /// Lane, message, number of the last attempt of deliveries that were asked for again.
    pub asked: Vec<(String, String, u32)>,
    /// Lane, message and number as above, of what a job asked for, and the job.
    pub asked_for: Vec<((String, String, u32), String)>,
    /// Tenants whose count was written.
    pub counted: BTreeSet<String>,
    /// Tenants some webhook of which is found by other patterns.
    pub subscribed: BTreeSet<String>,
    /// Lanes leased, and their leases before.
    pub leased: Vec<(String, Lease)>,
    /// Lanes that were leased and are free.
    pub freed: Vec<String>,
    /// Lanes whose row was written, and what it was before.
    pub lane_rows: Vec<(String, Lease)>,
    /// Of each lane touched, who held it before this commit.
    pub held_before: BTreeMap<String, Option<CallId>>,
    /// Lanes whose strict order was switched on or off.
    pub switched: BTreeSet<String>,
    /// The times of the wakes put, by lane.
    pub woken: BTreeMap<String, u64>,
    /// Of each lane in strict order, its queue before this commit: each delivery's message, first to last.
    pub queued_before: BTreeMap<String, Vec<String>>,
    /// Deliveries that had not been there.
    pub new: Vec<(String, String)>,
    /// Messages whose inbox row was there before this commit.
    pub in_inbox: BTreeSet<String>,
    /// Jobs whose rows were written, and what they were before.
    pub jobs: Vec<(String, Option<Job>)>,
    /// Messages whose rows were deleted.
    pub gone: Vec<String>,
    /// Messages that are being removed from this commit on.
    pub stoned: Vec<String>,
    /// Messages whose contents were dropped.
    pub bared: Vec<String>,
    /// Message and number of attempts whose rows were deleted.
    pub unlogged: Vec<(String, u32)>,
    /// Jobs whose rows were deleted.
    pub jobs_gone: Vec<(String, Job)>,
    /// A rule that a single row broke.
    pub broken: Option<String>,
}

impl Model {
    /// Takes in a commit that was applied.
    pub fn apply(&mut self, now_us: u64, call: CallId, mutations: &[Mutation]) -> Touched {
        let mut touched = Touched::default();
        for mutation in mutations {
            let Some(row) = rows::parse(mutation.key()) else {
                touched.broken = Some(format!("the layout has no row '{}'", mutation.key()));
                continue;
            };
            let value = match mutation {
                Mutation::Put { value, .. } => Some(value.as_str()),
                Mutation::Delete { .. } => None,
            };
            if let Err(problem) = self.apply_row(now_us, call, mutation.key(), row, value, &mut touched) {
                touched.broken = Some(problem);
            }
        }
        for lane in &touched.switched {
            if let Some(due_ms) = touched.woken.get(lane) {
                self.lane(lane).switched_ms = *due_ms;
            }
        }
        touched
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
            let newest = self.lanes.get(lane).and_then(Lane::registration).and_then(|hook| hook.secrets.first());
            if let Some(newest) = newest {
                self.secrets.insert(newest.sealed.clone(), secret.to_owned());
            }
        }
    }

    fn apply_row(
        &mut self,
        now_us: u64,
        call: CallId,
        key: &str,
        row: Row<'_>,
        value: Option<&str>,
        touched: &mut Touched,
    ) -> Result<(), String> {
        match row {
            Row::Attempt { .. } | Row::Message { .. } if value.is_none() && self.test_gone(key) => Ok(()),
            Row::Message { message } => self.message(now_us, key, message, value, touched),
            Row::Inbox { message } => self.inbox(now_us, key, message, value, touched),
            Row::Subscription { tenant, pattern, webhook } => {
                let lane = format!("{tenant}/{webhook}");
                let subs = &mut self.lane(&lane).subs;
                let _ = if value.is_some() { subs.insert(pattern.to_owned()) } else { subs.remove(pattern) };
                touched.hooks.insert(lane);
                touched.subscribed.insert(tenant.to_owned());
                Ok(())
            }
            Row::Subscriptions { tenant } => {
                let value = value.ok_or_else(|| format!("'{key}' was deleted"))?;
                self.counts.insert(tenant.to_owned(), parsed::<Subscriptions>(key, value)?.webhooks);
                touched.counted.insert(tenant.to_owned());
                Ok(())
            }
            Row::Webhook { lane } => {
                let hook = value.map(|value| parsed::<Webhook>(key, value)).transpose()?;
                if let Some(hook) = &hook {
                    self.by_url.entry(hook.url.clone()).or_insert_with(|| lane.to_owned());
                }
                let strict = |hook: Option<&Webhook>| hook.map(|hook| hook.strict_order);
                if strict(self.lane(lane).registration()) == strict(hook.as_ref()).map(|strict| !strict) {
                    touched.switched.insert(lane.to_owned());
                }
                self.lane(lane).hook.push((now_us, hook));
                touched.hooks.insert(lane.to_owned());
                Ok(())
            }
            Row::Queue { lane, .. } => self.queue(now_us, key, lane, value, touched),
            Row::Timer { lane, due_ms } => {
                if value.is_some() {
                    touched.woken.insert(lane.to_owned(), due_ms);
                }
                let wakes = &mut self.lane(lane).wakes;
                let _ = if value.is_some() { wakes.insert(key.to_owned()) } else { wakes.remove(key) };
                touched.lanes.insert(lane.to_owned());
                Ok(())
            }
            Row::Lane { lane } => self.lease(now_us, call, key, lane, value, touched),
            Row::Attempt { tenant, message, webhook, number } => {
                let Some(value) = value else {
                    self.logged.remove(key);
                    touched.unlogged.push((message.to_owned(), number));
                    return Ok(());
                };
                self.log(now_us, call, key, (&format!("{tenant}/{webhook}"), message, number), value, touched)
            }
            Row::Health { lane } => {
                let stat = value.map(|value| parsed::<rows::Health>(key, value)).transpose()?.unwrap_or_default();
                self.lane(lane).proven = stat.failures == 0 && stat.succeeded_at_ms.is_some();
                self.lane(lane).free_at_ms = stat.free_at_us.map_or(0, |us| us.div_ceil(1_000));
                touched.lanes.insert(lane.to_owned());
                Ok(())
            }
            Row::Job { job } => self.job(now_us, key, job, value, touched),
            Row::Recent { lane, at_ms } => {
                let now =
                    value.map_or(Ok(Vec::new()), |value| parsed::<Recent>(key, value).map(|recent| recent.attempts))?;
                for recorded in self.records.insert(key.to_owned(), now.clone()).unwrap_or_default() {
                    let gone = !now.contains(&recorded);
                    let Numbered { message, number } = recorded;
                    if let Some(delivery) = self.lane(lane).deliveries.get_mut(&message) {
                        delivery.unlisted.insert(number, now_us);
                    }
                    if gone {
                        self.kept.unlist(lane, &message, (number, at_ms), now_us);
                    }
                }
                for Numbered { message, number } in now {
                    if let Some(delivery) = self.lane(lane).deliveries.get_mut(&message) {
                        delivery.recent_ms.insert(number, at_ms);
                        delivery.unlisted.remove(&number);
                    }
                }
                Ok(())
            }
            Row::Routed { tenant, at_ms } => self.listed(key, (tenant, at_ms), value, touched),
            Row::Tenant { tenant } => {
                let value = value.ok_or_else(|| format!("'{key}' was deleted"))?;
                let keeps = parsed::<Tenant>(key, value)?.keep_bodies;
                self.kept.keeps.insert(tenant.to_owned(), keeps);
                if !keeps {
                    self.kept.kept_none.insert(tenant.to_owned());
                }
                Ok(())
            }
            Row::Shard | Row::Other => Ok(()),
        }
    }

    fn lane(&mut self, lane: &str) -> &mut Lane {
        if !self.lanes.contains_key(lane) {
            self.lanes.insert(lane.to_owned(), Lane::default());
        }
        self.lanes.get_mut(lane).expect("just put there")
    }

    /// Returns true if a deleted row is that of a test send. A purge and the retention may both see it, and delete it
    /// without a check.
    fn test_gone(&mut self, key: &str) -> bool {
        if self.tests.remove(key) {
            self.tests_gone.insert(key.to_owned());
        }
        self.tests_gone.contains(key)
    }

    fn message(
        &mut self,
        now_us: u64,
        key: &str,
        message: &str,
        value: Option<&str>,
        touched: &mut Touched,
    ) -> Result<(), String> {
        let Some(value) = value else { return self.message_gone(key, message, touched) };
        if self.messages.get(message).is_some_and(|known| !known.value.is_empty()) {
            // A redelivery puts it again, so that nobody removes it meanwhile.
            return self.message_again(now_us, key, message, value, touched);
        }
        let msg: rows::Message = parsed(key, value)?;
        let Some(marker) = marker(value) else {
            // A test send's message: it is kept for the log and goes through no inbox.
            return if self.tests.insert(key.to_owned()) { Ok(()) } else { Err(format!("'{key}' was written twice")) };
        };
        let message_row = Message {
            marker,
            tenant_part: key.split('/').nth(1).unwrap_or_default().to_owned(),
            event_type: msg.event_type,
            value: value.to_owned(),
            subject: msg.event.and_then(|event| event["subject"]["id"].as_u64()),
            accepted_us: now_us,
            order_us: msg.accepted_at_us,
            ..Message::default()
        };
        self.messages.insert(message.to_owned(), message_row);
        touched.accepted.push(message.to_owned());
        touched.messages.insert(message.to_owned());
        Ok(())
    }

    fn inbox(
        &mut self,
        now_us: u64,
        key: &str,
        message: &str,
        value: Option<&str>,
        touched: &mut Touched,
    ) -> Result<(), String> {
        let entry = self.messages.entry(message.to_owned()).or_default();
        if entry.inbox.is_some() {
            touched.in_inbox.insert(message.to_owned());
        }
        touched.messages.insert(message.to_owned());
        if value.is_some() {
            if entry.routed_us.is_some() {
                return Err(format!("'{key}' came back after it was routed"));
            }
            if entry.inbox.as_deref().is_some_and(|inbox| inbox != key) {
                return Err(format!("'{key}' is a second inbox row of its message"));
            }
            entry.inbox = Some(key.to_owned());
        } else if entry.inbox.take().is_some() {
            entry.routed_us = Some(now_us);
        }
        Ok(())
    }

    fn job(
        &mut self,
        now_us: u64,
        key: &str,
        id: &str,
        value: Option<&str>,
        touched: &mut Touched,
    ) -> Result<(), String> {
        let Some(value) = value else {
            return match self.jobs.remove(id) {
                Some(seen) if !seen.now.runs() => {
                    touched.jobs_gone.push((id.to_owned(), seen.now));
                    Ok(())
                }
                _ => Err(format!("'{key}' was deleted, and had not ended")),
            };
        };
        let now: Job = parsed(key, value)?;
        let before = self.jobs.get(id).map(|seen| seen.now.clone());
        let (began_us, asks, lost) =
            self.jobs.get(id).map_or((now_us, 0, 0), |seen| (seen.began_us, seen.asks, seen.lost));
        let lost = lost + u32::from(now.claims > Some(1));
        self.jobs.insert(id.to_owned(), JobSeen { now, began_us, asks, lost });
        touched.jobs.push((id.to_owned(), before));
        Ok(())
    }

    /// A row of what was routed: new, or with less than before; or, of what has no content any more, with what was in another.
    fn listed(
        &mut self,
        key: &str,
        (tenant, at_ms): (&str, u64),
        value: Option<&str>,
        touched: &mut Touched,
    ) -> Result<(), String> {
        let named =
            value.map(|value| parsed::<Routed>(key, value)).transpose()?.map(|row| row.messages).unwrap_or_default();
        let messages: BTreeSet<String> = named.iter().map(|routed| routed.message.clone()).collect();
        let wrong = || Err(format!("'{key}' names what it should not: {value:?}"));
        if let Some(before) = self.kept.listed.get(key) {
            if !messages.is_subset(before) {
                return wrong();
            }
        } else if key.starts_with("redacted/") {
            if !messages.iter().all(|message| self.messages.get(message).is_some_and(|known| known.listed.is_some())) {
                return wrong();
            }
        } else {
            for RoutedMessage { message, accepted_ms, webhooks } in named {
                touched.messages.insert(message.clone());
                let entry = self.messages.entry(message).or_default();
                entry.accepted_ms = accepted_ms;
                entry.listed_ms = at_ms;
                if entry.tenant_part != tenant || entry.listed.replace(webhooks).is_some() {
                    return wrong();
                }
            }
        }
        self.listing(key, messages);
        Ok(())
    }

    fn queue(
        &mut self,
        now_us: u64,
        key: &str,
        lane_id: &str,
        value: Option<&str>,
        touched: &mut Touched,
    ) -> Result<(), String> {
        let group = value.map(|value| parsed::<Group>(key, value)).transpose()?;
        touched.lanes.insert(lane_id.to_owned());
        let lane = self.lane(lane_id);
        touched.held_before.entry(lane_id.to_owned()).or_insert(lane.holder);
        if lane.registration().is_some_and(|hook| hook.strict_order) {
            let all =
                || lane.queue.values().flat_map(|group| &group.deliveries).map(|one| one.message.clone()).collect();
            touched.queued_before.entry(lane_id.to_owned()).or_insert_with(all);
        }
        let is_stone = |one: &Numbered| self.messages.get(&one.message).is_some_and(|row| row.stone.is_some());
        let group_before = self.lanes.get(lane_id).and_then(|lane| lane.queue.get(key));
        let left = |one: &Numbered| group.as_ref().is_some_and(|group| group.deliveries.contains(one));
        let stones =
            group_before.map_or(0, |group| group.deliveries.iter().filter(|one| is_stone(one) && !left(one)).count());
        let lane = self.lane(lane_id);
        // A delivery that is removed without a record no longer blocks its lane.
        lane.spared += stones;
        let before = lane.queue.remove(key).map(|group| group.deliveries).unwrap_or_default();
        for Numbered { message, number } in &before {
            if let Some(delivery) = lane.deliveries.get_mut(message) {
                delivery.entries.retain(|(entry, entry_number)| entry != key || entry_number != number);
            }
            touched.deliveries.insert((lane_id.to_owned(), message.clone()));
        }
        let Some(group) = group else { return Ok(()) };
        for Numbered { message, number } in &group.deliveries {
            let delivery = lane.delivery(lane_id, message, touched);
            delivery.entries.push((key.to_owned(), *number));
            if before.iter().all(|other| other.message != *message) {
                delivery.placed_us = now_us;
            }
        }
        lane.queue.insert(key.to_owned(), group);
        Ok(())
    }

    fn lease(
        &mut self,
        now_us: u64,
        call: CallId,
        key: &str,
        lane_id: &str,
        value: Option<&str>,
        touched: &mut Touched,
    ) -> Result<(), String> {
        let lease = value.map(|value| parsed::<Lease>(key, value)).transpose()?.unwrap_or_default();
        touched.lanes.insert(lane_id.to_owned());
        let lane = self.lane(lane_id);
        touched.held_before.entry(lane_id.to_owned()).or_insert(lane.holder);
        let before = lane.holder;
        touched.lane_rows.push((lane_id.to_owned(), lane.lease.clone()));
        let given_back = lease.until_ms == 0 && before == Some(call);
        if lane.lease.until_ms != 0 && lease.token != lane.lease.token && !given_back {
            lane.vain.push(lane.lease.quarantine.delivery.clone());
        }
        let (was, is) = (&lane.lease.quarantine, &lease.quarantine);
        if lease.until_ms == 0 {
            lane.forgiven += was.claims.saturating_sub(is.claims + 1);
        } else if was.delivery.as_ref().is_some_and(|one| lane.still_waits(&one.message, one.number)) {
            // Another one is named instead: by a clock that is behind it is not due.
            lane.forgiven += was.claims.saturating_sub(is.claims);
        }
        let ends = lane.lease.until_ms != 0 && (lease.until_ms == 0 || lease.token != lane.lease.token);
        if let Some(holder) = before.filter(|_| ends && !given_back) {
            lane.lost.insert(lane.lease.token.clone(), Lost { call: holder, ..Lost::default() });
        }
        if lease.until_ms == 0 {
            lane.holder = None;
            if lane.lease.until_ms != 0 {
                touched.freed.push(lane_id.to_owned());
            }
        } else if lease.token != lane.lease.token {
            touched.leased.push((lane_id.to_owned(), lane.lease.clone()));
            lane.holder = Some(call);
            (lane.recorded, lane.made, lane.spared) = (lane.lease.quarantine.recorded, 0, 0);
            lane.waited = if lease.quarantine.claims > 1 { lane.waiting() } else { Vec::new() };
            lane.leased_us = now_us;
            lane.last.insert(call, lease.token.clone());
        }
        if let Some(loser) = before
            && lane.holder != Some(loser)
            && call != loser
        {
            lane.lost_by.insert(loser);
        }
        let (wakes, before) = (&lane.wakes, &lane.lease.timer);
        lane.own_wakes.retain(|wake| wakes.contains(wake) || before.as_ref() == Some(wake));
        lane.own_wakes.extend(lease.timer.clone());
        lane.lease = lease;
        Ok(())
    }

    fn log(
        &mut self,
        now_us: u64,
        call: CallId,
        key: &str,
        (lane_id, message, number): (&str, &str, u32),
        value: &str,
        touched: &mut Touched,
    ) -> Result<(), String> {
        let log: Attempt = parsed(key, value)?;
        if log.test {
            return if self.tests.insert(key.to_owned()) { Ok(()) } else { Err(format!("'{key}' was written twice")) };
        }
        let before = self.logged.insert(key.to_owned(), value.to_owned());
        let keeps_none = lane_id.split('/').next().is_some_and(|tenant| self.kept.kept_none.contains(tenant));
        if keeps_none && before.as_ref().is_some_and(|before| rows::is_without_answer(before, value)) {
            return Ok(());
        }
        let lane = self.lane(lane_id);
        touched.held_before.entry(lane_id.to_owned()).or_insert(lane.holder);
        let delivery = lane.delivery(lane_id, message, touched);
        let about = (lane_id.to_owned(), message.to_owned(), number);
        let mut spared = 0;
        if log.again.is_some() {
            // Only of number 0 there is no attempt.
            let same = match &before {
                Some(before) => rows::same_attempt(before, value),
                None => number == 0 && !log.is_final() && !log.attempted(),
            };
            let other = delivery.log.get(&number).is_none_or(|old| old.again != log.again);
            if !same || !other {
                return Err(format!("'{key}' was {before:?} and is {value}"));
            }
            if delivery.log.get(&number).is_some_and(|old| old.next_at_ms.is_some()) {
                *delivery.moved.entry(number + 1).or_default() += 1;
                spared += 1;
            }
            let asked_before = delivery.log.get(&number).and_then(|old| old.job.clone());
            match log.job.clone().filter(|job| asked_before.as_ref() != Some(job)) {
                Some(job) => {
                    let id = format!("{}/{job}", lane_id.split('/').next().unwrap_or_default());
                    delivery.asked_for.push(id.clone());
                    touched.asked_for.push((about, id));
                }
                None => {
                    delivery.asked_by.push(call);
                    touched.asked.push(about);
                }
            }
        } else {
            if before.is_some() || number == 0 {
                return Err(format!("'{key}' was written twice, or is no attempt"));
            }
            delivery.recorded_us = now_us;
            touched.logged.push(about);
            let activated_at_ms = self.lane(lane_id).registration().and_then(|hook| hook.activated_at_ms);
            self.lane(lane_id).health.count(&log, activated_at_ms.unwrap_or(0));
            self.lane(lane_id).made += 1;
        }
        self.lane(lane_id).spared += spared;
        let delivery = self.lane(lane_id).delivery(lane_id, message, touched);
        delivery.log.insert(number, log);
        for (_, job) in touched.asked_for.iter().filter(|((_, of, at), _)| of == message && *at == number) {
            if let Some(seen) = self.jobs.get_mut(job) {
                seen.asks += 1;
            }
        }
        Ok(())
    }
}

impl Lane {
    /// The delivery that a row is about.
    fn delivery(&mut self, lane_id: &str, message: &str, touched: &mut Touched) -> &mut Delivery {
        touched.deliveries.insert((lane_id.to_owned(), message.to_owned()));
        if !self.deliveries.contains_key(message) {
            touched.new.push((lane_id.to_owned(), message.to_owned()));
            self.deliveries.insert(message.to_owned(), Delivery::default());
        }
        self.deliveries.get_mut(message).expect("just put there")
    }
}

fn parsed<'a, T: serde::Deserialize<'a>>(key: &str, value: &'a str) -> Result<T, String> {
    serde_json::from_str(value).map_err(|error| format!("'{key}' is not as the layout says: {error}: {value}"))
}

/// The number that the workload writes into every event's data.
pub fn marker(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("\"sim\":")?;
    let digits = rest.trim_start();
    let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}
