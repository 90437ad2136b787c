//! Text from others, escaped for a terminal and for a line of JSON: no character can move the cursor or change the direction
//! of the text.

use std::fmt::Write;

use hookwright_engine::json::{self, Style};

use super::limits::{SHOWN_LINE_CHARS_MAX, SHOWN_LINES_MAX};

/// Escapes control characters and changes of direction in the form `\u{1b}`.
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

/// Escapes the same characters in JSON text as JSON does. They can only be in its strings.
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

/// Returns the lines of a body for people. JSON gets one line for each member. Long lines and long bodies are cut.
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

/// Returns true for control characters, line separators and characters that change the direction of the text.
fn is_treacherous(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_move_the_cursor_are_escaped() {
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
    fn long_bodies_are_cut() {
        assert_eq!(pretty(br#"{"b":1,"a":[1E5]}"#), ["{", "  \"b\": 1,", "  \"a\": [", "    1E5", "  ]", "}"]);
        assert_eq!(pretty(b"no JSON\x1b\nat all\xff"), ["no JSON\\u{1b}", "at all\u{fffd}"]);
        assert_eq!(pretty(b""), Vec::<String>::new());
        let long = pretty("x".repeat(300).as_bytes());
        assert_eq!(long, [format!("{}\u{2026} 100 more bytes", "x".repeat(200))]);
        let many = pretty("x\n".repeat(50).as_bytes());
        assert_eq!((many.len(), many[40].as_str()), (41, "\u{2026} 10 more lines, 100 bytes in all"));
    }
}
