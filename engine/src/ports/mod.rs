//! What the engine asks of the outside: storage, HTTP, time and entropy.
//!
//! Everything the engine does to the world goes through [`Host`]. The contract of the storage is stated here for Rust
//! and in `wit/storage.wit` for every other language; the two say the same.

mod error;

pub mod contract;
pub mod memory;

use std::cell::Cell;

use crate::support::limits::CLOCK_SKEW_MS_MAX;
use crate::support::redact;

/// The whole outside, as one object, so that a flow takes one context argument.
pub trait Host: Storage + Http + Clock + Entropy {}

impl<T: Storage + Http + Clock + Entropy> Host for T {}

/// An ordered key-value store with an atomic conditional commit.
///
/// Keys are `[a-z0-9/._-]`, 1 to [`KEY_BYTES_MAX`](crate::support::limits::KEY_BYTES_MAX) bytes, ordered bytewise. Values are JSON
/// text without U+0000, at most [`VALUE_BYTES_MAX`](crate::support::limits::VALUE_BYTES_MAX) bytes. One `get` or `scan` is one
/// snapshot; two are not, and there is no phantom protection.
pub trait Storage {
    /// The entries of these keys, in the order asked; `None` where there is no such row.
    fn get(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError>;

    /// The entry of one key.
    fn get_one(&self, key: &str) -> Result<Option<Entry>, StorageError> {
        Ok(self.get(&[key.to_owned()])?.into_iter().next().flatten())
    }

    /// The first `limit` entries of a half-open range, in key order or in its reverse.
    fn scan(&self, range: &KeyRange, limit: u32, order: Direction) -> Result<Vec<Entry>, StorageError>;

    /// Applies all mutations if all checks hold, or nothing. Answers the versions of the keys put, in mutation order.
    ///
    /// A check for absence may only name a key that the same commit puts. No key is mutated twice in one commit.
    fn commit(&self, checks: &[Check], mutations: &[Mutation]) -> Result<Vec<u64>, StorageError>;
}

/// A completion queue of HTTP requests.
pub trait Http {
    /// Hands requests over and returns at once. Each ends in exactly one completion.
    fn submit(&self, requests: Vec<Request>);

    /// What has finished, waiting at most `timeout_ms` for the first of it, or for a timer.
    fn wait(&self, timeout_ms: u32) -> WaitResult;
}

/// The time of day.
pub trait Clock {
    /// Microseconds since 1970-01-01T00:00:00Z.
    fn now_us(&self) -> u64;

    /// The time of the first of so many events that one call accepts; each of the others has the microsecond after the one
    /// before. A host that outlives a call keeps them apart with [`AcceptTimes`].
    fn accept_us(&self, _events: u64) -> u64 {
        self.now_us()
    }
}

/// Gives the events of one instance times that only go forward, whatever its clock does: strict order rests on them.
#[derive(Debug, Default)]
pub struct AcceptTimes(Cell<u64>);

impl AcceptTimes {
    /// Before the first event.
    pub const fn new() -> AcceptTimes {
        AcceptTimes(Cell::new(0))
    }

    /// Takes the times of so many events: from now on, or right after the last one where the clock stands still or has gone
    /// back. A clock that has gone back by more than clocks may differ was wrong before, and is believed now.
    pub fn take(&self, now_us: u64, events: u64) -> u64 {
        let next_us = self.0.get();
        let first_us = if next_us <= now_us + CLOCK_SKEW_MS_MAX * 1_000 { next_us.max(now_us) } else { now_us };
        self.0.set(first_us + events);
        first_us
    }
}

/// Random bytes fit for secrets.
pub trait Entropy {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// A stored row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// JSON text.
    pub value: String,
    /// Changes with every put, and is never used again for this key, not even after a delete.
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
    /// The row it is about.
    pub key: String,
    /// The version the row must have; `None`: it must be absent, and the same commit puts it.
    pub version: Option<u64>,
}

/// One change of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Writes the row, whether or not it exists.
    Put {
        /// The row's key.
        key: String,
        /// JSON text.
        value: String,
    },
    /// Removes the row; a row that is not there is not an error.
    Delete {
        /// The row's key.
        key: String,
    },
}

impl Mutation {
    /// The key that this mutation changes.
    pub fn key(&self) -> &str {
        match self {
            Mutation::Put { key, .. } | Mutation::Delete { key } => key,
        }
    }
}

/// Why a storage call did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageError {
    /// These checks (indexes into the list handed over) did not hold; nothing was applied.
    Conflict(Vec<u32>),
    /// Nothing was applied; the call may be repeated.
    NotApplied(String),
    /// The commit may have been applied, or may be yet, later than a read would show.
    Unknown(String),
    /// The platform's own transaction is lost and must be rolled back; the call is never repeated.
    TransactionAborted(String),
    /// The call broke a limit or a rule of the contract; repeating it is pointless.
    Invalid(String),
}

