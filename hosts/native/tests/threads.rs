//! Who may call what from which thread, and what a fork leaves of it.

use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hookwright_engine::memory::MemoryStore;
use hookwright_native::*;
use serde_json::json;

use crate::host::{MISUSED, OK, Serve, answered, config, engine, error, instance, made, reply, served};

/// Instances that are closed while others call them. A callback after the close came in every fifth.
const CLOSED: usize = 60;
/// A child that takes longer is ended.
const CHILD_S_MAX: u32 = 60;

#[test]
fn an_instance_belongs_to_its_thread_unless_it_was_made_for_all() {
    let engine = engine();
    let own = instance(&engine, MemoryStore::new());
    let options = json!({"config": config(), "threads": "any"});
    let (any, _) = made(&engine, &options, served(MemoryStore::new()));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let wrong = (MISUSED, "wrong-thread".to_owned(), String::new());
            assert_eq!(error(own.call("webhooks.event-types", &json!({}))), wrong);
            any.ok("webhooks.event-types", &json!({}));
        });
    });
    own.ok("webhooks.event-types", &json!({}));
    any.ok("webhooks.event-types", &json!({}));
}

#[test]
fn an_instance_is_closed_by_any_thread_even_if_its_own_has_ended() {
    let engine = engine();
    let own = std::thread::scope(|scope| scope.spawn(|| instance(&engine, MemoryStore::new())).join().unwrap());
    assert_eq!(answered(|answer| unsafe { hw_instance_close(own.handle(), answer) }).0, OK);
}

#[test]
fn no_callback_is_called_once_an_instance_is_closed() {
    let engine = engine();
    let (store, options) = (Arc::new(MemoryStore::new()), json!({"config": config(), "threads": "any"}));
    let late = Arc::new(AtomicUsize::new(0));
    for _ in 0..CLOSED {
        let closed = Arc::new(AtomicBool::new(false));
        let (closed_inside, late, store) = (closed.clone(), late.clone(), store.clone());
        let serve: Serve = Box::new(move |request| {
            late.fetch_add(closed_inside.load(Ordering::SeqCst).into(), Ordering::SeqCst);
            Ok(reply(&*store, request).to_string())
        });
        let (instance, _) = made(&engine, &options, serve);
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

/// Runs this in a forked child, and answers how it ended: 0, what it said, or the signal that ended it.
///
/// The child makes system calls and calls of the bridge alone: other tests' threads are not in it, and may hold any lock of
/// the parent's.
fn forked(run: impl FnOnce() -> i32) -> i32 {
    let child = unsafe { libc::fork() };
    if child == 0 {
        // One that waits for what is in the parent alone would wait for ever.
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
fn what_was_opened_before_a_fork_is_refused_after_it() {
    let engine = engine();
    let instance = instance(&engine, MemoryStore::new());
    let handle = instance.handle();
    let function = "webhooks.event-types";
    let ended = forked(|| {
        let status = |call: i32, expected: i32, failure: i32| if call == expected { 0 } else { failure };
        unsafe {
            let text = function.as_ptr().cast();
            status(hw_call(handle, text, function.len(), std::ptr::null(), 0, null_mut()), MISUSED, 1)
                | status(hw_instance_close(handle, null_mut()), OK, 2)
                | status(hw_engine_close(engine.0, null_mut()), OK, 4)
        }
    });
    assert_eq!(ended, 0);
    instance.ok(function, &json!({}));
}

#[test]
fn a_fork_of_a_process_that_has_compiled_compiles_too() {
    let folder = tempfile::tempdir().unwrap();
    // Several functions: several threads compile them.
    let component = folder.path().join("component.wasm");
    let functions = "(func (result i32) i32.const 1)".repeat(64);
    std::fs::write(&component, wat::parse_str(format!("(component (core module {functions}))")).unwrap()).unwrap();
    let options = json!({"component": component, "to": folder.path().join("compiled")}).to_string();
    let compile = || unsafe { hw_compile(options.as_ptr().cast(), options.len(), null_mut()) };
    assert_eq!(compile(), OK);
    assert_eq!(forked(compile), OK);
}
