//! A place in a text, and errors about it.

use super::InvalidText;
use crate::support::error::{Error, ErrorKind};

/// A text and the offset of the next byte to read.
pub(super) struct Cursor<'a> {
    pub text: &'a str,
    pub at: usize,
    /// The rule for U+0000 and halves of surrogate pairs: they are kept or refused.
    pub rule: InvalidText,
}

impl<'a> Cursor<'a> {
    /// Returns the start of a text.
    pub fn new(text: &'a str, rule: InvalidText) -> Cursor<'a> {
        Cursor { text, at: 0, rule }
    }

    /// Returns the next byte.
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes white space.
    pub fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Returns an error about a byte of the text, with its line and column.
    pub fn error(&self, at: usize, what: &str) -> Error {
        let (line, column) = place(self.text, at);
        Error::of(ErrorKind::Invalid, format!("not JSON at line {line}, column {column}: {what}"))
    }

    /// Returns an error about a value. The callers add the field's path.
    pub fn refused(&self, at: usize, what: &str) -> Error {
        self.error(at, what).at("")
    }

    /// Returns an error about the next character.
    pub fn unexpected(&self, wanted: &str) -> Error {
        let found = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        let found = found.map_or("the end".to_owned(), |found| format!("{found:?}"));
        self.error(self.at, &format!("expected {wanted}, found {found}"))
    }
}

/// Returns the line and the column, in characters, both from 1, of a byte of the text.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
