//! A field of any JSON: the tree itself, as a value that serde passes on.

use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::support::json::{Json, parse_within};

/// The name by which a field asks for its tree. serde has no value that keeps the text of a number, so the tree passes
/// as text.
pub(super) const TREE: &str = "$hookwright::json";

impl<'de> Deserialize<'de> for Json {
    /// Reads a field of any JSON. Only `from_json` and the functions beside it can.
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
