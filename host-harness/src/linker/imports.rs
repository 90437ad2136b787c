//! The world's imports, delegated to the [`Imports`](crate::Imports) that the embedder gave.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookwright_engine::ports as engine;
use hookwright_engine::ports::{HttpErrorKind, Mutation, StorageError};

use super::bindings::hookwright::webhooks::{http, log, storage};
use super::bindings::wasi::clocks::wall_clock;
use super::bindings::wasi::random::random;
use super::state::State;
use crate::imports::LogLevel;

impl storage::Host for State {
    fn get(&mut self, keys: Vec<String>) -> Result<Vec<Option<storage::Entry>>, storage::StorageError> {
        let entries = self.outside(|imports| imports.storage.get(&keys)).map_err(storage_error)?;
        Ok(entries.into_iter().map(|found| found.map(entry)).collect())
    }

    fn scan(
        &mut self,
        range: storage::KeyRange,
        limit: u32,
        order: storage::Direction,
    ) -> Result<Vec<storage::Entry>, storage::StorageError> {
        let range = engine::KeyRange { start: range.start, end: range.end };
        let order = match order {
            storage::Direction::Forward => engine::Direction::Forward,
            storage::Direction::Reverse => engine::Direction::Reverse,
        };
        let entries = self.outside(|imports| imports.storage.scan(&range, limit, order)).map_err(storage_error)?;
        Ok(entries.into_iter().map(entry).collect())
    }

    fn commit(
        &mut self,
        checks: Vec<storage::Check>,
        mutations: Vec<storage::Mutation>,
    ) -> Result<Vec<u64>, storage::StorageError> {
        let checks: Vec<_> =
            checks.into_iter().map(|check| engine::Check { key: check.key, version: check.version }).collect();
        let mutations: Vec<_> = mutations.into_iter().map(mutation).collect();
        self.outside(|imports| imports.storage.commit(&checks, &mutations)).map_err(storage_error)
    }
}

fn entry(entry: engine::Entry) -> storage::Entry {
    storage::Entry { key: entry.key, value: entry.value, version: entry.version }
}

fn mutation(mutation: storage::Mutation) -> Mutation {
    match mutation {
        storage::Mutation::Put(put) => Mutation::Put { key: put.key, value: put.value },
        storage::Mutation::Delete(key) => Mutation::Delete { key },
    }
}

fn storage_error(error: StorageError) -> storage::StorageError {
    match error {
        StorageError::Conflict(failed) => storage::StorageError::Conflict(failed),
        StorageError::NotApplied(detail) => storage::StorageError::NotApplied(detail),
        StorageError::Unknown(detail) => storage::StorageError::Unknown(detail),
        StorageError::TransactionAborted(detail) => storage::StorageError::TransactionAborted(detail),
        StorageError::Invalid(detail) => storage::StorageError::Invalid(detail),
    }
}

impl http::Host for State {
    fn submit(&mut self, requests: Vec<http::Request>) {
        let mut accepted = Vec::with_capacity(requests.len());
        for request in requests {
            match convert_request(request) {
                Ok(request) => accepted.push(request),
                Err(refused) => self.refused.push(refused),
            }
        }
        self.outside(|imports| imports.http.submit(accepted));
    }

    fn wait(&mut self, timeout_ms: u32) -> http::WaitResult {
        let mut completions = std::mem::take(&mut self.refused);
        let timeout_ms = if completions.is_empty() { timeout_ms } else { 0 };
        let result = self.outside(|imports| imports.http.wait(timeout_ms));
        completions.extend(result.completions);
        http::WaitResult {
            completions: completions.into_iter().map(completion).collect(),
            signal: match result.signal {
                engine::Signal::None => http::Signal::None,
                engine::Signal::Work => http::Signal::Work,
                engine::Signal::Drain => http::Signal::Drain,
            },
        }
    }
}

/// Converts a request. A body in base64 is decoded. It is refused if it is not UTF-8 then, because the engine's requests are
/// text.
fn convert_request(request: http::Request) -> Result<engine::Request, engine::Completion> {
    let body = match request.body {
        None => None,
        Some(http::Body::Text(text)) => Some(text),
        Some(http::Body::Base64(text)) => {
            let decoded = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            if decoded.is_none() {
                let detail = "the body is not UTF-8 text in base64".to_owned();
                let error = engine::HttpError { kind: HttpErrorKind::InvalidRequest, detail };
                return Err(engine::Completion { id: request.id, duration_ms: 0, result: Err(error) });
            }
            decoded
        }
    };
    Ok(engine::Request {
        id: request.id,
        method: request.method,
        url: request.url,
        headers: request.headers.into_iter().map(|header| (header.name, header.value)).collect(),
        body,
        timeout_ms: request.timeout_ms,
        response_bytes_max: request.response_bytes_max,
        egress: engine::EgressPolicy { allow: request.egress.allow, deny: request.egress.deny },
    })
}

fn completion(completion: engine::Completion) -> http::Completion {
    let outcome = match completion.result {
        Ok(response) => Ok(http::Response {
            status: response.status,
            headers: response.headers.into_iter().map(|(name, value)| http::Header { name, value }).collect(),
            body: response.body,
            truncated: response.truncated,
        }),
        Err(error) => Err(http::HttpError { kind: http_error_kind(error.kind), detail: error.detail }),
    };
    http::Completion { id: completion.id, duration_ms: completion.duration_ms, outcome }
}

fn http_error_kind(kind: HttpErrorKind) -> http::HttpErrorKind {
    match kind {
        HttpErrorKind::DestinationProhibited => http::HttpErrorKind::DestinationProhibited,
        HttpErrorKind::Dns => http::HttpErrorKind::Dns,
        HttpErrorKind::Connect => http::HttpErrorKind::Connect,
        HttpErrorKind::Tls => http::HttpErrorKind::Tls,
        HttpErrorKind::Timeout => http::HttpErrorKind::Timeout,
        HttpErrorKind::Protocol => http::HttpErrorKind::Protocol,
        HttpErrorKind::InvalidRequest => http::HttpErrorKind::InvalidRequest,
        HttpErrorKind::Internal => http::HttpErrorKind::Internal,
    }
}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String) {
        let level = match level {
            log::Level::Error => LogLevel::Error,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Info => LogLevel::Info,
        };
        self.aside(|imports| (imports.log)(level, &message));
        if level == LogLevel::Error {
            self.error_last = Some(message);
        }
    }
}

impl wall_clock::Host for State {
    fn now(&mut self) -> wall_clock::Datetime {
        datetime(self.aside(|imports| imports.clock.now_us()))
    }

    fn resolution(&mut self) -> wall_clock::Datetime {
        datetime(1)
    }
}

fn datetime(us: u64) -> wall_clock::Datetime {
    let nanoseconds = u32::try_from(us % 1_000_000 * 1_000).expect("less than a second in nanoseconds fits");
    wall_clock::Datetime { seconds: us / 1_000_000, nanoseconds }
}

impl random::Host for State {
    fn get_random_bytes(&mut self, len: u64) -> Vec<u8> {
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(RANDOM_BYTES_MAX);
        let mut bytes = vec![0; len];
        self.aside(|imports| imports.entropy.fill(&mut bytes));
        bytes
    }

    fn get_random_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.aside(|imports| imports.entropy.fill(&mut bytes));
        u64::from_le_bytes(bytes)
    }
}

/// The most random bytes of one call. A guest that asks for more gets fewer, and traps when it copies them.
const RANDOM_BYTES_MAX: usize = 64 * 1024;
