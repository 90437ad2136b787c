//! The parts of a key: encoding, and what a text must be to become one.

use crate::store::id;
use crate::support::limits::{EVENT_TYPE_BYTES_MAX, KEY_BYTES_MAX, TENANT_BYTES_MAX};

/// The longest part of a key, in bytes. A longer part is hashed.
const PART_BYTES_MAX: usize = 64;

/// Returns a tenant, an event type or a pattern as part of a key.
///
/// The characters `a-z 0-9 . -` stay, and others become `_` and two hexadecimal digits. A part that gets too long is hashed. No
/// two inputs share a part.
pub fn part(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' => encoded.push(char::from(byte)),
            _ => {
                encoded.push('_');
                encoded.push_str(&hex::encode([byte]));
            }
        }
    }
    if encoded.len() > PART_BYTES_MAX { format!("__{}", id::derived("key-part", &[text])) } else { encoded }
}

/// Returns true if a text is a part of a key already, with nothing to encode.
pub fn is_part(text: &str) -> bool {
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    (1..=PART_BYTES_MAX).contains(&text.len()) && text.bytes().all(fits)
}

/// Returns true if a text consists of parts and is short enough for a key or a place that the storage takes.
pub fn is_key(text: &str) -> bool {
    text.len() < KEY_BYTES_MAX && text.split('/').all(is_part)
}

/// Returns the second part of a key: in most of them the tenant.
pub fn tenant_of(key: &str) -> &str {
    key.split('/').nth(1).unwrap_or_default()
}

/// Returns the last part of a key.
pub fn last_part(key: &str) -> &str {
    key.rsplit_once('/').map_or(key, |(_, last)| last)
}

const _: () = assert!(TENANT_BYTES_MAX <= 64 && EVENT_TYPE_BYTES_MAX <= 128, "parts are bounded by their encoding");
