//! Verification of a request's signature, written from the receiver's side of each profile.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;
use standardwebhooks::{Webhook, WebhookError};

/// How a receiver checks signatures. During a rotation it accepts each of its secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Signatures are not checked.
    #[default]
    None,
    /// Standard Webhooks 1.0: the id, the timestamp and the body are signed with `whsec_` secrets.
    Standard(Vec<String>),
    /// `X-Asset-Webhook-Signature`: the body is signed with the secrets as typed.
    PerfexAssets(Vec<String>),
}

impl fmt::Debug for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scheme::None => "None",
            Scheme::Standard(_) => "Standard(..)",
            Scheme::PerfexAssets(_) => "PerfexAssets(..)",
        })
    }
}

/// A receiver's verdict on a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// Signatures are not checked.
    Unchecked,
    /// The signature was made with one of the secrets over exactly this request.
    Verified,
    /// There is no signature.
    Missing,
    /// The signature is not valid. The text says why.
    Wrong(String),
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Signature::Unchecked => f.write_str("unchecked"),
            Signature::Verified => f.write_str("verified"),
            Signature::Missing => f.write_str("missing"),
            Signature::Wrong(why) => write!(f, "wrong: {why}"),
        }
    }
}

impl Scheme {
    pub(super) fn check(&self, headers: &HeaderMap, body: &[u8]) -> Signature {
        match self {
            Scheme::None => Signature::Unchecked,
            Scheme::Standard(secrets) => any(secrets, |secret| standard(secret, headers, body)),
            Scheme::PerfexAssets(secrets) => any(secrets, |secret| perfex_assets(secret, headers, body)),
        }
    }
}

fn any(secrets: &[String], check: impl Fn(&str) -> Signature) -> Signature {
    let mut verdict = Signature::Wrong("the receiver has no secret".to_owned());
    for secret in secrets {
        verdict = check(secret);
        if verdict == Signature::Verified {
            break;
        }
    }
    verdict
}

fn standard(secret: &str, headers: &HeaderMap, body: &[u8]) -> Signature {
    match Webhook::new(secret).and_then(|webhook| webhook.verify(body, headers)) {
        Ok(()) => Signature::Verified,
        Err(WebhookError::MissingHeader("signature")) => Signature::Missing,
        Err(error) => Signature::Wrong(error.to_string()),
    }
}

fn perfex_assets(secret: &str, headers: &HeaderMap, body: &[u8]) -> Signature {
    let Some(header) = headers.get("x-asset-webhook-signature") else {
        return Signature::Missing;
    };
    let wrong = |why: &str| Signature::Wrong(why.to_owned());
    if header.as_bytes().iter().any(u8::is_ascii_uppercase) {
        return wrong("it is not lower-case hexadecimal");
    }
    let Ok(signature) = hex::decode(header.as_bytes()) else {
        return wrong("it is not hexadecimal");
    };
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return wrong("the receiver's secret is not a key");
    };
    match mac.chain_update(body).verify_slice(&signature) {
        Ok(()) => Signature::Verified,
        Err(_) => wrong("it does not match the body"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn check(scheme: &Scheme, headers: &[(&str, &str)], body: &str, verdict: Result<&str, Signature>) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
            .collect();
        let found = scheme.check(&headers, body.as_bytes());
        match verdict {
            Ok(text) => assert!(found.to_string().starts_with(text), "{found} instead of {text}"),
            Err(signature) => assert_eq!(found, signature),
        }
    }

    #[test]
    fn perfex_assets_signs_the_body() {
        // HMAC-SHA256 of RFC 4231, test case 2.
        let signature = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let body = "what do ya want for nothing?";
        let scheme = Scheme::PerfexAssets(vec!["old".to_owned(), "Jefe".to_owned()]);
        let header = "X-Asset-Webhook-Signature";
        check(&scheme, &[(header, signature)], body, Err(Signature::Verified));
        check(&scheme, &[(header, signature)], "something else", Ok("wrong: it does not match"));
        check(&scheme, &[(header, &signature.to_uppercase())], body, Ok("wrong: it is not lower-case"));
        check(&scheme, &[(header, "zz")], body, Ok("wrong: it is not hexadecimal"));
        check(&scheme, &[], body, Err(Signature::Missing));
        check(&Scheme::PerfexAssets(vec![]), &[(header, signature)], body, Ok("wrong: the receiver has no secret"));
        check(&Scheme::None, &[], body, Err(Signature::Unchecked));
    }

    #[test]
    fn standard_signs_identity_time_and_body() {
        let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let now = i64::try_from(now).unwrap();
        let signed = |at: i64| Webhook::new(secret).unwrap().sign("msg_1", at, b"{}").unwrap();
        let scheme = Scheme::Standard(vec![secret.to_owned()]);
        let headers = |id: &'static str, at: i64| {
            [("webhook-id", id.to_owned()), ("webhook-timestamp", at.to_string()), ("webhook-signature", signed(at))]
        };
        let rows = [
            (headers("msg_1", now), "{}", "verified"),
            (headers("msg_2", now), "{}", "wrong: signature invalid"),
            (headers("msg_1", now), "{} ", "wrong: signature invalid"),
            (headers("msg_1", now - 3_600), "{}", "wrong: signature timestamp too old"),
        ];
        for (headers, body, verdict) in rows {
            let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
            check(&scheme, &headers, body, Ok(verdict));
        }
        check(&scheme, &[("webhook-id", "msg_1")], "{}", Err(Signature::Missing));
    }
}
