//! Measures the calls of the bridge with a storage in memory: `cargo run --release -p hookwright-native --example bench`.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::time::Instant;

use hookwright_native::*;
use serde_json::json;

/// Rounds of each measurement. The median and the 99th percentile are printed.
const ROUNDS: usize = 2_001;

fn main() {
    let cache = std::env::temp_dir().join(format!("hookwright-native-bench-{}", std::process::id()));
    let plain = json!({"cache": cache}).to_string();
    let kept = json!({"cache": cache, "keep": true}).to_string();
    let config = json!({"config": {"sealingKeys": [{"id": "k1", "key": "07".repeat(32)}]}}).to_string();
    measure("open: compile and keep", 1, || close_engine(open(&plain)));
    measure("open: from the cache", 51, || close_engine(open(&plain)));
    let engine = open(&kept);
    measure("open: kept in the process", ROUNDS, || close_engine(open(&kept)));
    measure("instance: create, configure, close", ROUNDS, || close(create(engine, &config)));
    measure("engine, instance, event, close", ROUNDS, || {
        let engine = open(&kept);
        let instance = create(engine, &config);
        event(instance);
        close(instance);
        close_engine(engine);
    });
    let instance = create(engine, &config);
    measure("event of 100 bytes", ROUNDS, || event(instance));
    close(instance);
    std::fs::remove_dir_all(cache).ok();
}

fn measure(what: &str, rounds: usize, mut run: impl FnMut()) {
    let mut times: Vec<_> = (0..rounds)
        .map(|_| {
            let begun = Instant::now();
            run();
            begun.elapsed()
        })
        .collect();
    times.sort();
    let (median, high) = (times[rounds / 2], times[rounds * 99 / 100]);
    println!("{what:34} {:>10.1} us, 99th percentile {:.1} us", us(median), us(high));
}

fn us(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn open(options: &str) -> u64 {
    let mut engine = 0;
    // SAFETY: the length is that of the text, and the handle is writable.
    let status = unsafe { hw_engine_open(options.as_ptr().cast(), options.len(), &mut engine, null_mut()) };
    assert_eq!(status, 0);
    engine
}

fn create(engine: u64, options: &str) -> u64 {
    let (text, len, mut instance) = (options.as_ptr().cast(), options.len(), 0);
    let host = HwHost { callback: Some(serve), context: null_mut() };
    // SAFETY: as above; the callback uses no context.
    let status = unsafe { hw_instance_new(engine, text, len, &host, &mut instance, null_mut()) };
    assert_eq!(status, 0);
    instance
}

fn event(instance: u64) {
    let function = "webhooks.on-event";
    let arguments = r#"{"tenant":"acme","event":"{\"type\":\"invoice.paid\",\"data\":{\"id\":\"inv-1\",\"amount\":4200,\"currency\":\"EUR\",\"lines\":[1,2,3]}}"}"#;
    let mut answer = HwAnswer { data: std::ptr::null(), len: 0, token: 0 };
    // SAFETY: the lengths are those of the texts, and the answer is freed once.
    let status = unsafe {
        let (name, text) = (function.as_ptr().cast(), arguments.as_ptr().cast());
        let status = hw_call(instance, name, function.len(), text, arguments.len(), &mut answer);
        hw_free(&mut answer);
        status
    };
    assert_eq!(status, 0);
}

fn close(instance: u64) {
    // SAFETY: null is allowed.
    assert_eq!(unsafe { hw_instance_close(instance, null_mut()) }, 0);
}

fn close_engine(engine: u64) {
    // SAFETY: null is allowed.
    assert_eq!(unsafe { hw_engine_close(engine, null_mut()) }, 0);
}

/// Replies to every request as to a commit of two rows, which is the only request of an event.
unsafe extern "C" fn serve(_: *mut c_void, _: *const u8, _: usize, reply: u64) -> i32 {
    let answer = r#"{"ok":["1","2"]}"#;
    // SAFETY: the length is that of the text.
    unsafe { hw_reply_set(reply, answer.as_ptr().cast(), answer.len()) }
}
