//! Numbers, by the grammar of RFC 8259, as their text.

use super::cursor::Cursor;
use crate::support::error::Error;
use crate::support::json::Number;

/// Reads the number at the cursor.
pub(super) fn number(cursor: &mut Cursor<'_>) -> Result<Number, Error> {
    let start = cursor.at;
    if cursor.peek() == Some(b'-') {
        cursor.at += 1;
    }
    if cursor.peek() == Some(b'0') {
        cursor.at += 1;
        if let Some(b'0'..=b'9') = cursor.peek() {
            return Err(cursor.error(start, "a number with a leading zero"));
        }
    } else {
        digits(cursor)?;
    }
    if cursor.peek() == Some(b'.') {
        cursor.at += 1;
        digits(cursor)?;
    }
    if let Some(b'e' | b'E') = cursor.peek() {
        cursor.at += 1;
        if let Some(b'+' | b'-') = cursor.peek() {
            cursor.at += 1;
        }
        digits(cursor)?;
    }
    Ok(Number(cursor.text[start..cursor.at].to_owned()))
}

fn digits(cursor: &mut Cursor<'_>) -> Result<(), Error> {
    let start = cursor.at;
    while let Some(b'0'..=b'9') = cursor.peek() {
        cursor.at += 1;
    }
    if cursor.at == start { Err(cursor.unexpected("a digit")) } else { Ok(()) }
}
