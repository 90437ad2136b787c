//! The world of one seed: its clock, its agenda and its instances. It decides the order of turns. Storage calls are in
//! `storage_calls`, requests in `http_calls`, and the beginning and end of calls in `calls`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;
use std::sync::Arc;

use hookwright_engine::Config;
use hookwright_engine::limits::{CLOCK_SKEW_MS_MAX, LEASE_MARGIN_MS, LEASE_MS_MAX};
use hookwright_engine::ports::{Check, Completion, Mutation};

use super::actor::{Elsewhere, Life, Running, Senses, Step};
use super::checkers::delay::{self, Excuses};
use super::checkers::endings::{self, End};
use super::checkers::kept;
use super::checkers::order;
use super::checkers::pace::Paces;
use super::checkers::redelivery::{self, Promise};
use super::checkers::sends::Bodies;
use super::checkers::{Failure, ensure, explained, tenants};
use super::coverage::{Count, Coverage};
use super::ids::{BEGIN_US, CallId, InstanceId, RequestId};
use super::job::Job;
use super::model::{Lost, Model};
use super::net::Sent;
use super::ops::{Op, Reply};
use super::params::{Faults, Params};
use super::poison::Kills;
use super::restore::Backup;
use super::rng::Rng;
use super::rows::{self, Lease, Row};
use super::sabotage::Sabotage;
use super::script::Script;
use super::store::{SimStore, Versions};
use super::trace::Trace;
use super::workload::Workload;

/// How long a world may take to come to rest: two years. In strict order, each message may exhaust its attempts, over days.
const REST_US_MAX: u64 = 730 * 24 * 3_600 * 1_000_000;
/// How many turns it may take.
const TURNS_MAX: u64 = 8_000_000;

/// More than the number of any instance's lives.
const LIVES_MAX: u64 = 1_000_000;

/// The longest time of a platform's commit where redeliveries race with attempts, in microseconds.
const RACE_US_MAX: u64 = 6_000_000;

/// Of the time in which a lease is to be given back, what the store must have taken to be the reason why it was not.
const RELEASE_US: u64 = 2_000_000;

/// An entry of the agenda.
#[derive(Debug)]
pub enum Due {
    /// An instance begins its next call.
    Start(InstanceId, u64),
    /// The call that an instance has made is carried out.
    Execute(InstanceId, u64),
    /// It learns the answer.
    Answer(InstanceId, u64, Box<Reply>),
    /// Its wait is over.
    WaitOver(InstanceId, u64),
    /// A request comes back.
    Complete(InstanceId, CallId, RequestId),
    /// A commit under way arrives, if the store has not been restored since this era.
    Land(u64, Box<Held>),
    /// A backup is made.
    Backup,
    /// It is restored.
    Restore,
    /// The faults end.
    FaultsEnd,
    /// A script's late commit arrives at last.
    Overdue,
}

/// A commit that has not arrived.
#[derive(Debug)]
pub struct Held {
    /// The call that submitted it.
    pub call: CallId,
    /// As submitted.
    pub checks: Vec<Check>,
    /// As submitted.
    pub mutations: Vec<Mutation>,
    /// It is a transaction of the platform's, which may yet be rolled back.
    pub transaction: Option<Fate>,
}

/// The end of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It commits.
    Commits,
    /// It does not.
    RollsBack,
}

/// An instance of the engine, in a process of its own.
#[derive(Debug)]
pub struct Instance {
    /// It pumps; else it is the application.
    pub pumps: bool,
    /// Clock and entropy.
    pub senses: Arc<Senses>,
    /// Between its calls, if it is elsewhere and has been started.
    pub life: Option<Box<dyn Life>>,
    /// How far its clock is off.
    pub off_us: i64,
    /// Its call.
    pub running: Option<(CallId, Running)>,
    /// The call's open question to the outside.
    pub asks: Option<Op>,
    /// Counts its steps, so that what was due for an earlier one is void.
    pub epoch: u64,
    /// Requests in flight.
    pub in_flight: Vec<RequestId>,
    /// Requests that came back and were not reported.
    pub ready: Vec<(RequestId, Completion)>,
    /// It stands in a wait.
    pub waits: bool,
    /// How often it was started.
    pub lives: u64,
    /// Actions left.
    pub actions: u32,
    /// The state of the store in which its last call found nothing to do.
    pub idle_at: Option<u64>,
    /// It begins its next call later than it would, because nothing is due before.
    pub sleeps: bool,
    /// Waits in a row that were too short to wait for anything, with requests in flight and nothing coming back.
    pub short_waits: u32,
    /// Calls in a row that asked to be called again at once and changed nothing.
    pub fruitless: u32,
}

