//! What a failed storage call means for the call of the engine that made it.

use super::StorageError;
use crate::support::error::{Error, ErrorKind};

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
