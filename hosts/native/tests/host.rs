//! A host of the bridge in a few lines: a callback over anything that answers requests, and calls that free their answers.

use std::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering};

use hookwright_engine::ports::{Direction, KeyRange, Storage};
use hookwright_native::*;
use hookwright_storage_check::protocol::{self, Call, Order};
use serde_json::{Value, json};

pub const OK: i32 = 0;
pub const REFUSED: i32 = 1;
pub const TRAPPED: i32 = 2;
pub const MISUSED: i32 = 3;
pub const FAILED: i32 = 4;

/// What answers the callback's requests: a reply, or the text of a failure.
pub type Serve = Box<dyn Fn(&Value) -> Result<String, String> + Send + Sync>;

/// An engine, closed with this.
pub struct Engine(pub u64);

/// An instance with its callback, closed with this.
pub struct Instance {
    pub handle: AtomicU64,
    serve: *mut Serve,
}

// Tests hand instances to other threads, to see what becomes of it.
unsafe impl Send for Instance {}
unsafe impl Sync for Instance {}

/// Makes a call of the interface, and frees its answer.
pub fn answered(call: impl FnOnce(*mut HwAnswer) -> i32) -> (i32, Value) {
    let mut answer = HwAnswer { data: std::ptr::null(), len: 0, token: 0 };
    let status = call(&mut answer);
    assert!(!answer.data.is_null());
    let bytes = unsafe { std::slice::from_raw_parts(answer.data, answer.len) };
    let value = serde_json::from_slice(bytes).unwrap();
    assert_eq!(unsafe { hw_free(&mut answer) }, OK);
    (status, value)
}

/// An error's kind and field, with the status; the whole text is looked at for being one.
pub fn error((status, value): (i32, Value)) -> (i32, String, String) {
    assert!(value["message"].as_str().is_some_and(|text| !text.is_empty()), "{value}");
    assert_eq!(value.as_object().unwrap().len(), 4, "{value}");
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    (status, text("kind"), text("field"))
}

pub fn opened(options: &str) -> (Engine, (i32, Value)) {
    let mut engine = 77;
    let answer =
        answered(|answer| unsafe { hw_engine_open(options.as_ptr().cast(), options.len(), &mut engine, answer) });
    (Engine(engine), answer)
}

/// An engine of the embedded component, compiled once for all tests.
pub fn engine() -> Engine {
    let cache = cache();
    let (engine, answer) = opened(&json!({"cache": cache}).to_string());
    assert_eq!(answer, (OK, Value::Null));
    engine
}

/// A cache folder for all tests of this build.
pub fn cache() -> String {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.parent().unwrap().join("hookwright-native-cache");
    folder.to_str().unwrap().to_owned()
}

pub fn config() -> Value {
    json!({"sealingKeys": [{"id": "k1", "key": "07".repeat(32)}], "allowDestinations": ["127.0.0.0/8"]})
}

/// An instance with the usual configuration, all of whose storage is this one.
pub fn instance(engine: &Engine, storage: impl Storage + Send + Sync + 'static) -> Instance {
    let (instance, answer) = made(engine, &json!({"config": config()}), served(storage));
    assert_eq!(answer, (OK, Value::Null));
    instance
}

pub fn made(engine: &Engine, options: &Value, serve: Serve) -> (Instance, (i32, Value)) {
    let options = options.to_string();
    let serve = Box::into_raw(Box::new(serve));
    let mut handle = 77;
    let answer = answered(|answer| unsafe {
        let (text, len) = (options.as_ptr().cast(), options.len());
        hw_instance_new(engine.0, text, len, Some(callback), serve.cast(), &mut handle, answer)
    });
    (Instance { handle: AtomicU64::new(handle), serve }, answer)
}

impl Instance {
    pub fn handle(&self) -> u64 {
        self.handle.load(Ordering::Relaxed)
    }

    pub fn call(&self, function: &str, arguments: &Value) -> (i32, Value) {
        call(self.handle(), function, arguments.to_string().as_bytes())
    }

    /// The same, where it must succeed.
    pub fn ok(&self, function: &str, arguments: &Value) -> Value {
        let (status, value) = self.call(function, arguments);
        assert_eq!(status, OK, "{function}: {value}");
        value
    }
}

pub fn call(instance: u64, function: &str, arguments: &[u8]) -> (i32, Value) {
    answered(|answer| unsafe {
        let (text, len) = (arguments.as_ptr().cast(), arguments.len());
        hw_call(instance, function.as_ptr().cast(), function.len(), text, len, answer)
    })
}

impl Drop for Instance {
    fn drop(&mut self) {
        unsafe {
            hw_instance_close(self.handle(), std::ptr::null_mut());
            drop(Box::from_raw(self.serve));
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        unsafe { hw_engine_close(self.0, std::ptr::null_mut()) };
    }
}

unsafe extern "C" fn callback(context: *mut c_void, request: *const u8, len: usize, reply: u64) -> i32 {
    let serve = unsafe { &*context.cast::<Serve>() };
    let request = serde_json::from_slice(unsafe { std::slice::from_raw_parts(request, len) }).unwrap();
    let (returned, text) = match serve(&request) {
        Ok(text) => (0, text),
        Err(text) => (7, text),
    };
    assert_eq!(unsafe { hw_reply_set(reply, text.as_ptr().cast(), text.len()) }, OK);
    returned
}

/// A callback that serves a storage.
pub fn served(storage: impl Storage + Send + Sync + 'static) -> Serve {
    Box::new(move |request| Ok(reply(&storage, request).to_string()))
}

/// The storage's reply to a request in the words of the storage kit.
pub fn reply(storage: &impl Storage, request: &Value) -> Value {
    let answer = match serde_json::from_value(request.clone()).unwrap() {
        Call::Get { keys } => storage.get(&keys).map(protocol::entries_out),
        Call::Scan { start, end, limit, order } => {
            let order = if order == Order::Forward { Direction::Forward } else { Direction::Reverse };
            let entries = storage.scan(&KeyRange { start, end }, limit, order);
            entries.map(|entries| protocol::entries_out(entries.into_iter().map(Some).collect()))
        }
        Call::Commit { checks, mutations } => {
            let versions = storage.commit(&protocol::checks(checks).unwrap(), &protocol::mutations(mutations));
            versions.map(|versions| protocol::versions_out(&versions))
        }
        call @ (Call::Open | Call::Reset) => panic!("{call:?}"),
    };
    match answer {
        Ok(value) => json!({"ok": value}),
        Err(error) => json!({"error": protocol::error_out(&error)}),
    }
}
