//! What differs between a model before and after a change. Values are compared by what they mean (`json::canonical`).

use crate::support::json::{Json, by_key, canonical};

/// The members of `after` that `before` lacks or has with another value, with their new values; `None` if there are none.
pub(super) fn attributes(before: &Json, after: &Json) -> Option<Json> {
    let (Json::Object(before), Json::Object(after)) = (before, after) else { return None };
    let order = by_key(before);
    let same = |key: &str, value: &Json| {
        find(before, &order, key).is_some_and(|old| old == value || canonical(old) == canonical(value))
    };
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
    let known: Vec<(String, Json)> = those.iter().map(|entry| (canonical(entry), Json::Null)).collect();
    let order = by_key(&known);
    these.iter().filter(|entry| find(&known, &order, &canonical(entry)).is_none()).cloned().collect()
}

/// The value of a key, in the order that [`by_key`] gives.
fn find<'j>(members: &'j [(String, Json)], order: &[usize], key: &str) -> Option<&'j Json> {
    let at = order.binary_search_by(|&place| members[place].0.as_str().cmp(key)).ok()?;
    Some(&members[order[at]].1)
}
