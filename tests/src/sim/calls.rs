//! How calls of the engine begin and end: what each instance does next, and what its answers are held to.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use hookwright_engine::keys;
use hookwright_engine::limits::POLL_MS;
use hookwright_engine::{Budget, DeliveryReport, Error, ErrorKind};

use super::actor::Running;
use super::agenda::Fate;
use super::checkers::endings::{self, End};
use super::checkers::redelivery;
use super::checkers::{Failure, ensure, tenants};
use super::coverage::Count;
use super::filters;
use super::ids::{CallId, InstanceId};
use super::instance::{Call, Role};
use super::job::Job;
use super::ops::Done;
use super::poison::REFUSED;
use super::rows::JobFilter;
use super::world::World;

/// Calls in a row that want to be repeated at once and change nothing.
const FRUITLESS_MAX: u32 = 200;

impl World {
    /// Returns an instance's next call, if it has one to make.
    pub fn next_call(&mut self, instance: InstanceId) -> Option<Job> {
        if self.instances[instance].running.is_some() {
            return None;
        }
        if self.instances[instance].role == Role::Worker {
            return self.next_run(instance);
        }
        if self.script.is_some() {
            let job = self.scripted_call(instance);
            if job.is_none() {
                self.rest_if_done();
            }
            return job;
        }
        if self.calm || self.instances[instance].actions == 0 {
            self.rest_if_done();
            return None;
        }
        self.instances[instance].actions -= 1;
        let job = self.workload.action(&self.params, self.now_us, instance);
        Some(self.exchanged(job))
    }

    /// Returns a worker's next run. If its last run found nothing to do and nothing has changed, the worker sleeps until
    /// something is due, because the effect of a run before then is known.
    fn next_run(&mut self, instance: InstanceId) -> Option<Job> {
        self.instances[instance].sleeps = false;
        if self.instances[instance].idle_at == Some(self.disk.revision) {
            let clock_ms = self.clock_us(instance) / 1_000;
            match self.next_due_ms(clock_ms) {
                None => {
                    self.instances[instance].sleeps = true;
                    self.rest_if_done();
                    return None;
                }
                Some(due_ms) if due_ms > clock_ms => {
                    self.instances[instance].sleeps = true;
                    let late_us = self.streams.faults.below(1_000_000);
                    self.start_in(instance, (due_ms - clock_ms) * 1_000 + late_us);
                    self.instances[instance].sleeps = true;
                    // Work without an end (retention, redaction) keeps no worker awake.
                    self.rest_if_done();
                    return None;
                }
                Some(_) => (),
            }
        }
        // Where many want one lane, short budgets make it change hands often.
        let attempts: &[u32] = if self.params.hot { &[1, 1, 1, 3, 100] } else { &[1, 3, 100, 1_000] };
        let budget = Budget {
            time_ms: self.streams.faults.pick(&[0, 50, 2_000, 20_000, 300_000]),
            attempts_max: self.streams.faults.pick(attempts),
        };
        let budget = if self.script.is_some() { Budget { time_ms: 20_000, attempts_max: 100 } } else { budget };
        let budget = if self.params.patient {
            Budget { time_ms: budget.time_ms.max(20_000), attempts_max: 1_000 }
        } else {
            budget
        };
        self.coverage.add(Count::Calls);
        Some(Job::Deliver(budget))
    }

    /// An instance begins a call, which has yet to be resumed.
    pub fn begin(&mut self, instance: InstanceId, job: Job) {
        if matches!(job, Job::Rotate { .. } | Job::Update { .. } | Job::Register { .. } | Job::Unregister { .. }) {
            self.coverage.add(Count::Changes);
        }
        if let Job::Erase { tenant, subject } = &job {
            self.model.kept.asked.push((keys::part(tenant), *subject, self.calls.len(), self.now_us));
        }
        let call = self.calls.len();
        self.trace.note(self.now_us, || format!("instance {instance} begins call {call}: {job:?}"));
        let job = Rc::new(job);
        self.calls.push(Call {
            instance,
            job: job.clone(),
            began_us: self.now_us,
            revision: self.disk.revision,
            transaction: Vec::new(),
            aborted: false,
            faults: 0,
            refused: 0,
            read: BTreeMap::new(),
            stored: Vec::new(),
        });
        self.observed.ends.push(End::Open);
        let senses = self.instances[instance].senses.clone();
        let running = match &self.elsewhere {
            Some(elsewhere) => {
                let life = self.instances[instance].life.take();
                Running::Elsewhere(life.unwrap_or_else(|| elsewhere.instance(senses)), Some(job))
            }
            None => Running::start(job, self.config.clone(), senses, self.sabotage),
        };
        self.instances[instance].running = Some((call, running));
    }

