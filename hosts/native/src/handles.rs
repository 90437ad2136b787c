//! Handles: numbers that stand for objects of the bridge. A number is never used twice, so a stale handle is an error in C and
//! not a crash.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::lock::lock;

/// The next number. All kinds of objects share it, so the handle of an engine is never the handle of an instance.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Returns a number that was never returned before.
pub(crate) fn fresh() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Returns a bound: numbers below it were given before this call, later numbers are not below it.
pub(crate) fn bound() -> u64 {
    NEXT.load(Ordering::Relaxed)
}

/// The objects of one kind, by handle.
pub(crate) struct Table<T> {
    rows: Mutex<HashMap<u64, T>>,
}

impl<T> Table<T> {
    /// An empty table.
    pub(crate) fn new() -> Table<T> {
        Table { rows: Mutex::default() }
    }

    /// Adds an object and returns its handle.
    pub(crate) fn add(&self, value: T) -> u64 {
        let handle = fresh();
        lock(&self.rows).insert(handle, value);
        handle
    }

    /// Removes an object. The caller drops it, outside the lock, because that may take long.
    pub(crate) fn remove(&self, handle: u64) -> Option<T> {
        lock(&self.rows).remove(&handle)
    }

    /// Returns a clone of an object.
    pub(crate) fn get(&self, handle: u64) -> Option<T>
    where
        T: Clone,
    {
        lock(&self.rows).get(&handle).cloned()
    }
}
