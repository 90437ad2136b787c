//! Characters that are valid in JSON and not everywhere else: U+0000, and halves of surrogate pairs (`"\ud800"`), which
//! are no Unicode text. Texts of a tree hold a half as a mark and its four digits, because no Rust string can hold it
//! itself. A text that has the mark on its own holds it twice.

use std::borrow::Cow;

/// A noncharacter, which no text should have.
pub(super) const MARK: char = '\u{10ffff}';

/// The first byte of the mark in UTF-8. Only characters from U+100000 on begin with it.
pub(super) const MARK_BYTE: u8 = 0xf4;

/// The rule for U+0000 and halves of surrogate pairs in the texts of a JSON text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvalidText {
    /// They are kept, and written as escapes: `\u0000`, `\ud800`.
    #[default]
    Keep,
    /// Each becomes U+FFFD, the replacement character.
    Replace,
    /// The JSON text is refused.
    Refuse,
}

/// A part of a text of a tree.
pub(super) enum Part {
    Char(char),
    /// A half of a surrogate pair, as its digits.
    Half([u8; 4]),
}

/// Adds half of a surrogate pair to a text of a tree.
pub(super) fn push_half(out: &mut String, code: u32) {
    out.push(MARK);
    out.push_str(&format!("{code:04x}"));
}

/// Adds a character to a text of a tree.
pub(super) fn push(out: &mut String, char: char) {
    out.push(char);
    if char == MARK {
        out.push(MARK);
    }
}

/// Reads the part at the beginning of a text of a tree, and the rest.
pub(super) fn split(text: &str) -> Option<(Part, &str)> {
    let mut chars = text.chars();
    let first = chars.next()?;
    let rest = chars.as_str();
    if first != MARK {
        return Some((Part::Char(first), rest));
    }
    if let Some(rest) = rest.strip_prefix(MARK) {
        return Some((Part::Char(MARK), rest));
    }
    let digits = rest.as_bytes().first_chunk::<4>().filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    match digits {
        Some(digits) => Some((Part::Half(*digits), &rest[4..])),
        None => Some((Part::Char(MARK), rest)),
    }
}

/// Returns a text as trees hold it.
pub(super) fn marked(text: &str) -> String {
    if text.contains(MARK) { text.replace(MARK, "\u{10ffff}\u{10ffff}") } else { text.to_owned() }
}

/// Returns a text of a tree as Unicode, with U+FFFD in place of each half of a surrogate pair.
pub fn unicode(text: &str) -> Cow<'_, str> {
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((part, after)) = split(rest) {
        out.push(match part {
            Part::Char(char) => char,
            Part::Half(_) => char::REPLACEMENT_CHARACTER,
        });
        rest = after;
    }
    Cow::Owned(out)
}

/// Returns true if a text of a tree has half of a surrogate pair.
pub fn has_half(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find(MARK) {
        match split(&rest[at..]) {
            Some((Part::Half(_), _)) => return true,
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    false
}
