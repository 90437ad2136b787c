//! Where a field is in a text, for errors about profiles.

use super::cursor::{self, Cursor};
use super::{InvalidText, Parser, strings};

/// Returns line and column, both from 1, of the key of a path like `payload[3].name`, or of the array's item. If a part
/// of the path is missing, they are those of the last part that is there. The text must be JSON.
pub fn place_of(text: &str, path: &str) -> (usize, usize) {
    let mut parser = Parser { cursor: Cursor::new(text, InvalidText::Keep), depth: 0, depth_max: usize::MAX };
    let mut found = 0;
    for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
        let index = step.strip_suffix(']').and_then(|step| step.parse().ok());
        match enter(&mut parser, step, index) {
            Some(at) => found = at,
            None => break,
        }
    }
    cursor::place(text, found)
}

/// Moves to the value of a key or an index, and returns the offset of the key or the item.
fn enter(parser: &mut Parser<'_>, key: &str, index: Option<usize>) -> Option<usize> {
    parser.cursor.space();
    let open = if index.is_some() { b'[' } else { b'{' };
    if parser.cursor.peek() != Some(open) {
        return None;
    }
    parser.cursor.at += 1;
    for count in 0.. {
        parser.cursor.space();
        let start = parser.cursor.at;
        let wanted = match index {
            _ if parser.cursor.peek() == Some(b']') => return None,
            Some(index) => index == count,
            None if parser.cursor.peek() == Some(b'"') => {
                let name = strings::string(&mut parser.cursor).ok()?;
                parser.cursor.space();
                parser.cursor.at += 1;
                parser.cursor.space();
                name == key
            }
            None => return None,
        };
        if wanted {
            return Some(start);
        }
        parser.value().ok()?;
        parser.cursor.space();
        if parser.cursor.peek() != Some(b',') {
            return None;
        }
        parser.cursor.at += 1;
    }
    None
}
