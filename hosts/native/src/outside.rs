//! The imports that the callback serves, in the words of the README.

mod http;

use hookwright_engine::ports::{Check, Clock, Direction, Entropy, Entry, KeyRange, Mutation, Storage, StorageError};
use hookwright_host::LogLevel;
use hookwright_storage_check::protocol::{self, Call};
use serde_json::{Map, Value, json};

use crate::callback::{Callback, end_guest};

pub(crate) use http::{CallbackHttp, OwnHttp};

/// Storage by the callback, or none.
pub(crate) struct CallbackStorage(pub(crate) Option<Callback>);

impl CallbackStorage {
    /// What was answered, or the contract's error, or why there is neither.
    fn ask(&self, call: &Call) -> Result<Result<Value, StorageError>, String> {
        let callback = self.0.as_ref().ok_or("this instance has no storage: its callback does not serve it")?;
        let mut reply = callback.ask(call)?;
        if let Some(error) = reply.remove("error") {
            return protocol::error_in(error).map(Err);
        }
        ok(reply).map(Ok)
    }

    fn read<T>(&self, call: &Call, answer: impl FnOnce(Value) -> Result<T, String>) -> Result<T, StorageError> {
        match self.ask(call) {
            Ok(Ok(value)) => answer(value).map_err(StorageError::NotApplied),
            Ok(Err(error)) => Err(error),
            Err(reason) => Err(StorageError::NotApplied(reason)),
        }
    }
}

impl Storage for CallbackStorage {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        self.read(&Call::Get { keys: keys.to_vec() }, |value| {
            let entries = protocol::entries_in(value)?;
            let (asked, came) = (keys.len(), entries.len());
            if asked == came { Ok(entries) } else { Err(format!("{asked} rows were asked for and {came} came")) }
        })
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        self.read(&Call::scan(range, limit, order), |value| {
            let entries = protocol::entries_in(value)?.into_iter().collect::<Option<Vec<_>>>();
            entries.ok_or_else(|| "a scan answers no null".to_owned())
        })
    }

    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        // Without a callback nothing can have been applied; otherwise, whatever is unclear may have been.
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

/// Time by the callback.
pub(crate) struct CallbackClock(pub(crate) Callback);

impl Clock for CallbackClock {
    fn now_us(&self) -> u64 {
        let now = self.0.ask(&json!({"call": "now"})).and_then(ok).and_then(|value| {
            let digits = value.as_str().and_then(|digits| digits.parse().ok());
            let number = digits.or_else(|| value.as_u64());
            number.ok_or_else(|| "the time is no whole number of microseconds since 1970".to_owned())
        });
        now.unwrap_or_else(|reason| end_guest(format!("no time: {reason}")))
    }
}

/// Random bytes by the callback.
pub(crate) struct CallbackEntropy(pub(crate) Callback);

impl Entropy for CallbackEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let filled = self.0.ask(&json!({"call": "random", "bytes": buffer.len()})).and_then(ok).and_then(|value| {
            let wrong = format!("what came are not {} bytes in hexadecimal", buffer.len());
            let decoded = value.as_str().map(|text| hex::decode_to_slice(text, &mut *buffer));
            decoded.and_then(Result::ok).ok_or(wrong)
        });
        filled.unwrap_or_else(|reason| end_guest(format!("no random bytes: {reason}")))
    }
}

/// Hands a log line to the callback. Nothing depends on it.
pub(crate) fn log(callback: &Callback, level: LogLevel, message: &str) {
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
    };
    callback.ask(&json!({"call": "log", "level": level, "message": message})).ok();
}

/// The value of a reply.
fn ok(mut reply: Map<String, Value>) -> Result<Value, String> {
    reply.remove("ok").ok_or_else(|| "the callback's reply has no `ok`".to_owned())
}
