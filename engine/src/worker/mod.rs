//! The pump: route what was accepted, claim lanes, send what is due, settle what came back, release.
//!
//! This file owns the order of the steps and the pump's state; each step decides in a file of its own.

mod claim;
mod health;
mod quarantine;
mod reclaim;
mod report;
mod route;
mod send;
mod settle;
#[cfg(test)]
mod tests;

pub use reclaim::reclaim_leases;
pub use report::{Budget, DeliveryReport};

use std::collections::VecDeque;
use std::rc::Rc;

use litemap::LiteMap;

use crate::config::Config;
use crate::delivery::target::Target;
use crate::jobs::{self, Agenda, JobContext};
use crate::ports::{Completion, EgressPolicy, Host, Signal};
use crate::store::id;
use crate::store::keys::Lane;
use crate::store::rows::{Attempt, AttemptState, Health, Quarantine, QueuedDelivery};
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::limits::{
    LANE_IN_FLIGHT_MAX, LEASE_MARGIN_MS, PAUSE_LEASED_MS_MAX, POLL_MS, PROBLEMS_REPORT_MS, PROBLEMS_SPREAD_MS,
    STALL_MS, STALLS_MAX,
};
use crate::support::problems::tell;

/// Routes accepted messages, makes the attempts that are due and records them. Returns when nothing is due or the budget
/// is spent, never with a request in flight.
pub fn deliver(host: &dyn Host, config: &Config, budget: Budget) -> Result<DeliveryReport, Error> {
    let mut pump = Pump::new(host, config, budget);
    let outcome = run(&mut pump);
    while !pump.flights.is_empty() {
        pump.wait(POLL_MS);
    }
    if outcome.is_err() {
        // Nothing new is begun, so every lane is released.
        pump.draining = true;
        // What came back is recorded all the same, if it can be, or it would be sent again.
        let _ = settle::settle(&mut pump);
    }
    if outcome.is_err() {
        // If this fails as well, its lease ends by itself.
        let _ = pump.release_job();
    }
    outcome?;
    route::release_shards(&mut pump)?;
    pump.release_job()?;
    pump.report.next_due_ms = claim::next_due_ms(&pump)?;
    let idle = pump.report.routed == 0 && pump.report.attempts == 0;
    if idle && !pump.report.problems.is_empty() {
        // What cannot be read is due for ever: where there is nothing else, it is looked at with each poll.
        pump.report.next_due_ms = POLL_MS;
    }
    Ok(pump.report)
}

fn run(pump: &mut Pump<'_>) -> Result<(), Error> {
    let mut stalls = 0;
    if pump.first_shard.is_multiple_of(4) {
        // Where calls are short and always busy, some begin with whoever wants to be alone.
        pump.isolate_at_ms = 0;
    }
    loop {
        pump.report_soon();
        let mut progress = false;
        if pump.may_start() && (pump.look || pump.now_ms() >= pump.next_look_ms) {
            pump.look = false;
            pump.next_look_ms = pump.now_ms() + u64::from(POLL_MS);
            if pump.isolates() && pump.lanes.is_empty() {
                progress |= claim::claim(pump)?;
            }
            if !pump.is_alone() {
                progress |= route::route(pump)?;
                if pump.has_to_settle() {
                    pump.look = true;
                } else {
                    progress |= claim::claim(pump)?;
                }
            }
        }
        let worked = pump.work_on_jobs()?;
        progress |= worked;
        if pump.done.is_empty() || !pump.has_to_settle() {
            send::send(pump)?;
        }
        match settle::settle(pump) {
            Ok(settled) => progress |= settled,
            // What came back is kept; as long as the leases last it can still be recorded.
            Err(error) if error.kind == ErrorKind::Unavailable && stalls < STALLS_MAX => {
                stalls += 1;
                pump.wait(STALL_MS);
                continue;
            }
            Err(error) => return Err(error),
        }
        stalls = 0;
        // Where something comes back all the time, its turn is when that has been recorded.
        progress |= !worked && pump.work_on_jobs()?;
        let looked = (pump.timer_place.is_none() && pump.next_send_ms == u64::MAX) || !pump.may_start();
        if pump.flights.is_empty() && !progress && looked {
            return Ok(());
        }
        pump.wait(if progress { 0 } else { pump.idle_ms() });
    }
}

