//! The body of a call that starts a job which sends again: a time range, and the filter within it.

use serde::Deserialize;

use crate::config::Config;
use crate::ports::HttpErrorKind;
use crate::profile::pattern;
use crate::store::keys;
use crate::store::rows::{DeliveryState, JobFilter, JobKind};
use crate::support::error::Error;
use crate::support::json::{self, quoted};
use crate::support::statuses::{StatusEntry, StatusSet};
use crate::support::time;

/// The body as it is given.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    since: String,
    until: Option<String>,
    event_types: Option<Vec<String>>,
    states: Option<Vec<String>>,
    statuses: Option<Vec<StatusEntry>>,
    errors: Option<Vec<String>>,
}

/// The deliveries that a job is about.
pub(super) struct Wanted {
    pub since_ms: u64,
    pub until_ms: Option<u64>,
    /// `None`: no filter was given.
    pub filter: Option<JobFilter>,
}

/// Reads the body of a call that starts a job of this kind.
pub(super) fn read(config: &Config, kind: JobKind, body: &str) -> Result<Wanted, Error> {
    let body: Body = json::read(body)?;
    let since_ms = parse_ms("since", &body.since)?;
    let until_ms = body.until.as_deref().map(|until| parse_ms("until", until)).transpose()?;
    if until_ms.is_some_and(|until_ms| until_ms < since_ms) {
        return Err(Error::invalid("until", "is before `since`"));
    }
    if kind == JobKind::Replay {
        let outcome = [("statuses", body.statuses.is_some()), ("errors", body.errors.is_some())];
        if let Some((field, _)) = outcome.into_iter().find(|(_, is_given)| *is_given) {
            let message = "is not possible for a replay: its messages were never sent to the webhook";
            return Err(Error::invalid(field, message).hint("recover sends failed deliveries again"));
        }
    }
    let mut filter = JobFilter::default();
    if let Some(event_types) = &body.event_types {
        filter.event_types = pattern::parse_list(config.profile(), "eventTypes", event_types)?;
    }
    if let Some(states) = &body.states {
        filter.states = parse_all("states", states, |text| state(kind, text))?;
    }
    if let Some(statuses) = &body.statuses {
        check_given("statuses", statuses.len())?;
        filter.statuses = StatusSet::parse("statuses", statuses)?;
    }
    if let Some(errors) = &body.errors {
        filter.errors = parse_all("errors", errors, error_kind)?;
    }
    let filter = (filter != JobFilter::default()).then_some(filter);
    Ok(Wanted { since_ms, until_ms, filter })
}

fn parse_ms(field: &str, text: &str) -> Result<u64, Error> {
    let us = time::parse(text).map_err(|error| error.at(field))?;
    Ok((us / 1_000).min(keys::TIME_MS_MAX))
}

/// Returns an error for an empty list. It would select nothing.
fn check_given(field: &str, count: usize) -> Result<(), Error> {
    if count > 0 { Ok(()) } else { Err(Error::invalid(field, "is empty").hint("leave it out for all")) }
}

/// Parses each entry of a list. Each value is returned once.
fn parse_all<T: PartialEq>(
    field: &str,
    texts: &[String],
    parse: impl Fn(&str) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    check_given(field, texts.len())?;
    let mut values = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let value = parse(text.trim()).map_err(|error| error.at(&format!("{field}[{index}]")))?;
        if !values.contains(&value) {
            values.push(value);
        }
    }
    Ok(values)
}

/// The states that `recover` sends again.
const RECOVERED: [DeliveryState; 2] = [DeliveryState::Exhausted, DeliveryState::Failed];
/// The states that `replay` sends again.
const REPLAYED: [DeliveryState; 2] = [DeliveryState::Skipped, DeliveryState::None];

