//! The component: the engine behind the WIT world. It converts values at the boundary and decides nothing.
//!
//! `host` implements the engine's host on the world's imports. `webhooks`, `console` and `receiver` implement the exports.
//! `convert` converts values between the engine's types and the bindings. `instance` holds the configuration.
#![deny(unsafe_code)]

mod bindings;
mod convert;
mod host;
mod instance;
mod plugin;

mod console;
mod receiver;
mod webhooks;

mod exports;
