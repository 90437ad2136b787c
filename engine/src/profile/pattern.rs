//! Event patterns against a profile's catalogue: the types of a list of patterns, as a registration or a job has it.
//! [`crate::event::pattern`] decides which types a pattern matches.

use crate::event::pattern::{self, ALL};
use crate::profile::Profile;
use crate::profile::suggest;
use crate::support::error::Error;
use crate::support::json::quoted;
use crate::support::limits::{EXCLUSIONS_PER_LIST_MAX, PATTERNS_PER_WEBHOOK_MAX};
use crate::support::text;

/// Checks a list of patterns and returns their canonical spellings, each once. `field` is the field that has them. A list of
/// exclusions alone begins with `*`.
pub fn parse_list(profile: &Profile, field: &str, texts: &[String]) -> Result<Vec<String>, Error> {
    if texts.is_empty() || texts.len() > PATTERNS_PER_WEBHOOK_MAX {
        let hint = format!("1 to {PATTERNS_PER_WEBHOOK_MAX} patterns; [\"*\"] wants every event");
        return Err(Error::invalid(field, format!("has {} patterns", texts.len())).hint(hint));
    }
    let mut patterns: Vec<String> = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let pattern = parse(profile, text).map_err(|error| error.at(&format!("{field}[{index}]")))?;
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    let exclusions: Vec<&str> = patterns.iter().filter_map(|pattern| pattern::excluded(pattern)).collect();
    if exclusions.len() > EXCLUSIONS_PER_LIST_MAX {
        let message = format!("has {} exclusions; {EXCLUSIONS_PER_LIST_MAX} are allowed", exclusions.len());
        return Err(Error::invalid(field, message).hint("exclude several types by one pattern: !user.*"));
    }
    if exclusions.len() == patterns.len() {
        patterns.insert(0, ALL.to_owned());
    }
    if !leaves_something(profile, &patterns) {
        let message = "matches no event type: the exclusions leave nothing of the other patterns";
        return Err(Error::invalid(field, message).hint("an exclusion wins over every other pattern"));
    }
    Ok(patterns)
}

/// Returns true unless no event type can be selected.
fn leaves_something(profile: &Profile, patterns: &[String]) -> bool {
    if !profile.events.is_empty() {
        return profile.events.iter().any(|known| pattern::selects(patterns, known));
    }
    let (excluded, wanted): (Vec<_>, Vec<_>) = patterns.iter().partition(|one| pattern::excluded(one).is_some());
    let is_left = |wanted: &&String| {
        !excluded.iter().filter_map(|one| pattern::excluded(one)).any(|one| pattern::leaves_nothing(one, wanted))
    };
    wanted.iter().any(is_left)
}

/// Checks one pattern or exclusion, and returns its canonical spelling. The error names no field.
fn parse(profile: &Profile, text: &str) -> Result<String, Error> {
    let text = text::trim(text);
    let Some(excluded) = pattern::excluded(text) else { return parse_included(profile, text) };
    let pattern = parse_included(profile, text::trim(excluded))?;
    if pattern == ALL {
        let message = format!("`{}` excludes every event", quoted(text));
        return Err(Error::invalid("", message).hint("set `isActive` to false to send nothing"));
    }
    Ok(format!("!{pattern}"))
}

fn parse_included(profile: &Profile, text: &str) -> Result<String, Error> {
    if !text.contains('*') {
        return profile.event_type(text).map_err(|error| error.at(""));
    }
    let pattern = profile.letter_case.fold(&pattern::parse(text)?);
    if profile.events.is_empty() || profile.events.iter().any(|known| pattern::matches(&pattern, known)) {
        return Ok(pattern);
    }
    let message = format!("`{}` matches no event of the profile `{}`", quoted(text), profile.name);
    let near: Vec<String> = profile.events.iter().filter_map(|known| alike(&pattern, known)).collect();
    let hint = match suggest::near(&pattern, &near) {
        names if names.is_empty() => "GET /event-types lists them".to_owned(),
        names => format!("did you mean {}?", names.join(" or ")),
    };
    Err(Error::invalid("", message).hint(hint))
}

