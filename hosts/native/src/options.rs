//! Options: a JSON object whose members are taken one by one. A member that is left over is an error that names it.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::failure::{Failure, Outcome};
use crate::json;

/// The options that a caller gave and that are not taken yet.
pub(crate) struct Options {
    left: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Options {
    /// Parses an object. An empty text is an empty object.
    pub(crate) fn read(text: &str) -> Outcome<Options> {
        if text.is_empty() {
            return Ok(Options { left: Map::new(), known: Vec::new() });
        }
        match json::read(text.as_bytes()) {
            Ok(Value::Object(left)) => Ok(Options { left, known: Vec::new() }),
            Ok(_) => Err(Failure::invalid("options", "must be a JSON object", None)),
            Err(problem) => Err(Failure::invalid("options", &format!("has {problem}"), None)),
        }
    }

    /// Takes an option of any type. `null` is the same as an absent option.
    pub(crate) fn value(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.left.remove(name).filter(|value| !value.is_null())
    }

    /// Takes a text.
    pub(crate) fn text(&mut self, name: &'static str) -> Outcome<Option<String>> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() && !text.contains('\0') => Ok(Some(text)),
            Some(_) => Err(Failure::invalid(name, "must be a non-empty string without U+0000", None)),
        }
    }

    /// Takes a whole number in a range.
    pub(crate) fn number(&mut self, name: &'static str, range: RangeInclusive<u64>) -> Outcome<Option<u64>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match value.as_u64().filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => {
                let message = format!("must be a whole number from {} to {}", range.start(), range.end());
                Err(Failure::invalid(name, &message, None))
            }
        }
    }

    /// Takes a boolean. An absent option is false.
    pub(crate) fn flag(&mut self, name: &'static str) -> Outcome<bool> {
        match self.value(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(Failure::invalid(name, "must be true or false", None)),
        }
    }

    /// Takes one of several words.
    pub(crate) fn word(&mut self, name: &'static str, words: &[&'static str]) -> Outcome<Option<&'static str>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        one_of(name, &value, words).map(Some)
    }

    /// Takes a list of words, each one of several.
    pub(crate) fn words(&mut self, name: &'static str, words: &[&'static str]) -> Outcome<Option<Vec<&'static str>>> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(items)) => {
                items.iter().map(|item| one_of(name, item, words)).collect::<Outcome<_>>().map(Some)
            }
            Some(_) => Err(Failure::invalid(name, &format!("must be an array of {}", words.join(", ")), None)),
        }
    }

    /// Fails if an option is left over.
    pub(crate) fn end(self) -> Outcome<()> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(unknown) => {
                let hint = format!("known options: {}", self.known.join(", "));
                Err(Failure::invalid(unknown, "is not an option", Some(&hint)))
            }
        }
    }
}

fn one_of(name: &str, value: &Value, words: &[&'static str]) -> Outcome<&'static str> {
    let found = words.iter().copied().find(|word| value.as_str() == Some(word));
    found.ok_or_else(|| Failure::invalid(name, &format!("must be one of {}", words.join(", ")), None))
}
