//! The caller's callback: how it is asked, and how its reply comes back.

use std::cell::RefCell;
use std::ffi::c_void;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{handles, json};

/// The C type of the callback.
pub type HwCallback =
    unsafe extern "C" fn(context: *mut c_void, request: *const u8, request_len: usize, reply: u64) -> i32;

/// A callback with its context.
#[derive(Clone, Copy)]
pub(crate) struct Callback {
    function: HwCallback,
    context: *mut c_void,
}

// SAFETY: the bridge looks at neither; it calls the one with the other, on the thread on which it was called itself. That this
// may be another than the one that made the instance is what the caller states with `threads`.
unsafe impl Send for Callback {}
// SAFETY: as above; calls of one instance never overlap.
unsafe impl Sync for Callback {}

thread_local! {
    /// The replies that callbacks running on this thread have been asked for, innermost last.
    static OPEN: RefCell<Vec<(u64, Option<Vec<u8>>)>> = const { RefCell::new(Vec::new()) };
}

impl Callback {
    pub(crate) fn new(function: HwCallback, context: *mut c_void) -> Callback {
        Callback { function, context }
    }

    /// Asks, and answers the reply's JSON; or why there is none, in one sentence.
    pub(crate) fn ask<T: Serialize + ?Sized>(&self, request: &T) -> Result<Map<String, Value>, String> {
        let request = serde_json::to_vec(request).map_err(|error| format!("the request is no JSON: {error}"))?;
        let (returned, reply) = self.run(&request);
        if returned != 0 {
            let reason = reply.map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
            return Err(format!("the callback failed ({returned}): {reason}"));
        }
        let reply = reply.ok_or("the callback gave no reply")?;
        match json::read(&reply) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => Err("the callback's reply is no JSON object".to_owned()),
            Err(wrong) => Err(format!("the callback's reply has {wrong}")),
        }
    }

    fn run(&self, request: &[u8]) -> (i32, Option<Vec<u8>>) {
        let process = std::process::id();
        let reply = handles::fresh();
        OPEN.with_borrow_mut(|open| open.push((reply, None)));
        // SAFETY: `hw_instance_new` was given a function that may be called so, and a context that it understands, until the
        // instance is closed. The request outlives the call.
        let returned = unsafe { (self.function)(self.context, request.as_ptr(), request.len(), reply) };
        let given = OPEN.with_borrow_mut(|open| {
            // Whatever was opened within has been closed within.
            open.pop().and_then(|(_, given)| given)
        });
        if std::process::id() != process {
            end_guest("the callback returned in another process: it has forked".to_owned());
        }
        (returned, given)
    }
}

/// Keeps what the callback replies; false if no callback on this thread was asked for it.
pub(crate) fn reply(reply: u64, bytes: &[u8]) -> bool {
    OPEN.with_borrow_mut(|open| match open.iter_mut().find(|(open, _)| *open == reply) {
        Some((_, given)) => {
            *given = Some(bytes.to_vec());
            true
        }
        None => false,
    })
}

/// Ends the guest whose import cannot be served, where the contract knows no error. Unwinds as far as the instance.
pub(crate) fn end_guest(reason: String) -> ! {
    std::panic::resume_unwind(Box::new(reason))
}
