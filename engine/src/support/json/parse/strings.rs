//! Strings: escapes, surrogate pairs, and the characters that are refused.

use super::InvalidText;
use super::cursor::Cursor;
use crate::support::error::Error;
use crate::support::json::marks::{MARK_BYTE, push, push_half};

/// Reads the string whose opening quote is at the cursor.
pub(super) fn string(cursor: &mut Cursor<'_>) -> Result<String, Error> {
    cursor.at += 1;
    let mut out = String::new();
    loop {
        let start = cursor.at;
        while !matches!(cursor.peek(), None | Some(b'"' | b'\\' | 0..=0x1f | MARK_BYTE)) {
            cursor.at += 1;
        }
        // Both ends lie beside ASCII bytes or the first byte of a character, so they are boundaries of characters.
        out.push_str(&cursor.text[start..cursor.at]);
        match cursor.peek() {
            Some(b'"') => {
                cursor.at += 1;
                return Ok(out);
            }
            Some(b'\\') => escape(cursor, &mut out)?,
            Some(MARK_BYTE) => {
                let char = cursor.text[cursor.at..].chars().next().unwrap_or_default();
                push(&mut out, char);
                cursor.at += char.len_utf8();
            }
            Some(_) => return Err(cursor.error(cursor.at, "a control character that is not escaped in a string")),
            None => return Err(cursor.unexpected("`\"`")),
        }
    }
}

/// Reads the escape at the cursor.
fn escape(cursor: &mut Cursor<'_>, out: &mut String) -> Result<(), Error> {
    let start = cursor.at;
    cursor.at += 1;
    let plain = match cursor.peek() {
        Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(cursor, start, out),
        _ => return Err(cursor.unexpected("an escape")),
    };
    cursor.at += 1;
    out.push(plain);
    Ok(())
}

/// Reads the digits behind `\u`, and the second half of a surrogate pair.
fn unicode(cursor: &mut Cursor<'_>, start: usize, out: &mut String) -> Result<(), Error> {
    let first = hex4(cursor)?;
    let mut code = first;
    if let 0xd800..=0xdbff = first
        && cursor.text[cursor.at..].starts_with("\\u")
    {
        let end = cursor.at;
        cursor.at += 1;
        match hex4(cursor)? {
            second @ 0xdc00..=0xdfff => code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00),
            // It is a character of its own, or half of another pair.
            _ => cursor.at = end,
        }
    }
    let is_kept = cursor.rule != InvalidText::Refuse;
    match char::from_u32(code) {
        Some('\0') if !is_kept => {
            Err(cursor.refused(start, "U+0000 in a string").hint("not every database can store it"))
        }
        Some(char) => {
            push(out, char);
            Ok(())
        }
        None if is_kept => {
            push_half(out, code);
            Ok(())
        }
        None => Err(cursor.refused(start, "half of a surrogate pair").hint("text cut in the middle of a character?")),
    }
}

/// Passes a `u` and four hexadecimal digits, and returns their number.
fn hex4(cursor: &mut Cursor<'_>) -> Result<u32, Error> {
    let digits = cursor.text.get(cursor.at + 1..cursor.at + 5).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
    let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let code = code.ok_or_else(|| cursor.error(cursor.at, "expected four hexadecimal digits after `\\u`"))?;
    cursor.at += 5;
    Ok(code)
}
