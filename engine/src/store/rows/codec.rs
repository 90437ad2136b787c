//! Rows to text and back: a JSON object for each, its members in the order of the table in [`super`].
//!
//! Written by hand rather than derived: what a derive makes of these sixteen types is a sixth of the whole component.
//! An absent option is left out.

use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::json::{self, Json, Style};
use crate::support::limits::JSON_DEPTH_MAX;

const VERSION: u32 = 1;

/// A type that is stored as a row, or as an object within one.
pub trait Record: Sized {
    /// Adds its fields.
    fn write(&self, row: &mut Row<'_>);
    /// Takes its fields.
    fn read(fields: &mut Fields) -> Self;
    /// The first field that is of the right type and yet nothing that anybody has written.
    fn unsound(&self) -> Option<&'static str> {
        None
    }
}

/// What a field can be. The default stands in for a value that cannot be read, until the row is refused.
pub trait Value: Default {
    /// The value; `None`: it is none. What is absent or `null` reads like `null`.
    fn read(json: Json) -> Option<Self>;
    /// Adds the value's text.
    fn write(&self, out: &mut String);
    /// Whether the field is left out.
    fn is_absent(&self) -> bool {
        false
    }
}

/// The text of a row.
pub fn encode<T: Record>(value: &T) -> String {
    let mut out = format!("{{\"v\":{VERSION}");
    value.write(&mut Row(&mut out));
    out.push('}');
    out
}

/// The row of a text. Errors: `internal`, with the key and the field; `blocked` for a row of a newer version.
pub fn decode<T: Record>(key: &str, text: &str) -> Result<T, Error> {
    let mut fields = Fields::open(key, text)?;
    let value = T::read(&mut fields);
    if fields.problem.is_none() {
        fields.problem = value.unsound();
    }
    fields.close(key)?;
    Ok(value)
}

/// An object being written.
#[derive(Debug)]
pub struct Row<'o>(&'o mut String);

impl Row<'_> {
    /// Adds a field.
    pub fn put<T: Value>(&mut self, name: &str, value: &T) {
        if !value.is_absent() {
            self.name(name);
            value.write(self.0);
        }
    }

    fn name(&mut self, name: &str) {
        if !self.0.ends_with('{') {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
    }
}

/// An object being read: its members, and the first field that was not what it should be.
#[derive(Debug)]
pub struct Fields {
    members: Vec<(String, Json)>,
    problem: Option<&'static str>,
}

impl Fields {
    fn open(key: &str, text: &str) -> Result<Fields, Error> {
        // An event of full depth lies one level down.
        let json = json::parse_within(text, JSON_DEPTH_MAX + 1)
            .map_err(|error| broken(key, &format!("is not readable: {}", error.message)))?;
        let mut fields = Fields::of(json);
        match fields.take::<u32>("v") {
            VERSION => Ok(fields),
            version => {
                let mut error = broken(key, &format!("has the format {version}; this version reads {VERSION}"));
                if version > VERSION {
                    // What a newer version wrote is well; it waits for one.
                    error.kind = ErrorKind::Blocked;
                }
                Err(error)
            }
        }
    }

    fn of(json: Json) -> Fields {
        match json {
            Json::Object(members) => Fields { members, problem: None },
            _ => Fields { members: Vec::new(), problem: None },
        }
    }

    /// Takes a field.
    pub fn take<T: Value>(&mut self, name: &'static str) -> T {
        let value = T::read(self.json(name));
        if value.is_none() {
            self.problem.get_or_insert(name);
        }
        value.unwrap_or_default()
    }

    fn json(&mut self, name: &str) -> Json {
        let member = self.members.iter_mut().find(|(key, _)| key == name);
        member.map_or(Json::Null, |(_, json)| std::mem::replace(json, Json::Null))
    }

    fn close(self, key: &str) -> Result<(), Error> {
        match self.problem {
            None => Ok(()),
            Some(name) => Err(broken(key, &format!("has no valid field `{name}`"))),
        }
    }
}

/// The value is never quoted: it may be anybody's data.
fn broken(key: &str, problem: &str) -> Error {
    Error::of(ErrorKind::Internal, format!("the row '{key}' {problem}"))
}