    /// A call has ended.
    pub fn ended(&mut self, instance: InstanceId, call: CallId, done: Done) -> Result<(), Failure> {
        if let Some((_, running)) = self.instances[instance].running.take() {
            self.instances[instance].life = running.end();
        }
        self.trace.answered(self.now_us, call, &done);
        let done = self.cut_short(call, done);
        let left = std::mem::take(&mut self.instances[instance].in_flight);
        self.instances[instance].ready.clear();
        left.iter().for_each(|&request| self.requests.sent[request].over = true);
        // A test send may take a clock that jumps for a host that does not answer.
        let may_leave = !matches!(done, Done::Delivered(_)) && self.params.clock_slack_ms() > 0;
        ensure(left.is_empty() || may_leave, "nothing-left-in-flight", || {
            format!("call {call} left {left:?} in flight")
        })?;
        let error = match &done {
            Done::Delivered(result) => result.as_ref().err(),
            Done::Accepted(result) => result.as_ref().err(),
            Done::Json(result) => result.as_ref().err(),
            Done::Removed(result) => result.as_ref().err(),
        };
        self.observed.ends[call] = error.map_or(End::Answered, |error| End::Failed(error.kind));
        if let Some(error) = error.cloned() {
            self.failed(call, &error)?;
        }
        if let Job::Deliver(budget) = &*self.calls[call].job
            && self.now_us - self.calls[call].began_us >= u64::from(budget.time_ms) * 1_000
        {
            self.observed.excuses.used_up(self.now_us);
        }
        match done {
            Done::Delivered(result) => return self.delivered(instance, call, result.ok()),
            Done::Accepted(Ok(answers)) => self.accepted(call, &answers)?,
            Done::Accepted(Err(_)) => self.calls[call].transaction.clear(),
            Done::Json(Ok(json)) => self.answered(call, &json)?,
            Done::Json(Err(_)) => (),
            Done::Removed(_) => self.forget(call),
        }
        let pause_us_max = self.workload.pause_us_max(&self.params, instance);
        let mut pause_us = self.streams.faults.between(100, pause_us_max);
        if let Some(script) = &mut self.script {
            pause_us = script.pause_us();
        }
        self.start_in(instance, pause_us);
        Ok(())
    }

    /// A run that fails after it has done something returns its report, with the error first among the problems: here it counts as
    /// failed.
    fn cut_short(&self, call: CallId, done: Done) -> Done {
        let Done::Delivered(Ok(report)) = &done else { return done };
        match report.problems.first() {
            Some(problem) if self.calls[call].refused > 0 && !problem.contains(REFUSED) => {
                Done::Delivered(Err(Error::of(ErrorKind::Unavailable, problem.clone())))
            }
            _ => done,
        }
    }

    fn accepted(&mut self, call: CallId, answers: &[hookwright_engine::Accepted]) -> Result<(), Failure> {
        let job = self.calls[call].job.clone();
        let Job::Accept { tenant, markers, .. } = &*job else { return Ok(()) };
        let delayed = std::mem::take(&mut self.calls[call].transaction);
        if delayed.is_empty() {
            endings::accepted(&self.model, markers, answers)?;
            let repeats = answers.iter().filter(|answer| !answer.new).count();
            self.coverage.add_many(Count::Repeats, repeats);
            self.workload.messages.extend(answers.iter().map(|answer| (tenant.clone(), answer.message_id.clone())));
            return Ok(());
        }
        for mut commit in delayed {
            self.coverage.add(Count::Transactions);
            let rolls_back = self.streams.faults.chance(self.faults.transaction_lost);
            commit.transaction = Some(if rolls_back { Fate::RollsBack } else { Fate::Commits });
            let delay_us = self.streams.faults.pick(&[100, 100_000, 3_000_000, 60_000_000, 600_000_000]);
            self.delay(delay_us, commit);
        }
        Ok(())
    }

