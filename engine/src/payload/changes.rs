//! What differs between a model before and after a change. Values are compared by what they mean (`json::canonical`).

use crate::json::{Json, canonical};
use std::collections::{BTreeMap, BTreeSet};

/// The members of `after` that `before` lacks or has with another value, with their new values; `None` if there are none.
pub(super) fn attributes(before: &Json, after: &Json) -> Option<Json> {
    let (Json::Object(before), Json::Object(after)) = (before, after) else { return None };
    // Extended rather than collected: collecting would sort, with a sort of its own for every type.
    let mut olds: BTreeMap<&str, &Json> = BTreeMap::new();
    olds.extend(before.iter().map(|(key, value)| (key.as_str(), value)));
    let same =
        |key: &str, value: &Json| olds.get(key).is_some_and(|old| *old == value || canonical(old) == canonical(value));
    let changed: Vec<_> = after.iter().filter(|(key, value)| !same(key, value)).cloned().collect();
    (!changed.is_empty()).then_some(Json::Object(changed))
}

/// `{"old": [...], "new": [...]}`, the entries that only one of the models' `fields` has; where there are none and `active`
/// became another boolean, `{"state": <the new one>}`.
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

/// The entries of `these` that are not among `those`, in order.
fn missing(these: &[Json], those: &[Json]) -> Vec<Json> {
    let mut known: BTreeSet<String> = BTreeSet::new();
    known.extend(those.iter().map(canonical));
    these.iter().filter(|entry| !known.contains(&canonical(entry))).cloned().collect()
}
