//! What a case says when a store does not keep to the contract: what was looked at, what should have come, what came.

use std::fmt::{self, Debug};

/// How much of a value is shown: a store's values can be long.
const SHOWN_CHARS_MAX: usize = 400;

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What was looked at.
    pub what: String,
    /// What the contract says.
    pub expected: String,
    /// What the store did.
    pub came: String,
}

impl Failure {
    /// A failure in these words, cut to what can be read.
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

/// What a step of a case comes to.
pub(crate) type Done<T = ()> = Result<T, Failure>;

/// The two are equal.
pub(crate) fn same<T: Debug + PartialEq>(what: impl Into<String>, came: &T, expected: &T) -> Done {
    if came == expected {
        return Ok(());
    }
    Err(Failure::new(what, format!("{expected:?}"), format!("{came:?}")))
}

/// It is so; otherwise these words say what is not.
pub(crate) fn holds(is_so: bool, what: impl Into<String>, expected: &str, came: &dyn Debug) -> Done {
    if is_so { Ok(()) } else { Err(Failure::new(what, expected, format!("{came:?}"))) }
}

fn brief(text: String) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        None => text,
        Some((at, _)) => format!("{}... ({} bytes)", &text[..at], text.len()),
    }
}
