//! The filters of jobs that send again, with the simulator's own eyes, and those that the workload draws from.

use super::patterns;
use super::rng::Rng;
use super::rows::{Attempt, JobFilter};

/// Filters of a recovery, as members of the call's JSON in the spelling that the answer has.
const RECOVER: &[&str] = &[
    r#""eventTypes":["*.c","order.*"]"#,
    r#""eventTypes":["*","!a.b.c"]"#,
    r#""states":["exhausted"]"#,
    r#""states":["failed"]"#,
    r#""statuses":["5xx"]"#,
    r#""statuses":["404","500-502"]"#,
    r#""errors":["timeout","connect"]"#,
    r#""statuses":["4xx"],"errors":["dns"]"#,
    r#""eventTypes":["a.*"],"states":["exhausted","failed"],"statuses":["3xx","5xx"]"#,
];
/// Filters of a replay.
const REPLAY: &[&str] = &[
    r#""eventTypes":["*.c","order.*"]"#,
    r#""eventTypes":["*","!a.b.c"]"#,
    r#""states":["skipped"]"#,
    r#""states":["none"]"#,
    r#""eventTypes":["a.*.c"],"states":["skipped","none"]"#,
];

/// Draws the filter of a job. The types are those of the profile `standard`; in another profile there are no others to name.
pub fn draw(rng: &mut Rng, recovers: bool, profile: &str) -> &'static str {
    loop {
        let filter = rng.pick(if recovers { RECOVER } else { REPLAY });
        if profile == "standard" || !filter.contains("eventTypes") {
            return filter;
        }
    }
}

/// Returns the filter that a call gives.
pub fn of_call(range: &str) -> JobFilter {
    serde_json::from_str(range).expect("the workload writes JSON")
}

impl JobFilter {
    /// Returns true if the job is about events of this type.
    pub fn has_type(&self, event_type: &str) -> bool {
        self.event_types.is_empty() || patterns::selects(&self.event_types, event_type)
    }

    /// Returns true if it is about deliveries in this state.
    pub fn has_state(&self, state: &str) -> bool {
        self.states.is_empty() || self.states.iter().any(|wanted| wanted == state)
    }

    /// Returns true if it is about deliveries that ended with this attempt.
    pub fn has_outcome(&self, attempt: &Attempt) -> bool {
        let status = attempt.status.map(|status| status.to_string()).unwrap_or_default();
        let in_entry = |entry: &String| match entry.split_once('-') {
            Some((first, last)) => *first <= *status && *status <= *last,
            None => entry.len() == status.len() && entry.chars().zip(status.chars()).all(|(e, s)| e == 'x' || e == s),
        };
        let all = self.statuses.is_empty() && self.errors.is_empty();
        all || self.statuses.iter().any(in_entry)
            || attempt.error.as_ref().is_some_and(|kind| self.errors.contains(kind))
    }
}
