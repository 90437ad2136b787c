//! Splits the input into events: JSON objects in a sequence or in arrays. No more is read than the next event needs.
//!
//! The API checks the events. This file only checks that each is a JSON object, because it must find its end.

use std::fmt;
use std::io::BufRead;

use anyhow::{Context, Result, bail, ensure};
use hookwright_engine::limits::EVENT_BYTES_MAX;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::cli::text;

/// The text of an event.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// The line where it begins, counted from 1.
    pub line: u64,
    /// Its number in the input, counted from 1.
    pub number: u64,
    pub text: String,
}

impl Event {
    /// Adds an id if the event has none. It is added at the end, because the last of two fields with one name counts: so an event
    /// with `"id": null` gets an id, too.
    pub fn with_id(mut self, id: impl FnOnce(u64) -> String) -> Result<Named> {
        let mut reader = serde_json::Deserializer::from_str(&self.text);
        let fields = reader.deserialize_map(FieldsVisitor).and_then(|fields| reader.end().map(|()| fields));
        let fields = fields.with_context(|| format!("line {}: the event is not a JSON object", self.line))?;
        if fields.has_id {
            return Ok(Named { event: self, is_new: false });
        }
        let end =
            self.text.rfind('}').with_context(|| format!("line {}: the event is not a JSON object", self.line))?;
        let comma = if fields.is_empty { "" } else { "," };
        self.text.replace_range(end.., &format!("{comma}\"id\":\"{}\"}}", id(self.number)));
        Ok(Named { event: self, is_new: true })
    }
}

/// An event that has an id.
#[derive(Debug)]
pub struct Named {
    pub event: Event,
    /// True if it got the id here.
    pub is_new: bool,
}

/// The events of an input.
pub struct Events<R> {
    input: R,
    line: u64,
    number: u64,
    place: Place,
    begun: bool,
}

/// The position of the reader. The number is the line in which the array begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Outside of arrays.
    Outside,
    /// In an array, after its opening bracket.
    First(u64),
    /// In an array, after a comma.
    Next(u64),
    /// In an array, after an event.
    Behind(u64),
}

impl<R: BufRead> Events<R> {
    pub fn new(input: R) -> Events<R> {
        Events { input, line: 1, number: 0, place: Place::Outside, begun: false }
    }

    /// Returns the next event. After an error there is none.
    pub fn next(&mut self) -> Result<Option<Event>> {
        self.skip_mark()?;
        loop {
            let byte = self.peek()?;
            match (byte, self.place) {
                (Some(b' ' | b'\t' | b'\r' | b'\n'), _) => self.take(),
                (None, Place::Outside) => return Ok(None),
                (None, Place::First(line) | Place::Next(line) | Place::Behind(line)) => {
                    bail!("line {}: the array that begins in line {line} does not end", self.line)
                }
                (Some(b'['), Place::Outside) => {
                    self.place = Place::First(self.line);
                    self.take();
                }
                (Some(b']'), Place::First(_) | Place::Behind(_)) => {
                    self.place = Place::Outside;
                    self.take();
                }
                (Some(b','), Place::Behind(line)) => {
                    self.place = Place::Next(line);
                    self.take();
                }
                (Some(b'{'), Place::Outside | Place::First(_) | Place::Next(_)) => {
                    if let Place::First(line) | Place::Next(line) = self.place {
                        self.place = Place::Behind(line);
                    }
                    return self.object().map(Some);
                }
                (Some(found), _) => bail!("line {}: {}", self.line, unexpected(found, self.place)),
            }
        }
    }

    /// Reads an object up to its closing brace.
    fn object(&mut self) -> Result<Event> {
        let line = self.line;
        self.number += 1;
        let mut bytes = Vec::new();
        let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
        loop {
            let Some(byte) = self.peek()? else { bail!("line {line}: the event that begins here does not end") };
            self.take();
            bytes.push(byte);
            ensure!(bytes.len() <= EVENT_BYTES_MAX, "line {line}: the event has more than {EVENT_BYTES_MAX} bytes");
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let text = String::from_utf8(bytes).ok();
                let text = text.with_context(|| format!("line {line}: the event is not UTF-8"))?;
                return Ok(Event { line, number: self.number, text });
            }
        }
    }

    fn peek(&mut self) -> Result<Option<u8>> {
        loop {
            match self.input.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).with_context(|| format!("line {}: reading", self.line)),
            }
        }
    }

    /// Consumes the byte that `peek` returned.
    fn take(&mut self) {
        if let Ok([first, ..]) = self.input.fill_buf() {
            self.line += u64::from(*first == b'\n');
            self.input.consume(1);
        }
    }

    /// Skips the byte order mark with which some programs begin a UTF-8 file.
    fn skip_mark(&mut self) -> Result<()> {
        if !std::mem::replace(&mut self.begun, true) && self.peek()? == Some(0xef) {
            let is_mark = self.input.fill_buf().is_ok_and(|bytes| bytes.starts_with(b"\xef\xbb\xbf"));
            self.input.consume(if is_mark { 3 } else { 0 });
        }
        Ok(())
    }
}

fn unexpected(found: u8, place: Place) -> String {
    let found = text::plain(&char::from(found).to_string());
    match place {
        Place::Behind(_) => format!("expected `,` or `]` after an event, found `{found}`"),
        _ => format!("expected an event, which is a JSON object, found `{found}`"),
    }
}

/// The facts about an object's fields that matter here.
struct Fields {
    is_empty: bool,
    has_id: bool,
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event, which is a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields { is_empty: true, has_id: false };
        while let Some(key) = map.next_key::<String>()? {
            fields.is_empty = false;
            match key.as_str() {
                "id" => fields.has_id = map.next_value::<Option<IgnoredAny>>()?.is_some(),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests;
