//! The questions of an engine call to the outside, their answers, and the call's result.

use hookwright_engine::ports::{Check, Direction, Entry, KeyRange, Mutation, Request, StorageError, WaitResult};
use hookwright_engine::{Accepted, DeliveryReport, Error};

/// A call of the engine to the outside.
#[derive(Debug)]
pub enum Op {
    Get(Vec<String>),
    Scan { range: KeyRange, limit: u32, order: Direction },
    Commit { checks: Vec<Check>, mutations: Vec<Mutation> },
    Submit(Vec<Request>),
    Wait { timeout_ms: u32 },
}

/// The answer to such a call.
#[derive(Debug)]
pub enum Reply {
    Start,
    Got(Result<Vec<Option<Entry>>, StorageError>),
    Scanned(Result<Vec<Entry>, StorageError>),
    Committed(Result<Vec<u64>, StorageError>),
    Submitted,
    Waited(WaitResult),
}

/// The result of an engine call.
#[derive(Debug)]
pub enum Done {
    Delivered(Result<DeliveryReport, Error>),
    Accepted(Result<Vec<Accepted>, Error>),
    Json(Result<String, Error>),
    Removed(Result<(), Error>),
}
