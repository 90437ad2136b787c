//! Threads and forks: which calls are allowed from which thread, and in which process.

use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hookwright_engine::memory::MemoryStore;
use hookwright_native::*;
use serde_json::json;

use crate::host::{
    MISUSED, OK, Serve, answer, config, engine, error, instance, instance_with, misused, serve_storage, storage_reply,
};

/// Number of instances that are closed while other threads call them. Without the check, a callback came after the close in about
/// one of five.
const CLOSED: usize = 60;
/// Time after which a child process is killed, in seconds.
const CHILD_S_MAX: u32 = 60;

#[test]
fn call_from_another_thread_is_refused_unless_threads_is_any() {
    let engine = engine();
    let own = instance(&engine, MemoryStore::new());
    let options = json!({"config": config(), "threads": "any"});
    let any = instance_with(&engine, &options, serve_storage(MemoryStore::new()));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(error(own.call("webhooks.event-types", &json!({}))), misused("wrong-thread", ""));
            any.ok("webhooks.event-types", &json!({}));
        });
    });
    own.ok("webhooks.event-types", &json!({}));
    any.ok("webhooks.event-types", &json!({}));
}

#[test]
fn instance_of_an_ended_thread_is_closed_by_another() {
    let engine = engine();
    let own = std::thread::scope(|scope| scope.spawn(|| instance(&engine, MemoryStore::new())).join().unwrap());
    assert_eq!(answer(|answer| unsafe { hw_instance_close(own.handle(), answer) }).0, OK);
}

#[test]
fn closed_instance_never_calls_its_callback() {
    let engine = engine();
    let (store, options) = (Arc::new(MemoryStore::new()), json!({"config": config(), "threads": "any"}));
    let late = Arc::new(AtomicUsize::new(0));
    for _ in 0..CLOSED {
        let closed = Arc::new(AtomicBool::new(false));
        let (closed_inside, late, store) = (closed.clone(), late.clone(), store.clone());
        let serve: Serve = Box::new(move |request| {
            late.fetch_add(closed_inside.load(Ordering::SeqCst).into(), Ordering::SeqCst);
            Ok(storage_reply(&*store, request).to_string())
        });
        let instance = instance_with(&engine, &options, serve);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while instance.call("webhooks.list", &json!({"tenant": "a", "limit": 1})).1["kind"] != "closed" {}
                });
            }
            while unsafe { hw_instance_close(instance.handle(), null_mut()) } != OK {}
            closed.store(true, Ordering::SeqCst);
        });
    }
    assert_eq!(late.load(Ordering::SeqCst), 0);
}

/// Runs a function in a forked child. Returns its result, or 128 and the number of the signal that ended the child.
///
/// The function may only make system calls and calls of the bridge. The threads of other tests do not exist in the child, but may
/// have held any lock when it was forked.
fn forked(run: impl FnOnce() -> i32) -> i32 {
    let child = unsafe { libc::fork() };
    if child == 0 {
        // A call that waits for a thread of the parent would never return.
        unsafe {
            libc::alarm(CHILD_S_MAX);
            libc::_exit(run());
        }
    }
    assert!(child > 0);
    let mut status = -1;
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 128 + libc::WTERMSIG(status) }
}

#[test]
fn handle_from_before_a_fork_is_refused_after_it() {
    let engine = engine();
    let instance = instance(&engine, MemoryStore::new());
    let handle = instance.handle();
    let function = "webhooks.event-types";
    let ended = forked(|| {
        let check = |status: i32, expected: i32, bit: i32| if status == expected { 0 } else { bit };
        unsafe {
            let text = function.as_ptr().cast();
            check(hw_call(handle, text, function.len(), std::ptr::null(), 0, null_mut()), MISUSED, 1)
                | check(hw_instance_close(handle, null_mut()), OK, 2)
                | check(hw_engine_close(engine.0, null_mut()), OK, 4)
        }
    });
    assert_eq!(ended, 0);
    instance.ok(function, &json!({}));
}

#[test]
fn fork_of_a_process_that_has_compiled_compiles() {
    let folder = tempfile::tempdir().unwrap();
    // With several functions, several threads compile.
    let component = folder.path().join("component.wasm");
    let functions = "(func (result i32) i32.const 1)".repeat(64);
    std::fs::write(&component, wat::parse_str(format!("(component (core module {functions}))")).unwrap()).unwrap();
    let options = json!({"component": component, "to": folder.path().join("compiled")}).to_string();
    let compile = || unsafe { hw_compile(options.as_ptr().cast(), options.len(), null_mut()) };
    assert_eq!(compile(), OK);
    assert_eq!(forked(compile), OK);
}
