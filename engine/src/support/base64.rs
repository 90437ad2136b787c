//! Base64 in constant time. The library's code is compiled for each alphabet that is used, so all use one.

use base64ct::{Base64, Encoding};

/// The text of these bytes, padded.
pub fn encode(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// The bytes of a padded text.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

/// The text of these bytes without its padding.
pub fn encode_unpadded(bytes: &[u8]) -> String {
    let mut text = encode(bytes);
    text.truncate(text.trim_end_matches('=').len());
    text
}

/// The bytes of a text without padding.
pub fn decode_unpadded(text: &str) -> Option<Vec<u8>> {
    if text.ends_with('=') {
        return None;
    }
    let padding = match text.len() % 4 {
        2 => "==",
        3 => "=",
        _ => "",
    };
    decode(&[text, padding].concat())
}

#[cfg(test)]
mod tests {
    use super::{decode, decode_unpadded, encode, encode_unpadded};

    #[test]
    fn texts_are_padded_or_not() {
        for (bytes, padded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            let unpadded = padded.trim_end_matches('=');
            assert_eq!((encode(bytes.as_bytes()), encode_unpadded(bytes.as_bytes())), (padded.into(), unpadded.into()));
            assert_eq!(decode(padded), Some(bytes.into()));
            assert_eq!(decode_unpadded(unpadded), Some(bytes.into()));
        }
        for refused in ["Zg==", "Zg=", "Z", "Zm9vY", "Zh", "Zm9", "Z g", "=", "Zg%"] {
            assert_eq!(decode_unpadded(refused), None, "{refused}");
        }
        for refused in ["Zg", "Zm8", "Zm9vY==="] {
            assert_eq!(decode(refused), None, "{refused}");
        }
    }
}
