//! JSON as the host wrote it: a tree that keeps the order of keys and the text of numbers, its strict parser, and its
//! writers in the styles that receivers expect.
//!
//! The tree is hand-written because no library has all of its rules, and events need them all:
//!
//! - **Numbers** keep their text, because receivers verify payloads byte for byte: `1E5` leaves as `1E5`.
//! - **Keys** keep their order.
//! - **Duplicate keys**: the last value counts, at the first one's place, as PHP, JavaScript and Python decode them.
//! - **Depth**: deeper nesting than the limit is refused with the field that has it.
//! - **U+0000 and lone surrogates** (`"\u0000"`, `"\ud800"`) are kept in events, and leave as the same escapes, unless the
//!   platform has them replaced or refused ([`InvalidText`]). Elsewhere they are refused.
//! - **Styles**: a payload is written as PHP, Python or JavaScript would write it.
//!
//! All other JSON (stored rows, registrations, settings, profiles) is read and written by `serde`.

mod compare;
mod de;
mod duplicates;
mod fields;
mod marks;
mod parse;
mod path;
mod quote;
mod replace;
mod write;

pub use compare::canonical;
pub use de::{from_json, parse_optional, read, read_optional};
pub use fields::Fields;
pub use marks::{InvalidText, has_half, unicode};
pub use parse::{parse, parse_by, parse_kept, parse_within, place_of};
pub use path::path_at;
pub use quote::quoted;
pub use replace::{has_mark, replaced};
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
    /// A string, unescaped. [`unicode`] returns it as text: half of a surrogate pair has a form of its own here.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object: its members in order, no key twice.
    Object(Vec<(String, Json)>),
}

/// A number as its text, by RFC 8259's grammar. Two numbers are equal if their texts are. [`canonical`] gives a text
/// that numbers of the same value share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// Returns the text as it was parsed.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Json {
    /// Returns the string of a text.
    pub fn text(text: &str) -> Json {
        Json::String(marks::marked(text))
    }

    /// Returns an object of these members, whose keys must differ.
    pub fn object(members: Vec<(&str, Json)>) -> Json {
        Json::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// Returns the member of an object. `None`: there is no such member, or this is no object.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Returns the text of a string, as the tree holds it.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the kind of value for messages, for example `a string`.
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
