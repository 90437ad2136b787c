//! Strings: escapes, surrogate pairs, and the characters that are refused.

use super::cursor::Cursor;
use crate::support::error::Error;

/// Reads the string whose opening quote is at the cursor.
pub(super) fn string(cursor: &mut Cursor<'_>) -> Result<String, Error> {
    cursor.at += 1;
    let mut out = String::new();
    loop {
        let start = cursor.at;
        while !matches!(cursor.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
            cursor.at += 1;
        }
        // Both ends lie beside ASCII bytes, so they are boundaries of characters.
        out.push_str(&cursor.text[start..cursor.at]);
        match cursor.peek() {
            Some(b'"') => {
                cursor.at += 1;
                return Ok(out);
            }
            Some(b'\\') => out.push(escape(cursor)?),
            Some(_) => return Err(cursor.error(cursor.at, "a control character that is not escaped in a string")),
            None => return Err(cursor.unexpected("`\"`")),
        }
    }
}

/// Reads the escape at the cursor.
fn escape(cursor: &mut Cursor<'_>) -> Result<char, Error> {
    let start = cursor.at;
    cursor.at += 1;
    let plain = match cursor.peek() {
        Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(cursor, start),
        _ => return Err(cursor.unexpected("an escape")),
    };
    cursor.at += 1;
    Ok(plain)
}

/// Reads the digits behind `\u`, and the second half of a surrogate pair.
fn unicode(cursor: &mut Cursor<'_>, start: usize) -> Result<char, Error> {
    let first = hex4(cursor)?;
    let code = match first {
        0xd800..=0xdbff if cursor.text[cursor.at..].starts_with("\\u") => {
            cursor.at += 1;
            match hex4(cursor)? {
                second @ 0xdc00..=0xdfff => 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                _ => first,
            }
        }
        _ => first,
    };
    match char::from_u32(code) {
        Some('\0') => Err(cursor.refused(start, "U+0000 in a string").hint("not every database can store it")),
        Some(char) => Ok(char),
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
