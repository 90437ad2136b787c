//! The reason why a webhook of the list cannot be imported.

use std::fmt;

use crate::cli::text;

/// A problem with one webhook of the list.
#[derive(Debug)]
pub struct Problem {
    /// The webhook's index in the list, from 0.
    pub index: usize,
    /// The webhook's name, if it has one.
    pub name: Option<String>,
    /// The field, the reason and a hint. Never a secret.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.index)?;
        if let Some(name) = &self.name {
            write!(f, " {}", text::plain(&format!("{name:?}")))?;
        }
        write!(f, ": {}", text::plain(&self.reason))
    }
}
