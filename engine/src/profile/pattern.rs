//! Event patterns: `*`, `asset.*`, or an event type. Matching is by key: an event type determines the few patterns that
//! match it, and the storage's index is read for each.

use crate::event;
use crate::profile::Profile;
use crate::support::error::Error;
use crate::support::json::quoted;

/// Checks a pattern against a profile's catalogue and returns its canonical spelling. The error names no field.
pub fn parse(profile: &Profile, text: &str) -> Result<String, Error> {
    if text == event::ALL {
        return Ok(text.to_owned());
    }
    let Some(prefix) = text.strip_suffix(".*") else {
        if text.contains('*') {
            return Err(Error::invalid("", format!("`{}` is no pattern", quoted(text)))
                .hint("write *, or an event type, or the beginning of one with .* behind: asset.*"));
        }
        return profile.event_type(text).map_err(|error| error.at(""));
    };
    event::check_type(prefix).map_err(|error| error.at(""))?;
    let prefix = &profile.letter_case.fold(prefix);
    let catalogue = &profile.events;
    let begins = |known: &String| known.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('.'));
    if !catalogue.is_empty() && !catalogue.iter().any(begins) {
        return Err(Error::invalid(
            "",
            format!("`{}` matches no event of the profile `{}`", quoted(text), profile.name),
        )
        .hint("GET /event-types lists them"));
    }
    Ok(format!("{prefix}.*"))
}
