//! The store under simulation: rows, versions that never return, and the contract's checks. Faults, delays and open
//! transactions are the scheduler's; here a commit is applied or not, at one moment.

use std::collections::BTreeMap;

use hookwright_engine::contract;
use hookwright_engine::ports::{Check, Direction, Entry, KeyRange, Mutation, StorageError};

/// How versions are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// As the contract says: never twice for a key.
    #[default]
    New,
    /// A sabotage: a row put again after a delete begins with the same version as before.
    Return,
    /// A sabotage: a row keeps its version when it is put again.
    Keep,
}

/// The rows.
#[derive(Clone, Debug, Default)]
pub struct SimStore {
    rows: BTreeMap<String, (String, u64)>,
    version: u64,
    versions: Versions,
}

impl SimStore {
    /// An empty one.
    pub fn new(versions: Versions) -> SimStore {
        SimStore { versions, ..SimStore::default() }
    }

    /// As the contract says.
    pub fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        contract::validate_get(keys)?;
        let entry = |key: &String| self.rows.get(key).map(|row| entry(key, row));
        Ok(keys.iter().map(entry).collect())
    }

    /// As the contract says.
    pub fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        contract::validate_scan(range, limit)?;
        if range.start >= range.end {
            return Ok(Vec::new());
        }
        let found = self.rows.range(range.start.clone()..range.end.clone());
        let limit = limit as usize;
        Ok(match order {
            Direction::Forward => found.take(limit).map(|(key, row)| entry(key, row)).collect(),
            Direction::Reverse => found.rev().take(limit).map(|(key, row)| entry(key, row)).collect(),
        })
    }

    /// The checks that do not hold.
    pub fn failing(&self, checks: &[Check]) -> Vec<u32> {
        let fails = |check: &Check| self.rows.get(&check.key).map(|(_, version)| *version) != check.version;
        checks.iter().zip(0..).filter(|(check, _)| fails(check)).map(|(_, index)| index).collect()
    }

    /// As the contract says.
    pub fn commit(&mut self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        contract::validate_commit(checks, mutations)?;
        let failing = self.failing(checks);
        if !failing.is_empty() {
            return Err(StorageError::Conflict(failing));
        }
        let mut versions = Vec::new();
        for mutation in mutations {
            match mutation {
                Mutation::Put { key, value } => {
                    let version = self.next_version(key);
                    versions.push(version);
                    self.rows.insert(key.clone(), (value.clone(), version));
                }
                Mutation::Delete { key } => {
                    self.rows.remove(key);
                }
            }
        }
        Ok(versions)
    }

    /// A sabotage: no row is left under a prefix.
    pub fn lose(&mut self, prefix: &str) {
        self.rows.retain(|key, _| !key.starts_with(prefix));
    }

    /// Returns a row that has this text in its key or in its value, except erasure marks.
    pub fn naming(&self, text: &str) -> Option<String> {
        let names = |(key, (value, _)): &(&String, &(String, u64))| {
            !super::kept::remembers(key, value) && (key.contains(text) || value.contains(text))
        };
        self.rows.iter().find(names).map(|(key, _)| key.clone())
    }

    /// How many rows there are under a prefix.
    pub fn count(&self, prefix: &str) -> usize {
        self.rows.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix)).count()
    }

    fn next_version(&mut self, key: &str) -> u64 {
        let before = self.rows.get(key).map(|(_, version)| *version);
        match (self.versions, before) {
            (Versions::Return, _) => return before.map_or(1, |version| version + 1),
            (Versions::Keep, Some(version)) => return version,
            _ => (),
        }
        self.version += 1;
        self.version
    }
}

fn entry(key: &str, row: &(String, u64)) -> Entry {
    Entry { key: key.to_owned(), value: row.0.clone(), version: row.1 }
}
