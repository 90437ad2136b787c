//! The functions of the C interface. `include/hookwright.h` declares and describes them.

use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use crate::callback::{self, Callback, HwCallback};
use crate::engine;
use crate::failure::Status;
use crate::instance::Instance;
use crate::pointers::{HwAnswer, answering, bytes, text, write_handle};
use crate::tables::tables;
use crate::version::{self, HW_ABI};

/// A callback and the context that it is called with.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HwHost {
    /// The callback. Null if the host serves no import.
    pub callback: Option<HwCallback>,
    /// The first argument of the callback.
    pub context: *mut c_void,
}

/// Returns the version of the interface.
#[unsafe(no_mangle)]
pub extern "C" fn hw_abi() -> u32 {
    HW_ABI
}

/// Describes the library.
///
/// # Safety
///
/// `answer` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_version(answer: *mut HwAnswer) -> i32 {
    // SAFETY: as stated.
    unsafe { answering(answer, || Ok(version::describe())) }
}

/// Compiles or loads the component.
///
/// # Safety
///
/// `options` has `options_len` bytes; `engine` and `answer` are null or writable.
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
            write_handle(engine, "engine", || tables().open_engine(text("options", options, options_len)?))
        })
    }
}

/// Closes an engine.
///
/// # Safety
///
/// `answer` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_engine_close(engine: u64, answer: *mut HwAnswer) -> i32 {
    // SAFETY: as stated.
    unsafe { answering(answer, || tables().close_engine(engine).map(|()| Value::Null)) }
}

/// Compiles a component into a file.
///
/// # Safety
///
/// `options` has `options_len` bytes; `answer` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_compile(options: *const c_char, options_len: usize, answer: *mut HwAnswer) -> i32 {
    // SAFETY: as stated.
    unsafe { answering(answer, || engine::compile(text("options", options, options_len)?, tables().threads())) }
}

/// Creates an instance and configures it.
///
/// # Safety
///
/// `options` has `options_len` bytes; `host` is null or points to a `HwHost` whose callback returns and may be called with its
/// context until the instance is closed; `instance` and `answer` are null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_instance_new(
    engine: u64,
    options: *const c_char,
    options_len: usize,
    host: *const HwHost,
    instance: *mut u64,
    answer: *mut HwAnswer,
) -> i32 {
    // SAFETY: as stated.
    unsafe {
        answering(answer, || {
            write_handle(instance, "instance", || {
                let options = text("options", options, options_len)?;
                let callback = host.as_ref().and_then(|host| Some(Callback::new(host.callback?, host.context)));
                callback::check_entry()?;
                let opened = Instance::open(tables().engine(engine)?, options, callback)?;
                Ok((tables().add_instance(opened), Value::Null))
            })
        })
    }
}

/// Calls a function of the contract.
///
/// # Safety
///
/// `function` and `arguments` have as many bytes as their lengths say; `answer` is null or writable.
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
            callback::check_entry()?;
            let instance = tables().instance(instance)?;
            let function = text("function", function, function_len)?;
            instance.call(function, text("arguments", arguments, arguments_len)?)
        })
    }
}

/// Signals an instance that there may be new events.
///
/// # Safety
///
/// `answer` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_instance_signal_work(instance: u64, answer: *mut HwAnswer) -> i32 {
    // SAFETY: as stated.
    unsafe {
        answering(answer, || {
            tables().instance(instance)?.signal_work();
            Ok(Value::Null)
        })
    }
}

/// Signals an instance to drain.
///
/// # Safety
///
/// `answer` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_instance_signal_drain(instance: u64, answer: *mut HwAnswer) -> i32 {
    // SAFETY: as stated.
    unsafe {
        answering(answer, || {
            tables().instance(instance)?.signal_drain();
            Ok(Value::Null)
        })
    }
}

/// Closes an instance.
///
/// # Safety
///
/// `answer` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_instance_close(instance: u64, answer: *mut HwAnswer) -> i32 {
    // SAFETY: as stated.
    unsafe { answering(answer, || tables().close_instance(instance).map(|()| Value::Null)) }
}

/// Sets the reply of the running callback.
///
/// # Safety
///
/// `data` has `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_reply_set(reply: u64, data: *const c_char, len: usize) -> i32 {
    // SAFETY: as stated.
    unsafe { status(|| bytes("data", data, len).is_ok_and(|bytes| callback::set_reply(reply, bytes))) }
}

/// Says that the callbacks running on this thread never return.
#[unsafe(no_mangle)]
pub extern "C" fn hw_abandon() -> i32 {
    status(|| {
        callback::abandon();
        true
    })
}

/// Frees an answer.
///
/// # Safety
///
/// `answer` is null, or a struct that a function of this library wrote or cleared.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hw_free(answer: *mut HwAnswer) -> i32 {
    // SAFETY: as stated.
    let Some(answer) = (unsafe { answer.as_mut() }) else { return Status::Misused as i32 };
    let token = std::mem::replace(&mut answer.token, 0);
    (answer.data, answer.len) = (std::ptr::null(), 0);
    status(|| tables().free_answer(token))
}

/// Runs a call that has no answer. It returns false for a misuse.
fn status(call: impl FnOnce() -> bool) -> i32 {
    let status = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(true) => Status::Ok,
        Ok(false) => Status::Misused,
        Err(_) => Status::Failed,
    };
    status as i32
}