/// Returns a pattern of the same form that matches a type: the parts without a star are the type's. `None`: the form does not
/// fit the type.
fn alike(pattern: &str, known: &str) -> Option<String> {
    let (parts, types): (Vec<&str>, Vec<&str>) = (pattern.split('.').collect(), known.split('.').collect());
    let more = types.len().checked_sub(parts.len())?;
    // With a star in front, the type's last parts stand beside the pattern's.
    let skipped = if parts[0].contains('*') { more } else { 0 };
    let choose =
        |(part, known): (&&str, &&str)| if part.contains('*') { (*part).to_owned() } else { (*known).to_owned() };
    let alike = parts.iter().zip(&types[skipped..]).map(choose).collect::<Vec<_>>().join(".");
    pattern::matches(&alike, known).then_some(alike)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    fn list(profile: &str, texts: &[&str]) -> Result<Vec<String>, String> {
        let profile = Profile::builtin(profile).unwrap();
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        parse_list(profile, "events", &texts).map_err(|error| error.to_string())
    }

    #[test]
    fn lists_are_read_in_canonical_form() {
        let rows: [(&str, &str, &[&str], &[&str]); 6] = [
            ("white space and repetition", "standard", &[" a.* ", "a.*", "! b", "!b"], &["a.*", "!b"]),
            ("exclusions alone", "standard", &["!user.login"], &["*", "!user.login"]),
            ("letter case", "datagerry", &["!create", "up*"], &["!CREATE", "UP*"]),
            ("a wildcard in front", "perfex-assets", &["*.created"], &["*.created"]),
            ("a wildcard within a part", "perfex-assets", &["asset.maintenance_*"], &["asset.maintenance_*"]),
            ("several parts", "standard", &["**", "a.**"], &["*", "a.*"]),
        ];
        for (name, profile, texts, expected) in rows {
            assert_eq!(list(profile, texts).unwrap_or_else(|error| panic!("{name}: {error}")), expected, "{name}");
        }
    }

    #[test]
    fn patterns_outside_the_catalogue_are_refused_with_near_ones() {
        let rows = [
            ("asset.crated", "events[0]: `asset.crated` is not in the catalogue", "did you mean asset.created?"),
            ("!asset.crated", "events[0]: `asset.crated` is not in the catalogue", "did you mean asset.created?"),
            ("*.crated", "events[0]: `*.crated` matches no event of the profile", "did you mean *.created"),
            ("aset.*", "events[0]: `aset.*` matches no event of the profile", "did you mean asset.*"),
            ("order.*.paid", "matches no event of the profile", "GET /event-types lists them"),
        ];
        for (text, problem, hint) in rows {
            let error = list("perfex-assets", &[text]).unwrap_err();
            assert!(error.contains(problem) && error.contains(hint), "{text}: {error}");
        }
    }

    #[test]
    fn lists_that_select_nothing_are_refused() {
        let rows: [(&str, &[&str]); 5] = [
            ("standard", &["a.b", "!a.*"]),
            ("standard", &["a.*", "a.b", "!a.*"]),
            ("datagerry", &["CREATE", "!*E"]),
            ("datagerry", &["!CREATE", "!UPDATE", "!DELETE"]),
            ("perfex-assets", &["alert.*", "!alert.*"]),
        ];
        for (profile, texts) in rows {
            assert!(list(profile, texts).unwrap_err().contains("the exclusions leave nothing"), "{texts:?}");
        }
        assert!(list("standard", &["!*"]).unwrap_err().contains("`!*` excludes every event"));
        let many: Vec<String> = (0..=EXCLUSIONS_PER_LIST_MAX).map(|index| format!("!t{index}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(list("standard", &many).unwrap_err().contains("has 51 exclusions; 50 are allowed"));
    }
}
