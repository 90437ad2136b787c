//! An error about a value: field, problem and hint apart. serde's own words are names of Rust's types.

use std::fmt::Display;

use serde::de::{self, Expected, Unexpected};

use crate::support::error::{Error, ErrorKind};
use crate::support::json::quoted;

/// An [`Error`] as serde makes it.
#[derive(Debug)]
pub(super) struct Problem(pub Error);

impl Problem {
    /// Returns a problem of the whole value.
    pub fn of(message: impl Into<String>) -> Problem {
        Problem(Error::of(ErrorKind::Invalid, message))
    }

    /// Returns the problem with the member's name before its field.
    pub fn in_member(self, name: &str) -> Problem {
        let name = quoted(name);
        Problem(match &self.0.field {
            Some(inner) if inner.starts_with('[') => {
                let field = format!("{name}{inner}");
                self.0.at(&field)
            }
            _ => self.0.within(&name),
        })
    }

    /// Returns the problem with the item's index before its field.
    pub fn in_item(self, index: usize) -> Problem {
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
