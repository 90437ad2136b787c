//! A commit as the engine builds and submits it: repeated unchanged while its outcome is unknown, within a time.
//!
//! There is no wait between two submissions. The only wait that a host offers is that for completions, which belong to the worker;
//! in a platform's transaction there is none. A storage that fails at once is submitted to a few times, and one that fails late
//! until the deadline. The caller's next call is the longer wait.

use crate::ports::{Check, Clock, Mutation, Storage, StorageError};
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::limits::COMMIT_MS_MAX;

/// The number of submissions of a commit, at most.
const SUBMISSIONS_MAX: u32 = 12;

/// The number of submissions that the storage may answer with `not-applied`, at most.
const NOT_APPLIED_MAX: u32 = 4;

/// Checks and mutations, gathered.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    checks: Vec<Check>,
    mutations: Vec<Mutation>,
}

/// The outcome of a commit.
#[derive(Debug)]
pub enum Outcome {
    /// Applied; the versions of the rows put.
    Applied(Versions),
    /// Not applied by the last submission: these keys are not as they were when they were read.
    Conflict {
        /// The keys whose checks failed.
        keys: Vec<String>,
        /// An earlier submission of the same commit had an open outcome, so it may have been applied then.
        maybe_applied: bool,
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

    /// Submits it until the outcome is known, for [`COMMIT_MS_MAX`] from now.
    pub fn submit<H: Storage + Clock + ?Sized>(&self, host: &H) -> Result<Outcome, Error> {
        self.submit_until(host, deadline_ms(host, COMMIT_MS_MAX))
    }

    /// Submits it once, and again until the outcome is known or the host's clock shows this time.
    ///
    /// Errors: those of the storage. `unavailable` leaves open whether the commit was applied.
    pub fn submit_until<H: Storage + Clock + ?Sized>(&self, host: &H, deadline_ms: u64) -> Result<Outcome, Error> {
        let mut maybe_applied = false;
        let mut not_applied = 0;
        for submissions in 1.. {
            let error = match host.commit(&self.checks, &self.mutations) {
                Ok(versions) => return self.applied(versions),
                Err(StorageError::Conflict(failed)) => {
                    let keys = failed.iter().filter_map(|&index| self.checks.get(index as usize));
                    return Ok(Outcome::Conflict {
                        keys: keys.map(|check| check.key.clone()).collect(),
                        maybe_applied,
                    });
                }
                Err(error) => error,
            };
            match error {
                StorageError::Unknown(_) => maybe_applied = true,
                StorageError::NotApplied(_) => not_applied += 1,
                error => return Err(error.into()),
            }
            let is_last = submissions >= SUBMISSIONS_MAX || not_applied >= NOT_APPLIED_MAX;
            if is_last || host.now_us() / 1_000 >= deadline_ms {
                return Err(error.into());
            }
        }
        unreachable!("the last submission returns")
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

/// Returns the time of the host's clock after this many milliseconds.
pub fn deadline_ms<C: Clock + ?Sized>(host: &C, ms: u64) -> u64 {
    (host.now_us() / 1_000).saturating_add(ms)
}

/// Returns the rounds of a change that others may come between: at least one, at most `rounds_max`, and none after `ms`
/// milliseconds.
pub fn rounds<C: Clock + ?Sized>(host: &C, rounds_max: u32, ms: u64) -> impl Iterator<Item = u32> {
    let deadline_ms = deadline_ms(host, ms);
    (0..rounds_max).take_while(move |round| *round == 0 || host.now_us() / 1_000 < deadline_ms)
}

#[cfg(test)]
mod tests;
