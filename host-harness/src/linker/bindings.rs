//! The host bindings that `wasmtime` generates from `wit/`. Only the modules beside this one use them.
#![allow(missing_docs, missing_debug_implementations, unused_qualifications)] // generated
#![allow(clippy::all)] // generated

wasmtime::component::bindgen!({ path: "../wit", world: "plugin" });
