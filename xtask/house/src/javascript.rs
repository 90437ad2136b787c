//! Which files of a JavaScript package import which: `import`, `export ... from` and `import()` of relative paths.

use crate::graph::{Edge, Node as Path};
use crate::syntax::{Language, Source, children, line, visit};
use tree_sitter::Node;

/// Returns the imports between the files of a folder. A file is a module, and so is a folder with all that is in it.
pub fn edges(sources: &[Source], folder: &str) -> Vec<Edge> {
    let within = |path: &str| path.strip_prefix(folder).and_then(|path| path.strip_prefix('/')).map(split);
    let mut edges = Vec::new();
    for source in sources.iter().filter(|source| source.language == Language::JavaScript) {
        let Some(from) = within(&source.path) else { continue };
        visit(source.root(), &mut |node| {
            let to = specifier(node).map(|string| source.text_of(string).trim_matches(['\'', '"']));
            let to = to.and_then(|written| Some((resolve(&from, written)?, written)));
            if let Some((to, written)) = to.filter(|(to, _)| *to != from) {
                let (file, name) = (source.path.clone(), written.to_owned());
                edges.push(Edge { from: from.clone(), to, file, line: line(node), name });
            }
            true
        });
    }
    edges
}

/// Returns the string that names the imported file.
fn specifier(node: Node<'_>) -> Option<Node<'_>> {
    match node.kind() {
        "import_statement" | "export_statement" => node.child_by_field_name("source"),
        "call_expression" if node.child_by_field_name("function")?.kind() == "import" => {
            let arguments = children(node.child_by_field_name("arguments")?);
            arguments.into_iter().find(|argument| argument.kind() == "string")
        }
        _ => None,
    }
}

/// Resolves a relative path from a file; `None` for a package and for a path that leaves the folder.
fn resolve(from: &[String], written: &str) -> Option<Path> {
    if !written.starts_with('.') {
        return None;
    }
    let (_, folders) = from.split_last()?;
    let mut path = folders.to_vec();
    for part in written.split('/') {
        match part {
            "." => {}
            ".." => {
                path.pop()?;
            }
            name => path.push(name.to_owned()),
        }
    }
    Some(path)
}

fn split(path: &str) -> Path {
    path.split('/').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::edges;
    use crate::syntax::{Language, Source};

    #[test]
    fn imports_of_relative_paths_are_edges() {
        let rows: &[(&str, &str, &[&str])] = &[
            ("an import", "import { a } from './b.js';", &["x/a.js>x/b.js:1"]),
            ("an import for its effects", "\nimport '../c.js';", &["x/a.js>c.js:2"]),
            ("an export", "export * from './b.js';", &["x/a.js>x/b.js:1"]),
            ("an import when it is needed", "const f = async () => await import(\"./b.js\");", &["x/a.js>x/b.js:1"]),
            ("a package", "import fs from 'node:fs';", &[]),
            ("a file outside of the folder", "import a from '../../a.js';", &[]),
            ("the file itself", "import a from './a.js';", &[]),
            ("a comment", "// import a from './b.js'", &[]),
        ];
        for (name, text, expected) in rows {
            let source = Source::parse("src/x/a.js", (*text).to_owned(), Language::JavaScript).unwrap();
            let found: Vec<String> = edges(&[source], "src")
                .iter()
                .map(|edge| format!("{}>{}:{}", edge.from.join("/"), edge.to.join("/"), edge.line))
                .collect();
            assert_eq!(found, *expected, "{name}");
        }
    }
}
