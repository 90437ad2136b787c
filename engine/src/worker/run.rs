//! One run of the worker: route what was accepted, claim lanes, send what is due, settle what has ended, release.
//!
//! This file owns the order of the steps. Each step decides in a room of its own, and takes the parts of the state that it
//! touches.

use super::state::{Agenda, Attempts, Budget, Completed, Ctx, DeliveryReport, InFlight, Leases, Report};
use super::{claim, receive, route, send, settle};
use crate::config::Config;
use crate::jobs::{self, JobContext};
use crate::ports::Host;
use crate::support::error::{Error, ErrorKind};
use crate::support::limits::{POLL_MS, STALL_MS, STALLS_MAX};

/// Routes accepted messages, makes the attempts that are due and records them. Returns when nothing is due or the budget is spent.
/// A request in flight is waited for until shortly after its timeout.
///
/// Returns an error only if nothing was done. If the run fails later, the error is the first problem of the report.
pub fn deliver(host: &dyn Host, config: &Config, budget: Budget) -> Result<DeliveryReport, Error> {
    let mut run = Run::new(host, config, budget);
    let outcome = run.steps();
    while !run.attempts.in_flight.is_empty() {
        run.receive(POLL_MS);
    }
    if outcome.is_err() {
        run.abandon();
    }
    match outcome.and_then(|()| run.finish()) {
        Ok(next_due_ms) => Ok(run.report.finish(next_due_ms)),
        // A transaction that is lost takes everything with it that the report counts.
        Err(error) if run.report.is_empty() || error.kind == ErrorKind::TransactionAborted => Err(error),
        Err(error) => {
            run.report.fail(&error);
            Ok(run.report.finish(POLL_MS))
        }
    }
}

/// The state of a run.
pub(super) struct Run<'a> {
    pub ctx: Ctx<'a>,
    pub leases: Leases,
    pub attempts: Attempts,
    pub agenda: Agenda,
    pub jobs: jobs::Agenda,
    pub report: Report,
}

impl<'a> Run<'a> {
    pub(super) fn new(host: &'a dyn Host, config: &'a Config, budget: Budget) -> Run<'a> {
        let agenda = Agenda::new(host, budget);
        Run {
            ctx: Ctx::new(host, config),
            leases: Leases::default(),
            attempts: Attempts { in_flight: InFlight::new(host.now_us()), completed: Completed::default() },
            jobs: jobs::Agenda::new(),
            agenda,
            report: Report::default(),
        }
    }

    /// Makes the last steps of a run that has failed. If one of these fails too, the leases run out.
    fn abandon(&mut self) {
        self.agenda.drain();
        // Attempts that are not recorded would be made again.
        let _ = self.settle();
        let _ = self.release_job();
    }

    /// Makes the last steps of a run, and returns the milliseconds until the next one.
    fn finish(&mut self) -> Result<u32, Error> {
        route::release_shards(&self.ctx, &mut self.leases)?;
        self.release_job()?;
        let next_due_ms = claim::next_due_ms(&self.ctx)?;
        // A row that cannot be decoded is always due. Where there is nothing else, it is looked at with each poll.
        let only_problems = self.report.is_idle() && self.report.has_problems();
        Ok(if only_problems { POLL_MS } else { next_due_ms })
    }

    /// Makes the steps until nothing is left to do or the budget is spent.
    fn steps(&mut self) -> Result<(), Error> {
        let mut stalls = 0;
        if self.agenda.next_shard.is_multiple_of(4) {
            // Where calls are short and always busy, some of them begin with the lanes that share a worker with few others.
            self.agenda.isolated_from_ms = 0;
        }
        loop {
            if self.report.has_problems() {
                self.agenda.report_soon(self.ctx.now_ms());
            }
            let mut progress = self.look()?;
            let worked = self.work_on_jobs()?;
            progress |= worked;
            if self.attempts.completed.is_empty() || !self.has_to_settle() {
                self.send()?;
            }
            match self.settle() {
                Ok(settled) => progress |= settled,
                // The attempts are kept. As long as the leases last they can still be recorded.
                Err(error) if error.kind == ErrorKind::Unavailable && stalls < STALLS_MAX => {
                    stalls += 1;
                    self.receive(STALL_MS);
                    continue;
                }
                Err(error) => return Err(error),
            }
            stalls = 0;
            // Where attempts end all the time, jobs have their turn when these have been recorded.
            progress |= !worked && self.work_on_jobs()?;
            if self.attempts.in_flight.is_empty() && !progress && self.agenda.is_through(self.ctx.now_ms()) {
                return Ok(());
            }
            let idle_ms = if progress { 0 } else { self.agenda.idle_ms(self.ctx.now_ms()) };
            self.receive(idle_ms);
        }
    }

    /// Looks for something to route or to claim, if it is time for that. A lane in quarantine lets nothing else be looked at.
    fn look(&mut self) -> Result<bool, Error> {
        let mut progress = false;
        if !self.agenda.begin_look(self.ctx.now_ms()) {
            return Ok(progress);
        }
        if self.agenda.only_isolated(self.ctx.now_ms()) && self.leases.lanes.is_empty() {
            progress |= self.claim()?;
        }
        if !self.leases.are_alone() {
            progress |= self.route()?;
            if self.has_to_settle() {
                self.agenda.look = true;
            } else {
                progress |= self.claim()?;
            }
        }
        Ok(progress)
    }

    /// Makes one step of one job, if there is time for it. Returns true if there was one to make.
    fn work_on_jobs(&mut self) -> Result<bool, Error> {
        // Attempts in flight are waited for, and recorded, in time.
        let may_start = self.agenda.may_start(self.ctx.now_ms()) && !self.leases.are_alone();
        if !may_start || !self.attempts.completed.is_empty() || self.has_to_settle() {
            return Ok(false);
        }
        let offset = self.agenda.next_shard as usize;
        let worked = jobs::work(&mut job_context(&self.ctx, &mut self.report), &mut self.jobs, offset)?;
        self.agenda.look |= worked.looks_again;
        self.agenda.look_by(worked.due_ms.unwrap_or(u64::MAX));
        Ok(worked.progress)
    }

    fn release_job(&mut self) -> Result<(), Error> {
        jobs::release(&mut job_context(&self.ctx, &mut self.report), &mut self.jobs)
    }

    /// Returns true if a lease ends so soon that what has ended under it is recorded, and the lane released, before anything else.
    fn has_to_settle(&self) -> bool {
        self.leases.end_soon(self.ctx.now_ms())
    }

    pub(super) fn route(&mut self) -> Result<bool, Error> {
        route::route(&self.ctx, &mut self.leases, &mut self.agenda, &mut self.report)
    }

    fn claim(&mut self) -> Result<bool, Error> {
        claim::claim(&self.ctx, &mut self.leases, &mut self.agenda, &mut self.jobs, &mut self.report)
    }

    fn send(&mut self) -> Result<(), Error> {
        send::send(&self.ctx, &mut self.leases, &mut self.attempts, &mut self.agenda, &mut self.report)
    }

    fn settle(&mut self) -> Result<bool, Error> {
        let completed = &mut self.attempts.completed;
        settle::settle(&self.ctx, &mut self.leases, completed, &mut self.agenda, &mut self.report)
    }

    fn receive(&mut self, timeout_ms: u32) {
        receive::receive(&self.ctx, &mut self.leases, &mut self.attempts, &mut self.agenda, timeout_ms);
    }
}

fn job_context<'c>(ctx: &'c Ctx<'_>, report: &'c mut Report) -> JobContext<'c> {
    JobContext { host: ctx.host, config: ctx.config, problems: report.problems() }
}
