//! The component as an artifact: what it imports, what it refuses, and what is left after a trap.

use std::sync::Arc;

use hookwright_componentize::{ALLOWED_IMPORTS, check_imports, componentize, describe, imports};
use hookwright_engine::memory::MemoryStore;
use hookwright_host::{Blueprint, COMPONENT, CallError, Imports, Pool, Runtime, Settings};

use crate::hostile::{self, NoHttp, settings};

#[test]
fn component_imports_exactly_the_allowed_interfaces() {
    let names = imports(COMPONENT).unwrap();
    println!("{} bytes, imports {names:?}", COMPONENT.len());
    let interfaces: Vec<&str> = names.iter().map(|name| name.split_once('@').unwrap().0).collect();
    assert_eq!(interfaces, ALLOWED_IMPORTS);
}

/// The size that was recorded last, in bytes.
const RECORDED: &str = include_str!("../../docs/component-size.txt");

/// Growth in percent, beyond which the recorded size must be moved.
const GROWTH_PERCENT_MAX: usize = 5;

#[test]
fn component_larger_than_recorded_fails() {
    let recorded = RECORDED.lines().find(|line| !line.starts_with('#')).unwrap();
    let recorded_bytes: usize = recorded.parse().unwrap();
    let bytes = COMPONENT.len();
    assert!(
        bytes * 100 <= recorded_bytes * (100 + GROWTH_PERCENT_MAX),
        "the component has {bytes} bytes, over {GROWTH_PERCENT_MAX} % more than the {recorded_bytes} in \
         docs/component-size.txt; find the cause, or accept it with `cargo xtask size --record` and say why in the commit"
    );
}

#[test]
fn another_import_fails_the_build() {
    let mut module = wat::parse_str("(module)").unwrap();
    describe(&mut module, &hostile::wit()).unwrap();
    // A component that asks for the environment, as one built for another target would.
    let component = wat::parse_str(r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#).unwrap();
    let refused = check_imports(&component).unwrap_err().to_string();
    assert!(refused.contains("imports wasi:cli/environment@0.2.0, which it must not"), "{refused}");
    assert!(componentize(&module).is_err(), "a module without the exports is no plugin");
}

#[test]
fn settings_are_refused_when_an_instance_is_made() {
    let runtime = Runtime::builder().build().unwrap();
    let rows = [
        (Settings { profile: "no-such".to_owned(), ..settings() }, "no-such"),
        (Settings { sealing_keys: Vec::new(), ..settings() }, "key"),
        (
            Settings { profiles: vec!["{\n  \"name\": 7}".to_owned()], ..settings() },
            "profiles[0].name: line 2, column 3: expected",
        ),
        (Settings { webhooks_per_tenant_max: Some(0), ..settings() }, "webhooksPerTenantMax: `0` is out of range"),
        (Settings { allow_destinations: vec!["10.0.0.0/99".to_owned()], ..settings() }, "10.0.0.0/99"),
    ];
    for (settings, part) in rows {
        match runtime.instantiate(hostile::imports(), &settings) {
            Err(CallError::Refused(error)) => assert!(error.to_string().contains(part), "{error}"),
            other => panic!("{part}: {other:?}"),
        }
    }
}

#[test]
fn trap_loses_no_accepted_event() {
    // Little memory, so that a request which is far too large for the component traps it.
    let runtime = Runtime::builder().memory_bytes_max(8 * 1024 * 1024).build().unwrap();
    let store = Arc::new(MemoryStore::new());
    let blueprint =
        Blueprint::new(runtime, settings(), move |_| Imports::new(store.clone(), Arc::new(NoHttp)).log(|_, _| {}));
    let pool = Pool::new(Arc::new(blueprint), 1);
    let accepted = pool.call(|plugin| plugin.on_event(Some("acme"), r#"{"type":"asset.updated","id":"e1"}"#)).unwrap();
    let huge = vec![" ".repeat(256 * 1024); 100];
    let trapped = pool.call(|plugin| plugin.on_events(Some("acme"), &huge));
    assert!(matches!(trapped, Err(CallError::Trapped(_))), "{trapped:?}");
    let again = pool.call(|plugin| plugin.on_event(Some("acme"), r#"{"type":"asset.updated","id":"e1"}"#)).unwrap();
    assert_eq!((again.message_id.as_str(), again.new), (accepted.message_id.as_str(), false));
}
