//! The strings of a source that are sentences: errors, hints, help.

use super::paragraph::Paragraph;
use crate::syntax::{Language, Source, children, line, visit};

/// A shorter string is a name or a value.
const WORDS_MIN: usize = 3;

/// Returns the strings of a source, except those that only tests compile.
pub fn of_source(source: &Source) -> Vec<Paragraph> {
    let is_test = source.path.split('/').any(|part| matches!(part, "tests" | "test" | "tests.rs"));
    let mut paragraphs = Vec::new();
    if is_test {
        return paragraphs;
    }
    visit(source.root(), &mut |node| {
        if source.language == Language::Rust && node.kind() == "mod_item" && is_for_tests(source, node) {
            return false;
        }
        if !matches!(
            node.kind(),
            "string_literal"
                | "raw_string_literal"
                | "string"
                | "template_string"
                | "encapsed_string"
                | "heredoc"
                | "nowdoc"
        ) {
            return true;
        }
        let text = source.text_of(node).trim_matches(['"', '\'', '`', 'r', '#']);
        if text.split_whitespace().count() >= WORDS_MIN {
            let mut paragraph = Paragraph::default();
            for (text, number) in text.lines().zip(line(node)..) {
                paragraph.push(number, text.trim_end_matches('\\').trim());
            }
            paragraphs.push(paragraph);
        }
        children(node).iter().any(|child| child.kind() == "template_substitution")
    });
    paragraphs
}

fn is_for_tests(source: &Source, node: tree_sitter::Node<'_>) -> bool {
    node.prev_named_sibling().is_some_and(|attribute| source.text_of(attribute).starts_with("#[cfg(test)]"))
}

#[cfg(test)]
mod tests {
    use super::of_source;
    use crate::syntax::{Language, Source};

    #[test]
    fn sentences_in_strings_are_read() {
        let rust = "const A: &str = \"a b \\\n  c\"; const B: &str = \"a b\"; #[cfg(test)] mod t { const A: &str = \"a b c\"; }";
        let rows = [
            ("rust", "src/a.rs", rust, Language::Rust, vec!["a b c"]),
            ("a file of tests", "src/a/tests.rs", rust, Language::Rust, vec![]),
            (
                "javascript",
                "a.js",
                "throw new E('a b c', `d ${'e f g'} h`)",
                Language::JavaScript,
                vec!["a b c", "d ${'e f g'} h", "e f g"],
            ),
            ("php", "a.php", "<?php throw new E(\"a $b c\");", Language::Php, vec!["a $b c"]),
        ];
        for (name, path, text, language, expected) in rows {
            let source = Source::parse(path, text.to_owned(), language).unwrap();
            let found: Vec<String> = of_source(&source).into_iter().map(|found| found.text).collect();
            assert_eq!(found, expected, "{name}");
        }
    }
}
