//! Cycles in a tree of modules.
//!
//! The rule: at every level of the tree, the children of a module (each with all that is below it) and the module's own
//! code have an order in which each needs only those before it. Two siblings that need each other, directly or through
//! others, are a cycle, whichever of their descendants do it. A parent may use its children; a child that uses items which
//! the parent itself defines, while the parent uses the child, is a cycle. Declaring and re-exporting children is no use.

use crate::finding::{Finding, Rule};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A module that owns a file, by the names from the root of its tree. The root itself is empty.
pub type Node = Vec<String>;

/// One use of a module by another, at the place where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    pub from: Node,
    pub to: Node,
    pub file: String,
    pub line: usize,
    /// The name that is used, as it is written.
    pub name: String,
}

/// The child of a level; `None` is the level's own code.
type Child<'a> = Option<&'a str>;

/// The uses between the children of a level.
type Level<'a> = BTreeMap<Child<'a>, BTreeMap<Child<'a>, Vec<&'a Edge>>>;

/// Finds the cycles at all levels. Each finding is a shortest cycle, placed at its weakest link; without the weakest links
/// of all findings, no cycle is left.
pub fn cycles(edges: &[Edge]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for parent in parents(edges) {
        let mut level = level(edges, &parent);
        while let Some(cycle) = shortest_cycle(&level) {
            let (from, to) = weakest(&level, &cycle);
            findings.push(finding(&level, &parent, &cycle, (from, to)));
            level.entry(from).or_default().remove(&to);
        }
    }
    findings
}

fn parents(edges: &[Edge]) -> BTreeSet<Node> {
    let nodes = edges.iter().flat_map(|edge| [&edge.from, &edge.to]);
    nodes.flat_map(|node| (0..=node.len()).filter_map(|count| node.get(..count).map(<[String]>::to_vec))).collect()
}

/// Lifts the edges below a module to edges between its children.
fn level<'a>(edges: &'a [Edge], parent: &[String]) -> Level<'a> {
    let mut level = Level::new();
    for edge in edges {
        let (Some(from), Some(to)) = (edge.from.strip_prefix(parent), edge.to.strip_prefix(parent)) else { continue };
        let (from, to) = (from.first().map(String::as_str), to.first().map(String::as_str));
        if from != to {
            level.entry(from).or_default().entry(to).or_default().push(edge);
        }
    }
    level
}

/// Returns the children of a shortest cycle in order, the first not repeated at the end.
fn shortest_cycle<'a>(level: &Level<'a>) -> Option<Vec<Child<'a>>> {
    level.keys().filter_map(|start| cycle_through(level, *start)).min_by_key(Vec::len)
}

fn cycle_through<'a>(level: &Level<'a>, start: Child<'a>) -> Option<Vec<Child<'a>>> {
    let mut came_from: BTreeMap<Child<'a>, Child<'a>> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for next in level.get(&at).into_iter().flat_map(BTreeMap::keys) {
            if *next == start {
                let mut cycle = vec![at];
                while let Some(before) =
                    cycle.last().filter(|last| **last != start).and_then(|last| came_from.get(last))
                {
                    cycle.push(*before);
                }
                cycle.reverse();
                return Some(cycle);
            }
            if !came_from.contains_key(next) {
                came_from.insert(*next, at);
                queue.push_back(*next);
            }
        }
    }
    None
}

fn links<'a>(cycle: &[Child<'a>]) -> impl Iterator<Item = (Child<'a>, Child<'a>)> {
    cycle.iter().copied().zip(cycle.iter().copied().cycle().skip(1))
}

fn uses<'a, 'b>(level: &'b Level<'a>, from: Child<'a>, to: Child<'a>) -> &'b [&'a Edge] {
    level.get(&from).and_then(|targets| targets.get(&to)).map(Vec::as_slice).unwrap_or_default()
}

/// The link with the fewest uses.
fn weakest<'a>(level: &Level<'a>, cycle: &[Child<'a>]) -> (Child<'a>, Child<'a>) {
    let weakest = links(cycle).min_by_key(|(from, to)| uses(level, *from, *to).len());
    weakest.unwrap_or_default()
}

