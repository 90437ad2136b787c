//! The data that an instance's store carries: its imports, its limits, and the time that its guest computes.

use std::time::Instant;

use hookwright_engine::ports::Completion;
use wasmtime::{ResourceLimiter, StoreLimits};

use crate::imports::Imports;
use crate::ticker::Ticker;

/// The data of one instance.
pub(crate) struct State {
    pub(crate) imports: Imports,
    pub(crate) limits: Limits,
    pub(crate) ticker: Ticker,
    /// When the guest began to compute: after its last call of storage or HTTP, plus the time that its other calls took.
    pub(crate) guest_since: Instant,
    /// Completions of requests that this host cannot express. The next wait returns them.
    pub(crate) refused: Vec<Completion>,
    /// The last line that the guest logged as an error. If a trap follows, it is the panic's text.
    pub(crate) error_last: Option<String>,
}

impl State {
    /// Runs a call of the embedder. The guest's computing time begins anew after it.
    pub(crate) fn outside<T>(&mut self, call: impl FnOnce(&Imports) -> T) -> T {
        let answer = self.ticker.outside(|| call(&self.imports));
        self.guest_since = Instant::now();
        answer
    }

    /// Runs a call of the embedder that does not count as computing time, but does not renew it either: a guest that asks for
    /// the time in an endless loop must be stopped.
    pub(crate) fn aside<T>(&mut self, call: impl FnOnce(&Imports) -> T) -> T {
        let begun = Instant::now();
        let answer = call(&self.imports);
        self.guest_since += begun.elapsed();
        answer
    }
}

/// The limits of an instance.
pub(crate) struct Limits {
    pub(crate) bounds: StoreLimits,
    /// True if memory was refused since the call began.
    pub(crate) memory_refused: bool,
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = self.bounds.memory_growing(current, desired, maximum)?;
        self.memory_refused |= !granted;
        Ok(granted)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.bounds.table_growing(current, desired, maximum)
    }

    fn instances(&self) -> usize {
        self.bounds.instances()
    }

    fn tables(&self) -> usize {
        self.bounds.tables()
    }

    fn memories(&self) -> usize {
        self.bounds.memories()
    }
}
