//! The model's record of a webhook's health. `checkers/disabled` judges it.

use super::rows::Attempt;

/// A webhook's failures in a row. The lower bound takes a change that begins anew into account at once, the upper bound
/// never does.
#[derive(Clone, Debug, Default)]
pub struct Health {
    pub least: Failing,
    pub most: Failing,
}

/// Failures since the last success.
#[derive(Clone, Debug, Default)]
pub struct Failing {
    /// Deliveries that have used up their attempts.
    pub exhausted: u32,
    /// The first attempt and the last, in milliseconds by the clocks of the workers that made them.
    pub between_ms: Option<(u64, u64)>,
}

impl Failing {
    fn count(&mut self, log: &Attempt) {
        self.exhausted += u32::from(log.state == "exhausted" && !log.is_aborted());
        let first_ms = self.between_ms.map_or(log.at_ms, |(first_ms, _)| first_ms);
        self.between_ms = Some((first_ms, log.at_ms));
    }

    /// For how long.
    pub fn failing_ms(&self) -> u64 {
        self.between_ms.map_or(0, |(first_ms, last_ms)| last_ms.saturating_sub(first_ms))
    }
}

impl Health {
    /// Counts an attempt of a webhook that was activated, or whose pause ended, at this time.
    pub fn count(&mut self, log: &Attempt, began_anew_ms: u64) {
        match log.state.as_str() {
            "delivered" => *self = Health::default(),
            "retrying" | "exhausted" if log.attempted() => {
                if self.least.between_ms.is_some_and(|(first_ms, _)| first_ms < began_anew_ms) {
                    self.least = Failing::default();
                }
                self.least.count(log);
                self.most.count(log);
            }
            _ => {}
        }
    }
}
