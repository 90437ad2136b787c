//! The native bridge: Hookwright's component behind a flat C interface, for hosts in any language that can call C.
//!
//! `include/hookwright.h` is the interface and `README.md` its description. A test compares the header with the functions here.
//! The bridge decides nothing about webhooks. A mistake of the caller becomes an error wherever C allows to notice it: handles
//! are numbers that are looked up, and no panic leaves a function.
#![deny(unsafe_op_in_unsafe_fn)]
#![deny(missing_docs)]

#[cfg(not(unix))]
compile_error!("the native bridge checks the owners of files, which only Unix has");

mod callback;
mod code;
mod engine;
mod failure;
mod files;
mod handles;
mod imports;
mod instance;
mod interface;
mod json;
mod lock;
mod options;
mod pointers;
mod tables;
mod unwind;
mod version;

pub use callback::HwCallback;
pub use interface::*;
pub use pointers::HwAnswer;
pub use version::HW_ABI;
