//! Event patterns: their form, which event types they match, and the few keys under which an index has the patterns that
//! can match a type. The catalogue of a profile is the business of `profile::pattern`.
//!
//! A pattern consists of parts with dots between, as an event type does. `*` at the beginning or at the end stands for one
//! or more parts, between two parts for exactly one. `**` stands for one or more parts anywhere. Within a part, `*` stands
//! for any characters, or none. `!` in front makes an exclusion. An exclusion wins over every other pattern.

use std::borrow::Cow;

use crate::support::error::Error;
use crate::support::json::quoted;
use crate::support::limits;

/// The pattern that matches every event type.
pub const ALL: &str = "*";
/// Stands for one or more parts, anywhere.
const SEVERAL: &str = "**";
/// Marks an exclusion.
const NOT: char = '!';

/// Returns the pattern that an exclusion excludes. `None`: it is no exclusion.
pub fn excluded(pattern: &str) -> Option<&str> {
    pattern.strip_prefix(NOT)
}

/// Checks the form of a pattern that is no exclusion, and returns its canonical spelling. The error names no field.
pub fn parse(text: &str) -> Result<String, Error> {
    if text.len() > limits::EVENT_TYPE_BYTES_MAX {
        let message = format!("has {} bytes; {} are allowed", text.len(), limits::EVENT_TYPE_BYTES_MAX);
        return Err(Error::invalid("", message));
    }
    let parts: Vec<&str> = text.split('.').collect();
    let is_part_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'*');
    let is_part = |part: &&str| {
        !part.is_empty() && part.bytes().all(is_part_byte) && (*part == SEVERAL || !part.contains(SEVERAL))
    };
    if !parts.iter().all(is_part) {
        let hint =
            "write *, an event type, or one with * for parts of it: asset.*, *.created, order.*.paid; ! excludes";
        return Err(Error::invalid("", format!("`{}` is no pattern", quoted(text))).hint(hint));
    }
    if parts.len() > limits::EVENT_TYPE_PARTS_MAX {
        let message = format!("`{text}` has more than {} parts", limits::EVENT_TYPE_PARTS_MAX);
        return Err(Error::invalid("", message));
    }
    let last = parts.len() - 1;
    let canonical = parts.iter().enumerate().map(|(index, part)| match *part {
        // At the ends, one star stands for several parts already.
        SEVERAL if index == 0 || index == last => ALL,
        part => part,
    });
    Ok(canonical.collect::<Vec<_>>().join("."))
}

/// Returns true if a pattern that is no exclusion matches an event type.
pub fn matches(pattern: &str, event_type: &str) -> bool {
    let types: Vec<&str> = event_type.split('.').collect();
    let last = pattern.split('.').count() - 1;
    // `reached[n]`: the parts of the pattern so far match the first `n` parts of the type.
    let mut reached = vec![false; types.len() + 1];
    reached[0] = true;
    for (index, part) in pattern.split('.').enumerate() {
        let is_several = part == SEVERAL || (part == ALL && (index == 0 || index == last));
        let mut next = vec![false; types.len() + 1];
        for n in 1..=types.len() {
            next[n] =
                if is_several { reached[n - 1] || next[n - 1] } else { reached[n - 1] && fits(part, types[n - 1]) };
        }
        reached = next;
    }
    reached[types.len()]
}

/// Returns true if a part of a pattern, in which `*` stands for any characters, matches a part of a type.
fn fits(pattern: &str, part: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == part };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(inner) = part.strip_prefix(first).and_then(|part| part.strip_suffix(last)) else { return false };
    // The first place of each text leaves the most room for those behind it.
    let behind = |left: &mut &str, text: &str| {
        let at = left.find(text)?;
        *left = &left[at + text.len()..];
        Some(())
    };
    let mut left = inner;
    middle.split('*').all(|text| behind(&mut left, text).is_some())
}

/// The decision of a list of patterns about an event type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice<'a> {
    /// No pattern matches.
    Unmatched,
    /// A pattern matches, and this exclusion does too.
    Excluded(&'a str),
    /// These patterns match.
    Matched(Vec<&'a str>),
}

/// Returns the decision of a list of patterns about an event type.
pub fn choose<'a>(patterns: &'a [String], event_type: &str) -> Choice<'a> {
    let found: Vec<&str> = patterns
        .iter()
        .filter(|pattern| excluded(pattern).is_none() && matches(pattern, event_type))
        .map(String::as_str)
        .collect();
    let excludes = |pattern: &&String| excluded(pattern).is_some_and(|pattern| matches(pattern, event_type));
    match patterns.iter().find(excludes) {
        _ if found.is_empty() => Choice::Unmatched,
        Some(exclusion) => Choice::Excluded(exclusion),
        None => Choice::Matched(found),
    }
}

/// Returns true if a list of patterns selects an event type: one of them matches, and no exclusion does.
pub fn selects(patterns: &[String], event_type: &str) -> bool {
    matches!(choose(patterns, event_type), Choice::Matched(_))
}

/// Returns true if an index cannot find the pattern by itself, because too many patterns could match a type. It is then in
/// a range with others.
pub fn is_wide(pattern: &str) -> bool {
    let begins = pattern.strip_suffix(".*").unwrap_or(pattern);
    pattern != ALL && begins.contains('*')
}

/// Returns the text under which an index has a pattern: the pattern, or for a wide one the widest pattern with its first or
/// its last part.
pub fn index_text(pattern: &str) -> Cow<'_, str> {
    if !is_wide(pattern) {
        return Cow::Borrowed(pattern);
    }
    let first = pattern.split('.').next().filter(|part| !part.contains('*'));
    let last = pattern.split('.').next_back().filter(|part| !part.contains('*'));
    Cow::Owned(match (first, last) {
        (Some(first), _) => format!("{first}.{SEVERAL}"),
        (None, Some(last)) => format!("{SEVERAL}.{last}"),
        (None, None) => SEVERAL.to_owned(),
    })
}

/// Returns the texts under which an index has the patterns that can match an event type: `*`, each prefix with `.*`, and
/// the type itself; with `wide` those of wide patterns too.
pub fn index_texts(event_type: &str, wide: bool) -> Vec<String> {
    let mut texts = vec![ALL.to_owned()];
    let dots = event_type.match_indices('.').map(|(at, _)| format!("{}.*", &event_type[..at]));
    texts.extend(dots.take(limits::EVENT_TYPE_PARTS_MAX - 1));
    texts.push(event_type.to_owned());
    if wide {
        let first = event_type.split('.').next().unwrap_or_default();
        let last = event_type.rsplit('.').next().unwrap_or_default();
        texts.extend([format!("{first}.{SEVERAL}"), format!("{SEVERAL}.{last}"), SEVERAL.to_owned()]);
    }
    texts
}

/// Returns true if an exclusion certainly leaves nothing of a pattern. Both are without `!`.
pub fn leaves_nothing(exclusion: &str, pattern: &str) -> bool {
    let is_type = !pattern.contains('*');
    let is_below = exclusion
        .strip_suffix(".*")
        .filter(|start| !start.contains('*'))
        .is_some_and(|start| pattern.strip_prefix(start).is_some_and(|rest| rest.starts_with('.')));
    exclusion == ALL || exclusion == pattern || is_below || (is_type && matches(exclusion, pattern))
}

#[cfg(test)]
mod tests;
