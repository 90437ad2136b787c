//! From text to tree, strictly by RFC 8259. An error names line, column and the expected text.
//!
//! A value that is JSON but refused (U+0000, half of a surrogate pair, too deep a nesting) is reported with its field.

use super::{Json, Number, quoted};
use crate::support::error::{Error, ErrorKind};
use crate::support::limits;

/// Returns the value that the text holds. Errors: `invalid`, with line and column.
pub fn parse(text: &str) -> Result<Json, Error> {
    parse_within(text, limits::JSON_DEPTH_MAX)
}

/// Returns the value that the text holds, with another limit of depth.
pub fn parse_within(text: &str, depth_max: usize) -> Result<Json, Error> {
    let mut parser = Parser { text, at: 0, depth: 0, depth_max };
    parser.space();
    let value = parser.value().map_err(|mut error| {
        error.field.take_if(|field| field.is_empty());
        error
    })?;
    parser.space();
    match parser.peek() {
        None => Ok(value),
        Some(_) => Err(parser.unexpected("the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    depth_max: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn error(&self, at: usize, what: &str) -> Error {
        let (line, column) = place(self.text, at);
        Error::of(ErrorKind::Invalid, format!("not JSON at line {line}, column {column}: {what}"))
    }

    /// Returns an error about a value. The callers add the field's path.
    fn refused(&self, at: usize, what: &str) -> Error {
        self.error(at, what).at("")
    }

    fn unexpected(&self, wanted: &str) -> Error {
        let found = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        let found = found.map_or("the end".to_owned(), |found| format!("{found:?}"));
        self.error(self.at, &format!("expected {wanted}, found {found}"))
    }

    fn value(&mut self) -> Result<Json, Error> {
        match self.peek() {
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'"') => self.string().map(Json::String),
            Some(b'[') => self.nested(Parser::array),
            Some(b'{') => self.nested(Parser::object),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, Error> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.error(self.at, &format!("expected `{word}`")));
        }
        self.at += word.len();
        Ok(value)
    }

    /// Passes an opening bracket, within the limit of depth, and reads the value behind it.
    fn nested(&mut self, inner: fn(&mut Self) -> Result<Json, Error>) -> Result<Json, Error> {
        if self.depth == self.depth_max {
            let what = format!("nested deeper than {} levels", self.depth_max);
            return Err(self.refused(self.at, &what).hint("send less of the model, or flatten it"));
        }
        self.depth += 1;
        self.at += 1;
        let value = inner(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Json, Error> {
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            self.space();
            items.push(self.value().map_err(|error| below(&format!("[{}]", items.len()), error))?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::Array(items));
                }
                _ => return Err(self.unexpected("`,` or `]`")),
            }
        }
    }

    fn object(&mut self) -> Result<Json, Error> {
        let mut members = Vec::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in quotes"));
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.at += 1;
            self.space();
            let value = self.value().map_err(|error| below(&quoted(&key), error))?;
            members.push((key, value));
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Json::Object(without_duplicates(members)));
                }
                _ => return Err(self.unexpected("`,` or `}`")),
            }
        }
    }

    fn digits(&mut self) -> Result<(), Error> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected("a digit")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Json, Error> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if let Some(b'0'..=b'9') = self.peek() {
                return Err(self.error(start, "a number with a leading zero"));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Json::Number(Number(self.text[start..self.at].to_owned())))
    }

    fn string(&mut self) -> Result<String, Error> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            // Both ends lie beside ASCII bytes, so they are boundaries of characters.
            out.push_str(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(self.error(self.at, "a control character that is not escaped in a string")),
                None => return Err(self.unexpected("`\"`")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        let start = self.at;
        self.at += 1;
        let plain = match self.peek() {
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(start),
            _ => return Err(self.unexpected("an escape")),
        };
        self.at += 1;
        Ok(plain)
    }

    /// Reads the digits behind `\u`, and the second half of a surrogate pair.
    fn unicode(&mut self, start: usize) -> Result<char, Error> {
        let first = self.hex4()?;
        let code = match first {
            0xd800..=0xdbff if self.text[self.at..].starts_with("\\u") => {
                self.at += 1;
                match self.hex4()? {
                    second @ 0xdc00..=0xdfff => 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                    _ => first,
                }
            }
            _ => first,
        };
        match char::from_u32(code) {
            Some('\0') => Err(self.refused(start, "U+0000 in a string").hint("not every database can store it")),
            Some(char) => Ok(char),
            None => Err(self.refused(start, "half of a surrogate pair").hint("text cut in the middle of a character?")),
        }
    }

    fn hex4(&mut self) -> Result<u32, Error> {
        let digits = self.text.get(self.at + 1..self.at + 5).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.error(self.at, "expected four hexadecimal digits after `\\u`"))?;
        self.at += 5;
        Ok(code)
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

/// Returns the line and the column, in characters, both from 1, of a byte of the text.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// Returns line and column, both from 1, of the key of a path like `payload[3].name`, or of the array's item. If a part
/// of the path is missing, they are those of the last part that is there. The text must be JSON.
pub fn place_of(text: &str, path: &str) -> (usize, usize) {
    let mut parser = Parser { text, at: 0, depth: 0, depth_max: usize::MAX };
    let mut found = 0;
    for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
        let index = step.strip_suffix(']').and_then(|step| step.parse().ok());
        match parser.step(step, index) {
            Some(at) => found = at,
            None => break,
        }
    }
    place(text, found)
}

impl Parser<'_> {
    /// Moves to the value of a key or an index, and returns the offset of the key or the item.
    fn step(&mut self, key: &str, index: Option<usize>) -> Option<usize> {
        self.space();
        let open = if index.is_some() { b'[' } else { b'{' };
        if self.peek() != Some(open) {
            return None;
        }
        self.at += 1;
        for count in 0.. {
            self.space();
            let start = self.at;
            let wanted = match index {
                _ if self.peek() == Some(b']') => return None,
                Some(index) => index == count,
                None if self.peek() == Some(b'"') => {
                    let name = self.string().ok()?;
                    self.space();
                    self.at += 1;
                    self.space();
                    name == key
                }
                None => return None,
            };
            if wanted {
                return Some(start);
            }
            self.value().ok()?;
            self.space();
            if self.peek() != Some(b',') {
                return None;
            }
            self.at += 1;
        }
        None
    }
}

/// Returns the members with the last value of each key, at the key's first place.
fn without_duplicates(mut members: Vec<(String, Json)>) -> Vec<(String, Json)> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    // A stable sort: of one key, later members come later.
    order.sort_by(|&a, &b| members[a].0.cmp(&members[b].0));
    if order.windows(2).all(|pair| members[pair[0]].0 != members[pair[1]].0) {
        return members;
    }
    let mut kept = vec![true; members.len()];
    let mut first = 0;
    for i in 1..order.len() {
        if members[order[i]].0 == members[order[first]].0 {
            members[order[first]].1 = std::mem::replace(&mut members[order[i]].1, Json::Null);
            kept[order[i]] = false;
        } else {
            first = i;
        }
    }
    let mut kept = kept.into_iter();
    members.retain(|_| kept.next() == Some(true));
    members
}
