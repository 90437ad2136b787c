//! The turns of a world: it takes entries from the agenda, carries out what instances ask, and gives them their replies
//! until everything has come to rest. It owns the order of steps.

use hookwright_engine::limits::CLOCK_SKEW_MS_MAX;

use super::actor::Step;
use super::agenda::Due;
use super::checkers::delay;
use super::checkers::endings::{self, End};
use super::checkers::{Failure, ensure, explained, kept, order, redelivery, tenants};
use super::coverage::Count;
use super::ids::{BEGIN_US, InstanceId};
use super::instance::Role;
use super::model::Lost;
use super::ops::{Op, Reply};
use super::params::{Faults, SlowCommits};
use super::world::World;

/// How long a world may take to come to rest: two years. In strict order, each message may exhaust its attempts, over days.
const REST_US_MAX: u64 = 730 * 24 * 3_600 * 1_000_000;
/// How many turns it may take.
const TURNS_MAX: u64 = 8_000_000;

/// The longest time of a platform's commit where redeliveries race with attempts, in microseconds.
const RACE_US_MAX: u64 = 6_000_000;

impl World {
    /// Lives through it all.
    pub fn run(&mut self) -> Result<(), Failure> {
        self.set_up()?;
        if self.script.is_none() {
            self.at(self.params.fault_phase_ms * 1_000, Due::FaultsEnd);
        }
        self.plan_restores();
        for instance in 0..self.instances.len() {
            let after_workers = self.script.is_some() && self.instances[instance].role == Role::Application;
            let delay_us = if after_workers { 3_000_000 } else { self.agenda.order.below(2_000_000) };
            self.start_in(instance, delay_us);
        }
        let mut turns = 0;
        while let Some((at_us, due)) = self.agenda.take() {
            self.now_us = self.now_us.max(at_us);
            self.turn(due)?;
            turns += 1;
            let in_time = turns < TURNS_MAX && self.now_us < BEGIN_US + REST_US_MAX;
            if !in_time {
                endings::inboxes(&self.model, &self.disk.rows)?;
            }
            ensure(in_time, "comes-to-rest", || format!("after {turns} turns, {} rows", self.disk.rows.count("")))?;
            if self.resting {
                break;
            }
        }
        let hit = self.script.as_ref().is_some_and(|script| script.point.is_some() || script.scenario.poison.is_some());
        let faultless = self.params.faultless() && !hit;
        kept::at_rest(&self.model, &self.disk.rows, self.params.retention_s > 0)?;
        endings::at_rest(&self.model, &self.disk.rows)?;
        explained::requests(&self.model, &self.requests.sent)?;
        explained::leases(&self.model, |lost| !faultless && self.went_wrong(lost))?;
        let late = order::late(&self.model, &self.requests.sent)?;
        self.coverage.add_many(Count::LateInOrder, late);
        self.contained()?;
        redelivery::kept(&self.model, &self.observed.promises)
    }

