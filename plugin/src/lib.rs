//! The component: the engine behind the WIT world. It converts at the edge and decides nothing.
//!
//! Each file stands for one side of the boundary: `host` for the imports, `webhooks`, `console` and `receiver` for the exports,
//! `convert` for the values that cross, `instance` for what an instance was told.
#![deny(unsafe_code)]

mod bindings;
mod console;
mod convert;
mod host;
mod instance;
mod receiver;
mod webhooks;

/// What the world's exports are implemented on.
struct Plugin;
