//! Tests of the bridge through its C functions, as a host in another language calls them.
#![cfg(test)]

mod arguments;
mod callback;
mod client;
mod code;
mod events;
mod handles;
mod header;
mod histories;
mod host;
mod http;
mod in_c;
mod threads;
mod traps;
