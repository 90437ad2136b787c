//! The engine's host, on the world's imports.

use hookwright_engine::ports::{
    AcceptTimes, Check, Clock, Direction, Entropy, Entry, Http, KeyRange, Log, Mutation, Request, Storage,
    StorageError, WaitResult,
};

use crate::bindings::hookwright::webhooks::{http, log, storage};
use crate::convert;

thread_local! {
    /// Keeps the times of accepted events apart for as long as the instance lives.
    static ACCEPTED: AcceptTimes = const { AcceptTimes::new() };
}

/// The host of this instance.
pub struct ComponentHost;

impl Storage for ComponentHost {
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        let entries = storage::get(keys).map_err(convert::storage_error)?;
        Ok(entries.into_iter().map(|entry| entry.map(convert::entry)).collect())
    }

    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError> {
        let range = storage::KeyRange { start: range.start.clone(), end: range.end.clone() };
        let order = match order {
            Direction::Forward => storage::Direction::Forward,
            Direction::Reverse => storage::Direction::Reverse,
        };
        let entries = storage::scan(&range, limit, order).map_err(convert::storage_error)?;
        Ok(entries.into_iter().map(convert::entry).collect())
    }

    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError> {
        let checks: Vec<_> =
            checks.iter().map(|check| storage::Check { key: check.key.clone(), version: check.version }).collect();
        let mutations: Vec<_> = mutations.iter().map(convert::mutation).collect();
        storage::commit(&checks, &mutations).map_err(convert::storage_error)
    }
}

impl Http for ComponentHost {
    fn submit(&self, requests: Vec<Request>) {
        let requests: Vec<_> = requests.into_iter().map(convert::request).collect();
        http::submit(&requests);
    }

    fn wait(&self, timeout_ms: u32) -> WaitResult {
        convert::wait_result(http::wait(timeout_ms))
    }
}

impl Clock for ComponentHost {
    fn now_us(&self) -> u64 {
        let now = wasi::clocks::wall_clock::now();
        now.seconds * 1_000_000 + u64::from(now.nanoseconds) / 1_000
    }

    fn accept_us(&self, events: u64) -> u64 {
        ACCEPTED.with(|accepted| accepted.take(self.now_us(), events))
    }
}

impl Log for ComponentHost {
    fn warn(&self, line: &str) {
        log::write(log::Level::Warn, line);
    }
}

impl Entropy for ComponentHost {
    fn fill(&self, buffer: &mut [u8]) {
        let bytes = wasi::random::random::get_random_bytes(buffer.len() as u64);
        buffer.copy_from_slice(&bytes);
    }
}