/// What the pump knows while it runs. All of it may be lost at any time.
pub(super) struct Pump<'a> {
    host: &'a dyn Host,
    config: &'a Config,
    egress: EgressPolicy,
    deadline_ms: u64,
    /// The call ends early because of the problems it has met.
    reports_soon: bool,
    attempts_left: u32,
    /// The host wants the instance to finish.
    draining: bool,
    lanes: LiteMap<Lane, Box<Held>>,
    /// Requests in flight by their ids.
    flights: LiteMap<u64, Box<Flight>>,
    next_request: u64,
    /// What came back and is not settled yet.
    done: VecDeque<Done>,
    /// The shards that this pump keeps, with the token of its last routing commit.
    shards: LiteMap<u32, String>,
    first_shard: u32,
    /// Of each tenant, the lane after which the round among its lanes goes on.
    turns: LiteMap<String, Lane>,
    /// The lane after which the round goes on of those whose deliveries need no attempt.
    unsent_turn: Option<Lane>,
    /// Where the next look through the timers goes on, if the last one did not get to their end.
    timer_place: Option<String>,
    /// There may be something to route or to claim.
    look: bool,
    next_look_ms: u64,
    /// When the first of the lanes held that may not send yet may.
    next_send_ms: u64,
    /// Requests in flight by host and port.
    hosts: LiteMap<String, usize>,
    /// Lanes were left to others, or for later, for want of room.
    crowded: bool,
    /// From then on no lane is taken but those that want to be alone, or with few others.
    isolate_at_ms: u64,
    jobs: Agenda,
    report: DeliveryReport,
}

/// A lane that this pump has leased.
struct Held {
    version: u64,
    token: String,
    until_ms: u64,
    /// The timer at the lease's end.
    armed: String,
    /// Wakes that announced rows which will have been read by the time of the release.
    seen: Vec<String>,
    stat: Health,
    /// What is held against it, this claim included.
    quarantine: Quarantine,
    /// How many deliveries were recorded under this lease.
    recorded: usize,
    /// By the webhook's rate, attempts were made that no stored health row knows of.
    spaced: bool,
    /// Its receiver has worked lately, so it may have all its slots.
    proven: bool,
    hook: Registration,
    /// Its webhook wants strict order, as it was read last: only the first delivery of the queue may be sent, and only
    /// when nothing is under way.
    strict: bool,
    /// Its rows were read in strict order, so that not all of what is due is known.
    partly: bool,
    rows: LiteMap<String, Row>,
    ready: VecDeque<Delivery>,
    in_flight: usize,
    /// Its queue may have due rows that are not known yet.
    scan: bool,
    /// Its queue has a row that cannot be read.
    broken: bool,
    /// When its first row that was not due yet will be.
    next_due_ms: u64,
}

/// What has been read of a lane's webhook.
enum Registration {
    Unread,
    Gone,
    Inactive(String),
    /// It can't be opened: its sealing key is not configured, say.
    Unusable,
    Active(Rc<Target>),
}

/// A queue row as far as it is not settled.
struct Row {
    version: u64,
    left: Vec<QueuedDelivery>,
    first: Option<u32>,
    due_ms: Option<u64>,
}

/// One message for the lane's webhook.
#[derive(Clone)]
struct Delivery {
    row: String,
    message: String,
    number: u32,
    /// The attempt with which its schedule began.
    first: u32,
}

/// A request in flight.
struct Flight {
    lane: Lane,
    /// The lease under which it was sent: another lease of the same lane does not settle it.
    token: String,
    delivery: Delivery,
    /// The webhook as it was then: it judges the answer even if it has been disabled since.
    target: Rc<Target>,
    event_type: String,
    sent_ms: u64,
    proven: bool,
}

