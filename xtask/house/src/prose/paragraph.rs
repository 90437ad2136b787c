//! Paragraphs of Markdown, which is the form of documentation, comments and doc comments alike.

/// A paragraph, a heading, an item of a list or a cell of a table, joined to one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paragraph {
    /// The text, its code replaced by as many letters `x`.
    pub text: String,
    /// The text as it is written.
    pub written: String,
    /// Where each line starts in the text, and its number in the file.
    starts: Vec<(usize, usize)>,
    /// True for the first paragraph of a function's doc comment.
    pub documents_function: bool,
}

impl Paragraph {
    /// A paragraph of one line.
    pub fn of(number: usize, line: &str) -> Paragraph {
        let mut paragraph = Paragraph::default();
        paragraph.push(number, line);
        paragraph
    }

    /// Adds a line.
    pub fn push(&mut self, number: usize, line: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.starts.push((self.text.len(), number));
        self.text.push_str(line);
        self.written.clone_from(&self.text);
    }

    /// Returns the number of the line on which a place of the text stands.
    pub fn line(&self, offset: usize) -> usize {
        let before = self.starts.iter().take_while(|(start, _)| *start <= offset).last();
        before.map_or(0, |(_, number)| *number)
    }

    fn hide_code(&mut self) {
        let mut shown = String::with_capacity(self.text.len());
        let mut is_code = false;
        for letter in self.text.chars() {
            is_code ^= letter == '`';
            // As many bytes as before, so that places stay where they are.
            if is_code && letter != '`' {
                shown.extend(std::iter::repeat_n('x', letter.len_utf8()));
            } else {
                shown.push(letter);
            }
        }
        self.text = shown;
    }
}

/// Reads the paragraphs of numbered lines.
pub fn read<'a>(lines: impl Iterator<Item = (usize, &'a str)>) -> Vec<Paragraph> {
    let mut paragraphs = vec![Paragraph::default()];
    let (mut is_fenced, mut is_comment) = (false, false);
    for (number, line) in lines {
        let line = line.trim();
        if line.starts_with("```") {
            is_fenced = !is_fenced;
            paragraphs.push(Paragraph::default());
        } else if is_fenced {
        } else if is_comment || line.starts_with("<!--") {
            is_comment = !line.contains("-->");
        } else if line.starts_with('|') {
            paragraphs.extend(line.split('|').map(|cell| Paragraph::of(number, cell.trim())));
            paragraphs.push(Paragraph::default());
        } else {
            let (starts, text) = opening(line);
            if starts || line.is_empty() {
                paragraphs.push(Paragraph::default());
            }
            if let Some(paragraph) = paragraphs.last_mut().filter(|_| !text.is_empty()) {
                paragraph.push(number, text);
            }
            if line.starts_with('#') {
                paragraphs.push(Paragraph::default());
            }
        }
    }
    paragraphs.retain(|paragraph| !paragraph.text.is_empty());
    for paragraph in &mut paragraphs {
        paragraph.hide_code();
    }
    paragraphs
}

/// Returns true if a line starts a paragraph, and the line without the mark that says so.
fn opening(line: &str) -> (bool, &str) {
    let after_tag = line
        .strip_prefix('@')
        .map(|tag| tag.trim_start_matches(|letter: char| letter.is_alphanumeric() || letter == '-'));
    if let Some(rest) = after_tag {
        return (true, rest.trim());
    }
    let rest = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let number = if rest.len() < line.len() { rest.strip_prefix(". ") } else { None };
    let item = ["- ", "* ", "> "].iter().find_map(|mark| line.strip_prefix(mark));
    match number.or(item) {
        Some(rest) => (true, rest.trim()),
        None if line.starts_with('#') => (true, line.trim_start_matches('#').trim()),
        None => (false, line),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn markdown_is_cut_into_paragraphs() {
        type Row = (&'static str, &'static str, &'static [(usize, &'static str)]);
        let rows: &[Row] = &[
            ("lines", "a\nb\n\nc", &[(1, "a b"), (4, "c")]),
            ("a heading", "# A\nb", &[(1, "A"), (2, "b")]),
            ("a list", "- a\n  b\n- c\n1. d", &[(1, "a b"), (3, "c"), (4, "d")]),
            ("a table", "| a | b |\n|---|---|", &[(1, "a"), (1, "b"), (2, "---"), (2, "---")]),
            ("a fenced block", "a\n```sh\nb\n```\nc", &[(1, "a"), (5, "c")]),
            ("code", "a `b\nc` d", &[(1, "a `xxx` d")]),
            ("a comment", "<!-- a\nb -->\nc", &[(3, "c")]),
            ("a tag", "a\n@returns b", &[(1, "a"), (2, "b")]),
        ];
        for (name, text, expected) in rows {
            let found = read(text.lines().zip(1..).map(|(line, number)| (number, line)));
            let found: Vec<(usize, &str)> = found.iter().map(|found| (found.line(0), &*found.text)).collect();
            assert_eq!(found, *expected, "{name}");
        }
    }

    #[test]
    fn places_keep_their_lines() {
        let found = read([(3, "a é"), (4, "b")].into_iter());
        assert_eq!((found[0].line(0), found[0].line(3), found[0].line(5)), (3, 3, 4));
    }
}