impl Value for String {
    fn read(json: Json) -> Option<String> {
        match json {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    fn write(&self, out: &mut String) {
        json::string(out, self, Style::Compact);
    }
}

impl Value for u64 {
    fn read(json: Json) -> Option<u64> {
        match json {
            Json::Number(number) => number.text().parse().ok(),
            _ => None,
        }
    }

    fn write(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }
}

impl Value for u32 {
    fn read(json: Json) -> Option<u32> {
        u64::read(json).and_then(|number| number.try_into().ok())
    }

    fn write(&self, out: &mut String) {
        u64::from(*self).write(out);
    }
}

impl Value for u16 {
    fn read(json: Json) -> Option<u16> {
        u64::read(json).and_then(|number| number.try_into().ok())
    }

    fn write(&self, out: &mut String) {
        u64::from(*self).write(out);
    }
}

impl Value for bool {
    fn read(json: Json) -> Option<bool> {
        match json {
            // Left out by earlier builds where it was not set.
            Json::Null => Some(false),
            Json::Bool(value) => Some(value),
            _ => None,
        }
    }

    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl Value for Json {
    fn read(json: Json) -> Option<Json> {
        Some(json).filter(|json| *json != Json::Null)
    }

    fn write(&self, out: &mut String) {
        out.push_str(&json::write(self, Style::Compact));
    }
}

impl<T: Value> Value for Option<T> {
    fn read(json: Json) -> Option<Option<T>> {
        if json == Json::Null { Some(None) } else { T::read(json).map(Some) }
    }

    fn write(&self, out: &mut String) {
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Value> Value for Vec<T> {
    fn read(json: Json) -> Option<Vec<T>> {
        let Json::Array(items) = json else { return None };
        // Collecting would be shorter to write, and a multiple of the code.
        let mut values = Vec::new();
        for item in items {
            values.push(T::read(item)?);
        }
        Some(values)
    }

    fn write(&self, out: &mut String) {
        out.push('[');
        for (index, item) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            item.write(out);
        }
        out.push(']');
    }
}

impl<A: Value, B: Value> Value for (A, B) {
    fn read(json: Json) -> Option<(A, B)> {
        let Json::Array(items) = json else { return None };
        let [first, second] = <[Json; 2]>::try_from(items).ok()?;
        Some((A::read(first)?, B::read(second)?))
    }

    fn write(&self, out: &mut String) {
        out.push('[');
        self.0.write(out);
        out.push(',');
        self.1.write(out);
        out.push(']');
    }
}

impl<A: Value, B: Value, C: Value> Value for (A, B, C) {
    fn read(json: Json) -> Option<(A, B, C)> {
        let Json::Array(items) = json else { return None };
        let [first, second, third] = <[Json; 3]>::try_from(items).ok()?;
        Some((A::read(first)?, B::read(second)?, C::read(third)?))
    }

    fn write(&self, out: &mut String) {
        out.push('[');
        self.0.write(out);
        out.push(',');
        self.1.write(out);
        out.push(',');
        self.2.write(out);
        out.push(']');
    }
}

/// An object within a row.
pub fn read_object<T: Record>(json: Json) -> Option<T> {
    let mut fields = Fields::of(json);
    let value = T::read(&mut fields);
    if fields.problem.is_none() { Some(value) } else { None }
}

/// The text of an object within a row.
pub fn write_object<T: Record>(value: &T, out: &mut String) {
    out.push('{');
    value.write(&mut Row(out));
    out.push('}');
}

/// The fields of a record, by their names in the row, and what says which of them is unsound.
macro_rules! record {
    ($record:ident { $($field:ident = $name:literal),* $(,)? } $(, $unsound:path)?) => {
        impl Record for $record {
            #[allow(unused_variables)] // a record may have no fields
            fn write(&self, row: &mut Row<'_>) {
                $(row.put($name, &self.$field);)*
            }

            #[allow(unused_variables)] // a record may have no fields
            fn read(fields: &mut Fields) -> $record {
                $record { $($field: fields.take($name)),* }
            }

            $(fn unsound(&self) -> Option<&'static str> {
                $unsound(self)
            })?
        }
    };
}

/// A record within a record.
macro_rules! value_of_record {
    ($record:ident) => {
        impl Value for $record {
            fn read(json: Json) -> Option<$record> {
                codec::read_object(json)
            }

            fn write(&self, out: &mut String) {
                codec::write_object(self, out);
            }
        }
    };
}

/// An enum by the names of its variants.
macro_rules! value_of_name {
    ($name:ident, $all:expr) => {
        impl Value for $name {
            fn read(json: Json) -> Option<$name> {
                $all.into_iter().find(|variant| json.as_str() == Some(variant.as_str()))
            }

            fn write(&self, out: &mut String) {
                crate::support::json::string(out, self.as_str(), crate::support::json::Style::Compact);
            }
        }
    };
}

#[cfg(test)]
mod tests;
