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

/// A webhook's id. It begins with the time of its registration, so that a scan lists webhooks by creation, newest last.
pub fn webhook<E: Entropy + ?Sized>(entropy: &E, now_us: u64) -> String {
    const LETTERS: usize = 12;
    format!("wh_{}{}", letters::<LETTERS>(now_us), &token(entropy)[..ID_CHARS - LETTERS])
}

/// A job's id. It begins with the time, and sorts the newest first.
pub fn job<E: Entropy + ?Sized>(entropy: &E, now_ms: u64) -> String {
    const LETTERS: usize = 9;
    let left_ms = largest::<LETTERS>().saturating_sub(now_ms);
    format!("job_{}{}", letters::<LETTERS>(left_ms), &token(entropy)[..ID_CHARS - LETTERS])
}

/// Returns a number in `COUNT` letters, which sort as numbers do. Digits of base 32 would not: `2` to `7` sort before `a`.
fn letters<const COUNT: usize>(number: u64) -> String {
    let mut rest = number.min(largest::<COUNT>());
    let mut text = [b'a'; COUNT];
    for place in text.iter_mut().rev() {
        *place += (rest % 26) as u8;
        rest /= 26;
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Returns the largest number that fits into `COUNT` letters.
fn largest<const COUNT: usize>() -> u64 {
    [26_u64; COUNT].iter().product::<u64>() - 1
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
    fn webhooks_sort_by_the_time_of_their_registration() {
        struct Falling(std::cell::Cell<u8>);
        impl Entropy for Falling {
            fn fill(&self, buffer: &mut [u8]) {
                self.0.set(self.0.get() - 1);
                buffer.fill(self.0.get());
            }
        }
        let entropy = Falling(std::cell::Cell::new(200));
        let times = [0, 1_738_670_407_000_000, 1_760_000_000_000_000, 1_760_000_000_000_001, u64::MAX];
        let ids = times.map(|now_us| webhook(&entropy, now_us));
        assert!(ids.is_sorted() && ids.iter().all(|id| is_id("wh_", id)), "{ids:?}");
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
