//! The comments of a file, as paragraphs.

use super::paragraph::{self, Paragraph};
use crate::syntax::{Source, visit};
use tree_sitter::Node;

/// Returns the paragraphs of a source's comments. Comments of one kind on consecutive lines are one text.
pub fn of_source(source: &Source) -> Vec<Paragraph> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    visit(source.root(), &mut |node| {
        if !matches!(node.kind(), "line_comment" | "block_comment" | "comment") {
            return true;
        }
        let text = source.text_of(node).trim_end();
        let (mark, column) = (mark(text), node.start_position().column);
        let row = node.start_position().row;
        let lines = lines(text).enumerate().map(|(index, line)| (row + index + 1, line));
        match blocks.last_mut() {
            Some(last) if mark != "/*" && (last.mark, last.column, last.row_after) == (mark, column, row) => {
                last.lines.extend(lines);
                last.row_after += 1;
                last.documents_function = documents_function(node);
            }
            _ => {
                let lines: Vec<(usize, &str)> = lines.collect();
                let row_after = row + lines.len();
                blocks.push(Block { mark, column, row_after, lines, documents_function: documents_function(node) });
            }
        }
        false
    });
    blocks.into_iter().flat_map(Block::paragraphs).collect()
}

/// Returns the paragraphs of comments that start with `//` or stand between `/*` and `*/`, in a language without a grammar.
pub fn with_slashes(text: &str) -> Vec<Paragraph> {
    let mut is_block = false;
    let comments = text.lines().zip(1..).map(move |(line, number)| {
        let line = line.trim();
        if is_block || line.starts_with("/*") {
            is_block = !line.contains("*/");
            return (number, lines(line).next().unwrap_or_default());
        }
        let start = if line.starts_with("//") { Some(0) } else { line.find(" // ").map(|start| start + 1) };
        (number, start.and_then(|start| lines(line.get(start..)?).next()).unwrap_or_default())
    });
    paragraph::read(comments)
}

/// Returns the paragraphs of comments that start with `#`.
pub fn with_hashes(text: &str) -> Vec<Paragraph> {
    let comments = text.lines().zip(1..).map(|(line, number)| {
        let line = line.trim();
        let start = if line.starts_with('#') { Some(0) } else { line.find(" # ").map(|start| start + 1) };
        let comment = start.and_then(|start| line.get(start..)).unwrap_or_default();
        (number, comment.trim_start_matches(['#', '!', ' ']))
    });
    paragraph::read(comments)
}

struct Block<'a> {
    mark: &'static str,
    column: usize,
    row_after: usize,
    lines: Vec<(usize, &'a str)>,
    documents_function: bool,
}

impl Block<'_> {
    fn paragraphs(self) -> Vec<Paragraph> {
        let mut paragraphs = paragraph::read(self.lines.into_iter());
        if let Some(first) = paragraphs.first_mut() {
            first.documents_function = self.documents_function && matches!(self.mark, "///" | "/*");
        }
        paragraphs
    }
}

fn mark(comment: &str) -> &'static str {
    ["///", "//!", "//", "/*", "#"].into_iter().find(|mark| comment.starts_with(mark)).unwrap_or_default()
}

/// Returns the lines of a comment without its marks.
fn lines(comment: &str) -> impl Iterator<Item = &str> {
    comment.lines().map(|line| {
        let line = line.trim().trim_end_matches("*/").trim_end();
        line.trim_start_matches(['/', '!', '#'])
            .trim_start_matches("**")
            .trim_start_matches("* ")
            .trim_start_matches('*')
            .trim()
    })
}

/// Returns true if the next thing after a comment and its attributes is a function.
fn documents_function(node: Node<'_>) -> bool {
    let mut next = node.next_sibling();
    while let Some(node) = next.filter(|node| node.kind() == "attribute_item") {
        next = node.next_sibling();
    }
    let kind = next.map_or("", |next| next.kind());
    matches!(
        kind,
        "function_item"
            | "function_signature_item"
            | "function_declaration"
            | "method_definition"
            | "method_declaration"
    )
}

#[cfg(test)]
mod tests {
    use super::{of_source, with_hashes, with_slashes};
    use crate::syntax::{Language, Source};

    #[test]
    fn comments_are_read_as_paragraphs() {
        let rust = "//! a\n//! b\n\n/// c\n#[x]\nfn f() { // d\n    // e\n    g(); /* f\n * g */\n}";
        let php = "<?php\n/**\n * a\n *\n * @return int b\n */\nfunction f() {}\n# c";
        let expected: &[(usize, &str, bool)] =
            &[(1, "a b", false), (4, "c", true), (6, "d", false), (7, "e", false), (8, "f g", false)];
        check("rust", rust, Language::Rust, expected);
        check("php", php, Language::Php, &[(3, "a", false), (5, "int b", false), (8, "c", false)]);
    }

    fn check(name: &str, text: &str, language: Language, expected: &[(usize, &str, bool)]) {
        let source = Source::parse("a", text.to_owned(), language).unwrap();
        let found = of_source(&source);
        let found: Vec<(usize, &str, bool)> =
            found.iter().map(|found| (found.line(0), &*found.text, found.documents_function)).collect();
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn comments_without_a_grammar_are_read_by_lines() {
        let found = with_slashes("/// a\n/// b\nf: x,\n// c\n\n/* d\n * e */\nurl \"http://f\"");
        let texts: Vec<&str> = found.iter().map(|found| &*found.text).collect();
        assert_eq!(texts, ["a b", "c", "d e"]);
        let found = with_hashes("#!/bin/sh\na = 1 # b\n\n# c\n# d");
        let texts: Vec<&str> = found.iter().map(|found| &*found.text).collect();
        assert_eq!(texts, ["/bin/sh b", "c d"]);
    }
}
