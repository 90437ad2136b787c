//! Trees with U+0000 and halves of surrogate pairs: their replacement, and their detection.

use super::Json;
use super::duplicates::without_duplicates;
use super::marks::{MARK, marked, unicode};

/// Returns the value with U+FFFD in place of U+0000 and of each half of a surrogate pair. Of keys that become equal, the
/// last one's value counts, at the first one's place, as of duplicate keys.
pub fn replaced(json: Json) -> Json {
    let text = |text: String| match unicode(&text).as_ref() {
        same if same == text && !same.contains('\0') => text,
        other => marked(&other.replace('\0', "\u{fffd}")),
    };
    match json {
        Json::String(string) => Json::String(text(string)),
        Json::Array(items) => Json::Array(items.into_iter().map(replaced).collect()),
        Json::Object(members) => Json::Object(without_duplicates(
            members.into_iter().map(|(key, value)| (text(key), replaced(value))).collect(),
        )),
        other => other,
    }
}

/// Returns true if a text of the tree has a mark, so that it is not what it holds.
pub fn has_mark(json: &Json) -> bool {
    match json {
        Json::String(text) => text.contains(MARK),
        Json::Array(items) => items.iter().any(has_mark),
        Json::Object(members) => members.iter().any(|(key, value)| key.contains(MARK) || has_mark(value)),
        _ => false,
    }
}
