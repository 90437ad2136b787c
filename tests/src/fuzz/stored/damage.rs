//! Changes rows of the store as an input says.

use hookwright_engine::json::{self, Json, Style};
use hookwright_engine::ports::{Entry, Mutation, Storage};

use super::scene::{Scene, row};
use crate::fuzz::world::{START_US, World};

/// Carries out the lines of an input. Returns the keys of the rows that it changed or removed.
pub(super) fn damage(scene: &Scene, world: &World, text: &str) -> Vec<String> {
    const LINES_MAX: usize = 30;
    let mut damaged = Vec::new();
    for line in text.lines().take(LINES_MAX) {
        let (place, value) = line.split_once(' ').unwrap_or((line, ""));
        let (place, is_removed) = place.strip_prefix('-').map_or((place, false), |place| (place, true));
        let (kind, number) = place.split_once('#').unwrap_or((place, "0"));
        let Some(entry) = number.parse().ok().and_then(|number| row(world, kind, number)) else { continue };
        let value = value
            .replace("{wh}", &scene.webhook)
            .replace("{msg}", &scene.message)
            .replace("{now}", &(START_US / 1_000).to_string());
        let mutation = if is_removed {
            Mutation::Delete { key: entry.key.clone() }
        } else {
            let Some(value) = changed(&entry, &value) else { continue };
            Mutation::Put { key: entry.key.clone(), value }
        };
        if world.store.commit(&[], &[mutation]).is_ok() {
            damaged.push(entry.key);
        }
    }
    damaged
}

/// Returns the new value of a row: the text of the line, or the old value with one field changed.
fn changed(entry: &Entry, value: &str) -> Option<String> {
    let Some((field, text)) = value.strip_prefix('.').and_then(|rest| rest.split_once('=')) else {
        return Some(value.to_owned());
    };
    let Ok(Json::Object(mut members)) = json::parse_within(&entry.value, 100) else { return None };
    let new = json::parse_within(text, 60).ok()?;
    match members.iter_mut().find(|(name, _)| name == field) {
        Some((_, old)) => *old = new,
        None => members.push((field.to_owned(), new)),
    }
    Some(json::write(&Json::Object(members), Style::Compact))
}
