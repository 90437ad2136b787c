//! The state of the world of one seed: its clock, its agenda, its store, its instances and their calls, and what every kind
//! of call needs of it. `run` decides the order of turns. Storage calls are in `storage_calls`, requests in `http_calls`, and
//! the beginning and end of calls in `calls`.

use std::rc::Rc;

use hookwright_engine::Config;
use hookwright_engine::limits::{CLOCK_SKEW_MS_MAX, LEASE_MARGIN_MS, LEASE_MS_MAX};

use super::actor::{Elsewhere, Senses};
use super::agenda::{Agenda, Delayed, Due};
use super::checkers::delay;
use super::checkers::endings::End;
use super::checkers::kept;
use super::coverage::{Count, Coverage};
use super::disk::Disk;
use super::ids::{BEGIN_US, CallId, InstanceId};
use super::instance::{Call, Instance, Role};
use super::model::{Lane, Model};
use super::observed::Observed;
use super::params::{Faults, Params};
use super::requests::Requests;
use super::rng::Rng;
use super::rows::{self, Lease, Row};
use super::sabotage::Sabotage;
use super::script::Script;
use super::store::{SimStore, Versions};
use super::streams::Streams;
use super::trace::Trace;
use super::workload::Workload;

/// More than the number of any instance's lives.
const LIVES_MAX: u64 = 1_000_000;

/// Time that the store must have taken, out of the time in which a lease is released, to explain a missing release.
const RELEASE_US: u64 = 2_000_000;

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
    /// The store.
    pub disk: Disk,
    /// The meaning of the rows.
    pub model: Model,
    /// The platform.
    pub workload: Workload,
    /// All instances.
    pub instances: Vec<Instance>,
    /// All calls.
    pub calls: Vec<Call>,
    /// All requests.
    pub requests: Requests,
    /// The facts that the checkers judge by.
    pub observed: Observed,
    /// The random streams.
    pub streams: Streams,
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
    /// The seed.
    pub seed: u64,
    /// The entries that are due.
    pub agenda: Agenda,
    /// Nothing is left to do.
    pub resting: bool,
}

impl World {
    /// The world of a seed, before its first turn.
    pub fn new(seed: u64, config: Rc<Config>, params: Params, sabotage: Option<Sabotage>, trace: Trace) -> World {
        let workload = Workload::new(seed, &params);
        World {
            faults: params.faults,
            config,
            now_us: BEGIN_US,
            disk: Disk::new(SimStore::new(match sabotage {
                Some(Sabotage::ReturnVersions) => Versions::Return,
                Some(Sabotage::KeepVersions) => Versions::Keep,
                _ => Versions::New,
            })),
            model: Model::default(),
            workload,
            instances: Vec::new(),
            calls: Vec::new(),
            requests: Requests::default(),
            observed: Observed::default(),
            streams: Streams::new(seed),
            coverage: Coverage::default(),
            trace,
            sabotage,
            elsewhere: None,
            script: None,
            calm: false,
            seed,
            agenda: Agenda::new(seed),
            resting: false,
            params,
        }
    }

    /// The commit arrives later.
    pub fn delay(&mut self, delay_us: u64, delayed: Delayed) {
        self.disk.under_way += 1;
        self.at(delay_us, Due::Land(self.disk.era, Box::new(delayed)));
    }

    /// Puts an entry on the agenda, after a delay in microseconds. Entries of the same time come in any order.
    pub fn at(&mut self, delay_us: u64, due: Due) {
        self.agenda.put(self.now_us + delay_us, due);
    }

