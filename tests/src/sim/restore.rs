//! A store restored from an older backup: all instances are gone, the rows and the model are those of the backup, and
//! everything starts again. The backup's content must not be lost. Later rows are lost, and requests sent meanwhile are
//! sent again.

use super::actor::Senses;
use super::agenda::Due;
use super::backup::Backup;
use super::checkers::Failure;
use super::checkers::endings::End;
use super::checkers::pace::Paces;
use super::coverage::Count;
use super::sabotage::Sabotage;
use super::world::World;

impl World {
    /// Puts what is planned on the agenda.
    pub fn plan_restores(&mut self) {
        let Some(plan) = self.params.restore.clone() else { return };
        self.at(plan.made_ms * 1_000, Due::Backup);
        for restored_ms in &plan.restored_ms {
            self.at(restored_ms * 1_000 + 1, Due::Restore);
        }
    }

    /// A backup is made: one picture of the store.
    pub fn back_up(&mut self) {
        self.trace.note(self.now_us, || "a backup is made".to_owned());
        self.disk.backup = Some(Backup {
            store: self.disk.rows.clone(),
            model: self.model.clone(),
            promises: self.observed.promises.clone(),
            bodies: self.requests.bodies.clone(),
            recorded: self.requests.sent.iter().map(|request| request.recorded).collect(),
            open: self.requests.sent.iter().map(|request| self.observed.ends[request.call] == End::Open).collect(),
        });
    }

    /// Every process ends, no commit is under way any more, and the store is as it was.
    pub fn restore(&mut self) -> Result<(), Failure> {
        let Some(backup) = self.disk.backup.take() else { return Ok(()) };
        self.coverage.add(Count::Restores);
        for instance in 0..self.instances.len() {
            self.crash(instance);
        }
        self.trace.note(self.now_us, || "the store is restored".to_owned());
        // The calls of before are told apart from those of now by the commits that they still have under way.
        self.disk.era += 1;
        self.disk.rows = backup.store.clone();
        if self.sabotage == Some(Sabotage::RestoreWithoutInbox) {
            self.disk.rows.lose("inbox/");
        }
        self.model = backup.model.clone();
        // The call that had a lease at that time has it again, and its instance is gone.
        for loser in self.model.lanes.values().filter_map(|lane| lane.leased_by) {
            self.calls[loser].faults += 1;
        }
        self.observed.promises = backup.promises.clone();
        self.requests.bodies = backup.bodies.clone();
        self.observed.paces = Paces::default();
        self.disk.revision += 1;
        for (id, request) in self.requests.sent.iter_mut().enumerate() {
            let recorded = backup.recorded.get(id).copied().unwrap_or(false);
            self.coverage.add_many(Count::LostRecords, usize::from(request.recorded && !recorded));
            // The call that recorded it is gone, or no call has recorded it and none will. A request that was over when
            // the backup was made, without a record, has to be explained.
            let open = backup.open.get(id).copied().unwrap_or(true);
            request.lost |= !recorded && (open || request.recorded);
            request.recorded = recorded;
        }
        self.disk.backup = Some(backup);
        for instance in 0..self.instances.len() {
            let entropy = self.entropy(instance);
            let life = &mut self.instances[instance];
            life.senses = Senses::new(entropy);
            life.life = None;
            life.idle_at = None;
            life.sleeps = false;
            let delay_us = self.streams.faults.below(20_000_000);
            self.start_in(instance, delay_us);
        }
        Ok(())
    }
}
