//! The time of day, and the times of accepted events.

use std::cell::Cell;

use crate::support::limits::CLOCK_SKEW_MS_MAX;

/// The time of day.
pub trait Clock {
    /// Returns the microseconds since 1970-01-01T00:00:00Z.
    fn now_us(&self) -> u64;

    /// Returns the time of the first of the events that one call accepts. Each further event has the microsecond after
    /// the one before. A host that outlives a call keeps the events of its calls apart by [`AcceptTimes`].
    fn accept_us(&self, _events: u64) -> u64 {
        self.now_us()
    }
}

/// The times of the events that one instance accepts. They only go forward, even if its clock goes back, because strict
/// order depends on them.
#[derive(Debug, Default)]
pub struct AcceptTimes(Cell<u64>);

impl AcceptTimes {
    /// Returns the state before the first event.
    pub const fn new() -> AcceptTimes {
        AcceptTimes(Cell::new(0))
    }

    /// Takes the times of a number of events, and returns the first: now, or right after the last one if the clock
    /// stands still or has gone back. A clock that has gone back by more than [`CLOCK_SKEW_MS_MAX`] was wrong before,
    /// and is believed now.
    pub fn take(&self, now_us: u64, events: u64) -> u64 {
        let next_us = self.0.get();
        let first_us = if next_us <= now_us + CLOCK_SKEW_MS_MAX * 1_000 { next_us.max(now_us) } else { now_us };
        self.0.set(first_us + events);
        first_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_one_instance_only_go_forward() {
        let times = AcceptTimes::new();
        // A clock that stands still, goes on, goes back a little, and turns out to have been far ahead.
        let skew_us = CLOCK_SKEW_MS_MAX * 1_000;
        let rows = [(100, 3, 100), (100, 1, 103), (200, 1, 200), (150, 1, 201), (skew_us + 300, 1, skew_us + 300)];
        for (now_us, events, first_us) in rows.into_iter().chain([(301, 1, skew_us + 301), (300, 1, 300)]) {
            assert_eq!(times.take(now_us, events), first_us, "{now_us}");
        }
    }
}