    /// A new instance.
    pub fn add_instance(&mut self, role: Role) -> InstanceId {
        let id = self.instances.len();
        let actions = if role == Role::Worker { 0 } else { self.params.actions };
        self.instances.push(Instance {
            role,
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
        self.instances[instance].off_us = if bound_ms == 0 { 0 } else { self.streams.clocks.around(bound_ms * 1_000) };
    }

    /// An instance's clock now.
    pub fn clock_us(&self, instance: InstanceId) -> u64 {
        self.now_us.saturating_add_signed(self.instances[instance].off_us)
    }

    /// How far the clock of this call's instance may have moved against itself since the call began, in milliseconds.
    pub fn clock_slack_ms(&self, call: CallId) -> u64 {
        // After a crash, and when the faults end, another clock is drawn.
        let same_life = self.observed.ends[call] == End::Open;
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
        self.observed.excuses.add(self.now_us, delay::CRASH_US);
        life.asks = None;
        life.waits = false;
        life.ready.clear();
        life.idle_at = None;
        life.fruitless = 0;
        for request in std::mem::take(&mut life.in_flight) {
            self.requests.sent[request].over = true;
            let under_way = self.requests.sent[request].arrives_us.is_some_and(|arrives_us| arrives_us > self.now_us);
            if under_way && self.streams.faults.below(2) == 0 {
                self.requests.sent[request].arrives_us = None;
            }
        }
        let entropy = self.entropy(instance);
        self.instances[instance].senses = Senses::new(entropy);
        self.observed.ends[call] = End::Crashed;
        self.trace.note(self.now_us, || format!("call {call} crashes with instance {instance}"));
        self.set_clock(instance);
        let mut delay_us = self.streams.faults.pick(&[1_000, 1_000_000, 10_000_000, 100_000_000]);
        if let Some(script) = &mut self.script {
            delay_us = 1_000_000;
            if self.instances[instance].role == Role::Application {
                script.again();
            }
        }
        self.start_in(instance, delay_us);
    }

    /// A storage call of this call fails.
    pub fn storage_fails(&mut self, call: CallId) {
        self.calls[call].faults += 1;
        self.calls[call].refused += 1;
        self.observed.excuses.add(self.now_us, delay::STORAGE_US);
    }

    /// An instance stands still, or its clock jumps.
    pub fn meets_fault(&mut self, instance: InstanceId) {
        self.observed.excuses.add(self.now_us, delay::STALL_US);
        if let Some((call, _)) = self.instances[instance].running {
            self.calls[call].faults += 1;
        }
    }

    /// A lease of this call was lost. Notes whether its own clock still granted the lease, and whether the store took the time
    /// in which leases are released.
    pub fn loses(&mut self, lane: &str, lease: &Lease, loser: CallId) {
        let instance = self.calls[loser].instance;
        let until_us = (lease.until_ms * 1_000).saturating_add_signed(-self.instances[instance].off_us);
        let from_us = until_us.saturating_sub(LEASE_MARGIN_MS * 1_000);
        let within = |from: u64, to: u64| to.min(until_us).saturating_sub(from.max(from_us));
        let busy_us: u64 = self.calls[loser].stored.iter().map(|(from, to)| within(*from, *to)).sum();
        let runs = self.observed.ends[loser] == End::Open;
        let mut of_lease =
            self.requests.sent.iter().filter(|request| request.lease == lease.token && request.lane == lane);
        let unanswered = of_lease.any(|request| request.completion_lost);
        if let Some(lost) = self.model.lanes.get_mut(lane).and_then(|lane| lane.lost.get_mut(&lease.token)) {
            lost.unanswered = unanswered;
            lost.early = runs && self.now_us < until_us;
            lost.hurried = runs && busy_us >= RELEASE_US;
        }
    }

    /// The store has changed. An instance that sleeps because nothing was due looks again, as often as the hosts poll.
    pub fn notify_sleepers(&mut self) {
        for instance in 0..self.instances.len() {
            if self.instances[instance].sleeps {
                self.instances[instance].sleeps = false;
                let polled_us = self.agenda.order.below(1_000_000);
                let delay_us = if self.script.is_some() { 1_000 } else { polled_us };
                self.start_in(instance, delay_us);
            }
        }
    }

    /// The earliest time at which a worker with this clock has anything to do, in milliseconds of that clock; `None`: never.
    pub fn next_due_ms(&self, clock_ms: u64) -> Option<u64> {
        if self.disk.rows.count("inbox/") > 0 {
            return Some(clock_ms);
        }
        let lane_due = |lane: &Lane| {
            let timer = lane.timers.first()?;
            let Some(Row::Timer { due_ms, .. }) = rows::parse(timer) else { return None };
            let believed = lane.lease.until_ms <= clock_ms + LEASE_MS_MAX + CLOCK_SKEW_MS_MAX;
            Some(if believed { due_ms.max(lane.lease.until_ms) } else { due_ms })
        };
        self.model.lanes.values().filter_map(lane_due).min()
    }

    /// Returns the same, except for work without an end.
    fn next_asked_ms(&self, clock_ms: u64) -> Option<u64> {
        if self.disk.rows.count("inbox/") > 0 {
            return Some(clock_ms);
        }
        let asked = |(id, lane): &(&String, &Lane)| !id.starts_with("_/") && !lane.timers.is_empty();
        self.model.lanes.iter().find(asked).and(self.next_due_ms(clock_ms))
    }

    /// Nothing runs, nothing is under way, and nothing will ever be due.
    pub fn rest_if_done(&mut self) {
        let quiet = |instance: &Instance| {
            instance.running.is_none()
                && (instance.role == Role::Application || instance.idle_at == Some(self.disk.revision))
        };
        self.resting = self.script.as_ref().map_or(self.calm, Script::over)
            && self.disk.under_way == 0
            && self.instances.iter().all(quiet)
            && self.next_asked_ms(self.now_us / 1_000).is_none()
            && kept::is_done(&self.model, &self.disk.rows, self.params.retention_s > 0);
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
        let unrecorded =
            self.requests.sent.iter().filter(|request| !request.recorded && request.message.is_some()).count();
        coverage.add_many(Count::Duplicates, unrecorded);
        coverage
    }
}
