//! Who may call what from which thread.

use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hookwright_engine::memory::MemoryStore;
use hookwright_native::*;
use serde_json::json;

use crate::host::{MISUSED, OK, Serve, answered, config, engine, error, instance, made, reply, served};

/// Instances that are closed while others call them. A callback after the close came in every fifth.
const CLOSED: usize = 60;

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
