//! The result of verifying a signature, for programs and for people.

use std::fmt;

/// The result of verifying a signature. It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// One of the secrets made the signature over exactly these bytes.
    Verified {
        /// The index of that secret in the list.
        secret: usize,
    },
    /// A header is missing. Without the signature's header, the request is not signed.
    Missing {
        /// Its name.
        header: String,
    },
    /// A header does not have the form that its scheme demands.
    Malformed {
        /// Its name.
        header: String,
        /// The part of the rule that it breaks.
        why: &'static str,
    },
    /// None of the secrets makes this signature over these bytes.
    Mismatch,
    /// The signature is right, but its time is too far in the past or in the future. The request may have been sent
    /// again by an attacker.
    Stale {
        /// Its age in seconds. Negative: it lies in the future.
        age_s: i64,
    },
    /// The signature cannot be verified.
    Unverifiable(Unverifiable),
}

/// The reason why a signature cannot be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unverifiable {
    /// There is no secret.
    NoSecret,
    /// The payload is the query of a `GET`. The signature covers the JSON that a `POST` would have carried, and a query
    /// does not determine it: `null` and empty lists are left out, and a number looks like a text.
    Query,
    /// The profile sends no header that its own scheme needs.
    Profile,
}

impl Verdict {
    /// Returns a word for programs: `verified`, `missing`, `malformed`, `mismatch`, `stale` or `unverifiable`.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Verified { .. } => "verified",
            Verdict::Missing { .. } => "missing",
            Verdict::Malformed { .. } => "malformed",
            Verdict::Mismatch => "mismatch",
            Verdict::Stale { .. } => "stale",
            Verdict::Unverifiable(_) => "unverifiable",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Verified { .. } => f.write_str("verified"),
            Verdict::Missing { header } => write!(f, "not signed: there is no header {header}"),
            Verdict::Malformed { header, why } => write!(f, "malformed: the header {header} {why}"),
            Verdict::Mismatch => f.write_str("wrong: another secret, or not the bytes that were signed"),
            Verdict::Stale { age_s: ..0 } => write!(f, "stale: signed {} seconds ahead of now", self.off_s()),
            Verdict::Stale { .. } => write!(f, "stale: signed {} seconds ago", self.off_s()),
            Verdict::Unverifiable(Unverifiable::NoSecret) => f.write_str("unverifiable: there is no secret to try"),
            Verdict::Unverifiable(Unverifiable::Query) => {
                f.write_str("unverifiable: the signature of a GET covers JSON that its query does not tell")
            }
            Verdict::Unverifiable(Unverifiable::Profile) => {
                f.write_str("unverifiable: the profile sends no header that its scheme needs")
            }
        }
    }
}

impl Verdict {
    fn off_s(&self) -> u64 {
        match self {
            Verdict::Stale { age_s } => age_s.unsigned_abs(),
            _ => 0,
        }
    }
}
