//! The faults of instances: crashes, clocks that are off, failed calls, and leases that are lost.

use hookwright_engine::limits::LEASE_MARGIN_MS;

use super::actor::Senses;
use super::checkers::delay;
use super::checkers::endings::End;
use super::ids::{CallId, InstanceId};
use super::instance::Role;
use super::rows::Lease;
use super::world::World;

/// Time that the store must have taken, out of the time in which a lease is released, to explain a missing release.
const RELEASE_US: u64 = 2_000_000;

impl World {
    /// How far the clock of this call's instance may have moved against itself since the call began, in milliseconds.
    pub fn clock_slack_ms(&self, call: CallId) -> u64 {
        // After a crash, and when the faults end, another clock is drawn.
        let same_life = self.observed.ends[call] == End::Open;
        if same_life { self.params.clock_slack_ms() } else { self.params.faults.clock_off_ms_max * 2 }
    }

    /// The instance is gone, with what it had in flight; it comes back, as another, unless it is an application's last.
    pub fn crash(&mut self, instance: InstanceId) {
        let life = &mut self.instances[instance];
        let Some((call, running)) = life.running.take() else { return };
        drop(running.end());
        self.observed.excuses.add(self.now_us, delay::CRASH_US);
        life.asks = None;
        life.waits = false;
        life.ready.clear();
        life.idle_at = None;
        life.fruitless = 0;
        for request in std::mem::take(&mut life.in_flight) {
            self.requests.sent[request].over = true;
            let under_way = self.requests.sent[request].arrives_us.is_some_and(|arrives_us| arrives_us > self.now_us);
            if under_way && self.streams.faults.below(2) == 0 {
                self.requests.sent[request].arrives_us = None;
            }
        }
        let entropy = self.entropy(instance);
        self.instances[instance].senses = Senses::new(entropy);
        self.observed.ends[call] = End::Crashed;
        self.trace.note(self.now_us, || format!("call {call} crashes with instance {instance}"));
        self.set_clock(instance);
        let mut delay_us = self.streams.faults.pick(&[1_000, 1_000_000, 10_000_000, 100_000_000]);
        if let Some(script) = &mut self.script {
            delay_us = 1_000_000;
            if self.instances[instance].role == Role::Application {
                script.again();
            }
        }
        self.start_in(instance, delay_us);
    }

    /// A storage call of this call fails.
    pub fn storage_fails(&mut self, call: CallId) {
        self.calls[call].faults += 1;
        self.calls[call].refused += 1;
        self.observed.excuses.add(self.now_us, delay::STORAGE_US);
    }

    /// An instance stands still, or its clock jumps.
    pub fn meets_fault(&mut self, instance: InstanceId) {
        self.observed.excuses.add(self.now_us, delay::STALL_US);
        if let Some((call, _)) = self.instances[instance].running {
            self.calls[call].faults += 1;
        }
    }

    /// A lease of this call was lost. Notes whether its own clock still granted the lease, and whether the store took the time
    /// in which leases are released.
    pub fn loses(&mut self, lane: &str, lease: &Lease, loser: CallId) {
        let instance = self.calls[loser].instance;
        let until_us = (lease.until_ms * 1_000).saturating_add_signed(-self.instances[instance].off_us);
        let from_us = until_us.saturating_sub(LEASE_MARGIN_MS * 1_000);
        let within = |from: u64, to: u64| to.min(until_us).saturating_sub(from.max(from_us));
        let busy_us: u64 = self.calls[loser].stored.iter().map(|(from, to)| within(*from, *to)).sum();
        let runs = self.observed.ends[loser] == End::Open;
        let mut of_lease =
            self.requests.sent.iter().filter(|request| request.lease == lease.token && request.lane == lane);
        let unanswered = of_lease.any(|request| request.completion_lost);
        if let Some(lost) = self.model.lanes.get_mut(lane).and_then(|lane| lane.lost.get_mut(&lease.token)) {
            lost.unanswered = unanswered;
            lost.early = runs && self.now_us < until_us;
            lost.hurried = runs && busy_us >= RELEASE_US;
        }
    }
}
