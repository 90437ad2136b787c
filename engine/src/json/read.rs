//! Reading an object field by field: the types are checked, and what nobody asked for is refused.

use super::Json;
use crate::Error;

/// An object whose fields are taken one after the other. `null` counts as absent unless [`Reader::raw`] takes it.
///
/// Errors name the field as a path from outside, and [`Reader::finish`] refuses the fields that were not taken, with
/// the names of those that were asked for: a misspelt field is never lost in silence.
#[derive(Debug)]
pub struct Reader {
    path: String,
    members: Vec<(String, Option<Json>)>,
    known: Vec<&'static str>,
}

impl Reader {
    /// Begins with an object; `path` is what its fields' names are prefixed with, or empty.
    pub fn new(path: &str, json: Json) -> Result<Reader, Error> {
        let Json::Object(members) = json else {
            let error = Error::invalid(path, format!("expected an object, not {}", json.kind()));
            return Err(if path.is_empty() { Error { field: None, ..error } } else { error });
        };
        let members = members.into_iter().map(|(key, value)| (key, Some(value))).collect();
        Ok(Reader { path: path.to_owned(), members, known: Vec::new() })
    }

    /// The field's name from outside: `subject.id`.
    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The field's value, `null` included.
    pub fn raw(&mut self, name: &'static str) -> Option<Json> {
        self.known.push(name);
        self.members.iter_mut().find(|(key, _)| key == name).and_then(|(_, value)| value.take())
    }

    /// The field's value.
    pub fn value(&mut self, name: &'static str) -> Option<Json> {
        self.raw(name).filter(|value| *value != Json::Null)
    }

    /// The field's value, which must be there.
    pub fn required(&mut self, name: &'static str) -> Result<Json, Error> {
        self.value(name).ok_or_else(|| Error::invalid(&self.path(name), "is required"))
    }

    /// The text of a field.
    pub fn text(&mut self, name: &'static str) -> Result<Option<String>, Error> {
        match self.value(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, "a string", &other)),
        }
    }

    /// A field that is a whole number from 0 on.
    pub fn number(&mut self, name: &'static str) -> Result<Option<u64>, Error> {
        match self.value(name) {
            None => Ok(None),
            Some(Json::Number(number)) => match number.text().parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(Error::invalid(&self.path(name), format!("`{}` is no whole number", number.text()))),
            },
            Some(other) => Err(self.wrong(name, "a number", &other)),
        }
    }

    /// A field that is `true` or `false`.
    pub fn bool(&mut self, name: &'static str) -> Result<Option<bool>, Error> {
        match self.value(name) {
            None => Ok(None),
            Some(Json::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(self.wrong(name, "true or false", &other)),
        }
    }

    /// The items of a field that is an array.
    pub fn list(&mut self, name: &'static str) -> Result<Option<Vec<Json>>, Error> {
        match self.value(name) {
            None => Ok(None),
            Some(Json::Array(items)) => Ok(Some(items)),
            Some(other) => Err(self.wrong(name, "an array", &other)),
        }
    }

    /// The error for a field of another type than the wanted one.
    pub fn wrong(&self, name: &str, wanted: &str, found: &Json) -> Error {
        Error::invalid(&self.path(name), format!("expected {wanted}, not {}", found.kind()))
    }

    /// Refuses what was not taken.
    pub fn finish(self) -> Result<(), Error> {
        let left = self.members.iter().find(|(key, _)| !self.known.contains(&key.as_str()));
        match left {
            None => Ok(()),
            Some((key, _)) => {
                let error = Error::invalid(&self.path(&quoted(key)), "there is no such field");
                Err(error.hint(format!("the fields are {}", self.known.join(", "))))
            }
        }
    }
}

/// The beginning of a text, fit for a message: one line, not longer than 64 characters.
pub fn quoted(text: &str) -> String {
    let short: String = text.chars().take(64).flat_map(char::escape_debug).collect();
    if text.chars().nth(64).is_some() { format!("{short}...") } else { short }
}
