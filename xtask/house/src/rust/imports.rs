//! The names that a `use` declaration brings in.

use super::tokens;
use crate::syntax::{Source, children, line};
use tree_sitter::Node;

/// One name; `None` stands for all of the path's.
#[derive(Debug, PartialEq, Eq)]
pub struct Import {
    pub path: Vec<String>,
    pub name: Option<String>,
    pub line: usize,
}

/// Reads the argument of a `use` declaration.
pub fn read(source: &Source, argument: Node<'_>) -> Vec<Import> {
    let mut imports = Vec::new();
    collect(source, argument, &[], &mut imports);
    imports
}

fn collect(source: &Source, node: Node<'_>, before: &[String], imports: &mut Vec<Import>) {
    let joined = |part: Option<Node<'_>>| {
        let part = part.and_then(|part| tokens::path(source.text_of(part))).unwrap_or_default();
        before.iter().cloned().chain(part).collect::<Vec<String>>()
    };
    let line = line(node);
    match node.kind() {
        "use_list" => {
            for child in children(node) {
                collect(source, child, before, imports);
            }
        }
        "scoped_use_list" => {
            if let Some(list) = node.child_by_field_name("list") {
                collect(source, list, &joined(node.child_by_field_name("path")), imports);
            }
        }
        "use_wildcard" => imports.push(Import { path: joined(node.named_child(0)), name: None, line }),
        "use_as_clause" => {
            let mut path = joined(node.child_by_field_name("path"));
            path.pop_if(|last| last == "self");
            let alias = node.child_by_field_name("alias").map(|alias| source.text_of(alias).to_owned());
            imports.push(Import { path, name: alias, line });
        }
        "self" if !before.is_empty() => {
            imports.push(Import { path: before.to_vec(), name: before.last().cloned(), line });
        }
        "identifier" | "scoped_identifier" | "crate" | "super" | "self" => {
            let path = joined(Some(node));
            imports.push(Import { name: path.last().cloned(), path, line });
        }
        _ => {}
    }
}