    /// A call was answered in JSON: what it says is remembered, or judged.
    fn answered(&mut self, call: CallId, json: &str) -> Result<(), Failure> {
        let job = self.calls[call].job.clone();
        if let Some(tenant) = job.tenant() {
            tenants::shown(&self.model, tenant, json)?;
        }
        let value = || serde_json::from_str::<serde_json::Value>(json).unwrap_or_default();
        match &*job {
            Job::Register { tenant, .. } => {
                let id = value()["id"].as_str().map(str::to_owned);
                self.workload.webhooks.extend(id.map(|id| (tenant.clone(), id)));
            }
            Job::Redeliver { message, webhook, .. } => {
                self.coverage.add(Count::Redeliveries);
                let during = (self.calls[call].began_us, self.now_us);
                let asked = redelivery::Asked { message, webhook: webhook.as_deref(), during };
                self.observed.promises.extend(redelivery::promised(&self.model, asked, &value())?);
            }
            Job::Read { .. } => self.coverage.add(Count::Reads),
            Job::Recover { tenant, range, .. } | Job::Replay { tenant, range, .. } => {
                self.filtered(&value(), range)?;
                let id = value()["id"].as_str().map(str::to_owned);
                self.workload.jobs.extend(id.map(|id| (tenant.clone(), id)));
            }
            Job::Message { .. } | Job::Attempts { .. } => {
                listed_once(&value())?;
                ensure(!json.contains("\"number\":0"), "numbered", || format!("call {call} shows {json}"))?;
            }
            _ => (),
        }
        Ok(())
    }

    /// Judges the answer to a call that starts a job: it has the call's filter.
    fn filtered(&mut self, answer: &serde_json::Value, range: &str) -> Result<(), Failure> {
        let (given, shown) = (filters::of_call(range), filters::of_call(&answer.to_string()));
        let rows = self.model.jobs.iter().filter(|(id, _)| id.ends_with(answer["id"].as_str().unwrap_or("-")));
        let stored = rows.map(|(_, seen)| seen.now.filter.clone()).next().unwrap_or_else(|| given.clone());
        self.coverage.add_many(Count::Filtered, usize::from(given != JobFilter::default()));
        ensure(given == shown && given == stored, "job-filter", || {
            format!("{range} was answered {answer}, and its row has {stored:?}")
        })
    }

    fn forget(&mut self, call: CallId) {
        let job = self.calls[call].job.clone();
        if let Job::Unregister { tenant, webhook } = &*job {
            self.workload.webhooks.retain(|(of, known)| of != tenant || known != webhook);
        }
    }

    /// A worker's call has returned when it wants to be called again.
    fn delivered(&mut self, instance: InstanceId, call: CallId, report: Option<DeliveryReport>) -> Result<(), Failure> {
        let problems = report.as_ref().map_or(&[][..], |report| &report.problems);
        if let Some(problem) = problems.iter().find(|problem| !problem.contains(REFUSED)) {
            return Err(Failure { checker: "readable", detail: problem.clone() });
        }
        let unchanged = self.calls[call].revision == self.disk.revision;
        let next_us = match report {
            None => self.streams.faults.between(1, 5_000_000),
            Some(report) => {
                ensure(report.next_due_ms <= POLL_MS, "next-due", || format!("call {call} answered {report:?}"))?;
                let life = &mut self.instances[instance];
                // The job that removes what is too old is begun by a call that has time for it.
                let kept = self.params.retention_s == 0 || self.model.jobs.keys().any(|job| job.starts_with("_/"));
                life.idle_at = (unchanged && report.next_due_ms > 0 && kept).then_some(self.disk.revision);
                life.fruitless = if unchanged && report.next_due_ms == 0 { life.fruitless + 1 } else { 0 };
                ensure(life.fruitless < FRUITLESS_MAX, "spins", || {
                    format!("instance {instance} is told to come back at once, and nothing changes")
                })?;
                u64::from(report.next_due_ms) * 1_000
            }
        };
        let late_us = self.streams.faults.pick(&[0, 1_000, 200_000, 3_000_000]);
        let late_us = self.streams.faults.below(late_us + 1);
        self.start_in(instance, next_us + late_us);
        Ok(())
    }
}

/// Judges a list of attempts: none is in it twice.
fn listed_once(list: &serde_json::Value) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    for attempt in ["data", "attempts"].iter().filter_map(|name| list[name].as_array()).flatten() {
        let about = format!("{} {} {}", attempt["messageId"], attempt["webhookId"], attempt["number"]);
        ensure(seen.insert(about), "listed-once", || format!("{attempt} is listed twice: {list}"))?;
    }
    Ok(())
}
