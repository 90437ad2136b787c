//! A set of HTTP statuses as registrations and calls give it: `500`, `"5xx"`, `"500-599"`.

use std::fmt;

use serde::de::{Deserializer, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::json::quoted;
use super::limits::STATUS_RANGES_MAX;
use super::text;

/// The smallest status of a response.
const STATUS_MIN: u16 = 100;
/// The largest status of a response.
const STATUS_MAX: u16 = 599;

/// A set of statuses: ranges in the order given, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusSet(Vec<StatusRange>);

/// The statuses from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StatusRange {
    first: u16,
    last: u16,
}

/// An entry of a set as a caller writes it, not checked yet: a number or a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusEntry(String);

impl StatusSet {
    /// Returns the set of these entries. `field` is the field that has them, for errors.
    pub fn parse(field: &str, entries: &[StatusEntry]) -> Result<StatusSet, Error> {
        if entries.len() > STATUS_RANGES_MAX {
            let message = format!("has {} entries; {STATUS_RANGES_MAX} are allowed", entries.len());
            return Err(Error::invalid(field, message).hint("join them to ranges, as `\"500-599\"` or `\"5xx\"`"));
        }
        let mut ranges = Vec::new();
        for (index, StatusEntry(text)) in entries.iter().enumerate() {
            let range = StatusRange::parse(text).ok_or_else(|| {
                let message = format!("`{}` is no status and no range of statuses", quoted(text));
                let hint = format!("write 500, \"5xx\" or \"500-599\", from {STATUS_MIN} to {STATUS_MAX}");
                Error::invalid(&format!("{field}[{index}]"), message).hint(hint)
            })?;
            if !ranges.contains(&range) {
                ranges.push(range);
            }
        }
        Ok(StatusSet(ranges))
    }

    /// Returns the set of the statuses from `first` to `last`.
    pub fn range(first: u16, last: u16) -> StatusSet {
        StatusSet(vec![StatusRange { first, last }])
    }

    /// Returns true if the status is in the set.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| (range.first..=range.last).contains(&status))
    }

    /// Returns true if no status is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a status that both sets have, if there is one.
    pub fn common(&self, other: &StatusSet) -> Option<u16> {
        let overlap = |a: &StatusRange, b: &StatusRange| {
            let first = a.first.max(b.first);
            (first <= a.last.min(b.last)).then_some(first)
        };
        self.0.iter().find_map(|a| other.0.iter().find_map(|b| overlap(a, b)))
    }
}

impl StatusRange {
    /// Returns the range of `500`, `5xx` or `500-599`, with or without white space around its parts.
    fn parse(text: &str) -> Option<StatusRange> {
        let text = text::trim(text);
        let (first, last) = match text.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => match text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
                Some(class) => {
                    let first = class.parse::<u16>().ok().filter(|_| class.len() == 1)? * 100;
                    (first, first + 99)
                }
                None => (number(text)?, number(text)?),
            },
        };
        (STATUS_MIN <= first && first <= last && last <= STATUS_MAX).then_some(StatusRange { first, last })
    }
}

/// Returns the status that three digits are.
fn number(text: &str) -> Option<u16> {
    let text = text.trim();
    text.parse().ok().filter(|_| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

impl fmt::Display for StatusRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            StatusRange { first, last } if first == last => write!(f, "{first}"),
            StatusRange { first, last } if first % 100 == 0 && last == first + 99 => write!(f, "{}xx", first / 100),
            StatusRange { first, last } => write!(f, "{first}-{last}"),
        }
    }
}

impl Serialize for StatusSet {
    /// Writes an array, in rows and in the API.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl Serialize for StatusRange {
    /// Writes a single status as a number, and a class or a range as text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.first == self.last { serializer.serialize_u16(self.first) } else { serializer.collect_str(self) }
    }
}

impl<'de> Deserialize<'de> for StatusSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StatusSet, D::Error> {
        let entries = Vec::<StatusEntry>::deserialize(deserializer)?;
        StatusSet::parse("", &entries).map_err(|error| serde::de::Error::custom(&error.message))
    }
}

impl<'de> Deserialize<'de> for StatusEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StatusEntry, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl Visitor<'_> for EntryVisitor {
    type Value = StatusEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a status, as 500, \"5xx\" or \"500-599\"")
    }

    fn visit_u64<E>(self, number: u64) -> Result<StatusEntry, E> {
        Ok(StatusEntry(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<StatusEntry, E> {
        Ok(StatusEntry(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::json;

    fn parsed(text: &str) -> Result<StatusSet, Error> {
        StatusSet::parse("statuses", &json::read::<Vec<StatusEntry>>(text)?)
    }

    #[test]
    fn entries_of_every_form_are_read_and_written_in_one_form() {
        let rows = [
            ("a number", "[500]", "[500]", &[500][..], &[499, 501][..]),
            ("a number as text", r#"["500"]"#, "[500]", &[500], &[501]),
            ("a class", r#"["5xx","4XX"]"#, r#"["5xx","4xx"]"#, &[400, 499, 500, 599], &[399]),
            ("a range", r#"["500-503"]"#, r#"["500-503"]"#, &[500, 502, 503], &[499, 504]),
            ("a range that is a class", r#"["500-599"]"#, r#"["5xx"]"#, &[599], &[600]),
            ("white space", r#"[" 500 - 503 "]"#, r#"["500-503"]"#, &[501], &[]),
            ("an entry twice", r#"[404,"404","4xx"]"#, r#"[404,"4xx"]"#, &[404, 410], &[]),
            ("nothing", "[]", "[]", &[], &[100, 599]),
        ];
        for (name, text, written, inside, outside) in rows {
            let set = parsed(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(serde_json::to_string(&set).unwrap(), written, "{name}");
            assert_eq!(json::read::<StatusSet>(written).unwrap(), set, "{name}");
            assert!(inside.iter().all(|status| set.contains(*status)), "{name}");
            assert!(!outside.iter().any(|status| set.contains(*status)), "{name}");
        }
    }

    #[test]
    fn broken_entries_are_refused_with_their_place_and_the_forms() {
        let hint = "write 500, \"5xx\" or \"500-599\", from 100 to 599";
        for text in ["5x", "xx", "6xx", "0xx", "99", "600", "+50", "503-500", "500-", "-1", "", "5xx-6xx", "500,501"] {
            let error = parsed(&format!(r#"[200,"{text}"]"#)).unwrap_err();
            let expected = format!("statuses[1]: `{text}` is no status and no range of statuses ({hint})");
            assert_eq!(error.to_string(), expected);
        }
        assert!(parsed("[true]").unwrap_err().to_string().contains("expected a status, as 500"));
        let many = vec!["500"; STATUS_RANGES_MAX + 1].join(",");
        assert!(parsed(&format!("[{many}]")).unwrap_err().to_string().starts_with("statuses: has 21 entries"));
    }

    #[test]
    fn common_status_of_two_sets_is_found() {
        let set = |text| parsed(text).unwrap();
        assert_eq!(set(r#"["4xx"]"#).common(&set(r#"[200,"404-410"]"#)), Some(404));
        assert_eq!(set(r#"["4xx"]"#).common(&set(r#"["5xx"]"#)), None);
    }
}
