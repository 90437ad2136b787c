//! Reading an object field by field: the types are checked, and what nobody asked for is refused.

use super::Json;
use crate::support::error::Error;
use crate::support::error::ErrorKind;

/// An object whose fields are taken one after the other. `null` counts as absent unless [`Reader::raw`] takes it.
///
/// The first problem is kept and told by [`Reader::finish`], which also refuses the fields that were not taken, with
/// the names of those that were asked for: a misspelt field is never lost in silence. Until then a field with a problem
/// reads as absent. (An early return at every field would make several times the code.)
#[derive(Debug)]
pub struct Reader {
    path: String,
    members: Vec<(String, Option<Json>)>,
    known: Vec<&'static str>,
    problem: Option<Error>,
}

impl Reader {
    /// Begins with an object; `path` is what its fields' names are prefixed with, or empty.
    pub fn new(path: &str, json: Json) -> Reader {
        let mut reader = Reader { path: path.to_owned(), members: Vec::new(), known: Vec::new(), problem: None };
        match json {
            Json::Object(members) => {
                reader.members = members.into_iter().map(|(key, value)| (key, Some(value))).collect();
            }
            other => {
                let error = Error::of(ErrorKind::Invalid, format!("expected an object, not {}", other.kind()));
                reader.refuse(if path.is_empty() { error } else { error.at(path) });
            }
        }
        reader
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
    pub fn required(&mut self, name: &'static str) -> Option<Json> {
        let value = self.value(name);
        if value.is_none() {
            self.refuse_field(name, "is required");
        }
        value
    }

    /// The text of a field.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        match self.value(name) {
            Some(Json::String(text)) => Some(text),
            other => self.not_a(name, "a string", other),
        }
    }

    /// A field that is a whole number from 0 on.
    pub fn number(&mut self, name: &'static str) -> Option<u64> {
        match self.value(name) {
            Some(Json::Number(number)) => {
                let parsed = number.text().parse().ok();
                if parsed.is_none() {
                    self.refuse_field(name, &format!("`{}` is no whole number", quoted(number.text())));
                }
                parsed
            }
            other => self.not_a(name, "a number", other),
        }
    }

    /// A field that is `true` or `false`.
    pub fn bool(&mut self, name: &'static str) -> Option<bool> {
        match self.value(name) {
            Some(Json::Bool(value)) => Some(value),
            other => self.not_a(name, "true or false", other),
        }
    }

    /// The items of a field that is an array.
    pub fn list(&mut self, name: &'static str) -> Option<Vec<Json>> {
        match self.value(name) {
            Some(Json::Array(items)) => Some(items),
            other => self.not_a(name, "an array", other),
        }
    }

    /// Notes that a field has another type than the wanted one.
    pub fn wrong(&mut self, name: &str, wanted: &str, found: &Json) {
        self.refuse_field(name, &format!("expected {wanted}, not {}", found.kind()));
    }

    /// Notes what is wrong with a field.
    pub fn refuse_field(&mut self, name: &str, what: &str) {
        self.refuse(Error::invalid(&self.path(name), what));
    }

    /// Notes a problem. The first one counts.
    pub fn refuse(&mut self, error: Error) {
        self.problem.get_or_insert(error);
    }

    /// Notes the problem of something read by other means.
    pub fn noted<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(error);
                None
            }
        }
    }

    /// Tells the first problem, or refuses what was not taken.
    pub fn finish(self) -> Result<(), Error> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let left = self.members.iter().find(|(key, _)| !self.known.contains(&key.as_str()));
        match left {
            None => Ok(()),
            Some((key, _)) => {
                let error = Error::invalid(&self.path(&quoted(key)), "there is no such field");
                Err(error.hint(format!("the fields are {}", self.known.join(", "))))
            }
        }
    }

    fn not_a<T>(&mut self, name: &str, wanted: &str, found: Option<Json>) -> Option<T> {
        if let Some(found) = found {
            self.wrong(name, wanted, &found);
        }
        None
    }
}

/// The beginning of a text, fit for a message: one line, not longer than 64 characters.
pub fn quoted(text: &str) -> String {
    let short: String = text.chars().take(64).flat_map(char::escape_debug).collect();
    if text.chars().nth(64).is_some() { format!("{short}...") } else { short }
}
