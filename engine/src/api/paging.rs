//! The bounds of a page, and the errors for a page that cannot be read.

use crate::support::error::Error;
use crate::support::json;

/// Entries of a page, at most.
pub(super) const PAGE_MAX: u32 = 100;
/// Entries of a page, if the request does not say.
pub(super) const PAGE_DEFAULT: u32 = 50;

/// Returns the limit of a page, or an error if it is out of range.
pub(super) fn check_limit(limit: u32) -> Result<u32, Error> {
    if (1..=PAGE_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Error::invalid("limit", format!("`{limit}` is out of range")).hint(format!("1 to {PAGE_MAX}")))
    }
}

/// Returns the error for a cursor that no answer of the list has given.
pub(super) fn bad_cursor(cursor: &str) -> Error {
    Error::invalid("cursor", format!("`{}` is no cursor of this list", json::quoted(cursor)))
        .hint("use the `nextCursor` of the page before, or leave it out")
}
