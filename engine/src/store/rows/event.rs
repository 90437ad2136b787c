//! The event inside a message row: an object of the row that keeps its own tree, with the order of its keys and the text of its
//! numbers, which serde's data model does not keep.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::INVALID;
use crate::support::json::{self, Json, Style};

/// Reads the event from its text within the row; `null` is none.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    let event = json::parse_kept(raw.get()).map_err(|_| D::Error::custom(format_args!("{INVALID} field `event`")))?;
    Ok(Some(event).filter(|event| *event != Json::Null))
}

/// Writes the event as it was read.
pub fn serialize<S: Serializer>(event: &Option<Json>, serializer: S) -> Result<S::Ok, S::Error> {
    match event.as_ref().filter(|event| json::has_mark(event)) {
        Some(event) => {
            let text = json::write(event, Style::Compact);
            RawValue::from_string(text).map_err(S::Error::custom)?.serialize(serializer)
        }
        None => event.as_ref().map(Node).serialize(serializer),
    }
}

/// A value of the tree.
struct Node<'e>(&'e Json);

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Number(number) => {
                RawValue::from_string(number.text().to_owned()).map_err(S::Error::custom)?.serialize(serializer)
            }
            Json::String(text) => serializer.serialize_str(text),
            Json::Array(items) => serializer.collect_seq(items.iter().map(Node)),
            Json::Object(members) => serializer.collect_map(members.iter().map(|(key, value)| (key, Node(value)))),
        }
    }
}
