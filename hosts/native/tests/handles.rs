//! Handles, pointers and answers: a mistake is an error, and later correct calls succeed.

use std::ptr::{null, null_mut};
use std::sync::{Arc, Mutex};

use hookwright_engine::memory::MemoryStore;
use hookwright_native::*;
use serde_json::json;

use crate::client::TENANT;
use crate::host::{
    Answer, MISUSED, OK, Serve, answer, call, config, create, engine, error, instance, instance_with, misused,
    serve_storage, storage_reply,
};

fn close_instance(handle: u64) -> Answer {
    answer(|answer| unsafe { hw_instance_close(handle, answer) })
}

fn close_engine(handle: u64) -> Answer {
    answer(|answer| unsafe { hw_engine_close(handle, answer) })
}

#[test]
fn version_describes_interface_and_component() {
    assert_eq!(hw_abi(), HW_ABI);
    let (status, version) = answer(|answer| unsafe { hw_version(answer) });
    assert_eq!((status, &version["abi"], &version["compiler"]), (OK, &json!(HW_ABI), &json!(true)));
    assert_eq!(version["component"].as_str().unwrap().len(), 64);
}

#[test]
fn unknown_handle_is_refused_as_closed() {
    let engine = engine();
    let instance = instance(&engine, MemoryStore::new());
    for handle in [0, instance.handle() + 1_000_000, engine.0, u64::MAX] {
        assert_eq!(error(call(handle, "webhooks.event-types", b"")), misused("closed", ""));
        assert_eq!(error(close_instance(handle)), misused("closed", ""));
        let work = answer(|answer| unsafe { hw_instance_signal_work(handle, answer) });
        assert_eq!(error(work), misused("closed", ""));
        let drain = answer(|answer| unsafe { hw_instance_signal_drain(handle, answer) });
        assert_eq!(error(drain), misused("closed", ""));
    }
}

#[test]
fn closed_handle_is_refused_and_instance_outlives_its_engine() {
    let engine = engine();
    let instance = instance(&engine, MemoryStore::new());
    assert_eq!(close_engine(engine.0).0, OK);
    assert_eq!(error(close_engine(engine.0)), misused("closed", ""));
    let (_none, answer) = create(&engine, &json!({"config": config()}), serve_storage(MemoryStore::new()));
    assert_eq!(error(answer), misused("closed", ""));
    instance.ok("webhooks.event-types", &json!({}));
    assert_eq!(close_instance(instance.handle()).0, OK);
    assert_eq!(error(close_instance(instance.handle())), misused("closed", ""));
    assert_eq!(error(call(instance.handle(), "webhooks.event-types", b"")), misused("closed", ""));
}

#[test]
fn answer_freed_twice_is_refused() {
    let mut answer = HwAnswer { data: null(), len: 0, token: 0 };
    unsafe {
        assert_eq!(hw_version(&mut answer), OK);
        let mut copy = HwAnswer { ..answer };
        assert_eq!(hw_free(&mut answer), OK);
        assert!(answer.data.is_null() && answer.len == 0);
        assert_eq!(hw_free(&mut answer), MISUSED);
        assert_eq!(hw_free(&mut copy), MISUSED);
        assert_eq!(hw_free(null_mut()), MISUSED);
    }
}

#[test]
fn null_pointer_is_refused_where_a_value_is_required() {
    let engine = engine();
    let text = b"{}".as_ptr().cast();
    unsafe {
        assert_eq!(hw_engine_open(text, 2, null_mut(), null_mut()), MISUSED);
        let opened = answer(|answer| hw_engine_open(text, 2, null_mut(), answer));
        assert_eq!(error(opened), misused("pointer", ""));
        let created = answer(|answer| hw_instance_new(engine.0, text, 2, null(), null_mut(), answer));
        assert_eq!(error(created), misused("pointer", ""));
        let mut handle = 5;
        let opened = answer(|answer| hw_engine_open(null(), 5, &mut handle, answer));
        assert_eq!((error(opened), handle), (misused("pointer", ""), 0));
        assert_eq!(hw_reply_set(1, null(), 5), MISUSED);
    }
}

#[test]
fn host_may_be_null_or_have_no_callback() {
    let engine = engine();
    let options = json!({"config": config()}).to_string();
    let empty = HwHost { callback: None, context: null_mut() };
    for host in [null(), &raw const empty] {
        let mut handle = 0;
        let created = answer(|answer| unsafe {
            hw_instance_new(engine.0, options.as_ptr().cast(), options.len(), host, &mut handle, answer)
        });
        assert_eq!(created.0, OK, "{}", created.1);
        assert_eq!(call(handle, "webhooks.event-types", b"").0, OK);
        assert_eq!(close_instance(handle).0, OK);
    }
}

#[test]
fn call_within_a_callback_of_the_same_instance_is_busy() {
    let engine = engine();
    let store = MemoryStore::new();
    let shared = Arc::new(Mutex::new((0, Vec::new())));
    let inside = shared.clone();
    let serve: Serve = Box::new(move |request| {
        let mut inside = inside.lock().unwrap();
        if inside.0 != 0 {
            let handle = inside.0;
            inside.1.push(error(call(handle, "webhooks.event-types", b"")));
            inside.1.push(error(close_instance(handle)));
        }
        Ok(storage_reply(&store, request).to_string())
    });
    let instance = instance_with(&engine, &json!({"config": config()}), serve);
    shared.lock().unwrap().0 = instance.handle();
    instance.ok("webhooks.list", &json!({"tenant": TENANT, "limit": 1}));
    let errors = &shared.lock().unwrap().1;
    assert!(errors.len() >= 2 && errors.iter().all(|error| *error == misused("busy", "")), "{errors:?}");
}

#[test]
fn reply_without_a_running_callback_is_refused() {
    for reply in [0, u64::MAX] {
        assert_eq!(unsafe { hw_reply_set(reply, b"{}".as_ptr().cast(), 2) }, MISUSED);
    }
}
