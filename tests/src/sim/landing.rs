//! Commits that arrive later than they were submitted: when they land, or are rolled back.

use super::agenda::{Delayed, Fate};
use super::checkers::Failure;
use super::coverage::Count;
use super::ids::InstanceId;
use super::world::World;

impl World {
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
}
