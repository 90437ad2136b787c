//! Storage calls in the simulated world: if a call fails, if a commit is applied, when it arrives, and the caller's
//! answer. The store has the rows and the checks, and the checkers judge.

use hookwright_engine::keys;
use hookwright_engine::ports::{Check, Mutation, StorageError};

use super::agenda::{Delayed, Fate};
use super::checkers::Failure;
use super::checkers::commits::{self, Applied};
use super::checkers::{disabled, kept};
use super::coverage::Count;
use super::ids::{CallId, InstanceId};
use super::job::Job;
use super::kept::Tombstone;
use super::ops::{Op, Reply};
use super::point::Mode;
use super::poison::REFUSED;
use super::rows::{Attempt, Webhook};
use super::touched::Touched;
use super::world::World;

impl World {
    /// Carries out a call of storage.
    pub fn storage(&mut self, call: CallId, op: Op) -> Result<Reply, Failure> {
        let fails = !matches!(op, Op::Commit { .. }) && self.streams.faults.chance(self.faults.read_fails);
        let failed = || StorageError::NotApplied("simulated".to_owned());
        if fails {
            self.coverage.add(Count::ReadFailures);
            self.storage_fails(call);
        }
        let reply = match op {
            Op::Get(_) if fails => Reply::Got(Err(failed())),
            Op::Scan { .. } if fails => Reply::Scanned(Err(failed())),
            Op::Get(keys) => {
                let messages = keys.iter().filter_map(|key| key.strip_prefix("message/")?.split_once('/'));
                let read = messages.map(|(_, message)| (message.to_owned(), self.now_us));
                self.calls[call].read.extend(read);
                Reply::Got(self.disk.rows.get(&keys))
            }
            Op::Scan { range, limit, order } => Reply::Scanned(self.disk.rows.scan(&range, limit, order)),
            Op::Commit { checks, mutations } => Reply::Committed(self.commit(call, checks, mutations)?),
            Op::Submit(_) | Op::Wait { .. } => unreachable!("these are no storage calls"),
        };
        if let Reply::Got(Err(StorageError::Invalid(why)))
        | Reply::Scanned(Err(StorageError::Invalid(why)))
        | Reply::Committed(Err(StorageError::Invalid(why))) = &reply
            && why != REFUSED
        {
            return Err(Failure { checker: "storage-contract", detail: format!("call {call}: {why}") });
        }
        Ok(reply)
    }

    fn commit(
        &mut self,
        call: CallId,
        checks: Vec<Check>,
        mutations: Vec<Mutation>,
    ) -> Result<Result<Vec<u64>, StorageError>, Failure> {
        let instance = self.calls[call].instance;
        self.land_late_of(instance)?;
        if self.calls[call].in_transaction() {
            return self.commit_in_transaction(call, checks, mutations);
        }
        let unknown = || Ok(Err(StorageError::Unknown("simulated".to_owned())));
        self.calls[call].faults += u32::from(self.hit(instance).is_some());
        self.calls[call].refused += u32::from(self.hit(instance).is_some());
        match self.hit(instance) {
            Some(mode @ (Mode::Late | Mode::Fenced | Mode::Later | Mode::UnknownLate)) => {
                self.delay_hit(mode, Delayed { call, checks, mutations, transaction: None });
                return unknown();
            }
            Some(Mode::UnknownDropped) => return unknown(),
            Some(Mode::UnknownApplied) => {
                let result = self.apply(call, &checks, &mutations)?;
                return if matches!(result, Err(StorageError::Invalid(_))) { Ok(result) } else { unknown() };
            }
            Some(Mode::Before | Mode::After) | None => (),
        }
        if self.streams.faults.chance(self.faults.not_applied) {
            self.coverage.add(Count::NotApplied);
            self.storage_fails(call);
            return Ok(Err(StorageError::NotApplied("simulated".to_owned())));
        }
        if self.streams.faults.chance(self.faults.unknown_dropped) {
            self.coverage.add(Count::UnknownDropped);
            self.storage_fails(call);
            return unknown();
        }
        if self.streams.faults.chance(self.faults.unknown_late) {
            self.coverage.add(Count::UnknownLate);
            self.storage_fails(call);
            let delay_us = self.streams.faults.pick(&[100, 10_000, 1_000_000, 60_000_000, 300_000_000]);
            self.delay(delay_us, Delayed { call, checks, mutations, transaction: None });
            return unknown();
        }
        let result = self.apply(call, &checks, &mutations)?;
        if self.streams.faults.chance(self.faults.unknown_applied) && !matches!(result, Err(StorageError::Invalid(_))) {
            self.coverage.add(Count::UnknownApplied);
            self.storage_fails(call);
            return unknown();
        }
        Ok(result)
    }

