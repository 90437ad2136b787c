//! A host of the bridge: engines, instances with a callback in Rust, and calls that free their answers.

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

/// Serves the callback's requests: returns a reply, or the text of a failure.
pub type Serve = Box<dyn Fn(&Value) -> Result<String, String> + Send + Sync>;

/// The status and the answer of a call.
pub type Answer = (i32, Value);

/// An engine. Dropping it closes it.
pub struct Engine(pub u64);

/// An instance with its callback. Dropping it closes it.
pub struct Instance {
    handle: AtomicU64,
    serve: *mut Serve,
}

// Tests call instances from other threads to see how the bridge reacts.
unsafe impl Send for Instance {}
unsafe impl Sync for Instance {}

/// Makes a call of the interface and frees its answer.
pub fn answer(call: impl FnOnce(*mut HwAnswer) -> i32) -> Answer {
    let mut answer = HwAnswer { data: std::ptr::null(), len: 0, token: 0 };
    let status = call(&mut answer);
    assert!(!answer.data.is_null());
    let bytes = unsafe { std::slice::from_raw_parts(answer.data, answer.len) };
    let value = serde_json::from_slice(bytes).unwrap();
    assert_eq!(unsafe { hw_free(&mut answer) }, OK);
    (status, value)
}

/// Returns an error's status, kind and field. Checks that it has the members of an error.
pub fn error((status, value): Answer) -> (i32, String, String) {
    assert!(value["message"].as_str().is_some_and(|text| !text.is_empty()), "{value}");
    assert_eq!(value.as_object().unwrap().len(), 4, "{value}");
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    (status, text("kind"), text("field"))
}

/// The error of a caller's mistake.
pub fn misused(kind: &str, field: &str) -> (i32, String, String) {
    (MISUSED, kind.to_owned(), field.to_owned())
}

/// Opens an engine. Its handle is 0 if that fails.
pub fn open(options: &Value) -> (Engine, Answer) {
    open_text(&options.to_string())
}

/// Opens an engine with a text of options.
pub fn open_text(options: &str) -> (Engine, Answer) {
    let mut engine = 77;
    let answer =
        answer(|answer| unsafe { hw_engine_open(options.as_ptr().cast(), options.len(), &mut engine, answer) });
    (Engine(engine), answer)
}

/// Opens an engine of the built-in component. The component is compiled once for all tests.
pub fn engine() -> Engine {
    let (engine, answer) = open(&json!({"cache": cache()}));
    assert_eq!(answer, (OK, Value::Null));
    engine
}

/// Returns a cache folder for all tests of this build.
pub fn cache() -> String {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.parent().unwrap().join("hookwright-native-cache");
    folder.to_str().unwrap().to_owned()
}

/// Returns a configuration that allows webhooks on loopback.
pub fn config() -> Value {
    json!({"sealingKeys": [{"id": "k1", "key": "07".repeat(32)}], "allowDestinations": ["127.0.0.0/8"]})
}

/// Creates an instance with the usual configuration and this storage.
pub fn instance(engine: &Engine, storage: impl Storage + Send + Sync + 'static) -> Instance {
    instance_with(engine, &json!({"config": config()}), serve_storage(storage))
}

/// Creates an instance, which must succeed.
pub fn instance_with(engine: &Engine, options: &Value, serve: Serve) -> Instance {
    let (instance, answer) = create(engine, options, serve);
    assert_eq!(answer, (OK, Value::Null), "{options}");
    instance
}

/// Creates an instance. Its handle is 0 if that fails.
pub fn create(engine: &Engine, options: &Value, serve: Serve) -> (Instance, Answer) {
    let options = options.to_string();
    let serve = Box::into_raw(Box::new(serve));
    let host = HwHost { callback: Some(callback), context: serve.cast() };
    let mut handle = 77;
    let answer = answer(|answer| unsafe {
        hw_instance_new(engine.0, options.as_ptr().cast(), options.len(), &host, &mut handle, answer)
    });
    (Instance { handle: AtomicU64::new(handle), serve }, answer)
}

/// Calls a function of the contract with a text of arguments.
pub fn call(instance: u64, function: &str, arguments: &[u8]) -> Answer {
    answer(|answer| unsafe {
        let (text, len) = (arguments.as_ptr().cast(), arguments.len());
        hw_call(instance, function.as_ptr().cast(), function.len(), text, len, answer)
    })
}

impl Instance {
    pub fn handle(&self) -> u64 {
        self.handle.load(Ordering::Relaxed)
    }

    /// Calls a function of the contract.
    pub fn call(&self, function: &str, arguments: &Value) -> Answer {
        call(self.handle(), function, arguments.to_string().as_bytes())
    }

    /// Calls a function of the contract, which must succeed.
    pub fn ok(&self, function: &str, arguments: &Value) -> Value {
        let (status, value) = self.call(function, arguments);
        assert_eq!(status, OK, "{function}: {value}");
        value
    }
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

/// Returns a callback that serves a storage.
pub fn serve_storage(storage: impl Storage + Send + Sync + 'static) -> Serve {
    Box::new(move |request| Ok(storage_reply(&storage, request).to_string()))
}

/// Returns a storage's reply to a request of the storage kit.
pub fn storage_reply(storage: &impl Storage, request: &Value) -> Value {
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
