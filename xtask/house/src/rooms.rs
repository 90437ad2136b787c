//! The engine's rooms: which of its top-level modules may use which.

use crate::finding::{Finding, Rule};
use crate::graph::Edge;
use std::collections::BTreeSet;

/// A room and the rooms that it may use.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
}

const fn room(name: &'static str, may_use: &'static [&'static str]) -> Room {
    Room { name, may_use }
}

/// The rooms in reading order. A room uses earlier ones only, so that the table has no cycle.
pub const ENGINE: &[Room] = &[
    room("support", &[]),
    room("ports", &["support"]),
    room("event", &["support"]),
    room("profile", &["support", "event"]),
    room("config", &["support", "ports", "profile"]),
    room("store", &["support", "ports", "event"]),
    room("delivery", &["support", "ports", "event", "profile", "config", "store"]),
    room("intake", &["support", "ports", "event", "config", "store"]),
    room("jobs", &["support", "ports", "event", "config", "store", "delivery"]),
    room("api", &["support", "ports", "event", "profile", "config", "store", "delivery", "intake", "jobs"]),
    room("worker", &["support", "ports", "config", "store", "delivery", "jobs"]),
];

/// This file, for the findings' mends.
const TABLE: &str = "xtask/house/src/rooms.rs";

/// Finds the uses that the table forbids, and the modules that it does not list. The root may use every room.
pub fn check(edges: &[Edge], rooms: &[Room]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut strays = BTreeSet::new();
    for edge in edges {
        let (Some(from), Some(to)) = (edge.from.first(), edge.to.first()) else { continue };
        let stray = [from, to].into_iter().find(|room| place(rooms, room).is_none());
        let text = match stray {
            Some(stray) if strays.insert(stray) => {
                format!("{stray} is not in the table of rooms; move the module into a room, or add it to {TABLE}")
            }
            None if from != to => match refusal(from, to, &edge.name, rooms) {
                Some(text) => text,
                None => continue,
            },
            _ => continue,
        };
        findings.push(Finding { file: edge.file.clone(), line: edge.line, rule: Rule::Room, text });
    }
    findings
}

fn place(rooms: &[Room], room: &str) -> Option<usize> {
    rooms.iter().position(|known| known.name == room)
}

fn refusal(from: &str, to: &str, name: &str, rooms: &[Room]) -> Option<String> {
    let allowed = rooms.iter().find(|room| room.name == from).map(|room| room.may_use).unwrap_or_default();
    if !allowed.contains(&to) {
        let allowed = if allowed.is_empty() { "no other room".to_owned() } else { allowed.join(", ") };
        return Some(format!(
            "{from} uses {to} (`{name}`), and may use {allowed}; move the item into one of these, or its caller out of {from}"
        ));
    }
    let is_later = place(rooms, to) > place(rooms, from);
    is_later.then(|| format!("{TABLE} lets {from} use {to}, which comes later; order the table"))
}

#[cfg(test)]
mod tests {
    use super::{ENGINE, Room, check, room};
    use crate::graph::Edge;

    const ROOMS: &[Room] = &[room("low", &["high"]), room("middle", &["low"]), room("high", &["low", "middle"])];

    #[test]
    fn uses_between_rooms_are_judged_by_the_table() {
        let rows = [
            ("an earlier room", "middle/x", "low/y", None),
            ("the same room", "low/x", "low/y", None),
            ("the root", "", "high", None),
            ("a room that the table forbids", "middle/x", "high", Some("middle uses high (`f`), and may use low;")),
            ("a table with a later room", "low", "high", Some("comes later")),
            ("a module outside of the rooms", "middle", "stray", Some("stray is not in the table")),
        ];
        for (name, from, to, expected) in rows {
            let node = |path: &str| path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
            let edge = Edge { from: node(from), to: node(to), file: String::new(), line: 1, name: "f".to_owned() };
            let found = check(&[edge], ROOMS);
            assert_eq!(found.len(), usize::from(expected.is_some()), "{name}: {found:?}");
            assert!(found.iter().all(|found| found.text.contains(expected.unwrap_or_default())), "{name}: {found:?}");
        }
    }

    #[test]
    fn table_of_the_engine_lists_earlier_rooms_only() {
        for (index, room) in ENGINE.iter().enumerate() {
            let earlier: Vec<&str> = ENGINE[..index].iter().map(|room| room.name).collect();
            assert!(room.may_use.iter().all(|other| earlier.contains(other)), "{}", room.name);
        }
    }
}
