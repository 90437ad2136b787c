//! The storage: an ordered key-value store with an atomic conditional commit. `wit/storage.wit` states the same
//! contract for other languages.

use crate::support::error::{Error, ErrorKind};

/// An ordered key-value store with an atomic conditional commit.
///
/// Keys are `[a-z0-9/._-]`, 1 to [`KEY_BYTES_MAX`](crate::support::limits::KEY_BYTES_MAX) bytes, ordered bytewise.
/// Values are JSON text without U+0000, at most [`VALUE_BYTES_MAX`](crate::support::limits::VALUE_BYTES_MAX) bytes. One
/// `get` or `scan` is one snapshot; two are not, and there is no phantom protection.
pub trait Storage {
    /// Returns the entries of these keys, in the same order. `None` stands for a key without a row.
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError>;

    /// Returns the entry of one key.
    fn get_one(&self, key: &str) -> Result<Option<Entry>, StorageError> {
        Ok(self.get(&[key.to_owned()])?.into_iter().next().flatten())
    }

    /// Returns the first `limit` entries of a half-open range, in key order or in its reverse.
    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError>;

    /// Applies all mutations if all checks hold, or nothing. Returns the versions of the keys put, in mutation order.
    ///
    /// A check for absence may only name a key that the same commit puts. No key is mutated twice in one commit.
    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError>;
}

/// A stored row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// JSON text.
    pub value: String,
    /// Changes with every put. It is never used again for this key, not even after a delete.
    pub version: u64,
}

/// A half-open range of keys: `start <= key < end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// The first key that may be in it.
    pub start: String,
    /// The first key after it.
    pub end: String,
}

/// The order of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest key first.
    Forward,
    /// Largest key first.
    Reverse,
}

/// A condition of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The key of the row.
    pub key: String,
    /// The version that the row must have. `None`: the row must be absent, and the same commit puts it.
    pub version: Option<u64>,
}

/// One change of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Writes the row. A row that exists is replaced.
    Put {
        /// The row's key.
        key: String,
        /// JSON text.
        value: String,
    },
    /// Removes the row. An absent row is no error.
    Delete {
        /// The row's key.
        key: String,
    },
}

impl Mutation {
    /// Returns the key that this mutation changes.
    pub fn key(&self) -> &str {
        match self {
            Mutation::Put { key, .. } | Mutation::Delete { key } => key,
        }
    }
}

/// The reason why a storage call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageError {
    /// These checks did not hold, by their indexes in the call's list. Nothing was applied.
    Conflict(Vec<u32>),
    /// Nothing was applied. The call can be repeated.
    NotApplied(String),
    /// The commit may have been applied, or may still be applied after later reads.
    Unknown(String),
    /// The platform's own transaction is lost and must be rolled back. The call is never repeated.
    TransactionAborted(String),
    /// The call broke a limit or a rule of the contract. Repeating it fails again.
    Invalid(String),
}

/// Turns the failure of a storage call into the failure of the engine's call.
impl From<StorageError> for Error {
    #[cold]
    fn from(error: StorageError) -> Error {
        match error {
            StorageError::Conflict(_) => {
                Error::of(ErrorKind::Unavailable, "another writer was faster").hint("repeat the call")
            }
            StorageError::NotApplied(detail) | StorageError::Unknown(detail) => {
                Error::of(ErrorKind::Unavailable, format!("storage: {detail}")).hint("repeat the call")
            }
            StorageError::TransactionAborted(detail) => {
                Error::of(ErrorKind::TransactionAborted, format!("storage: {detail}"))
                    .hint("roll the surrounding transaction back")
            }
            StorageError::Invalid(detail) => Error::of(ErrorKind::Internal, format!("storage: {detail}")),
        }
    }
}
