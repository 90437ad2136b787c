//! Storage calls in the simulated world: whether a call fails, whether a commit is applied, and the caller's reply.
//! `applying` applies a commit, and `landing` lets it arrive later.

use hookwright_engine::ports::{Check, Mutation, StorageError};

use super::agenda::Delayed;
use super::checkers::Failure;
use super::coverage::Count;
use super::ids::CallId;
use super::ops::{Op, Reply};
use super::point::Mode;
use super::poison::REFUSED;
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
}
