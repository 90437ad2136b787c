//! The caller's callback: sends it a request and takes its reply.

use std::cell::RefCell;
use std::ffi::c_void;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::unwind::end_guest;
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

// SAFETY: the bridge reads neither field. It calls the function with the context, on the thread on which the bridge was called.
// That thread may differ from the one that created the instance only if the caller allowed it with `threads`.
unsafe impl Send for Callback {}
// SAFETY: as above; calls of one instance never overlap.
unsafe impl Sync for Callback {}

/// A callback that is running on this thread, and the reply that it set.
struct Open {
    number: u64,
    reply: Option<Vec<u8>>,
}

thread_local! {
    /// The callbacks running on this thread, innermost last.
    static OPEN: RefCell<Vec<Open>> = const { RefCell::new(Vec::new()) };
}

impl Callback {
    /// Pairs a function with its context.
    pub(crate) fn new(function: HwCallback, context: *mut c_void) -> Callback {
        Callback { function, context }
    }

    /// Sends a request and returns the `ok` member of the reply.
    pub(crate) fn ask<T: Serialize + ?Sized>(&self, request: &T) -> Result<Value, String> {
        ok(self.ask_for_reply(request)?)
    }

    /// Sends a request and returns the whole reply. The error is one sentence.
    pub(crate) fn ask_for_reply<T: Serialize + ?Sized>(&self, request: &T) -> Result<Map<String, Value>, String> {
        let request = serde_json::to_vec(request).map_err(|error| format!("the request is not JSON: {error}"))?;
        let (status, reply) = self.run(&request);
        if status != 0 {
            let reason = reply.map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
            return Err(format!("the callback failed ({status}): {reason}"));
        }
        let reply = reply.ok_or("the callback set no reply")?;
        match json::read(&reply) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => Err("the callback's reply is not a JSON object".to_owned()),
            Err(problem) => Err(format!("the callback's reply has {problem}")),
        }
    }

    fn run(&self, request: &[u8]) -> (i32, Option<Vec<u8>>) {
        let process = std::process::id();
        let number = handles::fresh();
        OPEN.with_borrow_mut(|open| open.push(Open { number, reply: None }));
        // SAFETY: the caller of `hw_instance_new` promised that the function may be called with this context until the instance
        // is closed. The request outlives the call.
        let status = unsafe { (self.function)(self.context, request.as_ptr(), request.len(), number) };
        // Callbacks that began inside this one have ended inside it.
        let reply = OPEN.with_borrow_mut(|open| open.pop().and_then(|open| open.reply));
        if std::process::id() != process {
            end_guest("the callback returned in another process: it has forked".to_owned());
        }
        (status, reply)
    }
}

/// Takes the `ok` member out of a reply.
pub(crate) fn ok(mut reply: Map<String, Value>) -> Result<Value, String> {
    reply.remove("ok").ok_or_else(|| "the callback's reply has no `ok`".to_owned())
}

/// Sets the reply of a running callback. Returns false if no callback with this number is running on this thread.
pub(crate) fn set_reply(number: u64, bytes: &[u8]) -> bool {
    OPEN.with_borrow_mut(|open| match open.iter_mut().find(|open| open.number == number) {
        Some(open) => {
            open.reply = Some(bytes.to_vec());
            true
        }
        None => false,
    })
}
