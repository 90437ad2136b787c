//! The identity of the library: the version of its interface, its target and its component.

use hookwright_host::COMPONENT;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The version of the interface. It changes when a program for the earlier interface no longer works.
pub const HW_ABI: u32 = 3;

/// Returns the description that `hw_version` gives.
pub(crate) fn describe() -> Value {
    json!({
        "abi": HW_ABI,
        "version": env!("CARGO_PKG_VERSION"),
        "target": env!("HOOKWRIGHT_TARGET"),
        "compiler": cfg!(feature = "compiler"),
        "component": hex::encode(Sha256::digest(COMPONENT)),
    })
}
