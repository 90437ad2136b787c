//! A store in memory. Simulations and tests run on it, and it is the shortest complete reading of the storage contract.
//!
//! Its rows are lost when the process exits. `contract` decides which calls are well-formed, as for every store.

use crate::ports::contract::{validate_commit, validate_get, validate_scan};
use crate::ports::{Check, Direction, Entry, KeyRange, Mutation, Storage, StorageError};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An ordered map of rows behind one lock. Share it by reference or in an `Arc`.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Clone, Debug, Default)]
struct State {
    rows: BTreeMap<String, Row>,
    /// One counter for all keys. It only grows, so that no version is used twice, not even after a delete.
    version_last: u64,
}

#[derive(Clone, Debug)]
struct Row {
    value: String,
    version: u64,
}

impl MemoryStore {
    /// Returns an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns every row, in key order.
    pub fn snapshot(&self) -> Vec<Entry> {
        self.lock().rows.iter().map(entry).collect()
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.lock().rows.len()
    }

    /// Returns true if there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Locks the rows. A panic cannot leave them half changed, because a commit decides before it inserts and removes.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Copies the rows as they are now. Later changes affect one copy only.
impl Clone for MemoryStore {
    fn clone(&self) -> Self {
        Self { state: Mutex::new(self.lock().clone()) }
    }
}

impl Storage for MemoryStore {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        validate_get(keys)?;
        let state = self.lock();
        Ok(keys.iter().map(|key| state.rows.get_key_value(key).map(entry)).collect())
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        validate_scan(range, limit)?;
        if range.start >= range.end {
            return Ok(Vec::new());
        }
        let state = self.lock();
        let bounds = (Bound::Included(range.start.as_str()), Bound::Excluded(range.end.as_str()));
        let rows = state.rows.range::<str, _>(bounds);
        let limit = limit as usize;
        Ok(match order {
            Direction::Forward => rows.take(limit).map(entry).collect(),
            Direction::Reverse => rows.rev().take(limit).map(entry).collect(),
        })
    }

    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        validate_commit(checks, mutations)?;
        let mut state = self.lock();
        let failed: Vec<u32> = (0u32..)
            .zip(checks)
            .filter(|(_, check)| state.rows.get(&check.key).map(|row| row.version) != check.version)
            .map(|(index, _)| index)
            .collect();
        if !failed.is_empty() {
            return Err(StorageError::Conflict(failed));
        }
        let mut versions = Vec::new();
        for mutation in mutations {
            match mutation {
                Mutation::Put { key, value } => {
                    state.version_last += 1;
                    let version = state.version_last;
                    state.rows.insert(key.clone(), Row { value: value.clone(), version });
                    versions.push(version);
                }
                Mutation::Delete { key } => {
                    state.rows.remove(key);
                }
            }
        }
        Ok(versions)
    }
}

fn entry((key, row): (&String, &Row)) -> Entry {
    Entry { key: key.clone(), value: row.value.clone(), version: row.version }
}
