//! The native bridge: Hookwright's component behind a flat C interface, for hosts in any language that can call C.
//!
//! `include/hookwright.h` is the interface and `README.md` its description; a test holds the header against the functions
//! here. It decides nothing about webhooks. Whatever a caller does wrong within what C lets one notice is answered with an
//! error: handles are numbers that are looked up, and no panic leaves a function.
#![deny(unsafe_op_in_unsafe_fn)]
#![deny(missing_docs)]

#[cfg(not(unix))]
compile_error!("the native bridge knows the owners of files on Unix alone");

mod callback;
mod code;
mod engine;
mod failure;
mod handles;
mod instance;
mod json;
mod options;
mod outside;

use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

pub use callback::HwCallback;
use failure::{Answer, Failure, Status};
use handles::tables;

/// The version of the interface.
pub const HW_ABI: u32 = 1;

/// What a function answers: bytes, and the number by which they are given back.
#[repr(C)]
#[derive(Debug)]
pub struct HwAnswer {
    /// The first byte.
    pub data: *const u8,
    /// How many there are.
    pub len: usize,
    /// The bridge's own.
    pub token: u64,
}

/// The version of the interface.
#[unsafe(no_mangle)]
pub extern "C" fn hw_abi() -> u32 {
    HW_ABI
}

/// What the library is.
///
/// # Safety
///
/// `answer` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_version(answer: *mut HwAnswer) -> i32 {
    // SAFETY: as stated.
    unsafe { answering(answer, || Ok(engine::version())) }
}

/// Compiles or loads the component.
///
/// # Safety
///
/// `options` has as many bytes as said; `engine` and `answer` are null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_engine_open(
    options: *const c_char,
    options_len: usize,
    engine: *mut u64,
    answer: *mut HwAnswer,
) -> i32 {
    // SAFETY: as stated.
    unsafe {
        answering(answer, || {
            put(engine, "engine", 0)?;
            put(engine, "engine", engine::open(text("options", options, options_len)?)?)?;
            Ok(Value::Null)
        })
    }
}

/// Gives an engine up.
///
/// # Safety
///
/// `answer` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_engine_close(engine: u64, answer: *mut HwAnswer) -> i32 {
    // SAFETY: as stated.
    unsafe {
        answering(answer, || {
            // Others have the number of one that is kept, too.
            let stays = tables().is_inherited(engine) || tables().is_kept(engine);
            if stays || tables().engines.remove(engine).is_some() {
                return Ok(Value::Null);
            }
            Err(tables().stranger("engine", engine))
        })
    }
}

/// Compiles a component into a file.
///
/// # Safety
///
/// `options` has as many bytes as said; `answer` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_compile(options: *const c_char, options_len: usize, answer: *mut HwAnswer) -> i32 {
    // SAFETY: as stated.
    unsafe { answering(answer, || engine::compile(text("options", options, options_len)?)) }
}

/// Makes an instance and configures it.
///
/// # Safety
///
/// `options` has as many bytes as said; `callback` is null or a function of this type that returns, and may be called with
/// `context` until the instance is closed; `instance` and `answer` are null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_instance_new(
    engine: u64,
    options: *const c_char,
    options_len: usize,
    callback: Option<HwCallback>,
    context: *mut c_void,
    instance: *mut u64,
    answer: *mut HwAnswer,
) -> i32 {
    // SAFETY: as stated.
    unsafe {
        answering(answer, || {
            put(instance, "instance", 0)?;
            let options = text("options", options, options_len)?;
            let opened = instance::open(tables().engine(engine)?, options, callback, context)?;
            put(instance, "instance", tables().instances.add(opened))?;
            Ok(Value::Null)
        })
    }
}

/// Calls a function of the contract.
///
/// # Safety
///
/// `function` and `arguments` have as many bytes as said; `answer` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_call(
    instance: u64,
    function: *const c_char,
    function_len: usize,
    arguments: *const c_char,
    arguments_len: usize,
    answer: *mut HwAnswer,
) -> i32 {
    // SAFETY: as stated.
    unsafe {
        answering(answer, || {
            let instance = tables().instance(instance)?;
            let function = text("function", function, function_len)?;
            instance.call(function, text("arguments", arguments, arguments_len)?)
        })
    }
}

/// There may be new events.
///
/// # Safety
///
/// `answer` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_instance_wake(instance: u64, answer: *mut HwAnswer) -> i32 {
    // SAFETY: as stated.
    unsafe {
        answering(answer, || {
            tables().instance(instance)?.wake();
            Ok(Value::Null)
        })
    }
}

