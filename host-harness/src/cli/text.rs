//! What somebody else wrote, made fit for a terminal and for a line of JSON: no character in it can move the cursor, and
//! none can make text look like what it is not.

use std::fmt::Write;

use hookwright_engine::json::{self, Style};

use super::limits::{SHOWN_LINE_CHARS_MAX, SHOWN_LINES_MAX};

/// The text with every control character and every change of direction as `\u{1b}`.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if is_treacherous(char) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(char));
        } else {
            out.push(char);
        }
    }
    out
}

/// JSON text with such characters as JSON escapes. They can only be in its strings.
pub fn plain_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if is_treacherous(char) {
            let _ = write!(out, "\\u{:04x}", u32::from(char));
        } else {
            out.push(char);
        }
    }
    out
}

/// A body for people: JSON with a line for each member, anything else as it is; cut when it is long.
pub fn pretty(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let indented = json::parse(&text).ok().map(|value| json::write(&value, Style::PythonIndent2));
    let shown = indented.as_deref().unwrap_or(&text);
    let mut lines: Vec<String> = shown.lines().take(SHOWN_LINES_MAX).map(line).collect();
    let left = shown.lines().skip(SHOWN_LINES_MAX).count();
    if left > 0 {
        lines.push(format!("\u{2026} {left} more lines, {} bytes in all", body.len()));
    }
    lines
}

fn line(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN_LINE_CHARS_MAX).collect();
    let rest = text.len() - cut.len();
    if rest == 0 { plain(&cut) } else { format!("{}\u{2026} {rest} more bytes", plain(&cut)) }
}

/// Control characters, and those that change the direction of what follows.
fn is_treacherous(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_moves_it() {
        let rows = [
            ("caf\u{e9} \u{1f600} \\ \"", "caf\u{e9} \u{1f600} \\ \""),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\r\nb\t\u{7f}\u{9b}", "a\\u{d}\\u{a}b\\u{9}\\u{7f}\\u{9b}"),
            ("\u{202e}abc\u{2066}", "\\u{202e}abc\\u{2066}"),
        ];
        for (text, shown) in rows {
            assert_eq!(plain(text), shown);
            let json = plain_json(&serde_json::to_string(text).unwrap());
            assert!(!json.chars().any(is_treacherous), "{json}");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }

    #[test]
    fn bodies_are_shown_for_people() {
        assert_eq!(pretty(br#"{"b":1,"a":[1E5]}"#), ["{", "  \"b\": 1,", "  \"a\": [", "    1E5", "  ]", "}"]);
        assert_eq!(pretty(b"no JSON\x1b\nat all\xff"), ["no JSON\\u{1b}", "at all\u{fffd}"]);
        assert_eq!(pretty(b""), Vec::<String>::new());
        let long = pretty("x".repeat(300).as_bytes());
        assert_eq!(long, [format!("{}\u{2026} 100 more bytes", "x".repeat(200))]);
        let many = pretty("x\n".repeat(50).as_bytes());
        assert_eq!((many.len(), many[40].as_str()), (41, "\u{2026} 10 more lines, 100 bytes in all"));
    }
}