/// A delivery whose attempt has ended, or that needs none.
struct Done {
    lane: Lane,
    token: String,
    delivery: Delivery,
    attempt: Attempt,
    /// The receiver wants nothing more.
    disable: Option<String>,
    /// When the next attempt is due if the webhook has been changed meanwhile.
    otherwise_at_ms: Option<u64>,
    /// The receiver wants this message no more.
    aborted: bool,
    /// The webhook as it was when the request was sent; none: there was none.
    target: Option<Rc<Target>>,
    /// Its message is gone, or going: nothing is recorded of it.
    gone: bool,
}

impl<'a> Pump<'a> {
    fn new(host: &'a dyn Host, config: &'a Config, budget: Budget) -> Pump<'a> {
        let now_ms = host.now_us() / 1_000;
        let mut first = [0; 4];
        host.fill(&mut first);
        let first_shard = u32::from_le_bytes(first) % crate::support::limits::INBOX_SHARDS;
        Pump {
            host,
            config,
            egress: config.egress(),
            deadline_ms: now_ms.saturating_add(u64::from(budget.time_ms)),
            reports_soon: false,
            attempts_left: budget.attempts_max,
            draining: false,
            lanes: LiteMap::new(),
            flights: LiteMap::new(),
            next_request: 1,
            done: VecDeque::new(),
            shards: LiteMap::new(),
            first_shard,
            turns: LiteMap::new(),
            unsent_turn: None,
            timer_place: None,
            look: true,
            next_look_ms: now_ms,
            next_send_ms: u64::MAX,
            hosts: LiteMap::new(),
            crowded: false,
            isolate_at_ms: u64::MAX,
            jobs: Agenda::new(),
            report: DeliveryReport::default(),
        }
    }

    /// Makes one step of one job, if there is time for it. Returns true if there was one to make.
    fn work_on_jobs(&mut self) -> Result<bool, Error> {
        // Attempts in flight are waited for, and recorded, in time.
        if !self.may_start() || self.is_alone() || !self.done.is_empty() || self.has_to_settle() {
            return Ok(false);
        }
        let mut ctx = JobContext { host: self.host, config: self.config, problems: &mut self.report.problems };
        let worked = jobs::work(&mut ctx, &mut self.jobs, self.first_shard as usize)?;
        self.look |= worked.looks_again;
        self.next_look_ms = self.next_look_ms.min(worked.due_ms.unwrap_or(u64::MAX));
        Ok(worked.progress)
    }

    fn release_job(&mut self) -> Result<(), Error> {
        let mut ctx = JobContext { host: self.host, config: self.config, problems: &mut self.report.problems };
        jobs::release(&mut ctx, &mut self.jobs)
    }

    fn now_ms(&self) -> u64 {
        self.host.now_us() / 1_000
    }

    fn token(&self) -> String {
        id::token(self.host)
    }

    /// Keeps a problem for the report, once.
    fn tell(&mut self, error: &Error) {
        tell(&mut self.report.problems, error);
    }

    /// A call that may go on for days ends some time after a problem, so that somebody hears of it. Not all workers' at once.
    fn report_soon(&mut self) {
        if !self.reports_soon && !self.report.problems.is_empty() {
            self.reports_soon = true;
            let by_ms = self.now_ms() + PROBLEMS_REPORT_MS + u64::from(self.first_shard) * PROBLEMS_SPREAD_MS;
            self.deadline_ms = self.deadline_ms.min(by_ms);
        }
    }

    /// Whether new work may be begun.
    fn may_start(&self) -> bool {
        !self.draining && self.attempts_left > 0 && self.now_ms() < self.deadline_ms
    }

    /// Whether a lease ends so soon that what came back under it is recorded, and the lane given back, before anything else.
    fn has_to_settle(&self) -> bool {
        let now_ms = self.now_ms();
        self.lanes.values().any(|held| (now_ms..now_ms + LEASE_MARGIN_MS).contains(&held.until_ms))
    }

    /// Whether it has waited for long enough for a lane that wants to be alone, or with few others.
    fn isolates(&self) -> bool {
        self.now_ms() >= self.isolate_at_ms
    }

    /// Whether it has a lane that is worked on alone.
    fn is_alone(&self) -> bool {
        self.lanes.values().any(|held| held.is_isolated())
    }

    /// How long there is nothing to do but wait for what is in flight.
    fn idle_ms(&self) -> u32 {
        if !self.may_start() {
            return POLL_MS;
        }
        let until_look_ms =
            self.next_look_ms.min(self.next_send_ms).saturating_sub(self.now_ms()).clamp(1, u64::from(POLL_MS));
        u32::try_from(until_look_ms).unwrap_or(POLL_MS)
    }

    /// Takes what has finished, waiting for it if need be.
    fn wait(&mut self, timeout_ms: u32) {
        let answer = self.host.wait(timeout_ms);
        match answer.signal {
            Signal::None => {}
            Signal::Work => self.look = true,
            Signal::Drain => self.draining = true,
        }
        for completion in answer.completions {
            self.complete(completion);
        }
    }

    fn complete(&mut self, completion: Completion) {
        let Some(flight) = self.flights.remove(&completion.id) else { return };
        let now_ms = self.now_ms();
        send::leave(&mut self.hosts, flight.target.authority());
        let Some(held) = self.lanes.get_mut(&flight.lane).filter(|held| held.token == flight.token) else { return };
        held.in_flight -= 1;
        let done = send::judge(*flight, completion, now_ms);
        held.proven = done.attempt.state == AttemptState::Delivered;
        self.done.push_back(done);
    }
}