    /// Inside a transaction of the platform's a commit is answered now and arrives when the platform commits.
    fn commit_in_transaction(
        &mut self,
        call: CallId,
        checks: Vec<Check>,
        mutations: Vec<Mutation>,
    ) -> Result<Result<Vec<u64>, StorageError>, Failure> {
        if self.calls[call].aborted {
            let detail = format!("call {call} commits again after its transaction was lost");
            return Err(Failure { checker: "transaction", detail });
        }
        if self.streams.faults.chance(self.faults.transaction_lost) {
            self.calls[call].aborted = true;
            return Ok(Err(StorageError::TransactionAborted("simulated".to_owned())));
        }
        let failing = self.disk.rows.failing(&checks);
        if !failing.is_empty() {
            self.coverage.add(Count::Conflicts);
            self.calls[call].refused += 1;
            return Ok(Err(StorageError::Conflict(failing)));
        }
        let puts = mutations.iter().filter(|mutation| matches!(mutation, Mutation::Put { .. })).count();
        self.calls[call].transaction.push(Delayed { call, checks, mutations, transaction: None });
        Ok(Ok((0..puts as u64).map(|index| u64::MAX - index).collect()))
    }

    /// The late commit arrives now, at the latest.
    pub fn land_late(&mut self) -> Result<(), Failure> {
        match self.script.as_mut().and_then(|script| script.late.take()) {
            Some((delayed, _)) => self.land(delayed),
            None => Ok(()),
        }
    }

    /// The late commit arrives before this instance's next, or the one after that.
    pub fn land_late_of(&mut self, instance: InstanceId) -> Result<(), Failure> {
        let Some((delayed, commits)) = self.script.as_mut().and_then(|script| script.late.as_mut()) else {
            return Ok(());
        };
        if self.calls[delayed.call].instance != instance {
            return Ok(());
        }
        if *commits == 0 {
            return self.land_late();
        }
        *commits -= 1;
        Ok(())
    }

    /// A commit that was under way arrives.
    pub fn land(&mut self, delayed: Delayed) -> Result<(), Failure> {
        self.disk.under_way -= 1;
        let call = delayed.call;
        if delayed.transaction == Some(Fate::RollsBack) {
            self.coverage.add(Count::RolledBack);
            self.trace.note(self.now_us, || format!("the transaction of call {call} is rolled back"));
            self.rest_if_done();
            return Ok(());
        }
        self.trace.note(self.now_us, || format!("a commit of call {call} arrives"));
        match self.apply(call, &delayed.checks, &delayed.mutations)? {
            Ok(_) => self.coverage.add(Count::Landed),
            Err(_) => self.coverage.add(Count::LateConflicts),
        }
        self.rest_if_done();
        Ok(())
    }

    /// The commit takes place, or conflicts, here and now; if it does, it is judged.
    pub fn apply(
        &mut self,
        call: CallId,
        checks: &[Check],
        mutations: &[Mutation],
    ) -> Result<Result<Vec<u64>, StorageError>, Failure> {
        if self.refuses(call, mutations) {
            self.coverage.add(Count::Refused);
            self.storage_fails(call);
            self.model.refused(call, mutations);
            return Ok(Err(StorageError::Invalid(REFUSED.to_owned())));
        }
        let result = self.disk.rows.commit(checks, mutations);
        match &result {
            Ok(_) => (),
            Err(StorageError::Conflict(_)) => {
                self.coverage.add(Count::Conflicts);
                self.calls[call].refused += 1;
                return Ok(result);
            }
            Err(_) => return Ok(result),
        }
        self.disk.revision += 1;
        let instance = self.calls[call].instance;
        self.instances[instance].short_waits = 0;
        self.coverage.add(Count::Commits);
        self.coverage.add_many(Count::Rows, mutations.len());
        self.trace.note(self.now_us, || format!("a commit of call {call} is applied"));
        let touched = self.model.apply(self.now_us, call, mutations);
        if let Some(secret) = self.calls[call].job.secret() {
            self.model.learn(mutations, secret);
        }
        for message in &touched.messages {
            let message = self.model.messages.get_mut(message).filter(|message| message.reported_us == 0);
            message.into_iter().for_each(|message| message.reported_us = self.calls[call].began_us);
        }
        self.judge(call, &touched, mutations)?;
        self.count(&touched, mutations);
        self.notify_sleepers();
        Ok(result)
    }

    /// Judges an applied commit.
    fn judge(&mut self, call: CallId, touched: &Touched, mutations: &[Mutation]) -> Result<(), Failure> {
        let instance = self.calls[call].instance;
        let applied = Applied {
            call,
            now_us: self.now_us,
            clock_ms: self.clock_us(instance) / 1_000,
            clock_slack_ms: self.clock_slack_ms(call),
            lease_read_ms_max: if self.params.wild_clocks() {
                (self.now_us - self.calls[call].began_us) / 1_000
            } else {
                0
            },
            redelivers: matches!(&*self.calls[call].job, Job::Redeliver { .. }),
            began_us: self.calls[call].began_us,
            read_us: 3 * self.params.send_slack_us(),
        };
        let slack_ms = self.params.faults.clock_off_ms_max * 2 + 1_000;
        let retention_ms = (u64::from(self.params.retention_s) * 1_000).saturating_sub(slack_ms);
        let old_us = self.now_us + slack_ms * 1_000 - u64::from(self.params.retention_s) * 1_000_000;
        kept::removed(&self.model, touched, self.now_us, retention_ms * 1_000, old_us)?;
        commits::after(&self.model, touched, applied, &mut self.requests.sent)?;
        disabled::after(&self.model, &self.params, touched, self.now_us, &self.requests.sent)?;
        self.forget_gone(call, touched, mutations)?;
        for (lane, before) in touched.leased.iter().filter(|(_, before)| before.until_ms != 0) {
            if let Some(loser) = touched.leased_by_before.get(lane).copied().flatten() {
                self.loses(lane, before, loser);
            }
        }
        Ok(())
    }

