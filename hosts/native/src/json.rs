//! Strict JSON input: an object has each member once, and no member name has a special meaning.
//!
//! Hand-written because serde_json's `Value` takes the last of two members with the same name, and parses the text of a member
//! that has the name serde_json reserves for its `RawValue`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Parses a text. The error is a noun phrase with line and column. It never quotes the text, which may hold secrets.
pub(crate) fn read(text: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(text).map(|Plain(value)| value).map_err(|error| {
        let problem = if error.is_data() { "a duplicate member" } else { "a syntax error" };
        format!("{problem} at line {}, column {}", error.line(), error.column())
    })
}

/// A parsed value, unchanged.
struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Plain, D::Error> {
        deserializer.deserialize_any(Reader).map(Plain)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Plain(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Plain(value))) = members.next_entry::<String, Plain>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a duplicate member"));
            }
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn read_strict_text_returns_value_or_position_of_error() {
        let check = |text: &str, expected: Result<&str, &str>| {
            let found = read(text.as_bytes()).map(|value| value.to_string());
            assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        };
        let all = r#"{"a":[null,true,-1,18446744073709551615,1.5,"\u0001",{}],"b":""}"#;
        check(all, Ok(all));
        check(r#"{"$serde_json::private::RawValue":"[1]"}"#, Ok(r#"{"$serde_json::private::RawValue":"[1]"}"#));
        check(r#"{"a":{"b":1,"b":1}}"#, Err("a duplicate member at line 1, column 18"));
        check("{\n1}", Err("a syntax error at line 2, column 1"));
        check("1 1", Err("a syntax error at line 1, column 3"));
        check(&"[".repeat(200), Err("a syntax error at line 1, column 128"));
    }
}
