//! The bridge by its C functions, as a host in another language has them.
#![cfg(test)]

mod code;
mod events;
mod header;
mod histories;
mod host;
mod http;
mod in_c;
mod misuse;
mod threads;
mod traps;
