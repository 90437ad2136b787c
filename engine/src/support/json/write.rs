//! From tree to text, exactly as PHP, Python or JavaScript would write it.

use super::Json;
use super::marks::{MARK_BYTE, Part, split};
use serde::Deserialize;
use std::fmt::Write;

/// The style of JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// As JavaScript's `JSON.stringify`: no spaces, everything from U+0020 raw but `"` and `\`.
    Compact,
    /// As PHP's `json_encode` by default: compact, `/` as `\/`, non-ASCII as `\uxxxx` in lower case, U+007F raw.
    Php,
    /// As Python's `json.dumps(indent=2, ensure_ascii=False)`; empty containers stay `[]` and `{}`.
    #[serde(rename = "python-indent-2")]
    PythonIndent2,
}

/// Returns the text of a value.
pub fn write(json: &Json, style: Style) -> String {
    let mut out = String::new();
    value(&mut out, json, style, 0, usize::MAX);
    out
}

/// Returns the text of a value if it has at most `bytes_max` bytes. Writing stops soon after the limit.
pub fn write_within(json: &Json, style: Style, bytes_max: usize) -> Option<String> {
    let mut out = String::new();
    value(&mut out, json, style, 0, bytes_max);
    (out.len() <= bytes_max).then_some(out)
}

/// Writes a value. Writing stops once the text is longer than `bytes_max`.
fn value(out: &mut String, json: &Json, style: Style, depth: usize, bytes_max: usize) {
    if out.len() > bytes_max {
        return;
    }
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(number) => out.push_str(number.text()),
        Json::String(text) => string(out, text, style),
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                between(out, index, style, depth + 1);
                value(out, item, style, depth + 1, bytes_max);
                if out.len() > bytes_max {
                    return;
                }
            }
            end(out, items.is_empty(), style, depth);
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (index, (key, member)) in members.iter().enumerate() {
                between(out, index, style, depth + 1);
                string(out, key, style);
                out.push_str(if style == Style::PythonIndent2 { ": " } else { ":" });
                value(out, member, style, depth + 1, bytes_max);
                if out.len() > bytes_max {
                    return;
                }
            }
            end(out, members.is_empty(), style, depth);
            out.push('}');
        }
    }
}

fn between(out: &mut String, index: usize, style: Style, depth: usize) {
    if index > 0 {
        out.push(',');
    }
    if style == Style::PythonIndent2 {
        line(out, depth);
    }
}

fn end(out: &mut String, empty: bool, style: Style, depth: usize) {
    if style == Style::PythonIndent2 && !empty {
        line(out, depth);
    }
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth {
        out.push_str("  ");
    }
}

/// Writes a string of a tree. All three runtimes escape `"`, `\` and characters below U+0020 alike, and leave U+007F raw. Only
/// PHP escapes more. Half of a surrogate pair is always an escape, because it has no UTF-8.
pub fn string(out: &mut String, text: &str, style: Style) {
    let php = style == Style::Php;
    // A byte from 0x80 on begins a character wherever it is the first one found, so every cut is at a boundary.
    let special =
        |byte: &u8| matches!(*byte, b'"' | b'\\' | 0..=0x1f | MARK_BYTE) || php && matches!(*byte, b'/' | 0x80..);
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.as_bytes().iter().position(special) {
        out.push_str(&rest[..at]);
        let Some((part, after)) = split(&rest[at..]) else { break };
        match part {
            // Characters that only share their first byte with the mark are written as they are.
            Part::Char(char) if !php && !char.is_ascii() => out.push(char),
            Part::Char(char) => escape(out, char),
            Part::Half(digits) => {
                out.push_str("\\u");
                out.extend(digits.map(char::from));
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out.push('"');
}

fn escape(out: &mut String, char: char) {
    match char {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '/' => out.push_str("\\/"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ => {
            for code in char.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{code:04x}").expect("a String takes all that is written to it");
            }
        }
    }
}