    /// Counts the attempts that an applied commit has recorded.
    fn count_recorded(&mut self, touched: &Touched) {
        for (lane, message, number) in &touched.logged {
            let log = &self.model.lanes[lane].deliveries[message].log[number];
            self.coverage.add(counted(log));
            let ended = log.detail.as_deref().is_some_and(|detail| detail.ends_with("which ends the message"));
            self.coverage.add_many(Count::Ended, usize::from(ended));
            let webhook = self.model.lanes[lane].registration();
            if log.attempted() && webhook.is_some_and(|webhook| webhook.strict_order) {
                self.coverage.add(Count::Ordered);
                self.coverage.add_many(Count::OrderedRetries, usize::from(!log.is_final()));
                let paused = log.state == "exhausted" && webhook.is_some_and(Webhook::is_paused);
                self.coverage.add_many(Count::Paused, usize::from(paused));
            }
            self.workload.recorded(message, lane.rsplit('/').next().unwrap_or_default(), !log.is_final());
        }
    }

    /// Counts the changes of an applied commit.
    fn count(&mut self, touched: &Touched, mutations: &[Mutation]) {
        self.coverage.add_many(Count::Events, touched.accepted.len());
        self.coverage.add_many(Count::Deliveries, touched.new.len());
        self.coverage.add_many(Count::Claims, touched.leased.len());
        let lost = touched.leased.iter().filter(|(_, before)| before.until_ms != 0);
        self.coverage.add_many(Count::LostLeases, lost.count());
        self.count_recorded(touched);
        self.coverage.add_many(Count::JobAsks, touched.asked_for.len());
        for (job, _) in &touched.jobs {
            let now = &self.model.jobs[job].now;
            match (now.state.as_str(), now.kind.as_str()) {
                ("running", _) => (),
                ("done", "purge") => self.coverage.add(Count::Purged),
                ("done", _) => self.coverage.add(Count::JobsDone),
                _ => self.coverage.add(Count::JobsEnded),
            }
        }
        for (lane, message, number) in &touched.asked {
            let moved = self.model.lanes[lane].deliveries[message].moved.contains_key(&(number + 1));
            self.coverage.add(match number {
                _ if moved => Count::BroughtForward,
                0 => Count::AskedFirst,
                _ => Count::AskedAgain,
            });
        }
        for (key, value) in mutations.iter().filter_map(put_of) {
            if key.starts_with("inbox/") && value.contains("routedTo") {
                self.coverage.add(Count::Cursors);
            }
        }
    }
}

impl World {
    /// Forgets the rows that a commit has removed. An erased message must have left no trace.
    fn forget_gone(&mut self, call: CallId, touched: &Touched, mutations: &[Mutation]) -> Result<(), Failure> {
        for (id, before) in &touched.jobs {
            if let (None, Job::Erase { tenant, subject }) = (before, &*self.calls[call].job) {
                let asked = (keys::part(tenant), *subject, self.calls[call].began_us);
                self.model.kept.jobs.insert(id.clone(), asked);
            }
        }
        self.coverage.add_many(Count::Redacted, touched.redacted.len());
        for message in &touched.gone {
            if let Some(known) = self.model.forget(message, self.now_us) {
                let erased = known.tombstone == Some(Tombstone::Erased);
                self.coverage.add(if erased { Count::Erased } else { Count::Removed });
            }
            self.requests.bodies.forget(message);
        }
        for (id, _) in &touched.jobs {
            let now = &self.model.jobs[id].now;
            if now.kind == "erase" && !now.runs() {
                kept::erasure_done(&self.model, id)?;
                self.coverage.add(Count::Erasures);
            }
        }
        kept::leaves_no_trace(&self.model, &self.disk.rows, &touched.gone, mutations)
    }
}

fn counted(log: &Attempt) -> Count {
    match log.state.as_str() {
        "delivered" => Count::Delivered,
        "exhausted" => Count::Exhausted,
        "skipped" => Count::Skipped,
        "cancelled" => Count::Cancelled,
        "failed" => Count::Failed,
        _ => Count::Retries,
    }
}

fn put_of(mutation: &Mutation) -> Option<(&str, &str)> {
    match mutation {
        Mutation::Put { key, value } => Some((key, value)),
        Mutation::Delete { .. } => None,
    }
}
