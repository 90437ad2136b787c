//! The fields of an object in a tree, taken one after the other with their types checked.

use super::{Json, quoted};
use crate::support::error::{Error, ErrorKind};

/// An object whose fields are taken one after the other. `null` counts as absent.
///
/// [`Fields::finish`] refuses the fields that were not taken, so that a misspelt field is never ignored.
#[derive(Debug)]
pub struct Fields {
    path: String,
    members: Vec<(String, Option<Json>)>,
    known: Vec<&'static str>,
}

impl Fields {
    /// Returns the fields of an object. `path` is the object's own path, which the names of its fields are prefixed
    /// with, or empty.
    pub fn new(path: &str, json: Json) -> Result<Fields, Error> {
        let Json::Object(members) = json else {
            let error = Error::of(ErrorKind::Invalid, format!("expected an object, not {}", json.kind()));
            return Err(if path.is_empty() { error } else { error.at(path) });
        };
        let members = members.into_iter().map(|(key, value)| (key, Some(value))).collect();
        Ok(Fields { path: path.to_owned(), members, known: Vec::new() })
    }

    /// Takes the value of a field.
    pub fn value(&mut self, name: &'static str) -> Option<Json> {
        self.known.push(name);
        let value = self.members.iter_mut().find(|(key, _)| key == name).and_then(|(_, value)| value.take());
        value.filter(|value| *value != Json::Null)
    }

    /// Takes the text of a field.
    pub fn text(&mut self, name: &'static str) -> Result<Option<String>, Error> {
        match self.value(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, "a string", &other)),
        }
    }

    /// Returns the error of a field that has a different type.
    pub fn wrong(&self, name: &str, wanted: &str, found: &Json) -> Error {
        self.invalid(name, format!("expected {wanted}, not {}", found.kind()))
    }

    /// Returns an error about a field.
    pub fn invalid(&self, name: &str, message: impl Into<String>) -> Error {
        Error::invalid(&self.path_of(name), message)
    }

    /// Refuses the first field that was not taken, with the names of those that were asked for.
    pub fn finish(self) -> Result<(), Error> {
        let left = self.members.iter().find(|(key, _)| !self.known.contains(&key.as_str()));
        match left {
            None => Ok(()),
            Some((key, _)) => {
                let error = self.invalid(&quoted(key), "there is no such field");
                Err(error.hint(format!("the fields are {}", self.known.join(", "))))
            }
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::json::parse;

    fn fields(text: &str) -> Fields {
        Fields::new("outer", parse(text).unwrap()).unwrap()
    }

    #[test]
    fn null_counts_as_absent() {
        let mut fields = fields(r#"{"a":null,"b":"x"}"#);
        assert_eq!((fields.text("a"), fields.text("b"), fields.text("c")), (Ok(None), Ok(Some("x".into())), Ok(None)));
        assert_eq!(fields.finish(), Ok(()));
    }

    #[test]
    fn a_field_that_was_not_taken_is_refused_with_the_known_names() {
        let mut fields = fields(r#"{"a":1,"c":2}"#);
        assert_eq!((fields.value("a"), fields.value("b")), (Some(Json::from(1)), None));
        let told = fields.finish().unwrap_err().to_string();
        assert_eq!(told, "outer.c: there is no such field (the fields are a, b)");
    }

    #[test]
    fn a_different_type_is_refused_with_both_types() {
        let told = fields(r#"{"a":1}"#).text("a").unwrap_err().to_string();
        assert_eq!(told, "outer.a: expected a string, not a number");
        for (path, told) in [("", "expected an object, not an array"), ("a", "a: expected an object, not an array")] {
            assert_eq!(Fields::new(path, Json::Array(Vec::new())).unwrap_err().to_string(), told);
        }
    }
}
