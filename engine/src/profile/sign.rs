//! The two signature schemes. The profile decides which one a request has, and in which header.

use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Returns HMAC-SHA256 over these parts, one after the other. It is verified in constant time.
pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac
}

/// Returns the parts that Standard Webhooks 1.0 signs.
pub(crate) fn standard_parts<'a>(message_id: &'a str, timestamp_s: &'a str, body: &'a [u8]) -> [&'a [u8]; 5] {
    [message_id.as_bytes(), b".", timestamp_s.as_bytes(), b".", body]
}

/// Returns HMAC-SHA256 of the body in lower-case hexadecimal.
pub fn body_hex(key: &[u8], body: &str) -> String {
    hex::encode(hmac(key, &[body.as_bytes()]).finalize().into_bytes())
}

/// Returns one signature by Standard Webhooks 1.0: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`.
pub fn standard_v1(key: &[u8], message_id: &str, timestamp_s: u64, body: &str) -> String {
    let mac = hmac(key, &standard_parts(message_id, &timestamp_s.to_string(), body.as_bytes()));
    format!("v1,{}", Base64::encode_string(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_signed_as_in_test_case_2_of_rfc_4231() {
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(body_hex(b"Jefe", "what do ya want for nothing?"), expected);
    }

    #[test]
    fn a_key_longer_than_the_hash_block_is_hashed_first() {
        // RFC 4231, test case 6.
        let expected = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
        assert_eq!(body_hex(&[0xaa; 131], "Test Using Larger Than Block-Size Key - Hash Key First"), expected);
    }
}
