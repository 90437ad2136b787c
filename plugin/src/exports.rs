//! Exports the implementations on [`Plugin`] under the names of the world.
//!
//! The names contain `#`, which only the linker for wasm accepts. A native build of this crate is only checked.
#![cfg(target_arch = "wasm32")]
#![allow(unsafe_code)] // generated

use crate::bindings;
use crate::plugin::Plugin;

bindings::export!(Plugin with_types_in bindings);
