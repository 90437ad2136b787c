//! Values for `serde`: reads a typed value from a [`Json`] tree, with errors that name the field by its path.
//!
//! `serde_json` would read the text anew, without the rules of [`parse`](super::parse) for duplicate keys, surrogates
//! and U+0000, and its errors are sentences. Errors here keep field, problem and hint apart, as [`Error`] has them. A
//! value is never quoted, because it may be a secret.

mod problem;
mod tree;

use serde::de::{self, DeserializeSeed, Deserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::{InvalidText, Json, Style, parse, parse_by, unicode, write};
use crate::support::error::Error;
use problem::Problem;
use tree::TREE;

/// Reads a value from JSON text. `T` decides which fields there are.
pub fn read<T: de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    from_json(parse(text)?)
}

/// Reads a value from JSON text, or from no text at all as from an object without fields. So is `null`, and `[]`, which is
/// how PHP writes an empty object.
pub fn read_optional<T: de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    from_json(parse_optional(text, InvalidText::Refuse)?)
}

/// Returns the tree of a JSON text that may be left out, as [`read_optional`] reads it.
pub fn parse_optional(text: &str, rule: InvalidText) -> Result<Json, Error> {
    let tree = if text.trim().is_empty() { Json::Null } else { parse_by(text, rule)? };
    Ok(match tree {
        Json::Null => Json::Object(Vec::new()),
        Json::Array(items) if items.is_empty() => Json::Object(Vec::new()),
        tree => tree,
    })
}

/// Reads a value from a JSON tree.
pub fn from_json<T: de::DeserializeOwned>(json: Json) -> Result<T, Error> {
    T::deserialize(Value(json)).map_err(|problem| problem.0)
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
                    // No field is a fraction, and none takes more than 64 bits.
                    Err(de::Error::invalid_type(Unexpected::Float(f64::NAN), &visitor))
                }
            }
            Json::String(text) => visitor.visit_string(unicode(&text).into_owned()),
            Json::Array(items) => visitor.visit_seq(Items(items.into_iter().enumerate())),
            Json::Object(members) => visitor.visit_map(Members::of(members)),
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
            Json::Object(members) => visitor.visit_map(Members::of(members)),
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

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier
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

impl Members {
    fn of(members: Vec<(String, Json)>) -> Members {
        Members { members: members.into_iter(), value: None }
    }
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
mod tests;
