//! Which classes of a PHP package use which, by `use` statements and by names of the same namespace.
//!
//! A class is the file that the autoloader finds for it. Types in comments are no use.

use crate::graph::{Edge, Node as Path};
use crate::syntax::{Language, Source, children, line, visit};
use std::collections::{BTreeMap, BTreeSet};
use tree_sitter::Node;

/// The namespace of the folder's root.
const PREFIX: &str = "Hookwright\\";

/// Returns the uses between the classes of a folder. A class is a module, and so is a namespace with all that is in it.
pub fn edges(sources: &[Source], folder: &str) -> Vec<Edge> {
    let within = |path: &str| -> Option<Path> {
        let class = path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(".php")?;
        Some(class.split('/').map(str::to_owned).collect())
    };
    let classes: BTreeSet<Path> = sources.iter().filter_map(|source| within(&source.path)).collect();
    let mut edges = Vec::new();
    for source in sources.iter().filter(|source| source.language == Language::Php) {
        let Some(from) = within(&source.path) else { continue };
        let file = File {
            source,
            imports: imports(source),
            namespace: from.split_last().map(|(_, rest)| rest).unwrap_or_default(),
        };
        visit(source.root(), &mut |node| {
            let to = file.class(node).filter(|to| *to != from && classes.contains(to));
            if let Some(to) = to {
                let (from, name) = (from.clone(), source.text_of(node).to_owned());
                edges.push(Edge { from, to, file: source.path.clone(), line: line(node), name });
            }
            !matches!(node.kind(), "namespace_use_declaration" | "namespace_definition" | "qualified_name")
        });
    }
    edges
}

struct File<'a> {
    source: &'a Source,
    /// The classes by the names that `use` statements give them.
    imports: BTreeMap<String, Path>,
    namespace: &'a [String],
}

impl File<'_> {
    /// Returns the class that a name in the code stands for.
    fn class(&self, node: Node<'_>) -> Option<Path> {
        let text = self.source.text_of(node);
        match node.kind() {
            "qualified_name" => match text.strip_prefix('\\') {
                Some(absolute) => path(absolute),
                None => {
                    let (first, rest) = text.split_once('\\')?;
                    let start = self.imports.get(first).cloned().unwrap_or_else(|| self.beside(first));
                    Some(start.into_iter().chain(rest.split('\\').map(str::to_owned)).collect())
                }
            },
            "name" if is_class(node) => Some(self.imports.get(text).cloned().unwrap_or_else(|| self.beside(text))),
            _ => None,
        }
    }

    fn beside(&self, name: &str) -> Path {
        self.namespace.iter().cloned().chain([name.to_owned()]).collect()
    }
}

/// Returns true unless the name is that of a member, a function, a constant or the declaration itself.
fn is_class(node: Node<'_>) -> bool {
    let before = node.prev_sibling().map_or("", |before| before.kind());
    let is_called = node.next_sibling().is_some_and(|next| next.kind() == "arguments") && before != "new";
    let parent = node.parent().map_or("", |parent| parent.kind());
    let declares =
        parent.ends_with("_declaration") || matches!(parent, "enum_case" | "const_element" | "variable_name");
    !matches!(before, "->" | "?->" | "::" | "function" | "const" | "$") && !is_called && !declares
}

fn imports(source: &Source) -> BTreeMap<String, Path> {
    let mut imports = BTreeMap::new();
    visit(source.root(), &mut |node| {
        if node.kind() != "namespace_use_declaration" {
            return node.kind() == "program";
        }
        let parts = children(node);
        let group = parts.iter().find(|part| part.kind() == "namespace_use_group");
        let before = parts.iter().find(|part| part.kind() == "namespace_name").map(|part| source.text_of(*part));
        for clause in group.map_or(parts.clone(), |group| children(*group)) {
            if clause.kind() != "namespace_use_clause" || source.text_of(clause).starts_with("function ") {
                continue;
            }
            let written = source.text_of(clause);
            let (name, alias) = written.split_once(" as ").unwrap_or((written, ""));
            let full = before.map_or(name.to_owned(), |before| format!("{before}\\{name}"));
            let alias = if alias.is_empty() { full.rsplit('\\').next().unwrap_or_default() } else { alias };
            imports.insert(alias.trim().to_owned(), path(&full).unwrap_or_default());
        }
        false
    });
    imports
}

/// Returns the path of a class by its full name; `None` for another package's.
fn path(name: &str) -> Option<Path> {
    let path = name.trim().trim_start_matches('\\').strip_prefix(PREFIX)?;
    Some(path.split('\\').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::edges;
    use crate::syntax::{Language, Source};

    #[test]
    fn classes_are_found_by_imports_and_namespace() {
        let rows: &[(&str, &str, &[&str])] = &[
            ("a class of the namespace", "class A { function f(?B $b) {} }", &["X/A>X/B:1"]),
            ("a class that is made", "new B();", &["X/A>X/B:1"]),
            ("a class's function", "B::make();", &["X/A>X/B:1"]),
            ("an interface", "class A implements \\Hookwright\\C {}", &["X/A>C:1"]),
            ("an import", "use Hookwright\\C;\nC::make();", &["X/A>C:2"]),
            ("an import under another name", "use Hookwright\\C as D; new D();", &["X/A>C:1"]),
            ("a group", "use Hookwright\\{C, X\\B as D}; new C(new D());", &["X/A>C:1", "X/A>X/B:1"]),
            ("an import that is not used", "use Hookwright\\C;", &[]),
            ("another package", "use Psr\\C; new C(); new \\Other\\B();", &[]),
            ("the class itself", "class A { function f(): A {} }", &[]),
            ("members and functions", "$x->B; $x->B(); B(); $x::B; class A { const B = 1; function B() {} }", &[]),
            ("a comment", "/** @param B $b */ function f($b) {}", &[]),
        ];
        for (name, text, expected) in rows {
            let parse = |path: &str, text: &str| {
                let text = format!("<?php namespace Hookwright\\X; {text}");
                Source::parse(path, text, Language::Php).unwrap()
            };
            let sources = [parse("src/X/A.php", text), parse("src/X/B.php", ""), parse("src/C.php", "")];
            let found: Vec<String> = edges(&sources, "src")
                .iter()
                .map(|edge| format!("{}>{}:{}", edge.from.join("/"), edge.to.join("/"), edge.line))
                .collect();
            assert_eq!(found, *expected, "{name}");
        }
    }
}
