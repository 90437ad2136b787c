//! The differences between a model before and after a change. Values are compared by their meaning (`json::canonical`).

use crate::support::json::{Json, canonical};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the members of `after` that `before` lacks or has with a different value. `None`: there are none.
pub(super) fn attributes(before: &Json, after: &Json) -> Option<Json> {
    let (Json::Object(before), Json::Object(after)) = (before, after) else { return None };
    let before: BTreeMap<&str, &Json> = before.iter().map(|(key, value)| (key.as_str(), value)).collect();
    let same = |key: &str, value: &Json| {
        before.get(key).is_some_and(|old| *old == value || canonical(old) == canonical(value))
    };
    let changed: Vec<_> = after.iter().filter(|(key, value)| !same(key, value)).cloned().collect();
    (!changed.is_empty()).then_some(Json::Object(changed))
}

/// Returns `{"old": [...], "new": [...]}`, the entries that only one of the models' `fields` has. If there are none and
/// `active` became the other boolean, it returns `{"state": <the new one>}`.
pub(super) fn fields(before: &Json, after: &Json) -> Json {
    let (old, new) = (entries(before), entries(after));
    let (gone, come) = (missing(old, new), missing(new, old));
    if gone.is_empty() && come.is_empty() {
        match after.get("active") {
            Some(state @ Json::Bool(_)) if before.get("active") != Some(state) => {
                return Json::object(vec![("state", state.clone())]);
            }
            _ => {}
        }
    }
    Json::object(vec![("old", Json::Array(gone)), ("new", Json::Array(come))])
}

fn entries(model: &Json) -> &[Json] {
    match model.get("fields") {
        Some(Json::Array(items)) => items,
        _ => &[],
    }
}

/// Returns the entries of `these` that are not among `those`, in order.
fn missing(these: &[Json], those: &[Json]) -> Vec<Json> {
    let known: BTreeSet<String> = those.iter().map(canonical).collect();
    these.iter().filter(|entry| !known.contains(&canonical(entry))).cloned().collect()
}
