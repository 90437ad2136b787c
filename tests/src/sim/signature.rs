//! Verifies a request's signature from the profile's public description, without any of the engine's code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use hookwright_engine::ports::Request;
use sha2::Sha256;

/// Returns true if the request is signed with the secrets that are live in one of these views of the registration, as
/// the profile says: with each of them, or with the oldest. Its date must be that of the sender's clock.
pub fn verify(profile: &str, request: &Request, live: &[Vec<&str>], clock_us: u64) -> Result<(), String> {
    let body = request.body.as_deref().ok_or("the request has no body")?;
    let (signature, signed) = match profile {
        "standard" => {
            let (id, timestamp) = (header(request, "webhook-id")?, header(request, "webhook-timestamp")?);
            dated(timestamp, clock_us)?;
            (header(request, "webhook-signature")?, format!("{id}.{timestamp}.{body}"))
        }
        _ => {
            dated(header(request, "x-asset-webhook-timestamp")?, clock_us)?;
            (header(request, "x-asset-webhook-signature")?, body.to_owned())
        }
    };
    let expected = |secrets: &Vec<&str>| match profile {
        "standard" => {
            let key =
                |secret: &str| STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).unwrap_or_default();
            let each = secrets.iter().map(|secret| format!("v1,{}", STANDARD.encode(hmac(&key(secret), &signed))));
            each.collect::<Vec<_>>().join(" ")
        }
        _ => secrets.last().map(|secret| hex::encode(hmac(secret.as_bytes(), &signed))).unwrap_or_default(),
    };
    let valid = live.iter().any(|secrets| !secrets.is_empty() && expected(secrets) == signature);
    valid.then_some(()).ok_or_else(|| format!("{signature} is not what the live secrets sign: {live:?}"))
}

/// A header, its name in any case.
pub fn header<'a>(request: &'a Request, name: &str) -> Result<&'a str, String> {
    let found = request.headers.iter().find(|(candidate, _)| candidate.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str()).ok_or_else(|| format!("there is no header '{name}'"))
}

fn dated(timestamp: &str, clock_us: u64) -> Result<(), String> {
    let seconds: u64 = timestamp.parse().map_err(|_| format!("the timestamp '{timestamp}' is no number"))?;
    if seconds.abs_diff(clock_us / 1_000_000) > 1 {
        return Err(format!("the timestamp is {seconds}, the sender's clock {}", clock_us / 1_000_000));
    }
    Ok(())
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
