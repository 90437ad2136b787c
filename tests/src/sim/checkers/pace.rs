//! Judges the rates that webhooks ask for, over all workers and leases: one attempt after the other, each a space after the one
//! before. Only a lost lease, which makes a worker forget what it has sent, explains one that comes sooner, and each lost lease one.

use std::collections::BTreeMap;

use super::{Failure, ensure};
use crate::sim::model::Lane;

/// When each lane may be sent the next attempt.
#[derive(Clone, Debug, Default)]
pub struct Paces(BTreeMap<String, Pace>);

#[derive(Clone, Debug, Default)]
struct Pace {
    free_us: u64,
    lease: String,
}

impl Paces {
    /// Judges an attempt made under this lease. `slack_us` is the time between a worker's decision and its sending,
    /// plus the difference of clocks. Returns true if a lost lease explains the attempt.
    pub fn judge(&mut self, id: &str, lane: &Lane, lease: &str, now_us: u64, slack_us: u64) -> Result<bool, Failure> {
        let rates = lane.registrations.iter().filter_map(|(_, webhook)| webhook.as_ref());
        let spacing_us =
            rates.map(|webhook| webhook.rate_per_minute.map_or(0, |rate| 60_000_000 / rate)).min().unwrap_or(0);
        let pace = self.0.entry(id.to_owned()).or_default();
        let early = now_us + slack_us < pace.free_us;
        let forgotten = pace.lease != lease && lane.lost.contains_key(&pace.lease);
        ensure(!early || forgotten, "rate", || {
            format!(
                "an attempt for {id} under {lease} comes {} us early, the space is {spacing_us} us",
                pace.free_us - now_us
            )
        })?;
        let before_us = if forgotten { now_us } else { pace.free_us.max(now_us) };
        *pace = Pace { free_us: before_us + spacing_us, lease: lease.to_owned() };
        Ok(early)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::model::Lost;
    use crate::sim::rows::Webhook;

    fn lane(lost: &[&str]) -> Lane {
        let json = r#"{"url":"u","events":[],"active":true,"scheduleS":[],"ratePerMinute":60}"#;
        let webhook: Webhook = serde_json::from_str(json).expect("a registration");
        let lost = lost.iter().map(|token| ((*token).to_owned(), Lost::default())).collect();
        Lane { registrations: vec![(0, Some(webhook))], lost, ..Lane::default() }
    }

    #[test]
    fn one_attempt_a_second() {
        // Lease and time of each attempt, leases that were lost, and whether the last attempt is fine.
        type Row = (&'static [(&'static str, u64)], &'static [&'static str], bool);
        let rows: &[Row] = &[
            (&[("a", 0), ("a", 1_000_000), ("b", 2_000_000)], &[], true),
            (&[("a", 0), ("a", 900_000)], &[], false),
            (&[("a", 0), ("b", 900_000)], &[], false),
            (&[("a", 0), ("b", 900_000)], &["a"], true),
            // One lost lease explains one.
            (&[("a", 0), ("b", 0), ("b", 900_000)], &["a"], false),
            (&[("a", 0), ("b", 0), ("c", 0)], &["a"], false),
            (&[("a", 0), ("b", 0), ("c", 0)], &["a", "b"], true),
        ];
        for (attempts, lost, fine) in rows {
            let mut paces = Paces::default();
            let judged = attempts.iter().map(|(lease, at_us)| paces.judge("l", &lane(lost), lease, *at_us, 0)).last();
            assert_eq!(judged.is_some_and(|judged| judged.is_ok()), *fine, "{attempts:?} {lost:?}");
        }
    }
}
