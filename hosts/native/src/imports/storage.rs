//! Storage by the callback, in the messages of the storage kit.

use hookwright_engine::ports::{Check, Direction, Entry, KeyRange, Mutation, Storage, StorageError};
use hookwright_storage_check::protocol::{self, Call};
use serde_json::Value;

use crate::callback::{self, Callback};

/// A storage that a callback serves. Without a callback, every call fails as `not-applied`.
pub(crate) struct CallbackStorage(pub(crate) Option<Callback>);

impl CallbackStorage {
    /// Returns the callback's value or the contract's error. The outer error says why there is neither.
    fn ask(&self, call: &Call) -> Result<Result<Value, StorageError>, String> {
        let callback = self.0.as_ref().ok_or("this instance has no storage: its callback does not serve it")?;
        let mut reply = callback.ask_for_reply(call)?;
        if let Some(error) = reply.remove("error") {
            return protocol::error_in(error).map(Err);
        }
        callback::ok(reply).map(Ok)
    }

    fn read<T>(&self, call: &Call, parse: impl FnOnce(Value) -> Result<T, String>) -> Result<T, StorageError> {
        match self.ask(call) {
            Ok(Ok(value)) => parse(value).map_err(StorageError::NotApplied),
            Ok(Err(error)) => Err(error),
            Err(reason) => Err(StorageError::NotApplied(reason)),
        }
    }
}

impl Storage for CallbackStorage {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        self.read(&Call::Get { keys: keys.to_vec() }, |value| {
            let entries = protocol::entries_in(value)?;
            let (keys, rows) = (keys.len(), entries.len());
            if keys == rows { Ok(entries) } else { Err(format!("the callback returned {rows} rows for {keys} keys")) }
        })
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        self.read(&Call::scan(range, limit, order), |value| {
            let entries = protocol::entries_in(value)?.into_iter().collect::<Option<Vec<_>>>();
            entries.ok_or_else(|| "the callback returned null among the rows of a scan".to_owned())
        })
    }

    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        // Without a callback the commit cannot have been applied. With one, an unclear reply may follow an applied commit.
        if self.0.is_none() {
            return self.read(&Call::commit(checks, mutations), protocol::versions_in);
        }
        match self.ask(&Call::commit(checks, mutations)) {
            Ok(Ok(value)) => protocol::versions_in(value).map_err(StorageError::Unknown),
            Ok(Err(error)) => Err(error),
            Err(reason) => Err(StorageError::Unknown(reason)),
        }
    }
}
