//! The imports of an instance: storage, HTTP, clock, random bytes and log. The embedder chooses them.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hookwright_engine::ports::{Clock, Entropy, Http, Storage};

/// The level of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// The component, the host or the stored data has a fault.
    Error,
    /// Something was refused or delayed.
    Warn,
    /// Information without a fault.
    Info,
}

pub(crate) type Log = dyn Fn(LogLevel, &str) + Send + Sync;

/// The imports of one instance.
#[derive(Clone)]
pub struct Imports {
    pub(crate) storage: Arc<dyn Storage + Send + Sync>,
    pub(crate) http: Arc<dyn Http + Send + Sync>,
    pub(crate) clock: Arc<dyn Clock + Send + Sync>,
    pub(crate) entropy: Arc<dyn Entropy + Send + Sync>,
    pub(crate) log: Arc<Log>,
}

impl Imports {
    /// Uses this store and HTTP queue, the system's clock and random bytes, and a log on stderr.
    ///
    /// Instances may share the store. Each needs an HTTP queue of its own; dropping the queue aborts its requests.
    pub fn new(storage: Arc<dyn Storage + Send + Sync>, http: Arc<dyn Http + Send + Sync>) -> Imports {
        Imports {
            storage,
            http,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            log: Arc::new(log_to_stderr),
        }
    }

    /// Replaces the clock.
    pub fn clock(self, clock: Arc<dyn Clock + Send + Sync>) -> Imports {
        Imports { clock, ..self }
    }

    /// Replaces the source of random bytes.
    pub fn entropy(self, entropy: Arc<dyn Entropy + Send + Sync>) -> Imports {
        Imports { entropy, ..self }
    }

    /// Replaces the log.
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
        // A clock before 1970 was never set. It counts as 1970.
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_1970.as_micros()).unwrap_or(u64::MAX)
    }
}

/// The operating system's random bytes.
#[derive(Clone, Copy, Debug)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // Secrets need random bytes. The panic ends the instance, not the process.
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
