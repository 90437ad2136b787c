//! A failure of a case: the subject, the result that the contract demands, and the store's result.

use std::fmt::{self, Debug};

/// The longest shown part of a value, because a store's values can be long.
const SHOWN_CHARS_MAX: usize = 400;

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The subject of the check.
    pub what: String,
    /// The result that the contract demands.
    pub expected: String,
    /// The store's result.
    pub came: String,
}

impl Failure {
    /// Makes a failure, and cuts long texts.
    pub fn new(what: impl Into<String>, expected: impl Into<String>, came: impl Into<String>) -> Failure {
        Failure { what: what.into(), expected: brief(expected.into()), came: brief(came.into()) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, came {}", self.what, self.expected, self.came)
    }
}

impl std::error::Error for Failure {}

/// The result of a step of a case.
pub(crate) type Done<T = ()> = Result<T, Failure>;

/// Fails unless the two are equal.
pub(crate) fn same<T: Debug + PartialEq>(what: impl Into<String>, came: &T, expected: &T) -> Done {
    if came == expected {
        return Ok(());
    }
    Err(Failure::new(what, format!("{expected:?}"), format!("{came:?}")))
}

/// Fails with these texts unless the condition is true.
pub(crate) fn holds(is_so: bool, what: impl Into<String>, expected: &str, came: &dyn Debug) -> Done {
    if is_so { Ok(()) } else { Err(Failure::new(what, expected, format!("{came:?}"))) }
}

fn brief(text: String) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        None => text,
        Some((at, _)) => format!("{}... ({} bytes)", &text[..at], text.len()),
    }
}
