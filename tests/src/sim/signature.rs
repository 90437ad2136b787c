//! Verifies a request's signature from the profile's public description, without any of the engine's code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use hookwright_engine::host::Request;
use sha2::Sha256;

/// Whether the request is signed with one of these secrets, and dated by the sender's clock.
pub fn verify(profile: &str, request: &Request, secrets: &[String], clock_us: u64) -> Result<(), String> {
    let body = request.body.as_deref().ok_or("the request has no body")?;
    match profile {
        "standard" => {
            let (id, timestamp) = (header(request, "webhook-id")?, header(request, "webhook-timestamp")?);
            dated(timestamp, clock_us)?;
            let signed = format!("{id}.{timestamp}.{body}");
            let signatures = header(request, "webhook-signature")?;
            let valid = |secret: &String| {
                let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).unwrap_or_default();
                let expected = format!("v1,{}", STANDARD.encode(hmac(&key, &signed)));
                signatures.split(' ').any(|signature| signature == expected)
            };
            secrets.iter().any(valid).then_some(()).ok_or_else(|| format!("none of {signatures} verifies"))
        }
        _ => {
            dated(header(request, "x-asset-webhook-timestamp")?, clock_us)?;
            let signature = header(request, "x-asset-webhook-signature")?;
            let valid = |secret: &String| hex::encode(hmac(secret.as_bytes(), body)) == signature;
            secrets.iter().any(valid).then_some(()).ok_or_else(|| format!("{signature} does not verify"))
        }
    }
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
