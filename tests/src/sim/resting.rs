//! The rest of a world: when its workers have something to do, and when nothing is left to do.

use hookwright_engine::limits::{CLOCK_SKEW_MS_MAX, LEASE_MS_MAX};

use super::checkers::kept;
use super::instance::{Instance, Role};
use super::model::Lane;
use super::rows::{self, Row};
use super::script::Script;
use super::world::World;

impl World {
    /// The store has changed. An instance that sleeps because nothing was due looks again, as often as the hosts poll.
    pub fn notify_sleepers(&mut self) {
        for instance in 0..self.instances.len() {
            if self.instances[instance].sleeps {
                self.instances[instance].sleeps = false;
                let polled_us = self.agenda.order.below(1_000_000);
                let delay_us = if self.script.is_some() { 1_000 } else { polled_us };
                self.start_in(instance, delay_us);
            }
        }
    }

    /// The earliest time at which a worker with this clock has anything to do, in milliseconds of that clock; `None`: never.
    pub fn next_due_ms(&self, clock_ms: u64) -> Option<u64> {
        if self.disk.rows.count("inbox/") > 0 {
            return Some(clock_ms);
        }
        let lane_due = |lane: &Lane| {
            let timer = lane.timers.first()?;
            let Some(Row::Timer { due_ms, .. }) = rows::parse(timer) else { return None };
            let believed = lane.lease.until_ms <= clock_ms + LEASE_MS_MAX + CLOCK_SKEW_MS_MAX;
            Some(if believed { due_ms.max(lane.lease.until_ms) } else { due_ms })
        };
        self.model.lanes.values().filter_map(lane_due).min()
    }

    /// Returns the same, except for work without an end.
    fn next_asked_ms(&self, clock_ms: u64) -> Option<u64> {
        if self.disk.rows.count("inbox/") > 0 {
            return Some(clock_ms);
        }
        let asked = |(id, lane): &(&String, &Lane)| !id.starts_with("_/") && !lane.timers.is_empty();
        self.model.lanes.iter().find(asked).and(self.next_due_ms(clock_ms))
    }

    /// Nothing runs, nothing is under way, and nothing will ever be due.
    pub fn rest_if_done(&mut self) {
        let quiet = |instance: &Instance| {
            instance.running.is_none()
                && (instance.role == Role::Application || instance.idle_at == Some(self.disk.revision))
        };
        self.resting = self.script.as_ref().map_or(self.calm, Script::over)
            && self.disk.under_way == 0
            && self.instances.iter().all(quiet)
            && self.next_asked_ms(self.now_us / 1_000).is_none()
            && kept::is_done(&self.model, &self.disk.rows, self.params.retention_s > 0);
    }
}
