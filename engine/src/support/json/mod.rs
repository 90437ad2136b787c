//! JSON as the host wrote it: a tree that keeps the order of keys and the text of numbers, its strict parser, and its
//! writers in the styles that receivers expect. What the values mean is left to the callers.
//!
//! The tree is the engine's own because payloads are compared byte for byte: `1E5` must leave as `1E5`, and an
//! object's keys in the order in which they came. Three things that RFC 8259 leaves open are decided here:
//!
//! - **Duplicate keys**: the last value counts, at the first one's place, as PHP, JavaScript and Python decode them.
//! - **Lone surrogates** (`"\ud800"`) are refused: they are no text, and no receiver agrees on them.
//! - **U+0000** is refused, escaped or not: not every database can store it.

mod compare;
mod de;
mod parse;
mod read;
mod write;

pub use compare::canonical;
pub use de::{from_json, read, read_optional};
pub(crate) use parse::by_key;
pub use parse::{line_of, parse, parse_within};
pub use read::{Reader, quoted};
pub(crate) use write::string;
pub use write::{Style, write, write_within};

/// A JSON value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Json {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as its text.
    Number(Number),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object: its members in order, no key twice.
    Object(Vec<(String, Json)>),
}

/// A number by its text, which RFC 8259's grammar allows. Two numbers are equal if their texts are; [`canonical`] tells
/// whether they mean the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// The text, as it was parsed.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Json {
    /// A string.
    pub fn text(text: &str) -> Json {
        Json::String(text.to_owned())
    }

    /// An object of these members, whose keys must differ.
    pub fn object(members: Vec<(&str, Json)>) -> Json {
        Json::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// The member of an object; `None` if there is none or this is no object.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// What kind of value this is, for messages: `a string`.
    pub fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Json {
        Json::Number(Number(number.to_string()))
    }
}

#[cfg(test)]
mod tests;
