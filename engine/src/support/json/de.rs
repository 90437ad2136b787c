//! Values for `serde`: reads a typed value from a [`Json`] tree, with errors that name the field by its path.
//!
//! `serde_json` would read the text anew, without the rules of [`parse`](super::parse) for duplicate keys, surrogates
//! and U+0000, and its errors are sentences. Errors here keep field, problem and hint apart, as [`Error`] has them. A
//! value is never quoted, because it may be a secret.

use std::fmt::Display;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, Expected, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::{Json, Style, parse, parse_within, quoted, write};
use crate::support::error::{Error, ErrorKind};

/// Reads a value from JSON text. `T` decides which fields there are.
pub fn read<T: de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    from_json(parse(text)?)
}

/// Reads a value from JSON text, or from no text at all as from an object without fields.
pub fn read_optional<T: de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    if text.trim().is_empty() { from_json(Json::Object(Vec::new())) } else { read(text) }
}

/// Reads a value from a JSON tree.
pub fn from_json<T: de::DeserializeOwned>(json: Json) -> Result<T, Error> {
    T::deserialize(Value(json)).map_err(|problem| problem.0)
}

/// An [`Error`] as serde makes it.
#[derive(Debug)]
struct Problem(Error);

impl Problem {
    fn of(message: impl Into<String>) -> Problem {
        Problem(Error::of(ErrorKind::Invalid, message))
    }

    fn in_member(self, name: &str) -> Problem {
        let name = quoted(name);
        Problem(match &self.0.field {
            Some(inner) if inner.starts_with('[') => {
                let field = format!("{name}{inner}");
                self.0.at(&field)
            }
            _ => self.0.within(&name),
        })
    }

