//! The statuses that webhooks name in rows, read without the engine's code, and the workload's choices of them.

use serde_json::Value;

use super::rng::Rng;
use super::rows::Webhook;

/// Fields of a registration, each after a comma.
const REGISTERED: &[&str] = &[
    r#","finalStatuses":[404,"500-599"]"#,
    r#","finalStatuses":["4xx"]"#,
    r#","finalStatuses":["5xx",301]"#,
    r#","successStatuses":["2xx",404]"#,
    r#","successStatuses":[200],"finalStatuses":[204,"400-409"]"#,
];
/// Changes. Each sets both lists, because one alone may contradict what is stored.
const CHANGES: &[&str] = &[
    r#"{"successStatuses":null,"finalStatuses":["4xx"]}"#,
    r#"{"successStatuses":["200-299",404],"finalStatuses":["5xx"]}"#,
    r#"{"successStatuses":null,"finalStatuses":null}"#,
];

/// Returns the fields of a registration that sets statuses.
pub fn registered(rng: &mut Rng) -> &'static str {
    rng.pick(REGISTERED)
}

/// Returns a change of a webhook's statuses.
pub fn change(rng: &mut Rng) -> &'static str {
    rng.pick(CHANGES)
}

/// Draws how many of ten webhooks set statuses. The number of the stream is one with which no pinned seed has any.
pub fn drawn(seed: u64, fan_out: bool) -> u64 {
    let mut rng = Rng::of(seed, "statuses", 14);
    if !fan_out && rng.below(8) == 0 { rng.pick(&[3, 10]) } else { 0 }
}

impl Webhook {
    /// Returns true if a response of this status is a success.
    pub fn succeeds(&self, status: u16) -> bool {
        match &self.success_statuses {
            Some(named) => names(named, status),
            None => (200..300).contains(&status),
        }
    }

    /// Returns true if this status ends a message.
    pub fn ends(&self, status: u16) -> bool {
        !self.succeeds(status) && self.final_statuses.as_ref().is_some_and(|named| names(named, status))
    }
}

fn names(named: &[Value], status: u16) -> bool {
    named.iter().any(|entry| match entry {
        Value::String(text) if text.ends_with("xx") => status.to_string().starts_with(&text[..1]),
        Value::String(text) => text
            .split_once('-')
            .and_then(|(first, last)| Some((first.parse::<u16>().ok()?..=last.parse().ok()?).contains(&status)))
            .unwrap_or(false),
        entry => entry.as_u64() == Some(u64::from(status)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::PINNED;

    #[test]
    fn pinned_seeds_stay_as_they_were() {
        let named = PINNED.iter().map(|(seed, _)| *seed);
        assert_eq!(named.filter(|seed| drawn(*seed, false) > 0).collect::<Vec<_>>(), [0; 0]);
    }

    #[test]
    fn statuses_are_read_in_every_form() {
        let webhook = |json: &str| serde_json::from_str::<Webhook>(json).unwrap();
        let of = |more: &str| webhook(&format!(r#"{{"url":"u","events":[],"active":true,"scheduleS":[]{more}}}"#));
        let own = of(r#","successStatuses":[200,409],"finalStatuses":["4xx","500-503"]"#);
        for (status, succeeds, ends) in
            [(200, true, false), (204, false, false), (409, true, false), (404, false, true), (503, false, true)]
        {
            assert_eq!((own.succeeds(status), own.ends(status)), (succeeds, ends), "{status}");
        }
        assert!(of("").succeeds(204) && !of("").ends(500));
    }
}
