//! Ids: drawn where nothing determines them, hashed where something does.

use sha2::{Digest, Sha256};

use crate::ports::Entropy;

/// Characters of an id or token after its prefix: 130 bits, of which 128 carry information.
pub const ID_CHARS: usize = 26;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A fresh random token.
pub fn token<E: Entropy + ?Sized>(entropy: &E) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    base32(&bytes)
}

/// The token that these parts determine. The parts cannot run into each other.
pub fn derived(purpose: &str, parts: &[&str]) -> String {
    base32(&digest(purpose, parts)[..16])
}

/// A number that these parts determine, evenly spread over 64 bits.
pub fn derived_number(purpose: &str, parts: &[&str]) -> u64 {
    let digest = digest(purpose, parts);
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first)
}

/// A webhook's id.
pub fn webhook<E: Entropy + ?Sized>(entropy: &E) -> String {
    format!("wh_{}", token(entropy))
}

/// A job's id. It begins with the time, and sorts the newest first.
pub fn job<E: Entropy + ?Sized>(entropy: &E, now_ms: u64) -> String {
    const DIGITS: usize = 9;
    let mut rest = (26_u64.pow(9) - 1).saturating_sub(now_ms);
    let mut time = [b'a'; DIGITS];
    for place in time.iter_mut().rev() {
        *place += (rest % 26) as u8;
        rest /= 26;
    }
    format!("job_{}{}", String::from_utf8_lossy(&time), &token(entropy)[..ID_CHARS - DIGITS])
}

/// A message's id: determined by the caller's event id, else random.
pub fn message<E: Entropy + ?Sized>(entropy: &E, tenant: &str, event_id: Option<&str>) -> String {
    match event_id {
        Some(event_id) => format!("msg_{}", derived("message", &[tenant, event_id])),
        None => format!("msg_{}", token(entropy)),
    }
}

/// Returns true if a text has the form of an id with this prefix, so that it may become part of a key.
pub fn is_id(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == ID_CHARS && rest.bytes().all(|byte| ALPHABET.contains(&byte)))
}

fn digest(purpose: &str, parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in std::iter::once(&purpose).chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut bits, mut count) = (0_u32, 0);
    for &byte in bytes {
        bits = (bits << 8) | u32::from(byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(ALPHABET[(bits >> count) as usize & 31]));
        }
    }
    if count > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - count)) as usize & 31]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_make_an_id() {
        assert_eq!(base32(&[0; 16]), "a".repeat(26));
        assert_eq!(base32(&[0xff; 16]), format!("{}{}", "7".repeat(25), "4"));
        assert_eq!(base32(b"foobar"), "mzxw6ytboi", "RFC 4648, section 10");
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(derived("message", &["ab", "c"]), derived("message", &["a", "bc"]));
        assert_ne!(derived("message", &["a"]), derived("other", &["a"]));
    }

    #[test]
    fn the_newest_job_sorts_first() {
        struct Same;
        impl Entropy for Same {
            fn fill(&self, buffer: &mut [u8]) {
                buffer.fill(7);
            }
        }
        let times = [u64::MAX, 1_760_000_000_001, 1_760_000_000_000, 1_738_670_407_000, 0];
        let ids = times.map(|now_ms| job(&Same, now_ms));
        assert!(ids.is_sorted() && ids.iter().all(|id| is_id("job_", id)), "{ids:?}");
        assert_ne!(ids[1], ids[2]);
    }

    #[test]
    fn ids_are_told_from_other_text() {
        assert!(is_id("wh_", &format!("wh_{}", derived("x", &[]))));
        for text in [
            "",
            "wh_",
            "msg_aaaaaaaaaaaaaaaaaaaaaaaaaa",
            "wh_aaaaaaaaaaaaaaaaaaaaaaaa/a",
            "wh_aaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert!(!is_id("wh_", text), "{text}");
        }
    }
}