fn finding<'a>(
    level: &Level<'a>,
    parent: &[String],
    cycle: &[Child<'a>],
    (from, to): (Child<'a>, Child<'a>),
) -> Finding {
    let mut text = match cycle {
        [_, _] => format!("{} and {} need each other", shown(parent, from), shown(parent, to)),
        _ => format!("{} modules need each other in a ring", cycle.len()),
    };
    for (from, to) in links(cycle) {
        let uses = uses(level, from, to);
        let places: Vec<String> =
            uses.iter().take(3).map(|edge| format!("{}:{} `{}`", edge.file, edge.line, edge.name)).collect();
        let more =
            if uses.len() > places.len() { format!(" and {} more", uses.len() - places.len()) } else { String::new() };
        let (from, to) = (shown(parent, from), shown(parent, to));
        text += &format!("\n    {from} uses {to}: {}{more}", places.join(", "));
    }
    text += "\n    mend: move what both need into a module below both, or let the one that owns the order call both";
    let weakest = uses(level, from, to).first();
    Finding {
        file: weakest.map(|edge| edge.file.clone()).unwrap_or_default(),
        line: weakest.map_or(0, |edge| edge.line),
        rule: Rule::Cycle,
        text,
    }
}

fn shown(parent: &[String], child: Child<'_>) -> String {
    let names: Vec<&str> = parent.iter().map(String::as_str).chain(child).collect();
    match child {
        None if names.is_empty() => "the root's own code".to_owned(),
        None => format!("{}'s own code", names.join("/")),
        Some(_) => names.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Edge, cycles};

    fn edge(from: &str, to: &str, line: usize) -> Edge {
        let node = |path: &str| path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Edge { from: node(from), to: node(to), file: format!("{from}.rs"), line, name: "f".to_owned() }
    }

    #[test]
    fn cycles_at_every_level_are_found() {
        type Row = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);
        let rows: &[Row] = &[
            ("a chain", &[("a", "b"), ("b", "c"), ("a", "c")], &[]),
            ("two siblings", &[("a", "b"), ("b", "a")], &["a and b need each other"]),
            ("a ring of three", &[("a", "b"), ("b", "c"), ("c", "a")], &["3 modules"]),
            ("rooms by different files", &[("a/x", "b/x"), ("b/y", "a/y")], &["a and b need each other"]),
            ("files of a room", &[("a/x", "a/y"), ("a/y", "a/x")], &["a/x and a/y need each other"]),
            ("a parent that uses its child", &[("a", "a/x")], &[]),
            ("a child that uses its parent", &[("a/x", "a")], &[]),
            ("a parent and its child", &[("a", "a/x"), ("a/x", "a")], &["a's own code and a/x need each other"]),
            ("a child that uses the root", &[("", "a"), ("a/x", "")], &["the root's own code and a need each other"]),
            ("the same file", &[("a", "a")], &[]),
        ];
        for (name, edges, expected) in rows {
            let edges: Vec<Edge> = edges.iter().zip(1..).map(|((from, to), line)| edge(from, to, line)).collect();
            let found: Vec<String> = cycles(&edges).into_iter().map(|finding| finding.text).collect();
            assert_eq!(found.len(), expected.len(), "{name}: {found:?}");
            for (found, expected) in found.iter().zip(*expected) {
                assert!(found.contains(expected), "{name}: {found}");
            }
        }
    }

    #[test]
    fn cycle_is_placed_at_its_weakest_link() {
        let found = cycles(&[edge("a", "b", 1), edge("a", "b", 2), edge("b", "a", 7)]);
        assert_eq!(found.iter().map(|finding| (&*finding.file, finding.line)).collect::<Vec<_>>(), [("b.rs", 7)]);
        assert!(found[0].text.contains("a uses b: a.rs:1 `f`, a.rs:2 `f`\n"), "{}", found[0].text);
    }
}
