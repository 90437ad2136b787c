//! Pointers of C: texts in, handles and answers out. It decides how the outcome of a call becomes a status and an answer.

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use crate::failure::{Failure, Outcome, Status};
use crate::tables::tables;
use crate::unwind;

/// An answer: the bytes of a value or an error, and the token that frees them.
#[repr(C)]
#[derive(Debug)]
pub struct HwAnswer {
    /// The first byte.
    pub data: *const u8,
    /// The number of bytes.
    pub len: usize,
    /// The bridge's number of the answer.
    pub token: u64,
}

/// Runs a call, writes its answer, and returns its status. No panic leaves this function.
///
/// # Safety
///
/// `answer` is null or writable.
pub(crate) unsafe fn answering(answer: *mut HwAnswer, call: impl FnOnce() -> Outcome<Value>) -> i32 {
    // A panic can leave only a guest half-done, and that guest has ended.
    let called = catch_unwind(AssertUnwindSafe(|| match call() {
        Ok(value) => (Status::Ok, value.to_string()),
        Err(failure) => (failure.status, failure.json()),
    }));
    let (status, json) = called.unwrap_or_else(|panic| {
        let failure = Failure::internal(&unwind::message(&*panic));
        (failure.status, failure.json())
    });
    if !answer.is_null() {
        let bytes = json.into_bytes().into_boxed_slice();
        // The bytes stay in place when the box moves into the table.
        let (data, len) = (bytes.as_ptr(), bytes.len());
        let token = tables().add_answer(bytes);
        // SAFETY: `answer` is writable.
        unsafe { answer.write(HwAnswer { data, len, token }) };
    }
    status as i32
}

/// Opens an object and writes its handle, or 0 if that fails. Returns the answer that `open` returns beside the handle.
///
/// # Safety
///
/// `place` is null or writable.
pub(crate) unsafe fn write_handle(
    place: *mut u64,
    name: &str,
    open: impl FnOnce() -> Outcome<(u64, Value)>,
) -> Outcome<Value> {
    if place.is_null() {
        return Err(null_pointer(name));
    }
    // SAFETY: `place` is not null, so it is writable.
    unsafe { place.write(0) };
    let (handle, answer) = open()?;
    // SAFETY: as above.
    unsafe { place.write(handle) };
    Ok(answer)
}

/// Returns the bytes at an address.
///
/// # Safety
///
/// `data` has `len` bytes, and no thread changes them meanwhile.
pub(crate) unsafe fn bytes<'a>(name: &str, data: *const c_char, len: usize) -> Outcome<&'a [u8]> {
    match (data.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(null_pointer(name)),
        // SAFETY: as stated.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(data.cast(), len) }),
    }
}

/// Returns the text at an address.
///
/// # Safety
///
/// `data` has `len` bytes, and no thread changes them meanwhile.
pub(crate) unsafe fn text<'a>(name: &str, data: *const c_char, len: usize) -> Outcome<&'a str> {
    // SAFETY: as stated.
    let bytes = unsafe { bytes(name, data, len)? };
    std::str::from_utf8(bytes).map_err(|error| {
        let message = format!("is not UTF-8 from byte {} on", error.valid_up_to());
        Failure::invalid(name, &message, None)
    })
}

fn null_pointer(name: &str) -> Failure {
    Failure::misused("pointer", &format!("`{name}` is null"), "give a valid address")
}
