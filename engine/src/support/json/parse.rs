//! From text to tree, strictly by RFC 8259. An error names line, column and the expected text.
//!
//! A value that is JSON but refused (U+0000, half of a surrogate pair, too deep a nesting) is reported with its field.

mod cursor;
mod numbers;
mod place;
mod strings;

use super::duplicates::without_duplicates;
use super::marks::InvalidText;
use super::replace::replaced;
use super::{Json, quoted};
use crate::support::error::Error;
use crate::support::limits;
use cursor::Cursor;

pub use place::place_of;

/// Returns the value that the text holds. U+0000 and halves of surrogate pairs are refused. Errors: `invalid`, with line
/// and column.
pub fn parse(text: &str) -> Result<Json, Error> {
    whole(text, limits::JSON_DEPTH_MAX, InvalidText::Refuse)
}

/// Returns the value that the text holds, with U+0000 and halves of surrogate pairs.
pub fn parse_kept(text: &str) -> Result<Json, Error> {
    whole(text, limits::JSON_DEPTH_MAX, InvalidText::Keep)
}

/// Returns the value that the text holds, by a rule for U+0000 and halves of surrogate pairs.
pub fn parse_by(text: &str, rule: InvalidText) -> Result<Json, Error> {
    match rule {
        InvalidText::Keep => parse_kept(text),
        InvalidText::Replace => parse_kept(text).map(replaced),
        InvalidText::Refuse => parse(text),
    }
}

/// Returns the value that the text holds, with U+0000 and halves of surrogate pairs, and with another limit of depth.
pub fn parse_within(text: &str, depth_max: usize) -> Result<Json, Error> {
    whole(text, depth_max, InvalidText::Keep)
}

fn whole(text: &str, depth_max: usize, rule: InvalidText) -> Result<Json, Error> {
    let mut parser = Parser { cursor: Cursor::new(text, rule), depth: 0, depth_max };
    parser.cursor.space();
    let value = parser.value().map_err(|mut error| {
        error.field.take_if(|field| field.is_empty());
        error
    })?;
    parser.cursor.space();
    match parser.cursor.peek() {
        None => Ok(value),
        Some(_) => Err(parser.cursor.unexpected("the end")),
    }
}

/// Reads values that may contain others.
struct Parser<'a> {
    cursor: Cursor<'a>,
    depth: usize,
    depth_max: usize,
}

impl Parser<'_> {
    fn value(&mut self) -> Result<Json, Error> {
        match self.cursor.peek() {
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'"') => strings::string(&mut self.cursor).map(Json::String),
            Some(b'[') => self.nested(Parser::array),
            Some(b'{') => self.nested(Parser::object),
            Some(b'-' | b'0'..=b'9') => numbers::number(&mut self.cursor).map(Json::Number),
            _ => Err(self.cursor.unexpected("a value")),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, Error> {
        if !self.cursor.text[self.cursor.at..].starts_with(word) {
            return Err(self.cursor.error(self.cursor.at, &format!("expected `{word}`")));
        }
        self.cursor.at += word.len();
        Ok(value)
    }

    /// Passes an opening bracket, within the limit of depth, and reads the value behind it.
    fn nested(&mut self, inner: fn(&mut Self) -> Result<Json, Error>) -> Result<Json, Error> {
        if self.depth == self.depth_max {
            let what = format!("nested deeper than {} levels", self.depth_max);
            return Err(self.cursor.refused(self.cursor.at, &what).hint("send less of the model, or flatten it"));
        }
        self.depth += 1;
        self.cursor.at += 1;
        let value = inner(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Json, Error> {
        let mut items = Vec::new();
        self.cursor.space();
        if self.cursor.peek() == Some(b']') {
            self.cursor.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            self.cursor.space();
            items.push(self.value().map_err(|error| below(&format!("[{}]", items.len()), error))?);
            self.cursor.space();
            match self.cursor.peek() {
                Some(b',') => self.cursor.at += 1,
                Some(b']') => {
                    self.cursor.at += 1;
                    return Ok(Json::Array(items));
                }
                _ => return Err(self.cursor.unexpected("`,` or `]`")),
            }
        }
    }

    fn object(&mut self) -> Result<Json, Error> {
        let mut members = Vec::new();
        self.cursor.space();
        if self.cursor.peek() == Some(b'}') {
            self.cursor.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.cursor.space();
            if self.cursor.peek() != Some(b'"') {
                return Err(self.cursor.unexpected("a key in quotes"));
            }
            let key = strings::string(&mut self.cursor)?;
            self.cursor.space();
            if self.cursor.peek() != Some(b':') {
                return Err(self.cursor.unexpected("`:`"));
            }
            self.cursor.at += 1;
            self.cursor.space();
            let value = self.value().map_err(|error| below(&quoted(&key), error))?;
            members.push((key, value));
            self.cursor.space();
            match self.cursor.peek() {
                Some(b',') => self.cursor.at += 1,
                Some(b'}') => {
                    self.cursor.at += 1;
                    return Ok(Json::Object(without_duplicates(members)));
                }
                _ => return Err(self.cursor.unexpected("`,` or `}`")),
            }
        }
    }
}

/// Length of a field's path in an error. If the path is longer, its outer part is named.
const FIELD_BYTES_MAX: usize = 100;

/// Returns the error with the outer key or index put before the field, if the error is about a value.
#[cold]
fn below(outer: &str, error: Error) -> Error {
    let Some(inner) = &error.field else { return error };
    let dot = if inner.is_empty() || inner.starts_with('[') { "" } else { "." };
    let field = format!("{outer}{dot}{inner}");
    error.at(if field.len() > FIELD_BYTES_MAX { outer } else { &field })
}
