//! A store under test, and the ways in which its connections can end.

use crate::failure::Failure;
use hookwright_engine::ports::Storage;
use std::sync::Arc;

/// A connection to a store.
pub type Handle = Arc<dyn Storage + Send + Sync>;

/// A store under test.
pub trait Subject: Sync {
    /// Returns the most that the store's rows survive.
    fn durability(&self) -> Durability;

    /// Ends every connection and makes the store empty.
    fn fresh(&self) -> Result<(), Failure>;

    /// Opens one more connection, as another worker of a platform does.
    fn connect(&self) -> Result<Handle, Failure>;

    /// Ends connections. Later connections see the same rows.
    fn end(&self, how: End) -> Result<(), Failure>;
}

/// The events that a store's rows survive. Each value includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// None: the rows are gone when the process ends.
    Memory,
    /// Closing the store and opening it again.
    Reopens,
    /// Killing the store's processes.
    Crashes,
}

/// How connections end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All of them are closed.
    Closed,
    /// All of them end as by `kill -9`, in the middle of a call.
    Killed,
    /// The process of the first connection is killed. The second connection goes on.
    FirstKilled,
}
