//! The ports: storage, HTTP, time, entropy and the log, which a host provides.
//!
//! Every effect of the engine goes through [`Host`].

mod storage;

mod http;

mod clock;

mod entropy;

mod log;

pub mod contract;

pub mod memory;

pub use clock::{AcceptTimes, Clock};
pub use entropy::Entropy;
pub use http::{
    Completion, EgressPolicy, Http, HttpError, HttpErrorKind, Request, Response, Signal, WaitResult, embedded_ipv4,
};
pub use log::Log;
pub use storage::{Check, Direction, Entry, KeyRange, Mutation, Storage, StorageError};

/// All ports as one object, so that a flow takes one context argument.
pub trait Host: Storage + Http + Clock + Entropy + Log {}

impl<T: Storage + Http + Clock + Entropy + Log> Host for T {}
