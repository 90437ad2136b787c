//! A commit as the engine builds and submits it: repeated unchanged while its outcome is open.

use crate::ports::{Check, Mutation, Storage, StorageError};
use crate::support::error::Error;
use crate::support::error::ErrorKind;

/// How often a commit is submitted before the storage counts as unavailable.
const TRIES_MAX: usize = 12;

/// Checks and mutations, gathered.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    checks: Vec<Check>,
    mutations: Vec<Mutation>,
}

/// What became of a commit.
#[derive(Debug)]
pub enum Outcome {
    /// Applied; the versions of the rows put.
    Applied(Versions),
    /// Not applied by the last submission: these keys are not as they were when they were read.
    Conflict {
        /// The keys whose checks failed.
        keys: Vec<String>,
        /// An earlier submission of the same commit had an open outcome, so it may have been applied then.
        doubtful: bool,
    },
}

/// The versions of the rows that a commit put.
#[derive(Debug)]
pub struct Versions(Vec<(String, u64)>);

impl Versions {
    /// The version of a row put.
    pub fn of(&self, key: &str) -> Result<u64, Error> {
        self.0
            .iter()
            .find(|(put, _)| put == key)
            .map(|(_, version)| *version)
            .ok_or_else(|| Error::of(ErrorKind::Internal, format!("the storage gave no version for '{key}'")))
    }
}

impl Commit {
    /// The row must have this version; `None`: it must be absent, and this commit puts it.
    pub fn check(&mut self, key: &str, version: Option<u64>) {
        self.checks.push(Check { key: key.to_owned(), version });
    }

    /// Writes a row.
    pub fn put(&mut self, key: String, value: String) {
        self.mutations.push(Mutation::Put { key, value });
    }

    /// Removes a row.
    pub fn delete(&mut self, key: String) {
        self.mutations.push(Mutation::Delete { key });
    }

    /// Submits it until the outcome is known.
    pub fn submit<S: Storage + ?Sized>(&self, storage: &S) -> Result<Outcome, Error> {
        let mut doubtful = false;
        let mut last = StorageError::NotApplied("no answer".to_owned());
        for _ in 0..TRIES_MAX {
            match storage.commit(&self.checks, &self.mutations) {
                Ok(versions) => return self.applied(versions),
                Err(StorageError::Conflict(failed)) => {
                    let keys = failed.iter().filter_map(|&index| self.checks.get(index as usize));
                    return Ok(Outcome::Conflict { keys: keys.map(|check| check.key.clone()).collect(), doubtful });
                }
                Err(StorageError::Unknown(detail)) => {
                    doubtful = true;
                    last = StorageError::Unknown(detail);
                }
                Err(StorageError::NotApplied(detail)) => last = StorageError::NotApplied(detail),
                Err(error) => return Err(error.into()),
            }
        }
        Err(last.into())
    }

    fn applied(&self, versions: Vec<u64>) -> Result<Outcome, Error> {
        let puts: Vec<&String> = self
            .mutations
            .iter()
            .filter_map(|mutation| match mutation {
                Mutation::Put { key, .. } => Some(key),
                Mutation::Delete { .. } => None,
            })
            .collect();
        if puts.len() != versions.len() {
            let problem = format!("the storage answered {} versions for {} rows", versions.len(), puts.len());
            return Err(Error::of(ErrorKind::Internal, problem));
        }
        Ok(Outcome::Applied(Versions(puts.into_iter().cloned().zip(versions).collect())))
    }
}
