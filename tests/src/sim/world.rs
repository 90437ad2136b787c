//! The state of the world of one seed: its clock, its agenda, its store, its instances and their calls, and what every kind
//! of call needs of it. `run` decides the order of turns. Storage calls are in `storage_calls`, requests in `http_calls`, and
//! the beginning and end of calls in `calls`.

use std::rc::Rc;

use hookwright_engine::Config;

use super::actor::{Elsewhere, Senses};
use super::agenda::{Agenda, Delayed, Due};
use super::coverage::{Count, Coverage};
use super::disk::Disk;
use super::ids::{BEGIN_US, InstanceId};
use super::instance::{Call, Instance, Role};
use super::model::Model;
use super::observed::Observed;
use super::params::{Faults, Params};
use super::requests::Requests;
use super::rng::Rng;
use super::sabotage::Sabotage;
use super::script::Script;
use super::store::{SimStore, Versions};
use super::streams::Streams;
use super::trace::Trace;
use super::workload::Workload;

/// More than the number of any instance's lives.
const LIVES_MAX: u64 = 1_000_000;

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

    /// An instance begins its next call then.
    pub fn start_in(&mut self, instance: InstanceId, delay_us: u64) {
        self.instances[instance].epoch += 1;
        let epoch = self.instances[instance].epoch;
        self.at(delay_us, Due::Start(instance, epoch));
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
