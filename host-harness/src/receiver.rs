//! A receiver of webhooks on loopback, for demonstrations and tests. It records requests and answers them by a script.
//!
//! It shares no code with the sender, so that its verdict on a signature is independent.

mod verify;

mod record;

mod connections;
mod server;

pub use record::{Received, Script};
pub use server::Receiver;
pub use verify::{Scheme, Signature};
