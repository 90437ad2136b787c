//! The caller's callback: sends it a request and takes its reply. It also decides if a thread may call a guest, because a
//! callback that never returns leaves the frames of a guest behind.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::failure::{Failure, Outcome};
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

/// The status of a callback that returned before another one that began within it.
const OUT_OF_ORDER: i32 = -1;

/// A callback that is running on this thread, and the reply that it set.
struct Open {
    number: u64,
    /// An address in the stack frame from which the callback was called.
    frame: usize,
    reply: Option<Vec<u8>>,
}

thread_local! {
    /// The callbacks running on this thread, innermost last.
    static OPEN: RefCell<Vec<Open>> = const { RefCell::new(Vec::new()) };
    /// True if a callback on this thread was left without returning. The guest's frames are lost, and wasmtime still counts them.
    static ABANDONED: Cell<bool> = const { Cell::new(false) };
}

/// Fails if this thread may not call a guest: a callback on it has not returned, and the call does not come from within it.
pub(crate) fn check_entry() -> Outcome<()> {
    if ABANDONED.get() {
        let message = "a callback on this thread was left without returning, by an error of the host's language";
        return Err(Failure::misused("abandoned", message, "end this process; committed data is kept"));
    }
    // A call from within the callback has a lower address on the same stack. All supported machines' stacks grow downward.
    let here = frame();
    if OPEN.with_borrow(|open| open.last().is_some_and(|open| here >= open.frame)) {
        let message = "a callback on this thread has not returned, and this call does not come from within it";
        let hint = "let the callback return first; if an error has left it or a fiber was suspended in it for good, end this process";
        return Err(Failure::misused("abandoned", message, hint));
    }
    Ok(())
}

/// Notes that the callbacks that are running on this thread never return.
pub(crate) fn abandon() {
    if OPEN.with_borrow(|open| !open.is_empty()) {
        ABANDONED.set(true);
    }
}

/// Returns an address in its own stack frame.
#[inline(never)]
fn frame() -> usize {
    let local = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&local)).addr()
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
        OPEN.with_borrow_mut(|open| open.push(Open { number, frame: frame(), reply: None }));
        // SAFETY: the caller of `hw_instance_new` promised that the function may be called with this context until the instance
        // is closed. The request outlives the call.
        let status = unsafe { (self.function)(self.context, request.as_ptr(), request.len(), number) };
        if std::process::id() != process {
            end_guest("the callback returned in another process: it has forked".to_owned());
        }
        take_reply(number).map_or_else(
            || (OUT_OF_ORDER, Some(b"another callback on this thread began within it and has not returned".to_vec())),
            |reply| (status, reply),
        )
    }
}

/// Takes the reply of a callback that has returned. Returns none if it is not the innermost one: the host's language has switched
/// stacks within a callback. Wasmtime counts the guests of a thread as a stack, so the thread can call no guest any more.
fn take_reply(number: u64) -> Option<Option<Vec<u8>>> {
    OPEN.with_borrow_mut(|open| {
        if open.last().is_some_and(|open| open.number == number) {
            return open.pop().map(|open| open.reply);
        }
        ABANDONED.set(true);
        open.retain(|open| open.number != number);
        None
    })
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
