//! The guest bindings that `wit-bindgen` generates from `wit/`.
#![allow(unsafe_code, unused_qualifications, missing_debug_implementations)] // generated
#![allow(clippy::all)] // generated

wit_bindgen::generate!({
    path: "../wit",
    world: "plugin",
    // The `wasi` crate has these bindings already.
    with: {
        "wasi:clocks/wall-clock@0.2.0": wasi::clocks::wall_clock,
        "wasi:random/random@0.2.0": wasi::random::random,
    },
});
