//! What `wit-bindgen` makes of `wit/`. Nothing outside this crate sees guest bindings.
#![allow(unsafe_code, unused_qualifications, missing_debug_implementations)] // generated
#![allow(clippy::all)] // generated

wit_bindgen::generate!({
    path: "../wit",
    world: "plugin",
    // The clock and the random bytes are bound by the `wasi` crate already.
    with: {
        "wasi:clocks/wall-clock@0.2.0": wasi::clocks::wall_clock,
        "wasi:random/random@0.2.0": wasi::random::random,
    },
});

// The exports' names are symbols with `#` in them, which only wasm's linker takes: a native build is for checking alone.
#[cfg(target_arch = "wasm32")]
use crate::Plugin;
#[cfg(target_arch = "wasm32")]
export!(Plugin);
