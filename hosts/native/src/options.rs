//! Options: a JSON object whose members are taken one by one, so that what is left over is a mistake with a name.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::failure::{Answer, Failure};
use crate::json;

/// What a caller gave.
pub(crate) struct Options {
    left: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Options {
    /// Reads an object; no text at all is an empty one.
    pub(crate) fn read(text: &str) -> Answer<Options> {
        if text.is_empty() {
            return Ok(Options { left: Map::new(), known: Vec::new() });
        }
        match json::read(text.as_bytes()) {
            Ok(Value::Object(left)) => Ok(Options { left, known: Vec::new() }),
            Ok(_) => Err(Failure::invalid("options", "must be a JSON object", None)),
            Err(wrong) => Err(Failure::invalid("options", &format!("have {wrong}"), None)),
        }
    }

    pub(crate) fn value(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.left.remove(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Answer<Option<String>> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() && !text.contains('\0') => Ok(Some(text)),
            Some(_) => Err(Failure::invalid(name, "must be a string that is not empty and has no U+0000", None)),
        }
    }

    pub(crate) fn number(&mut self, name: &'static str, range: RangeInclusive<u64>) -> Answer<Option<u64>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match value.as_u64().filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => {
                let message = format!("must be a whole number from {} to {}", range.start(), range.end());
                Err(Failure::invalid(name, &message, None))
            }
        }
    }

    /// True or false; false if it is not there.
    pub(crate) fn flag(&mut self, name: &'static str) -> Answer<bool> {
        match self.value(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(Failure::invalid(name, "must be true or false", None)),
        }
    }

    /// One of these words.
    pub(crate) fn word(&mut self, name: &'static str, words: &[&'static str]) -> Answer<Option<&'static str>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        one_of(name, &value, words).map(Some)
    }

    /// Some of these words.
    pub(crate) fn words(&mut self, name: &'static str, words: &[&'static str]) -> Answer<Option<Vec<&'static str>>> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(items)) => {
                items.iter().map(|item| one_of(name, item, words)).collect::<Answer<_>>().map(Some)
            }
            Some(_) => Err(Failure::invalid(name, &format!("must be an array of {}", words.join(", ")), None)),
        }
    }

    /// Refuses what nobody has asked for.
    pub(crate) fn end(self) -> Answer<()> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(unknown) => {
                let hint = format!("there are {}", self.known.join(", "));
                Err(Failure::invalid(unknown, "is no option", Some(&hint)))
            }
        }
    }
}

fn one_of(name: &str, value: &Value, words: &[&'static str]) -> Answer<&'static str> {
    let found = words.iter().copied().find(|word| value.as_str() == Some(word));
    found.ok_or_else(|| Failure::invalid(name, &format!("must be of {}", words.join(", ")), None))
}