    fn turn(&mut self, due: Due) -> Result<(), Failure> {
        match due {
            Due::Start(instance, epoch) if self.instances[instance].epoch == epoch => self.start(instance),
            Due::Execute(instance, epoch) if self.instances[instance].epoch == epoch => {
                let reply = self.execute(instance)?;
                self.go_on(instance, reply)
            }
            Due::Answer(instance, epoch, reply) if self.instances[instance].epoch == epoch => {
                self.go_on(instance, Some(*reply))
            }
            Due::WaitOver(instance, epoch) if self.instances[instance].epoch == epoch => {
                let reply = self.wait_over(instance);
                self.go_on(instance, reply)
            }
            Due::Complete(instance, call, request) => {
                let reply = self.complete(instance, call, request);
                self.go_on(instance, reply)
            }
            Due::Land(era, delayed) if era == self.disk.era => self.land(*delayed),
            Due::Land(..) => {
                self.disk.under_way -= 1;
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

    /// Registers the first webhooks, without a fault, and starts the instances.
    fn set_up(&mut self) -> Result<(), Failure> {
        for _ in 0..self.params.workers {
            self.add_instance(Role::Worker);
        }
        for _ in 0..self.params.applications {
            self.add_instance(Role::Application);
        }
        let faults = std::mem::take(&mut self.faults);
        let registrar = self.instances.len() - 1;
        let registrations = match self.script {
            Some(_) => self.scripted_registrations(),
            None => (0..self.params.webhooks).map(|_| self.workload.registration(&self.params, self.now_us)).collect(),
        };
        let script = self.script.take();
        for job in registrations {
            self.begin(registrar, job);
            self.go_on(registrar, Some(Reply::Start))?;
            while self.instances[registrar].running.is_some() {
                let reply = self.execute(registrar)?;
                self.go_on(registrar, reply)?;
            }
        }
        self.faults = faults;
        self.script = script;
        self.set_script_clocks();
        Ok(())
    }

    /// An instance makes its next call, if it has one to make.
    fn start(&mut self, instance: InstanceId) -> Result<(), Failure> {
        let Some(job) = self.next_call(instance) else { return Ok(()) };
        self.begin(instance, job);
        self.go_on(instance, Some(Reply::Start))
    }

    /// Gives an instance its reply, if there is one, and lets it go on until it asks for something that takes time.
    fn go_on(&mut self, instance: InstanceId, reply: Option<Reply>) -> Result<(), Failure> {
        let mut next = reply;
        while let Some(reply) = next.take() {
            let clock_us = self.clock_us(instance);
            self.instances[instance].senses.set_clock(clock_us);
            self.instances[instance].epoch += 1;
            let Some((call, running)) = self.instances[instance].running.as_mut() else { return Ok(()) };
            let call = *call;
            match running.resume(reply) {
                Step::Asks(op) => next = self.asked(instance, op)?,
                Step::Ended(done) => self.ended(instance, call, done)?,
                Step::Panicked(text) => {
                    return Err(Failure { checker: "panics", detail: format!("call {call}: {text}") });
                }
            }
        }
        Ok(())
    }

    /// Draws whether the instance gets its reply, and when. Returns the reply if it comes at once.
    fn asked(&mut self, instance: InstanceId, op: Op) -> Result<Option<Reply>, Failure> {
        self.trace.asked(self.now_us, instance, &op);
        self.asks_for_its_own(instance, &op)?;
        if self.dies_of_poison(instance, &op) {
            self.crash(instance);
            return Ok(None);
        }
        if self.goes_wrong(instance, &op) || self.streams.faults.chance(self.faults.crash) {
            self.coverage.add(Count::Crashes);
            self.crash(instance);
            return Ok(None);
        }
        if matches!(op, Op::Submit(_)) {
            // Handing over takes no time, so what is judged is what the engine knew.
            self.instances[instance].asks = Some(op);
            return self.execute(instance);
        }
        if self.streams.faults.chance(self.faults.clock_jump) {
            self.coverage.add(Count::ClockJumps);
            self.meets_fault(instance);
            self.set_clock(instance);
        }
        let mut delay_us = self.takes_us(instance, &op);
        if self.streams.faults.chance(self.faults.stall) {
            self.coverage.add(Count::Stalls);
            self.meets_fault(instance);
            delay_us += self.streams.faults.between(1_000, 90_000) * 1_000;
        }
        if let (Some((call, _)), false) = (&self.instances[instance].running, matches!(op, Op::Wait { .. })) {
            self.calls[*call].stored.push((self.now_us, self.now_us + delay_us));
        }
        self.instances[instance].asks = Some(op);
        let epoch = self.instances[instance].epoch;
        self.at(delay_us, Due::Execute(instance, epoch));
        Ok(None)
    }

    /// Draws how long a call of the outside takes, in microseconds.
    fn takes_us(&mut self, instance: InstanceId, op: &Op) -> u64 {
        match op {
            Op::Wait { .. } => self.agenda.order.between(1, 20),
            _ if self.calm => self.agenda.order.between(20, self.params.storage_us_max.min(5_000)),
            Op::Commit { .. } => {
                let slow_us = match (self.params.slow_commits, self.instances[instance].role) {
                    (SlowCommits::OfPlatform, Role::Application) => return self.agenda.order.between(20, RACE_US_MAX),
                    (SlowCommits::OfWorkers, Role::Application) => 0,
                    _ => self.params.commit_us_max,
                };
                self.agenda.order.between(20, self.params.storage_us_max + slow_us)
            }
            _ => self.agenda.order.between(20, self.params.storage_us_max),
        }
    }

    /// Does what an instance asked. Returns the reply, unless it comes later or the instance is gone.
    fn execute(&mut self, instance: InstanceId) -> Result<Option<Reply>, Failure> {
        let Some(op) = self.instances[instance].asks.take() else { return Ok(None) };
        let Some((call, _)) = self.instances[instance].running else { return Ok(None) };
        let reply = match op {
            Op::Submit(requests) => self.submit(instance, call, requests)?,
            Op::Wait { timeout_ms } => return self.wait(instance, timeout_ms),
            op => self.storage(call, op)?,
        };
        if let Reply::Got(Err(error)) | Reply::Scanned(Err(error)) | Reply::Committed(Err(error)) = &reply {
            self.trace.note(self.now_us, || format!("instance {instance} is told {error:?}"));
        }
        if self.dies_of_hit(instance) {
            self.crash(instance);
            return Ok(None);
        }
        if self.streams.faults.chance(self.faults.crash / 2) {
            self.coverage.add(Count::Crashes);
            self.crash(instance);
            return Ok(None);
        }
        if self.streams.faults.chance(self.faults.stall / 2) {
            self.coverage.add(Count::Stalls);
            self.meets_fault(instance);
            let delay_us = self.streams.faults.between(1_000, 90_000) * 1_000;
            let epoch = self.instances[instance].epoch;
            self.at(delay_us, Due::Answer(instance, epoch, Box::new(reply)));
            return Ok(None);
        }
        Ok(Some(reply))
    }

    /// Returns true if a call may have lost this lease: it ended early, it met a fault, clocks differ and another one
    /// was ahead, a slow store left it no time, or the completion of a request under the lease was lost.
    fn went_wrong(&self, lost: &Lost) -> bool {
        let ended = !matches!(self.observed.ends[lost.call], End::Answered | End::Open);
        let clocks = lost.early && self.params.faults.clock_off_ms_max > 0;
        ended || self.calls[lost.call].faults > 0 || clocks || lost.hurried || lost.unanswered
    }

    fn asks_for_its_own(&self, instance: InstanceId, op: &Op) -> Result<(), Failure> {
        let Some((call, _)) = self.instances[instance].running else { return Ok(()) };
        match self.calls[call].job.tenant() {
            Some(tenant) => tenants::asks(&self.model, tenant, op),
            None => Ok(()),
        }
    }

    /// Faults end, every instance is started again, clocks are within their bound, and everything must come to rest.
    fn faults_end(&mut self) -> Result<(), Failure> {
        self.calm = true;
        self.faults =
            Faults { clock_off_ms_max: self.faults.clock_off_ms_max.min(CLOCK_SKEW_MS_MAX / 2), ..Faults::default() };
        self.trace.note(self.now_us, || "the faults end".to_owned());
        self.observed.excuses.add(self.now_us, delay::CRASH_US);
        if self.params.faultless() {
            // Without a fault, not even this crash may happen.
            return Ok(());
        }
        for instance in 0..self.instances.len() {
            self.crash(instance);
            self.set_clock(instance);
            self.instances[instance].sleeps = false;
            self.instances[instance].idle_at = None;
            let delay_us = self.agenda.order.below(10_000_000);
            self.start_in(instance, delay_us);
        }
        Ok(())
    }
}