/// An HTTP request, with the whole policy under which it may be made.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Chosen by the engine, unique among the requests in flight of one instance.
    pub id: u64,
    /// `POST` or `GET`.
    pub method: String,
    /// Absolute, `http` or `https`.
    pub url: String,
    /// Names and values, in order; the host adds only what transport needs (`Host`, `Content-Length`).
    pub headers: Vec<(String, String)>,
    /// The body; `None` sends none.
    pub body: Option<String>,
    /// For connecting, sending, the response's headers *and* its body together.
    pub timeout_ms: u32,
    /// How much of the response's body to keep, counted after decompression; the rest is not read.
    pub response_bytes_max: u32,
    /// Where the request may go.
    pub egress: EgressPolicy,
}

impl std::fmt::Debug for Request {
    /// Prints id, method, and the URL's host. The rest of the URL, the headers and the body may hold credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let url = redact::url(&self.url);
        let mut shown = f.debug_struct("Request");
        shown.field("id", &self.id).field("method", &self.method).field("url", &url).finish_non_exhaustive()
    }
}

/// Which addresses a request may reach. The engine decides; the host resolves, compares and connects.
///
/// An address is refused when it lies in a `deny` network and in no `allow` network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EgressPolicy {
    /// Networks in CIDR form that are allowed although denied below.
    pub allow: Vec<String>,
    /// Networks in CIDR form that are refused.
    pub deny: Vec<String>,
}

/// What `wait` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitResult {
    /// Requests that have finished, each reported once.
    pub completions: Vec<Completion>,
    /// Why the wait may have ended early.
    pub signal: Signal,
}

/// A finished request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The request's id.
    pub id: u64,
    /// From submission to this result, in milliseconds.
    pub duration_ms: u32,
    /// The response, or why there is none.
    pub result: Result<Response, HttpError>,
}

/// An HTTP response, as far as the request's limits let it in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// 100 to 599.
    pub status: u16,
    /// Names in lower case; values made valid UTF-8.
    pub headers: Vec<(String, String)>,
    /// Made valid UTF-8, cut to the request's limit.
    pub body: String,
    /// Whether the body was longer.
    pub truncated: bool,
}

/// Why no response came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpError {
    /// The kind, for decisions.
    pub kind: HttpErrorKind,
    /// One sentence for the log.
    pub detail: String,
}

/// The kinds of transport failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpErrorKind {
    /// Every address of the name, or the address in the URL, is one that the egress policy refuses.
    DestinationProhibited,
    /// The name did not resolve.
    Dns,
    /// No connection.
    Connect,
    /// No trusted TLS session.
    Tls,
    /// The time was up.
    Timeout,
    /// What came back was not HTTP, or the connection broke midway.
    Protocol,
    /// The request could not be expressed (a header or URL the client refuses).
    InvalidRequest,
    /// Anything else on the host's side.
    #[default]
    Internal,
}

impl HttpErrorKind {
    /// All of them.
    pub const ALL: [HttpErrorKind; 8] = [
        HttpErrorKind::DestinationProhibited,
        HttpErrorKind::Dns,
        HttpErrorKind::Connect,
        HttpErrorKind::Tls,
        HttpErrorKind::Timeout,
        HttpErrorKind::Protocol,
        HttpErrorKind::InvalidRequest,
        HttpErrorKind::Internal,
    ];

    /// Its name in the contract and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            HttpErrorKind::DestinationProhibited => "destination-prohibited",
            HttpErrorKind::Dns => "dns",
            HttpErrorKind::Connect => "connect",
            HttpErrorKind::Tls => "tls",
            HttpErrorKind::Timeout => "timeout",
            HttpErrorKind::Protocol => "protocol",
            HttpErrorKind::InvalidRequest => "invalid-request",
            HttpErrorKind::Internal => "internal",
        }
    }
}

/// What else a wait may tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signal {
    /// Nothing.
    #[default]
    None,
    /// An event may have been accepted since.
    Work,
    /// The host wants the instance to finish: start nothing new.
    Drain,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_request_prints_no_credential() {
        let request = Request {
            id: 7,
            method: "POST".to_owned(),
            url: "https://user:geheim@hooks.example.com:8443/geheim?token=geheim".to_owned(),
            headers: vec![("Authorization".to_owned(), "Bearer geheim".to_owned())],
            body: Some("geheim".to_owned()),
            timeout_ms: 1_000,
            response_bytes_max: 1_024,
            egress: EgressPolicy::default(),
        };
        let expected = r#"Request { id: 7, method: "POST", url: "https://hooks.example.com:8443/...", .. }"#;
        assert_eq!(format!("{request:?}"), expected);
    }

    #[test]
    fn the_times_of_one_instance_only_go_forward() {
        let times = AcceptTimes::new();
        // A clock that stands still, goes on, goes back a little, and turns out to have been far ahead.
        let skew_us = CLOCK_SKEW_MS_MAX * 1_000;
        let rows = [(100, 3, 100), (100, 1, 103), (200, 1, 200), (150, 1, 201), (skew_us + 300, 1, skew_us + 300)];
        for (now_us, events, first_us) in rows.into_iter().chain([(301, 1, skew_us + 301), (300, 1, 300)]) {
            assert_eq!(times.take(now_us, events), first_us, "{now_us}");
        }
    }
}
