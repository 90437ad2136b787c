//! Unwinding: ends a guest in the middle of an import, and stops every panic before it reaches C.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::failure::{Failure, Outcome};

/// Ends the guest whose import failed where the contract has no error for it. Unwinds to [`contained`].
pub(crate) fn end_guest(reason: String) -> ! {
    std::panic::resume_unwind(Box::new(reason))
}

/// Runs code that calls a guest. An unwinding guest becomes a trap.
pub(crate) fn contained<T>(run: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    // The caller discards the guest. Nothing else was shared with it.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(Failure::trapped(&message(&*panic))))
}

/// Returns the message of a panic.
pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message").to_owned()
}
