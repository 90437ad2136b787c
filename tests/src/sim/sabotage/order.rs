//! Breaks strict order: loses places, forgets waits, and shows rows in another order.

use hookwright_engine::ports::{Check, Direction, Entry, KeyRange, Mutation};

use super::kind::Kind;
use super::rules::Sabotage;

/// Returns the number of entries that is read instead.
pub fn limit(sabotage: Sabotage, range: &KeyRange, limit: u32, order: Direction) -> u32 {
    let first = range.start.starts_with("queue/") && limit == 1 && order == Direction::Forward;
    if sabotage == Sabotage::StrictSecondRow && first { 2 } else { limit }
}

/// Returns the entries that are shown instead.
pub fn shown(
    sabotage: Sabotage,
    range: &KeyRange,
    limit: u32,
    order: Direction,
    mut entries: Vec<Entry>,
) -> Vec<Entry> {
    let queue = range.start.starts_with("queue/");
    let subscriptions = range.start.starts_with("subscription/");
    match sabotage {
        Sabotage::StrictSecondRow if entries.len() > limit as usize => {
            entries.remove(0);
        }
        // The ranges of wide patterns have two stars in their keys.
        Sabotage::ForgetWide if subscriptions && range.start.contains("_2a_2a") => entries.clear(),
        Sabotage::ForgetExclusions if subscriptions => {
            entries.iter_mut().for_each(|entry| entry.value = entry.value.replace("\"excluded\"", "\"-\""));
        }
        Sabotage::StrictLastRow if queue && order == Direction::Reverse => entries.clear(),
        Sabotage::StrictInboxBackwards if range.start.starts_with("inbox/") && limit > 1 => entries.reverse(),
        _ => (),
    }
    entries
}

/// Returns the mutations that take the place of one; `None`: it stays.
pub fn instead(sabotage: Sabotage, kind: Kind, checks: &[Check], mutation: &Mutation) -> Option<Vec<Mutation>> {
    let Mutation::Put { key, value } = mutation else { return None };
    let stays = kind == Kind::Settle && key.starts_with("queue/") && checks.iter().any(|check| check.key == *key);
    let until = value.split("\"dueMs\":").nth(1).map(|rest| rest.trim_end_matches('}'));
    match (sabotage, until) {
        (Sabotage::StrictLosesPlace, Some(until)) if stays => {
            let mut parts: Vec<&str> = key.split('/').collect();
            parts[3] = until;
            let moved = Mutation::Put { key: parts.join("/"), value: value.clone() };
            Some(vec![Mutation::Delete { key: key.clone() }, moved])
        }
        (Sabotage::StrictForgetsWait, Some(until)) if stays => {
            let value = value.replace(&format!(",\"dueMs\":{until}"), "");
            Some(vec![Mutation::Put { key: key.clone(), value }])
        }
        (Sabotage::StrictForgetsPause, _) if key.starts_with("webhook/") && value.contains("\"paused: ") => {
            Some(Vec::new())
        }
        (Sabotage::ForgetFilter, _) if key.starts_with("job/") => {
            Some(vec![Mutation::Put { key: key.clone(), value: value.replace("\"filter\"", "\"-\"") }])
        }
        (Sabotage::ForgetRecordedTime, _) if key.starts_with("recent/") => {
            Some(vec![Mutation::Put { key: key.clone(), value: value.replace("\"atMs\"", "\"-\"") }])
        }
        _ => None,
    }
}