impl Delivery {
    /// Whether it is the same attempt, be it from another row.
    fn is_attempt(&self, other: &Delivery) -> bool {
        self.number == other.number && self.message == other.message
    }
}

impl Done {
    /// When the next attempt is due of a delivery that keeps its place until then: the first in strict order.
    fn stays_until_ms(&self) -> Option<u64> {
        self.attempt.next_at_ms.filter(|_| self.target.as_ref().is_some_and(|target| target.is_strict()))
    }

    /// Whether it has used up its attempts, or could not be made into one. A receiver that wanted no more of it has ended it
    /// otherwise.
    fn is_given_up(&self) -> bool {
        let tries = (self.delivery.number + 1).saturating_sub(self.delivery.first) as usize;
        let used_up = self.target.as_ref().is_some_and(|target| target.schedule_s().len() < tries);
        self.attempt.state == AttemptState::Failed
            || (self.attempt.state == AttemptState::Exhausted && used_up && !self.aborted)
    }
}

impl Held {
    /// Whether its queue is read in strict order; none: it is not known.
    fn order(&self) -> Option<bool> {
        match self.hook {
            Registration::Unread | Registration::Unusable | Registration::Gone => None,
            Registration::Inactive(_) | Registration::Active(_) => Some(self.strict),
        }
    }

    /// Whether all its slots are in use.
    fn is_full(&self) -> bool {
        self.in_flight >= self.slots()
    }

    fn slots(&self) -> usize {
        match &self.hook {
            _ if self.is_isolated() => 1,
            Registration::Active(target) if self.proven => target.concurrency(),
            _ if self.proven => LANE_IN_FLIGHT_MAX,
            _ => 1,
        }
    }

    /// Until when its webhook wants no attempt, or is spared one, in milliseconds.
    fn paused_until_ms(&self) -> u64 {
        match self.hook {
            Registration::Active(_) => self.stat.free_at_us.unwrap_or(0).div_ceil(1_000),
            _ => 0,
        }
    }

    /// Whether that is so long that others may have the lane meanwhile.
    fn is_paused(&self, now_ms: u64) -> bool {
        self.paused_until_ms() > now_ms + PAUSE_LEASED_MS_MAX
    }
}

/// Whether a lease binds others: not over yet, and not further ahead than a lease and the clocks' skew allow.
fn is_believed(until_ms: u64, now_ms: u64) -> bool {
    until_ms > now_ms
        && until_ms <= now_ms + crate::support::limits::LEASE_MS_MAX + crate::support::limits::CLOCK_SKEW_MS_MAX
}
