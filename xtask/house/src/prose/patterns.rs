//! The patterns that the prose does without, each with the mend.

use super::paragraph::Paragraph;
use crate::finding::{Finding, Rule};
use anyhow::{Context, Result};
use regex::Regex;

/// The place of a pattern in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Anywhere,
    /// At the start of a sentence, or after a semicolon, unless it is a question.
    Start,
    /// At the start of a function's doc comment.
    Function,
}

/// The place, the expression, and the mend.
type Pattern = (Place, &'static str, &'static str);

const PATTERNS: &[Pattern] = &[
    (Place::Anywhere, r"who(?:m|se)?(?:so)?ever|what(?:so)?ever", "name the actor or the thing"),
    (Place::Anywhere, r"for ever", "write that it never expires, or has no limit"),
    (Place::Anywhere, r"so many", "give the number, or name what is counted"),
    (Place::Anywhere, r"to blame", "name the cause"),
    (Place::Anywhere, r"nobody['’]s", "name the state in which it has no owner"),
    (Place::Anywhere, r"that\s+which|those\s+who", "name the actor or the thing"),
    (Place::Anywhere, r"ha(?:s|ve) company", "say which other thing is there"),
    (Place::Anywhere, r"another \w+ than", "write `a different ...`, or `... instead of ...`"),
    (Place::Anywhere, r"but for", "write `except`, or make it a sentence"),
    (Place::Anywhere, r"answers (?:whether|if|true|false)", "write `returns true if`"),
    (
        Place::Start,
        r"answers (?:an?|the|it|how|where|when|why|with|every|each|as|for|all|one|at|nothing)",
        "write `returns`",
    ),
    (Place::Anywhere, r"(?:of|than|with|from|for|but|by|as) who", "name the actor"),
    (Place::Start, r"who(?:m|se)?|what", "put the subject first, and name it"),
    (Place::Function, r"whether", "write `Returns true if`"),
];

/// The patterns, ready to search with.
#[derive(Debug)]
pub struct Patterns(Vec<(Place, Regex, &'static str)>);

/// Compiles the patterns.
pub fn compile() -> Result<Patterns> {
    let compile = |(place, expression, mend): &Pattern| {
        let expression = match place {
            Place::Anywhere => format!(r"(?i)\b(?:{expression})\b"),
            Place::Start => format!(r#"(?i)(?:^|[.!?]["')*_]*\s+|;\s+)["'(*_]*({expression})\b"#),
            Place::Function => format!(r"(?i)^(?:{expression})\b"),
        };
        let regex = Regex::new(&expression).with_context(|| format!("the pattern {expression}"))?;
        Ok((*place, regex, *mend))
    };
    Ok(Patterns(PATTERNS.iter().map(compile).collect::<Result<_>>()?))
}

impl Patterns {
    /// Finds the patterns in a file's paragraphs.
    pub fn check(&self, file: &str, paragraphs: &[Paragraph]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for paragraph in paragraphs {
            for (place, regex, mend) in &self.0 {
                for found in regex.captures_iter(&paragraph.text) {
                    let Some(found) = found.get(1).or_else(|| found.get(0)) else { continue };
                    if !applies(*place, paragraph, found.start()) {
                        continue;
                    }
                    let excerpt = excerpt(&paragraph.written, found.start());
                    let text = format!("\"{excerpt}\": {mend}");
                    let line = paragraph.line(found.start());
                    findings.push(Finding { file: file.to_owned(), line, rule: Rule::Prose, text });
                }
            }
        }
        findings
    }
}

fn applies(place: Place, paragraph: &Paragraph, start: usize) -> bool {
    match place {
        Place::Anywhere => true,
        Place::Function => paragraph.documents_function,
        Place::Start => {
            let sentence = paragraph.text.get(start..).unwrap_or_default();
            let end = sentence.find(['.', '?', '!']).and_then(|end| sentence.get(end..));
            !end.is_some_and(|end| end.starts_with('?'))
        }
    }
}

/// Returns some words from the place of a pattern.
fn excerpt(text: &str, start: usize) -> String {
    let words: Vec<&str> = text.get(start..).unwrap_or_default().split_whitespace().take(7).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::compile;
    use crate::prose::paragraph::Paragraph;

    #[test]
    fn patterns_are_found_where_they_count() {
        let rows = [
            ("a plain sentence", "Returns true if one was recorded.", None),
            ("a free relative", "The worker sends whatever it finds.", Some("\"whatever it finds.\"")),
            ("a capital", "Whoever runs it", Some("\"Whoever runs it\"")),
            ("a sentence's start", "It fails. What is sent is lost.", Some("\"What is sent is lost.\"")),
            ("a semicolon", "It fails; what is sent is lost.", Some("\"what is sent is lost.\"")),
            ("a question", "What is a lane? A queue.", None),
            ("an indirect question", "The error says what failed.", None),
            ("a relative clause", "The administrator who runs it decides.", None),
            ("a verb at the start", "Answers the number of rows.", Some("write `returns`")),
            ("answers that are things", "Answers are small.", None),
            ("a receiver that answers", "The receiver answers with 200.", None),
            ("a number of things", "Up to so many rows.", Some("give the number")),
            ("a time without end", "It waits for ever.", Some("never expires")),
            ("a possessive", "The lane is nobody's.", Some("no owner")),
            ("a comparison", "Another component than the embedded one", Some("instead of")),
            ("a part of a word", "Somewhatever and for everybody.", None),
            ("a doc comment of a field", "Whether bodies are kept.", None),
        ];
        let patterns = compile().unwrap();
        for (name, text, expected) in rows {
            let found = patterns.check("a", &[Paragraph::of(1, text)]);
            assert_eq!(found.len(), usize::from(expected.is_some()), "{name}: {found:?}");
            assert!(found.iter().all(|found| found.text.contains(expected.unwrap_or_default())), "{name}: {found:?}");
        }
    }

    #[test]
    fn doc_comment_of_a_function_starts_with_a_verb() {
        let mut paragraph = Paragraph::of(1, "Whether a lease is held.");
        paragraph.documents_function = true;
        assert_eq!(compile().unwrap().check("a", &[paragraph]).len(), 1);
    }
}
