//! Sealing: what is kept of a secret can be opened only with a key of the host's, and only where it belongs.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::config::SealingKey;
use crate::ports::Entropy;
use crate::support::base64;
use crate::support::error::Error;
use crate::support::error::ErrorKind;

/// XChaCha20's nonce: long enough to be drawn at random for ever.
const NONCE_BYTES: usize = 24;
const KEY_ID_CHARS_MAX: usize = 32;

/// The keys that seal; the first is used for what is new, all of them open.
#[derive(Clone)]
pub struct Keys(Vec<Key>);

#[derive(Clone)]
struct Key {
    id: String,
    bytes: [u8; 32],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl Keys {
    /// Checks and takes the keys of a configuration.
    pub fn new(keys: &[SealingKey]) -> Result<Keys, Error> {
        if keys.is_empty() {
            return Err(
                Error::invalid("sealingKeys", "is empty").hint("give at least one key: 32 random bytes in hexadecimal")
            );
        }
        let mut taken: Vec<Key> = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            let field = format!("sealingKeys[{index}]");
            let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if key.id.is_empty() || key.id.len() > KEY_ID_CHARS_MAX || !key.id.bytes().all(fits) {
                return Err(Error::invalid(&format!("{field}.id"), format!("`{}` does not name a key", key.id))
                    .hint("use 1 to 32 of a to z, 0 to 9 and -"));
            }
            if taken.iter().any(|other| other.id == key.id) {
                return Err(Error::invalid(&format!("{field}.id"), format!("`{}` is there twice", key.id)));
            }
            let mut bytes = [0; 32];
            hex::decode_to_slice(&key.key_hex, &mut bytes).map_err(|_| {
                Error::invalid(&format!("{field}.key"), "is not 32 bytes in hexadecimal").hint("64 hexadecimal digits")
            })?;
            taken.push(Key { id: key.id.clone(), bytes });
        }
        Ok(Keys(taken))
    }

    /// Seals a text for one place, which it can only be opened for: `v1.<key id>.<nonce and ciphertext in base64>`.
    pub fn seal<E: Entropy + ?Sized>(&self, entropy: &E, place: &str, text: &str) -> Result<String, Error> {
        let key = &self.0[0];
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let payload = Payload { msg: text.as_bytes(), aad: place.as_bytes() };
        let sealed = XChaCha20Poly1305::new(&key.bytes.into())
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::of(ErrorKind::Internal, "a value could not be sealed"))?;
        Ok(format!("v1.{}.{}", key.id, base64::encode_unpadded(&[&nonce[..], &sealed].concat())))
    }

    /// Opens what was sealed for this place.
    pub fn open(&self, place: &str, sealed: &str) -> Result<String, Error> {
        let broken =
            || Error::of(ErrorKind::Internal, format!("a sealed value of `{place}` is damaged or belongs elsewhere"));
        let mut parts = sealed.splitn(3, '.');
        let (Some("v1"), Some(id), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(broken());
        };
        let Some(key) = self.0.iter().find(|key| key.id == id) else {
            return Err(Error::of(ErrorKind::Internal, format!("a value of `{place}` is sealed with the key `{id}`"))
                .hint("configure that key among the sealing keys"));
        };
        let bytes = base64::decode_unpadded(rest).ok_or_else(broken)?;
        let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(broken)?;
        let payload = Payload { msg: ciphertext, aad: place.as_bytes() };
        let text =
            XChaCha20Poly1305::new(&key.bytes.into()).decrypt(&XNonce::from(*nonce), payload).map_err(|_| broken())?;
        String::from_utf8(text).map_err(|_| broken())
    }

    /// A short keyed fingerprint of a secret, for display and comparison: a plain hash of a typed secret can be guessed.
    pub fn fingerprint(&self, secret: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0[0].bytes).expect("HMAC takes keys of any length");
        mac.update(b"fingerprint\0");
        mac.update(secret.as_bytes());
        hex::encode(&mac.finalize().into_bytes()[..4])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::cell::Cell<u8>);

    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            for byte in buffer {
                *byte = self.0.get();
                self.0.set(self.0.get().wrapping_add(1));
            }
        }
    }

    fn keys(list: &[(&str, &str)]) -> Result<Keys, Error> {
        let keys: Vec<SealingKey> =
            list.iter().map(|(id, digit)| SealingKey { id: (*id).to_owned(), key_hex: digit.repeat(64) }).collect();
        Keys::new(&keys)
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_place_and_with_its_key() {
        let entropy = Counting(std::cell::Cell::new(0));
        let old = keys(&[("old", "1")]).unwrap();
        let both = keys(&[("new", "2"), ("old", "1")]).unwrap();
        let sealed = old.seal(&entropy, "wh_a", "topsecret").unwrap();
        assert!(!sealed.contains("topsecret"));
        assert_eq!(both.open("wh_a", &sealed).unwrap(), "topsecret");
        assert!(both.open("wh_b", &sealed).is_err(), "another webhook's");
        let error = keys(&[("new", "2")]).unwrap().open("wh_a", &sealed).unwrap_err();
        assert!(error.to_string().contains("key `old`"), "{error}");
        let flipped = sealed.replace(&sealed[20..21], if &sealed[20..21] == "A" { "B" } else { "A" });
        assert!(both.open("wh_a", &flipped).is_err(), "changed");
        assert_ne!(sealed, old.seal(&entropy, "wh_a", "topsecret").unwrap(), "a nonce is used once");
    }

    #[test]
    fn keys_are_checked_and_never_printed() {
        for (list, field) in [
            (&[][..], "sealingKeys"),
            (&[("", "1")][..], "sealingKeys[0].id"),
            (&[("a", "1"), ("a", "2")][..], "sealingKeys[1].id"),
            (&[("a", "x")][..], "sealingKeys[0].key"),
        ] {
            assert_eq!(keys(list).unwrap_err().field.as_deref(), Some(field));
        }
        let debug = format!("{:?}", keys(&[("a", "1")]).unwrap());
        assert_eq!(debug, "[\"a\"]");
    }

    #[test]
    fn fingerprints_depend_on_the_key() {
        let one = keys(&[("a", "1")]).unwrap();
        assert_eq!(one.fingerprint("s"), one.fingerprint("s"));
        assert_ne!(one.fingerprint("s"), one.fingerprint("t"));
        assert_ne!(one.fingerprint("s"), keys(&[("a", "2")]).unwrap().fingerprint("s"));
    }
}
