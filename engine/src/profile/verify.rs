//! Verification of a received request's signature by its profile's scheme. The receiver decides what follows from the
//! verdict.

mod verdict;

mod recognise;

use crate::profile::secret::Secret;
use crate::profile::sign;
use crate::profile::{HeaderValue, Profile, Signature};
use crate::support::error::Error;
use crate::support::json;
use crate::support::limits;
use crate::support::redact;
use base64ct::{Base64, Encoding};
use hmac::Mac;
use std::fmt;

pub use recognise::{event_type, recognise};
pub use verdict::{Unverifiable, Verdict};

/// A received request.
#[derive(Clone, Copy)]
pub struct Received<'a> {
    /// The method, for example `POST`.
    pub method: &'a str,
    /// The query of its URL, without the `?`.
    pub query: &'a str,
    /// Names in any letter case, and values.
    pub headers: &'a [(String, String)],
    /// Exactly the received bytes. A body that was parsed and written again has a different signature.
    pub body: &'a [u8],
}

impl fmt::Debug for Received<'_> {
    /// Prints the method and the names of the headers. The query, the values and the body may hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = redact::names(self.headers);
        f.debug_struct("Received").field("method", &self.method).field("headers", &headers).finish_non_exhaustive()
    }
}

/// Verifies a request's signature by the profile's scheme. Any of the secrets may have made it, as during a rotation.
///
/// `now_s` is the receiver's time in unix seconds. A scheme that signs the time refuses one that is further away than
/// `tolerance_s` either way; [`limits::TIMESTAMP_TOLERANCE_S`] is usual.
pub fn verify(profile: &Profile, secrets: &[Secret], received: &Received<'_>, now_s: u64, tolerance_s: u64) -> Verdict {
    check(profile, secrets, received, now_s, tolerance_s).unwrap_or_else(|verdict| verdict)
}

/// Verifies a request's signature. The profile is the name of a built-in one or a profile's document, and the secrets
/// are texts. The tolerance is [`limits::TIMESTAMP_TOLERANCE_S`] if it is `None`.
pub fn verify_by(
    profile: &str,
    secrets: &[String],
    received: &Received<'_>,
    now_s: u64,
    tolerance_s: Option<u32>,
) -> Result<Verdict, Error> {
    let own;
    let profile = if profile.starts_with('{') {
        own = Profile::parse(profile)?;
        &own
    } else {
        let unknown = || {
            let error = Error::invalid("profile", format!("`{}` is no built-in profile", json::quoted(profile)));
            error.hint(format!("one of {}, or a profile as JSON", Profile::BUILTIN_NAMES.join(", ")))
        };
        Profile::builtin(profile).ok_or_else(unknown)?
    };
    let mut known = Vec::new();
    for text in secrets {
        known.push(Secret::parse(profile, text)?);
    }
    let tolerance_s = tolerance_s.map_or(limits::TIMESTAMP_TOLERANCE_S, u64::from);
    Ok(verify(profile, &known, received, now_s, tolerance_s))
}

fn check(
    profile: &Profile,
    secrets: &[Secret],
    received: &Received<'_>,
    now_s: u64,
    tolerance_s: u64,
) -> Result<Verdict, Verdict> {
    let signature = header(profile, HeaderValue::Signature, received)?;
    match &profile.signature {
        Signature::BodyHex { prefix } => {
            let mac = body_hex(&signature, prefix)?;
            can_be_tried(secrets, received)?;
            let holds = |secret: &Secret| sign::hmac(secret.key(), &[received.body]).verify_slice(&mac).is_ok();
            let secret = secrets.iter().position(holds).ok_or(Verdict::Mismatch)?;
            Ok(Verdict::Verified { secret })
        }
        Signature::StandardWebhooks => {
            let message_id = header(profile, HeaderValue::MessageId, received)?;
            let timestamp = header(profile, HeaderValue::AttemptSeconds, received)?;
            let signed_s = seconds(&timestamp)?;
            let macs = standard_v1(&signature)?;
            can_be_tried(secrets, received)?;
            let parts = sign::standard_parts(message_id.value, timestamp.value, received.body);
            let holds = |secret: &Secret| {
                let made = sign::hmac(secret.key(), &parts);
                macs.iter().any(|mac| made.clone().verify_slice(mac).is_ok())
            };
            let secret = secrets.iter().position(holds).ok_or(Verdict::Mismatch)?;
            if now_s.abs_diff(signed_s) > tolerance_s {
                let seconds = |s: u64| i64::try_from(s).unwrap_or(i64::MAX);
                return Ok(Verdict::Stale { age_s: seconds(now_s) - seconds(signed_s) });
            }
            Ok(Verdict::Verified { secret })
        }
    }
}

/// Refuses requests whose signature cannot be verified although it is well-formed.
fn can_be_tried(secrets: &[Secret], received: &Received<'_>) -> Result<(), Verdict> {
    if received.method == "GET" {
        return Err(Verdict::Unverifiable(Unverifiable::Query));
    }
    if secrets.is_empty() {
        return Err(Verdict::Unverifiable(Unverifiable::NoSecret));
    }
    Ok(())
}

struct Found<'a> {
    name: &'a str,
    value: &'a str,
}

impl Found<'_> {
    fn malformed(&self, why: &'static str) -> Verdict {
        Verdict::Malformed { header: self.name.to_owned(), why }
    }
}

/// Returns the only header with this value.
fn header<'a>(profile: &'a Profile, what: HeaderValue, received: &Received<'a>) -> Result<Found<'a>, Verdict> {
    let header = profile.headers.iter().find(|header| header.value == what);
    let name = header.map(|header| header.name.as_str()).ok_or(Verdict::Unverifiable(Unverifiable::Profile))?;
    let mut values = received.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
    let Some((_, value)) = values.next() else { return Err(Verdict::Missing { header: name.to_owned() }) };
    let found = Found { name, value };
    if values.next().is_some() {
        return Err(found.malformed("is there more than once"));
    }
    if value.is_empty() {
        return Err(found.malformed("is empty"));
    }
    Ok(found)
}

fn body_hex(signature: &Found<'_>, prefix: &str) -> Result<Vec<u8>, Verdict> {
    let digits =
        signature.value.strip_prefix(prefix).ok_or_else(|| signature.malformed("lacks the scheme's prefix"))?;
    if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(signature.malformed("is not in lower case"));
    }
    let mac = hex::decode(digits).map_err(|_| signature.malformed("is not hexadecimal"))?;
    if mac.len() == 32 { Ok(mac) } else { Err(signature.malformed("is not as long as an HMAC-SHA256")) }
}

/// Returns every signature of version 1 in the list. Those of other versions are ignored.
fn standard_v1(signature: &Found<'_>) -> Result<Vec<Vec<u8>>, Verdict> {
    let mut macs = Vec::new();
    for encoded in signature.value.split(' ').filter_map(|one| one.strip_prefix("v1,")) {
        let mac = Base64::decode_vec(encoded).map_err(|_| signature.malformed("has a signature that is not base64"))?;
        macs.push(mac);
    }
    match macs.len() {
        0 => Err(signature.malformed("has no signature of version 1")),
        1..=limits::LIVE_SECRETS_MAX => Ok(macs),
        _ => Err(signature.malformed("has more signatures than a webhook can have secrets")),
    }
}

fn seconds(timestamp: &Found<'_>) -> Result<u64, Verdict> {
    let digits = timestamp.value.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = timestamp.value.parse().ok().filter(|_| digits);
    parsed.ok_or_else(|| timestamp.malformed("is no time in unix seconds"))
}

#[cfg(test)]
mod tests;
