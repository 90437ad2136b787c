//! Locking a mutex, whether or not it is poisoned.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex. Code under the bridge's locks never panics half-way, so the content of a poisoned lock is valid.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
