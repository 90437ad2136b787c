//! The protocol between the cases and a driver: one JSON object a line, calls in one direction, answers in the other.
//! `docs/storage-kit.md` defines it.

use hookwright_engine::ports::{Check, Direction, Entry, KeyRange, Mutation, StorageError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The protocol's name in the answer of `open`.
pub const PROTOCOL: u64 = 1;

/// A call without its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "lowercase")]
pub enum Call {
    /// The first call of every process.
    Open,
    /// Makes the store empty.
    Reset,
    /// `get`
    Get {
        /// The keys asked for.
        keys: Vec<String>,
    },
    /// `scan`
    Scan {
        /// The range's start.
        start: String,
        /// Its end.
        end: String,
        /// The largest number of rows.
        limit: u32,
        /// `forward` or `reverse`.
        order: Order,
    },
    /// `commit`
    Commit {
        /// Its checks.
        checks: Vec<CheckLine>,
        /// Its mutations.
        mutations: Vec<MutationLine>,
    },
}

/// The order of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Smallest key first.
    Forward,
    /// Largest key first.
    Reverse,
}

/// A version as decimal digits, because JSON numbers lose digits above 2^53 in many languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digits(String);

impl Digits {
    fn of(version: u64) -> Digits {
        Digits(version.to_string())
    }

    fn number(&self) -> Result<u64, String> {
        let digits = !self.0.is_empty() && self.0.bytes().all(|byte| byte.is_ascii_digit());
        let number = self.0.parse().ok().filter(|_| digits);
        number.ok_or_else(|| format!("the version {:?} is not the decimal digits of a u64", self.0))
    }
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckLine {
    key: String,
    /// `null`: the row must be absent.
    version: Option<Digits>,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MutationLine {
    /// `{"put": KEY, "value": VALUE}`
    Put {
        /// The key.
        put: String,
        /// The value.
        value: String,
    },
    /// `{"delete": KEY}`
    Delete {
        /// The key.
        delete: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct EntryLine {
    key: String,
    value: String,
    version: Digits,
}

impl Call {
    /// Makes the call of a commit.
    pub fn commit(checks: &[Check], mutations: &[Mutation]) -> Call {
        let check = |check: &Check| CheckLine { key: check.key.clone(), version: check.version.map(Digits::of) };
        let mutation = |mutation: &Mutation| match mutation {
            Mutation::Put { key, value } => MutationLine::Put { put: key.clone(), value: value.clone() },
            Mutation::Delete { key } => MutationLine::Delete { delete: key.clone() },
        };
        Call::Commit { checks: checks.iter().map(check).collect(), mutations: mutations.iter().map(mutation).collect() }
    }

    /// Makes the call of a scan.
    pub fn scan(range: &KeyRange, limit: u32, order: Direction) -> Call {
        let order = match order {
            Direction::Forward => Order::Forward,
            Direction::Reverse => Order::Reverse,
        };
        Call::Scan { start: range.start.clone(), end: range.end.clone(), limit, order }
    }
}

/// Reads the checks of a commit.
pub fn checks(lines: Vec<CheckLine>) -> Result<Vec<Check>, String> {
    let check = |line: CheckLine| {
        Ok(Check { key: line.key, version: line.version.map(|version| version.number()).transpose()? })
    };
    lines.into_iter().map(check).collect()
}

/// Reads the mutations of a commit.
pub fn mutations(lines: Vec<MutationLine>) -> Vec<Mutation> {
    let mutation = |line| match line {
        MutationLine::Put { put, value } => Mutation::Put { key: put, value },
        MutationLine::Delete { delete } => Mutation::Delete { key: delete },
    };
    lines.into_iter().map(mutation).collect()
}

/// Writes rows for an answer.
pub fn entries_out(entries: Vec<Option<Entry>>) -> Value {
    let line = |entry: Entry| json!({"key": entry.key, "value": entry.value, "version": entry.version.to_string()});
    entries.into_iter().map(|entry| entry.map_or(Value::Null, line)).collect()
}

/// Reads the rows of an answer.
pub fn entries_in(answer: Value) -> Result<Vec<Option<Entry>>, String> {
    let lines: Vec<Option<EntryLine>> =
        serde_json::from_value(answer).map_err(|error| format!("the answer is no list of rows: {error}"))?;
    let entry = |line: EntryLine| Ok(Entry { version: line.version.number()?, key: line.key, value: line.value });
    lines.into_iter().map(|line| line.map(entry).transpose()).collect()
}

/// Writes versions for an answer.
pub fn versions_out(versions: &[u64]) -> Value {
    versions.iter().map(u64::to_string).collect()
}

/// Reads the versions of an answer.
pub fn versions_in(answer: Value) -> Result<Vec<u64>, String> {
    let digits: Vec<Digits> = serde_json::from_value(answer)
        .map_err(|error| format!("the answer is no list of versions as texts of digits: {error}"))?;
    digits.iter().map(Digits::number).collect()
}

/// Writes an error for an answer.
pub fn error_out(error: &StorageError) -> Value {
    match error {
        StorageError::Conflict(failed) => json!({"kind": "conflict", "failed": failed}),
        StorageError::NotApplied(why) => json!({"kind": "not-applied", "message": why}),
        StorageError::Unknown(why) => json!({"kind": "unknown", "message": why}),
        StorageError::TransactionAborted(why) => json!({"kind": "transaction-aborted", "message": why}),
        StorageError::Invalid(why) => json!({"kind": "invalid", "message": why}),
    }
}

/// Reads the error of an answer.
pub fn error_in(answer: Value) -> Result<StorageError, String> {
    #[derive(Deserialize)]
    #[serde(tag = "kind", rename_all = "kebab-case")]
    enum Line {
        Conflict { failed: Vec<u32> },
        NotApplied(Said),
        Unknown(Said),
        TransactionAborted(Said),
        Invalid(Said),
    }
    #[derive(Deserialize)]
    struct Said {
        #[serde(default)]
        message: String,
    }
    let line = serde_json::from_value(answer).map_err(|error| format!("the error is none of the five: {error}"))?;
    Ok(match line {
        Line::Conflict { failed } => StorageError::Conflict(failed),
        Line::NotApplied(said) => StorageError::NotApplied(said.message),
        Line::Unknown(said) => StorageError::Unknown(said.message),
        Line::TransactionAborted(said) => StorageError::TransactionAborted(said.message),
        Line::Invalid(said) => StorageError::Invalid(said.message),
    })
}