/// Asks `deliver` to end soon.
///
/// # Safety
///
/// `answer` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_instance_drain(instance: u64, answer: *mut HwAnswer) -> i32 {
    // SAFETY: as stated.
    unsafe {
        answering(answer, || {
            tables().instance(instance)?.drain();
            Ok(Value::Null)
        })
    }
}

/// Ends an instance.
///
/// # Safety
///
/// `answer` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_instance_close(instance: u64, answer: *mut HwAnswer) -> i32 {
    // SAFETY: as stated.
    unsafe {
        answering(answer, || {
            if tables().is_inherited(instance) {
                return Ok(Value::Null);
            }
            tables().instance(instance)?.close()?;
            tables().instances.remove(instance);
            Ok(Value::Null)
        })
    }
}

/// Gives the reply of the callback that runs.
///
/// # Safety
///
/// `bytes` has as many bytes as said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_reply_set(reply: u64, bytes: *const c_char, len: usize) -> i32 {
    let set = || {
        // SAFETY: as stated.
        let bytes = unsafe { slice("bytes", bytes, len)? };
        let hint = "set it in the callback that was handed it, on the same thread, before that returns";
        let misused = || Failure::misused("reply", "no callback waits for this reply here", hint);
        if callback::reply(reply, bytes) { Ok(Value::Null) } else { Err(misused()) }
    };
    // SAFETY: null is allowed.
    unsafe { answering(std::ptr::null_mut(), set) }
}

/// Gives an answer back.
///
/// # Safety
///
/// `answer` is null, or as a function of this library has left it, or cleared.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_free(answer: *mut HwAnswer) -> i32 {
    // SAFETY: as stated.
    let Some(answer) = (unsafe { answer.as_mut() }) else { return Status::Misused as i32 };
    let token = std::mem::replace(&mut answer.token, 0);
    (answer.data, answer.len) = (std::ptr::null(), 0);
    let freed = catch_unwind(|| tables().answers.remove(token).is_some() || tables().is_inherited(token));
    match freed {
        Ok(true) => Status::Ok as i32,
        Ok(false) => Status::Misused as i32,
        Err(_) => Status::Failed as i32,
    }
}

/// Runs a call, fills the answer in, and returns the status.
///
/// # Safety
///
/// `answer` is null or may be written.
unsafe fn answering(answer: *mut HwAnswer, call: impl FnOnce() -> Answer<Value>) -> i32 {
    // Whatever a panic leaves behind is either a guest, which ends with it, or nothing.
    let called = catch_unwind(AssertUnwindSafe(|| match call() {
        Ok(value) => (Status::Ok, value.to_string()),
        Err(failure) => (failure.status, failure.json()),
    }));
    let (status, json) = called.unwrap_or_else(|panic| {
        let failure = Failure::internal(&instance::text(&*panic));
        (failure.status, failure.json())
    });
    if !answer.is_null() {
        let bytes = json.into_bytes().into_boxed_slice();
        // The heap stays where it is when the box is moved into the table.
        let (data, len) = (bytes.as_ptr(), bytes.len());
        let token = tables().answers.add(bytes);
        // SAFETY: as stated.
        unsafe { answer.write(HwAnswer { data, len, token }) };
    }
    status as i32
}

/// Writes a handle where the caller wants it.
///
/// # Safety
///
/// `place` is null or may be written.
unsafe fn put(place: *mut u64, name: &str, handle: u64) -> Answer<()> {
    if place.is_null() {
        return Err(pointer(name));
    }
    // SAFETY: as stated.
    unsafe { place.write(handle) };
    Ok(())
}

/// # Safety
///
/// `data` has `len` bytes, which nobody changes meanwhile.
unsafe fn slice<'a>(name: &str, data: *const c_char, len: usize) -> Answer<&'a [u8]> {
    match (data.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(pointer(name)),
        // SAFETY: as stated.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(data.cast(), len) }),
    }
}

/// # Safety
///
/// `data` has `len` bytes, which nobody changes meanwhile.
unsafe fn text<'a>(name: &str, data: *const c_char, len: usize) -> Answer<&'a str> {
    // SAFETY: as stated.
    let bytes = unsafe { slice(name, data, len)? };
    std::str::from_utf8(bytes).map_err(|error| {
        let message = format!("is not UTF-8 from byte {} on", error.valid_up_to());
        Failure::invalid(name, &message, None)
    })
}

fn pointer(name: &str) -> Failure {
    Failure::misused("pointer", &format!("`{name}` is null"), "give the address of something")
}