    fn in_item(self, index: usize) -> Problem {
        Problem(self.0.within(&format!("[{index}]")))
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Problem {}

impl de::Error for Problem {
    fn custom<T: Display>(message: T) -> Problem {
        Problem::of(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Problem {
        let kind = match found {
            Unexpected::Unit => return Problem::of("is required"),
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Unsigned(_) => "a number",
            Unexpected::Signed(_) => "a negative number",
            Unexpected::Float(_) => "a fraction",
            Unexpected::Str(_) => "a string",
            Unexpected::Seq => "an array",
            Unexpected::Map => "an object",
            _ => "another value",
        };
        Problem::of(format!("expected {}, not {kind}", in_words(expected)))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Problem {
        Problem::of(format!("expected {}", in_words(expected)))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Problem {
        let problem = Error::of(ErrorKind::Invalid, format!("`{}` is not possible", quoted(variant)));
        Problem(problem.hint(format!("use one of {}", expected.join(", "))))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Problem {
        let problem = Error::invalid(&quoted(field), "there is no such field");
        Problem(problem.hint(format!("the fields are {}", expected.join(", "))))
    }

    fn missing_field(field: &'static str) -> Problem {
        Problem(Error::invalid(field, "is required"))
    }
}

/// Returns the words for what serde expects: its own are names of Rust's types.
fn in_words(expected: &dyn Expected) -> String {
    let words = expected.to_string();
    match words.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "an array".to_owned(),
        _ if words.starts_with("struct ") => "an object".to_owned(),
        _ => words,
    }
}

/// A tree as serde reads it.
struct Value(Json);

impl<'de> Deserializer<'de> for Value {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
            Json::Null => visitor.visit_unit(),
            Json::Bool(value) => visitor.visit_bool(value),
            Json::Number(number) => {
                let text = number.text();
                if let Ok(number) = text.parse::<u64>() {
                    visitor.visit_u64(number)
                } else if let Ok(number) = text.parse::<i64>() {
                    visitor.visit_i64(number)
                } else {
                    visitor.visit_f64(text.parse().unwrap_or(f64::INFINITY))
                }
            }
            Json::String(text) => visitor.visit_string(text),
            Json::Array(items) => visitor.visit_seq(Items(items.into_iter().enumerate())),
            Json::Object(members) => visitor.visit_map(Members { members: members.into_iter(), value: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0 {
            Json::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self.0 {
            Json::String(text) => visitor.visit_enum(de::value::StringDeserializer::new(text)),
            other => Err(Problem::of(format!("expected a string, not {}", other.kind()))),
        }
    }

    /// Only an object is read: derived code would take an array by the order of the fields.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self.0 {
            Json::Object(_) => self.deserialize_any(visitor),
            Json::Null => Err(Problem::of("is required")),
            other => Err(Problem::of(format!("expected an object, not {}", other.kind()))),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Problem> {
        if name == TREE {
            visitor.visit_str(&write(&self.0, Style::Compact))
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

/// The name by which a field asks for its tree. serde has no value that keeps the text of a number, so the tree passes
/// as text.
const TREE: &str = "$hookwright::json";

impl<'de> Deserialize<'de> for Json {
    /// Reads a field of any JSON. Only [`from_json`] and the functions beside it can.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_newtype_struct(TREE, Tree)
    }
}

struct Tree;

impl Visitor<'_> for Tree {
    type Value = Json;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Json, E> {
        parse_within(text, usize::MAX).map_err(E::custom)
    }
}

struct Items(std::iter::Enumerate<std::vec::IntoIter<Json>>);

impl<'de> de::SeqAccess<'de> for Items {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        let Some((index, item)) = self.0.next() else { return Ok(None) };
        seed.deserialize(Value(item)).map(Some).map_err(|problem| problem.in_item(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Members {
    members: std::vec::IntoIter<(String, Json)>,
    value: Option<(String, Json)>,
}

impl<'de> de::MapAccess<'de> for Members {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let Some((name, value)) = self.members.next() else { return Ok(None) };
        let key = seed.deserialize(Value(Json::String(name.clone())))?;
        self.value = Some((name, value));
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let Some((name, value)) = self.value.take() else { return Err(Problem::of("a value was read twice")) };
        seed.deserialize(Value(value)).map_err(|problem| problem.in_member(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Outer {
        name: String,
        #[serde(default)]
        waits: Vec<u32>,
        inner: Option<Inner>,
        choice: Option<Choice>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        flag: bool,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Choice {
        Continue,
        Pause,
    }

    #[test]
    fn a_typed_value_is_read() {
        let text = r#"{"name":"n","waits":[1,2],"inner":{"flag":true},"choice":"pause"}"#;
        let expected = Outer {
            name: "n".to_owned(),
            waits: vec![1, 2],
            inner: Some(Inner { flag: true }),
            choice: Some(Choice::Pause),
        };
        assert_eq!(read::<Outer>(text).unwrap(), expected);
        let null = Outer { name: "n".to_owned(), waits: Vec::new(), inner: None, choice: None };
        assert_eq!(read::<Outer>(r#"{"name":"n","inner":null}"#).unwrap(), null);
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Free {
        any: Json,
        maybe: Option<Json>,
    }

    #[test]
    fn a_field_of_any_json_keeps_numbers_and_order() {
        let free = read::<Free>(r#"{"any":{"b":1E5,"a":[null]},"maybe":null}"#).unwrap();
        assert_eq!(free, Free { any: parse(r#"{"b":1E5,"a":[null]}"#).unwrap(), maybe: None });
        assert_eq!(read::<Free>(r#"{"any":null,"maybe":7}"#).unwrap().maybe, Some(Json::from(7)));
    }

    #[test]
    fn an_error_names_the_field_and_the_mend() {
        for (name, text, field, told) in [
            ("missing", r#"{}"#, "name", "name: is required"),
            ("null for a required field", r#"{"name":null}"#, "name", "name: is required"),
            ("another type", r#"{"name":7}"#, "name", "name: expected a string, not a number"),
            ("item", r#"{"name":"n","waits":[1,"x"]}"#, "waits[1]", "waits[1]: expected a whole number, not a string"),
            (
                "fraction",
                r#"{"name":"n","waits":[1.5]}"#,
                "waits[0]",
                "waits[0]: expected a whole number, not a fraction",
            ),
            ("too large", r#"{"name":"n","waits":[4294967296]}"#, "waits[0]", "waits[0]: expected a whole number"),
            (
                "nested",
                r#"{"name":"n","inner":{"flag":1}}"#,
                "inner.flag",
                "inner.flag: expected true or false, not a number",
            ),
            ("no object", r#"{"name":"n","inner":[]}"#, "inner", "inner: expected an object, not an array"),
            (
                "unknown",
                r#"{"name":"n","x":1}"#,
                "x",
                "x: there is no such field (the fields are name, waits, inner, choice)",
            ),
            (
                "unknown within",
                r#"{"name":"n","inner":{"x":1}}"#,
                "inner.x",
                "inner.x: there is no such field (the fields are flag)",
            ),
            (
                "variant",
                r#"{"name":"n","choice":"stop"}"#,
                "choice",
                "choice: `stop` is not possible (use one of continue, pause)",
            ),
            ("no variant", r#"{"name":"n","choice":1}"#, "choice", "choice: expected a string, not a number"),
        ] {
            let error = read::<Outer>(text).unwrap_err();
            assert_eq!((error.field.as_deref(), error.to_string().as_str()), (Some(field), told), "{name}");
        }
        assert_eq!(read::<Outer>("[]").unwrap_err().to_string(), "expected an object, not an array");
    }
}
