//! A commit that takes place: the store applies it, the model takes it in, and the checkers judge it.

use hookwright_engine::keys;
use hookwright_engine::ports::{Check, Mutation, StorageError};

use super::checkers::Failure;
use super::checkers::commits::{self, Applied};
use super::checkers::{disabled, kept};
use super::coverage::Count;
use super::ids::CallId;
use super::job::Job;
use super::kept::Tombstone;
use super::poison::REFUSED;
use super::touched::Touched;
use super::world::World;

impl World {
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