/// A call of the engine.
#[derive(Debug)]
pub struct Call {
    /// The instance that makes it.
    pub instance: InstanceId,
    /// The call itself.
    pub job: Rc<Job>,
    /// When it began, in true microseconds.
    pub began_us: u64,
    /// The state of the store at its beginning.
    pub revision: u64,
    /// The commits of its open transaction.
    pub transaction: Vec<Held>,
    /// The platform's transaction was lost under it.
    pub aborted: bool,
    /// Faults that it met.
    pub faults: u32,
    /// Calls of the store that failed for it, and commits of its that conflicted.
    pub refused: u32,
    /// When it last read each message, in true microseconds.
    pub read: BTreeMap<String, u64>,
    /// When each of its storage calls began and ended, in true microseconds.
    pub stored: Vec<(u64, u64)>,
}

impl Call {
    /// Returns true if its commits are part of a transaction of the platform's.
    pub fn in_transaction(&self) -> bool {
        matches!(&*self.job, Job::Accept { transaction: true, .. })
    }
}

/// Everything.
#[derive(Debug)]
pub struct World {
    /// The parameters that the seed drew.
    pub params: Params,
    /// The faults now.
    pub faults: Faults,
    /// The engine's configuration.
    pub config: Rc<Config>,
    /// True time.
    pub now_us: u64,
    /// The rows.
    pub store: SimStore,
    /// Counts applied commits.
    pub revision: u64,
    /// The meaning of the rows.
    pub model: Model,
    /// The platform.
    pub workload: Workload,
    /// All instances.
    pub instances: Vec<Instance>,
    /// All calls.
    pub calls: Vec<Call>,
    /// How each of them ended.
    pub ends: Vec<End>,
    /// The promises of redeliveries about messages that were not routed yet.
    pub promises: Vec<Promise>,
    /// All requests.
    pub sent: Vec<Sent>,
    /// The result of each request, until it is told.
    pub results: Vec<Option<Completion>>,
    /// The bodies of the requests.
    pub bodies: Bodies,
    /// Faults that may have made other webhooks wait.
    pub excuses: Excuses,
    /// When each lane may be sent the next.
    pub paces: Paces,
    /// Draws faults of storage and instances.
    pub chance: Rng,
    /// Draws faults of the network.
    pub network: Rng,
    /// Draws what receivers ask for.
    pub wishes: Rng,
    /// Draws which completions are lost.
    pub losses: Rng,
    /// Draws what strangers ask for.
    pub strangers: Rng,
    /// Draws how far clocks are off.
    pub clocks: Rng,
    /// Counts of events.
    pub coverage: Coverage,
    /// The story of the run.
    pub trace: Trace,
    /// The rule that is broken on purpose.
    pub sabotage: Option<Sabotage>,
    /// Where calls are carried out, if not here.
    pub elsewhere: Option<Rc<dyn Elsewhere>>,
    /// The scripted course, where it is not drawn.
    pub script: Option<Script>,
    /// Faults are over.
    pub calm: bool,
    /// Commits under way.
    pub held: u32,
    /// The backup to which the store may return.
    pub backup: Option<Backup>,
    /// Counts how often it did.
    pub era: u64,
    /// How many workers each event has killed, by its number and the lane that they held.
    pub kills: BTreeMap<(u64, String), Kills>,
    /// The seed.
    pub seed: u64,
    order: Rng,
    agenda: BinaryHeap<Reverse<(u64, u64, Slot)>>,
    resting: bool,
}

/// An entry of the agenda. Its place does not depend on its kind.
#[derive(Debug)]
struct Slot(Due);

