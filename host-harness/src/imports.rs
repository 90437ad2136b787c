//! What an instance is given: storage, HTTP, time, random bytes and a place for its log lines.
//!
//! The embedder chooses; a simulator gives a virtual clock and seeded entropy.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hookwright_engine::ports::{Clock, Entropy, Http, Storage};

/// How urgent a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Something is wrong with the component, the host or the stored data.
    Error,
    /// Something was refused or delayed.
    Warn,
    /// What happened.
    Info,
}

pub(crate) type Log = dyn Fn(LogLevel, &str) + Send + Sync;

/// The outside of one instance.
#[derive(Clone)]
pub struct Imports {
    pub(crate) storage: Arc<dyn Storage + Send + Sync>,
    pub(crate) http: Arc<dyn Http + Send + Sync>,
    pub(crate) clock: Arc<dyn Clock + Send + Sync>,
    pub(crate) entropy: Arc<dyn Entropy + Send + Sync>,
    pub(crate) log: Arc<Log>,
}

impl Imports {
    /// A store and a queue of HTTP requests; the system's clock and random bytes; log lines go to stderr.
    ///
    /// The store may be shared by all instances. The queue is this instance's own: dropping it aborts what is in flight.
    pub fn new(storage: Arc<dyn Storage + Send + Sync>, http: Arc<dyn Http + Send + Sync>) -> Imports {
        Imports {
            storage,
            http,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            log: Arc::new(log_to_stderr),
        }
    }

    /// The same with another clock.
    pub fn clock(self, clock: Arc<dyn Clock + Send + Sync>) -> Imports {
        Imports { clock, ..self }
    }

    /// The same with another source of random bytes.
    pub fn entropy(self, entropy: Arc<dyn Entropy + Send + Sync>) -> Imports {
        Imports { entropy, ..self }
    }

    /// The same with another place for log lines.
    pub fn log(self, log: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> Imports {
        Imports { log: Arc::new(log), ..self }
    }
}

impl std::fmt::Debug for Imports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Imports").finish_non_exhaustive()
    }
}

/// The system's time of day.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_us(&self) -> u64 {
        // A clock before 1970 is one that was never set; the component refuses nothing for it, it only waits.
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_1970.as_micros()).unwrap_or(u64::MAX)
    }
}

/// The operating system's random bytes.
#[derive(Clone, Copy, Debug)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // Without random bytes there are no secrets: the instance ends, the process does not.
        getrandom::fill(buffer).expect("the operating system has random bytes");
    }
}

fn log_to_stderr(level: LogLevel, message: &str) {
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warning",
        LogLevel::Info => "info",
    };
    eprintln!("hookwright: {level}: {message}");
}