fn state(kind: JobKind, text: &str) -> Result<DeliveryState, Error> {
    let (own, others, other) = match kind {
        JobKind::Replay => (REPLAYED, RECOVERED, "recover"),
        _ => (RECOVERED, REPLAYED, "replay"),
    };
    let named = |states: [DeliveryState; 2]| states.into_iter().find(|state| state.as_str() == text);
    named(own).ok_or_else(|| {
        let message = format!("`{}` is no state that a {} sends again", quoted(text), kind.as_str());
        let also = if named(others).is_some() { format!("; {other} sends it again") } else { String::new() };
        Error::invalid("", message).hint(format!("use {} or {}{also}", own[0].as_str(), own[1].as_str()))
    })
}

fn error_kind(text: &str) -> Result<HttpErrorKind, Error> {
    HttpErrorKind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
        let names = HttpErrorKind::ALL.map(HttpErrorKind::as_str).join(", ");
        Error::invalid("", format!("`{}` is no error of an attempt", quoted(text))).hint(format!("use one of {names}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_with(kind: JobKind, fields: &str) -> Result<Option<JobFilter>, String> {
        let config = crate::testing::config();
        let body = format!(r#"{{"since":"2025-02-04T12:00:00Z"{fields}}}"#);
        read(&config, kind, &body).map(|wanted| wanted.filter).map_err(|error| error.to_string())
    }

    #[test]
    fn filters_are_read_in_canonical_form() {
        let shown = |kind, fields| serde_json::to_string(&read_with(kind, fields).unwrap()).unwrap();
        assert_eq!(shown(JobKind::Recover, ""), "null");
        let all = r#","eventTypes":["!asset.lost"," *.created"],"states":["failed","failed"],"statuses":[500,"4xx","503-504"],"errors":["dns","timeout"]"#;
        let expected = r#"{"eventTypes":["!asset.lost","*.created"],"states":["failed"],"statuses":[500,"4xx","503-504"],"errors":["dns","timeout"]}"#;
        assert_eq!(shown(JobKind::Recover, all), expected);
        assert_eq!(shown(JobKind::Replay, r#","states":["none","skipped"]"#), r#"{"states":["none","skipped"]}"#);
    }

    #[test]
    fn broken_filters_are_refused_with_their_field_and_the_remedy() {
        let rows = [
            (
                JobKind::Recover,
                r#","states":["skipped"]"#,
                "states[0]: `skipped` is no state that a recover sends again",
            ),
            (JobKind::Recover, r#","states":["none"]"#, "(use exhausted or failed; replay sends it again)"),
            (JobKind::Recover, r#","states":["delivered"]"#, "(use exhausted or failed)"),
            (JobKind::Replay, r#","states":["failed"]"#, "(use skipped or none; recover sends it again)"),
            (JobKind::Recover, r#","states":[]"#, "states: is empty (leave it out for all)"),
            (JobKind::Recover, r#","statuses":[]"#, "statuses: is empty"),
            (JobKind::Recover, r#","statuses":["6xx"]"#, "statuses[0]: `6xx` is no status"),
            (
                JobKind::Recover,
                r#","errors":["dns","slow"]"#,
                "errors[1]: `slow` is no error of an attempt (use one of",
            ),
            (JobKind::Recover, r#","eventTypes":[]"#, "eventTypes: has 0 patterns"),
            (JobKind::Recover, r#","eventTypes":["*.crated"]"#, "did you mean *.created"),
            (JobKind::Replay, r#","statuses":[500]"#, "statuses: is not possible for a replay"),
            (JobKind::Replay, r#","errors":["dns"]"#, "errors: is not possible for a replay"),
            (JobKind::Recover, r#","types":["a"]"#, "types: there is no such field"),
            (JobKind::Recover, r#","until":"2025-02-04T11:00:00Z""#, "until: is before `since`"),
        ];
        for (kind, fields, expected) in rows {
            let error = read_with(kind, fields).unwrap_err();
            assert!(error.contains(expected), "{fields}: {error}");
        }
    }
}
