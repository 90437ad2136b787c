//! The faults of a script: it counts the calls of its world, and lets the call of its crash point go wrong.

use super::agenda::{Delayed, Due};
use super::ids::InstanceId;
use super::instance::Role;
use super::ops::Op;
use super::point::{Kind, Mode};
use super::world::World;

/// When a late commit arrives at last: every lease of its time has run out.
const LATE_US: u64 = 61_000_000;
/// How far the first worker's clock is ahead in a scenario with `dies_ahead`.
pub const AHEAD_MS: u32 = 600_000;

impl World {
    /// Counts a call of a script, and says whether its instance is gone before it is carried out.
    pub fn goes_wrong(&mut self, instance: InstanceId, op: &Op) -> bool {
        let (role, transaction) = (self.instances[instance].role, self.in_transaction(instance));
        let Some(script) = self.script.as_mut() else { return false };
        let commits = matches!(op, Op::Commit { .. }) && !transaction;
        let number = script.calls.len();
        script.calls.push(if commits { Kind::Commit } else { Kind::Plain });
        if let Some(point) = script.point.filter(|point| point.call == number) {
            let mode = point.mode;
            self.trace
                .note(self.now_us, || format!("call number {number} of instance {instance} goes wrong: {mode:?}"));
            script.hit = (mode != Mode::Before).then_some((instance, mode));
            return mode == Mode::Before;
        }
        let dies_ahead = script.dies_ahead && role == Role::Worker && matches!(op, Op::Submit(_));
        script.dies_ahead &= !dies_ahead;
        dies_ahead
    }

    fn in_transaction(&self, instance: InstanceId) -> bool {
        let call = self.instances[instance].running.as_ref().map(|(call, _)| *call);
        call.is_some_and(|call| self.calls[call].in_transaction())
    }

    /// A script's workers begin, their clocks as it says.
    pub fn set_script_clocks(&mut self) {
        if self.script.as_ref().is_some_and(|script| script.dies_ahead) {
            self.instances[0].off_us = i64::from(AHEAD_MS) * 1_000;
        }
    }

    /// Returns the fault of this instance's call.
    pub fn hit(&self, instance: InstanceId) -> Option<Mode> {
        let (hit, mode) = self.script.as_ref()?.hit?;
        (hit == instance).then_some(mode)
    }

    /// The call that was hit is over; whether its instance is gone.
    pub fn dies_of_hit(&mut self, instance: InstanceId) -> bool {
        let mode = self.hit(instance);
        if let Some(script) = self.script.as_mut().filter(|_| mode.is_some()) {
            script.hit = None;
        }
        mode.is_some_and(Mode::crashes)
    }

    /// A commit that was hit is on its way.
    pub fn delay_hit(&mut self, mode: Mode, delayed: Delayed) {
        let Some(script) = self.script.as_mut() else { return };
        if mode == Mode::Later {
            self.delay(LATE_US, delayed);
            return;
        }
        script.late = Some((delayed, if mode == Mode::Fenced { 1 } else { 0 }));
        self.disk.under_way += 1;
        self.at(LATE_US, Due::Overdue);
    }
}
