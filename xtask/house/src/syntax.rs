//! Source files and their syntax trees.

use anyhow::{Context, Result, ensure};
use std::path::Path;
use tree_sitter::{Node, Parser, Tree};

/// A language with a grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Rust,
    JavaScript,
    Php,
}

impl Language {
    /// Returns the language of a file by its name; `None` if the file is not a source.
    pub fn of(file: &str) -> Option<Language> {
        let name = file.rsplit('/').next().unwrap_or(file);
        match name.rsplit_once('.') {
            Some((_, "rs")) => Some(Language::Rust),
            Some((_, "js" | "mjs")) => Some(Language::JavaScript),
            Some((_, "php")) => Some(Language::Php),
            None if file == "hosts/php/bin/hookwright" => Some(Language::Php),
            _ => None,
        }
    }
}

/// A parsed file; `path` is relative to the repository's root.
#[derive(Debug)]
pub struct Source {
    pub path: String,
    pub text: String,
    pub language: Language,
    tree: Tree,
}

impl Source {
    /// Parses a text. Fails where the grammar cannot read it, because rules would pass over that part.
    pub fn parse(path: &str, text: String, language: Language) -> Result<Source> {
        let mut parser = Parser::new();
        let grammar = match language {
            Language::Rust => tree_sitter_rust::LANGUAGE,
            Language::JavaScript => tree_sitter_javascript::LANGUAGE,
            Language::Php => tree_sitter_php::LANGUAGE_PHP,
        };
        parser.set_language(&grammar.into()).context("the grammar does not fit the parser")?;
        let tree = parser.parse(&text, None).context("the parser was stopped")?;
        let source = Source { path: path.to_owned(), text, language, tree };
        if let Some(error) = source.first_error() {
            anyhow::bail!("{path}:{}: the grammar cannot read this", line(error));
        }
        Ok(source)
    }

    pub fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// Returns the source text of a node.
    pub fn text_of(&self, node: Node<'_>) -> &str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn first_error(&self) -> Option<Node<'_>> {
        let mut error = None;
        visit(self.root(), &mut |node| {
            if error.is_none() && (node.is_error() || node.is_missing()) {
                error = Some(node);
            }
            node.has_error()
        });
        error
    }
}

/// Reads and parses those of the files that are sources.
pub fn read(root: &Path, files: &[String]) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for file in files {
        let Some(language) = Language::of(file) else { continue };
        let text = std::fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))?;
        sources.push(Source::parse(file, text, language)?);
    }
    ensure!(!sources.is_empty(), "no sources found in {}", root.display());
    Ok(sources)
}

/// Calls `on` for the node and its descendants in order; `on` returns false to pass over a node's descendants.
pub fn visit<'tree>(node: Node<'tree>, on: &mut dyn FnMut(Node<'tree>) -> bool) {
    if on(node) {
        for child in children(node) {
            visit(child, on);
        }
    }
}

/// Returns all children, tokens included.
pub fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.children(&mut node.walk()).collect()
}

/// Returns the number of the line on which a node starts, counted from 1.
pub fn line(node: Node<'_>) -> usize {
    node.start_position().row + 1
}