impl PartialEq for Slot {
    fn eq(&self, _: &Slot) -> bool {
        true
    }
}
impl Eq for Slot {}
impl PartialOrd for Slot {
    fn partial_cmp(&self, other: &Slot) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Slot {
    fn cmp(&self, _: &Slot) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl World {
    /// The world of a seed, before its first turn.
    pub fn new(seed: u64, config: Rc<Config>, params: Params, sabotage: Option<Sabotage>, trace: Trace) -> World {
        let workload = Workload::new(seed, &params);
        World {
            faults: params.faults,
            config,
            now_us: BEGIN_US,
            store: SimStore::new(match sabotage {
                Some(Sabotage::ReturnVersions) => Versions::Return,
                Some(Sabotage::KeepVersions) => Versions::Keep,
                _ => Versions::New,
            }),
            revision: 0,
            model: Model::default(),
            workload,
            instances: Vec::new(),
            calls: Vec::new(),
            ends: Vec::new(),
            promises: Vec::new(),
            sent: Vec::new(),
            results: Vec::new(),
            bodies: Bodies::default(),
            excuses: Excuses::default(),
            paces: Paces::default(),
            chance: Rng::of(seed, "faults", 0),
            network: Rng::of(seed, "network", 0),
            wishes: Rng::of(seed, "wishes", 1),
            losses: Rng::of(seed, "completions", 1),
            strangers: Rng::of(seed, "strangers", 1),
            clocks: Rng::of(seed, "clocks", 0),
            coverage: Coverage::default(),
            trace,
            sabotage,
            elsewhere: None,
            script: None,
            calm: false,
            held: 0,
            kills: BTreeMap::new(),
            backup: None,
            era: 0,
            order: Rng::of(seed, "order", 0),
            seed,
            agenda: BinaryHeap::new(),
            resting: false,
            params,
        }
    }

    /// Lives through it all.
    pub fn run(&mut self) -> Result<(), Failure> {
        self.set_up()?;
        if self.script.is_none() {
            self.at(self.params.fault_phase_ms * 1_000, Due::FaultsEnd);
        }
        self.plan_restores();
        for instance in 0..self.instances.len() {
            let after_pumps = self.script.is_some() && !self.instances[instance].pumps;
            let delay_us = if after_pumps { 3_000_000 } else { self.order.below(2_000_000) };
            self.start_in(instance, delay_us);
        }
        let mut turns = 0;
        while let Some(Reverse((at_us, _, Slot(due)))) = self.agenda.pop() {
            self.now_us = self.now_us.max(at_us);
            self.turn(due)?;
            turns += 1;
            let in_time = turns < TURNS_MAX && self.now_us < BEGIN_US + REST_US_MAX;
            if !in_time {
                endings::inboxes(&self.model, &self.store)?;
            }
            ensure(in_time, "comes-to-rest", || format!("after {turns} turns, {} rows", self.store.count("")))?;
            if self.resting {
                break;
            }
        }
        let hit = self.script.as_ref().is_some_and(|script| script.point.is_some() || script.scenario.poison.is_some());
        let faultless = self.params.faultless() && !hit;
        kept::at_rest(&self.model, &self.store, self.params.retention_s > 0)?;
        endings::at_rest(&self.model, &self.store)?;
        explained::requests(&self.model, &self.sent)?;
        explained::leases(&self.model, |lost| !faultless && self.went_wrong(lost))?;
        let late = order::late(&self.model, &self.sent)?;
        self.coverage.add_many(Count::LateInOrder, late);
        self.contained()?;
        redelivery::kept(&self.model, &self.promises)
    }

    fn turn(&mut self, due: Due) -> Result<(), Failure> {
        match due {
            Due::Start(instance, epoch) if self.instances[instance].epoch == epoch => self.begin_call(instance),
            Due::Execute(instance, epoch) if self.instances[instance].epoch == epoch => self.execute(instance),
            Due::Answer(instance, epoch, reply) if self.instances[instance].epoch == epoch => {
                self.proceed(instance, *reply)
            }
            Due::WaitOver(instance, epoch) if self.instances[instance].epoch == epoch => self.wait_over(instance),
            Due::Complete(instance, call, request) => self.complete(instance, call, request),
            Due::Land(era, held) if era == self.era => self.land(*held),
            Due::Land(..) => {
                self.held -= 1;
                self.rest_if_done();
                Ok(())
            }
            Due::Backup => {
                self.back_up();
                Ok(())
            }
            Due::Restore => self.restore(),
            Due::FaultsEnd => self.faults_end(),
            Due::Overdue => self.land_late(),
            _ => Ok(()),
        }
    }

    /// Puts an entry on the agenda, after a delay in microseconds. Entries of the same time come in any order.
    pub fn at(&mut self, delay_us: u64, due: Due) {
        let order = self.order.next();
        self.agenda.push(Reverse((self.now_us + delay_us, order, Slot(due))));
    }

    /// A new instance.
    pub fn add_instance(&mut self, pumps: bool) -> InstanceId {
        let id = self.instances.len();
        let actions = if pumps { 0 } else { self.params.actions };
        self.instances.push(Instance {
            pumps,
            senses: Senses::new(Rng::of(self.seed, "entropy", id as u64 * LIVES_MAX)),
            life: None,
            off_us: 0,
            running: None,
            asks: None,
            epoch: 0,
            in_flight: Vec::new(),
            ready: Vec::new(),
            waits: false,
            lives: 0,
            actions,
            idle_at: None,
            sleeps: false,
            short_waits: 0,
            fruitless: 0,
        });
        self.set_clock(id);
        id
    }

    /// The entropy of an instance's next life.
    pub fn entropy(&mut self, instance: InstanceId) -> Rng {
        let life = &mut self.instances[instance];
        life.lives += 1;
        Rng::of(self.seed, "entropy", instance as u64 * LIVES_MAX + life.lives)
    }

    /// Draws how far an instance's clock is off.
    pub fn set_clock(&mut self, instance: InstanceId) {
        let bound_ms = i64::try_from(self.faults.clock_off_ms_max).unwrap_or(0);
        self.instances[instance].off_us = if bound_ms == 0 { 0 } else { self.clocks.around(bound_ms * 1_000) };
    }

    /// An instance's clock now.
    pub fn clock_us(&self, instance: InstanceId) -> u64 {
        self.now_us.saturating_add_signed(self.instances[instance].off_us)
    }

    /// How far the clock of this call's instance may have moved against itself since the call began, in milliseconds.
    pub fn clock_slack_ms(&self, call: CallId) -> u64 {
        // After a crash, and when the faults end, another clock is drawn.
        let same_life = self.ends[call] == End::Open;
        if same_life { self.params.clock_slack_ms() } else { self.params.faults.clock_off_ms_max * 2 }
    }

    /// An instance begins its next call then.
    pub fn start_in(&mut self, instance: InstanceId, delay_us: u64) {
        self.instances[instance].epoch += 1;
        let epoch = self.instances[instance].epoch;
        self.at(delay_us, Due::Start(instance, epoch));
    }

    /// The instance is gone, with what it had in flight; it comes back, as another, unless it is an application's last.
    pub fn crash(&mut self, instance: InstanceId) {
        let life = &mut self.instances[instance];
        let Some((call, running)) = life.running.take() else { return };
        drop(running.end());
        self.excuses.add(self.now_us, delay::CRASH_US);
        life.asks = None;
        life.waits = false;
        life.ready.clear();
        life.idle_at = None;
        life.fruitless = 0;
        for request in std::mem::take(&mut life.in_flight) {
            self.sent[request].over = true;
            let under_way = self.sent[request].arrives_us.is_some_and(|arrives_us| arrives_us > self.now_us);
            if under_way && self.chance.below(2) == 0 {
                self.sent[request].arrives_us = None;
            }
        }
        let entropy = self.entropy(instance);
        self.instances[instance].senses = Senses::new(entropy);
        self.ends[call] = End::Crashed;
        self.trace.note(self.now_us, || format!("call {call} crashes with instance {instance}"));
        self.set_clock(instance);
        let mut delay_us = self.chance.pick(&[1_000, 1_000_000, 10_000_000, 100_000_000]);
        if let Some(script) = &mut self.script {
            delay_us = 1_000_000;
            if !self.instances[instance].pumps {
                script.again();
            }
        }
        self.start_in(instance, delay_us);
    }

    /// Answers what an instance asked and lets it go on to its next question.
    pub fn proceed(&mut self, instance: InstanceId, reply: Reply) -> Result<(), Failure> {
        let clock_us = self.clock_us(instance);
        self.instances[instance].senses.set_clock(clock_us);
        self.instances[instance].epoch += 1;
        let Some((call, running)) = self.instances[instance].running.as_mut() else { return Ok(()) };
        let call = *call;
        match running.resume(reply) {
            Step::Asks(op) => self.asked(instance, op),
            Step::Ended(done) => self.ended(instance, call, done),
            Step::Panicked(text) => Err(Failure { checker: "panics", detail: format!("call {call}: {text}") }),
        }
    }

    /// Draws whether the instance gets its answer, and when.
    fn asked(&mut self, instance: InstanceId, op: Op) -> Result<(), Failure> {
        self.trace.asked(self.now_us, instance, &op);
        self.asks_for_its_own(instance, &op)?;
        if self.dies_of_poison(instance, &op) {
            self.crash(instance);
            return Ok(());
        }
        if self.goes_wrong(instance, &op) || self.chance.chance(self.faults.crash) {
            self.coverage.add(Count::Crashes);
            self.crash(instance);
            return Ok(());
        }
        if matches!(op, Op::Submit(_)) {
            // Handing over takes no time, so what is judged is what the engine knew.
            self.instances[instance].asks = Some(op);
            return self.execute(instance);
        }
        if self.chance.chance(self.faults.clock_jump) {
            self.coverage.add(Count::ClockJumps);
            self.meets_fault(instance);
            self.set_clock(instance);
        }
        let mut delay_us = match op {
            Op::Wait { .. } => self.order.between(1, 20),
            _ if self.calm => self.order.between(20, self.params.storage_us_max.min(5_000)),
            Op::Commit { .. } if self.params.race && !self.instances[instance].pumps => {
                self.order.between(20, RACE_US_MAX)
            }
            Op::Commit { .. } => self.order.between(20, self.params.storage_us_max + self.params.commit_us_max),
            _ => self.order.between(20, self.params.storage_us_max),
        };
        if self.chance.chance(self.faults.stall) {
            self.coverage.add(Count::Stalls);
            self.meets_fault(instance);
            delay_us += self.chance.between(1_000, 90_000) * 1_000;
        }
        if let (Some((call, _)), false) = (&self.instances[instance].running, matches!(op, Op::Wait { .. })) {
            self.calls[*call].stored.push((self.now_us, self.now_us + delay_us));
        }
        self.instances[instance].asks = Some(op);
        let epoch = self.instances[instance].epoch;
        self.at(delay_us, Due::Execute(instance, epoch));
        Ok(())
    }

    /// A storage call of this call fails.
    pub fn storage_fails(&mut self, call: CallId) {
        self.calls[call].faults += 1;
        self.calls[call].refused += 1;
        self.excuses.add(self.now_us, delay::STORAGE_US);
    }

    /// An instance stands still, or its clock jumps.
    pub fn meets_fault(&mut self, instance: InstanceId) {
        self.excuses.add(self.now_us, delay::STALL_US);
        if let Some((call, _)) = self.instances[instance].running {
            self.calls[call].faults += 1;
        }
    }

    /// Returns true if a call may have lost this lease: it ended early, it met a fault, clocks differ and another one
    /// was ahead, or a slow store left it no time.
    fn went_wrong(&self, lost: &Lost) -> bool {
        let ended = !matches!(self.ends[lost.call], End::Answered | End::Open);
        let clocks = lost.early && self.params.faults.clock_off_ms_max > 0;
        ended || self.calls[lost.call].faults > 0 || clocks || lost.hurried
    }

    /// A lease has been taken from this call: what its own clock said to that, and what the store left it of the time in which
    /// leases are given back.
    pub fn loses(&mut self, lane: &str, lease: &Lease, holder: CallId) {
        let instance = self.calls[holder].instance;
        let until_us = (lease.until_ms * 1_000).saturating_add_signed(-self.instances[instance].off_us);
        let from_us = until_us.saturating_sub(LEASE_MARGIN_MS * 1_000);
        let within = |from: u64, to: u64| to.min(until_us).saturating_sub(from.max(from_us));
        let busy_us: u64 = self.calls[holder].stored.iter().map(|(from, to)| within(*from, *to)).sum();
        let runs = self.ends[holder] == End::Open;
        if let Some(lost) = self.model.lanes.get_mut(lane).and_then(|lane| lane.lost.get_mut(&lease.token)) {
            lost.early = runs && self.now_us < until_us;
            lost.hurried = runs && busy_us >= RELEASE_US;
        }
    }

    fn asks_for_its_own(&self, instance: InstanceId, op: &Op) -> Result<(), Failure> {
        let Some((call, _)) = self.instances[instance].running else { return Ok(()) };
        match self.calls[call].job.tenant() {
            Some(tenant) => tenants::asks(&self.model, tenant, op),
            None => Ok(()),
        }
    }

    /// The store has changed. An instance that sleeps because nothing was due looks again, as often as the hosts poll.
    pub fn wake_sleepers(&mut self) {
        for instance in 0..self.instances.len() {
            if self.instances[instance].sleeps {
                self.instances[instance].sleeps = false;
                let polled_us = self.order.below(1_000_000);
                let delay_us = if self.script.is_some() { 1_000 } else { polled_us };
                self.start_in(instance, delay_us);
            }
        }
    }

    /// Faults end, every instance is started again, clocks are within their bound, and everything must come to rest.
    fn faults_end(&mut self) -> Result<(), Failure> {
        self.calm = true;
        self.faults =
            Faults { clock_off_ms_max: self.faults.clock_off_ms_max.min(CLOCK_SKEW_MS_MAX / 2), ..Faults::default() };
        self.trace.note(self.now_us, || "the faults end".to_owned());
        self.excuses.add(self.now_us, delay::CRASH_US);
        if self.params.faultless() {
            // Without a fault, not even this crash may happen.
            return Ok(());
        }
        for instance in 0..self.instances.len() {
            self.crash(instance);
            self.set_clock(instance);
            self.instances[instance].sleeps = false;
            self.instances[instance].idle_at = None;
            let delay_us = self.order.below(10_000_000);
            self.start_in(instance, delay_us);
        }
        Ok(())
    }

    /// The earliest time at which a pump with this clock has anything to do, in milliseconds of that clock; `None`: never.
    pub fn next_due_ms(&self, clock_ms: u64) -> Option<u64> {
        if self.store.count("inbox/") > 0 {
            return Some(clock_ms);
        }
        let lane_due = |lane: &super::model::Lane| {
            let wake = lane.wakes.first()?;
            let Some(Row::Timer { due_ms, .. }) = rows::parse(wake) else { return None };
            let believed = lane.lease.until_ms <= clock_ms + LEASE_MS_MAX + CLOCK_SKEW_MS_MAX;
            Some(if believed { due_ms.max(lane.lease.until_ms) } else { due_ms })
        };
        self.model.lanes.values().filter_map(lane_due).min()
    }

    /// Returns the same, except for work without an end.
    fn next_asked_ms(&self, clock_ms: u64) -> Option<u64> {
        if self.store.count("inbox/") > 0 {
            return Some(clock_ms);
        }
        let asked = |(id, lane): &(&String, &super::model::Lane)| !id.starts_with("_/") && !lane.wakes.is_empty();
        self.model.lanes.iter().find(asked).and(self.next_due_ms(clock_ms))
    }

    /// Nothing runs, nothing is under way, and nothing will ever be due.
    pub fn rest_if_done(&mut self) {
        let quiet = |instance: &Instance| {
            instance.running.is_none() && (!instance.pumps || instance.idle_at == Some(self.revision))
        };
        self.resting = self.script.as_ref().map_or(self.calm, Script::over)
            && self.held == 0
            && self.instances.iter().all(quiet)
            && self.next_asked_ms(self.now_us / 1_000).is_none()
            && kept::is_done(&self.model, &self.store, self.params.retention_s > 0);
    }

    /// Ends what still runs.
    pub fn stop(&mut self) {
        for instance in &mut self.instances {
            if let Some((_, running)) = instance.running.take() {
                drop(running.end());
            }
        }
    }

    /// Returns the counts, with those that only the end can tell.
    pub fn counted(&self) -> Coverage {
        let mut coverage = self.coverage.clone();
        let unrecorded = self.sent.iter().filter(|request| !request.recorded && request.message.is_some()).count();
        coverage.add_many(Count::Duplicates, unrecorded);
        coverage
    }
}
