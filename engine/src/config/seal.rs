//! Sealing of secrets: a sealed text opens only with the host's key, and only in the place that it was sealed for.
//!
//! A configured key is never used itself. HKDF derives one key for sealing and one for fingerprints from it, so that
//! neither use weakens the other. Derived keys and opened texts are overwritten in memory when they are dropped.

use base64ct::{Base64Unpadded, Encoding};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::config::SealingKey;
use crate::ports::Entropy;
use crate::support::error::{Error, ErrorKind};

/// XChaCha20's nonce. It is long enough to be drawn at random without a limit on the number of texts.
const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;
const KEY_ID_CHARS_MAX: usize = 32;
/// The purposes that keys are derived for. Each names the version of the sealed form.
const SEALING: &[u8] = b"hookwright/v1/sealing";
const FINGERPRINT: &[u8] = b"hookwright/v1/fingerprint";

/// The sealing keys. The first one seals new texts; all of them open.
#[derive(Clone)]
pub struct Keys(Vec<Key>);

#[derive(Clone)]
struct Key {
    id: String,
    sealing: Zeroizing<[u8; KEY_BYTES]>,
    fingerprint: Zeroizing<[u8; KEY_BYTES]>,
}

impl std::fmt::Debug for Keys {
    /// Prints the ids of the keys alone.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl Keys {
    /// Checks the keys of a configuration and derives the keys that are used.
    pub fn new(keys: &[SealingKey]) -> Result<Keys, Error> {
        if keys.is_empty() {
            return Err(
                Error::invalid("sealingKeys", "is empty").hint("give at least one key: 32 random bytes in hexadecimal")
            );
        }
        let mut derived: Vec<Key> = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            let key = Key::read(key).map_err(|error| error.within(&format!("sealingKeys[{index}]")))?;
            if derived.iter().any(|other| other.id == key.id) {
                let field = format!("sealingKeys[{index}].id");
                return Err(Error::invalid(&field, format!("`{}` is there twice", key.id)));
            }
            derived.push(key);
        }
        Ok(Keys(derived))
    }

    /// Seals a text for one place, the only one that it opens for. Returns `v1.<key id>.<nonce and ciphertext in
    /// base64>`.
    pub fn seal<E: Entropy + ?Sized>(&self, entropy: &E, place: &str, text: &str) -> Result<String, Error> {
        let key = &self.0[0];
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let payload = Payload { msg: text.as_bytes(), aad: place.as_bytes() };
        let sealed = key
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::of(ErrorKind::Internal, "a value could not be sealed"))?;
        Ok(format!("v1.{}.{}", key.id, Base64Unpadded::encode_string(&[&nonce[..], &sealed].concat())))
    }

    /// Opens a text that was sealed for this place.
    pub fn open(&self, place: &str, sealed: &str) -> Result<Zeroizing<String>, Error> {
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
        let bytes = Base64Unpadded::decode_vec(rest).map_err(|_| broken())?;
        let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(broken)?;
        let payload = Payload { msg: ciphertext, aad: place.as_bytes() };
        let opened = key.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| {
            Error::of(ErrorKind::Internal, format!("a value of `{place}` does not open with the key `{id}`")).hint(
                "configure the key that had this name when the value was sealed, and give a new key a new name; with \
                     the same key, the value is damaged or belongs elsewhere",
            )
        })?;
        // Wiped if it is no text.
        let opened = Zeroizing::new(opened);
        let text = std::str::from_utf8(&opened).map_err(|_| broken())?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Returns a short keyed fingerprint of a secret, for display and comparison. A plain hash would let a reader guess
    /// a typed secret.
    pub fn fingerprint(&self, secret: &str) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0[0].fingerprint[..]).expect("HMAC takes keys of any length");
        mac.update(secret.as_bytes());
        hex::encode(&mac.finalize().into_bytes()[..4])
    }
}

impl Key {
    /// Checks one key of a configuration and derives from it. The error's field is one of the key's own.
    fn read(key: &SealingKey) -> Result<Key, Error> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if key.id.is_empty() || key.id.len() > KEY_ID_CHARS_MAX || !key.id.bytes().all(fits) {
            return Err(Error::invalid("id", format!("`{}` does not name a key", key.id))
                .hint("use 1 to 32 of a to z, 0 to 9 and -"));
        }
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        hex::decode_to_slice(&key.key_hex, &mut bytes[..])
            .map_err(|_| Error::invalid("key", "is not 32 bytes in hexadecimal").hint("write 64 hexadecimal digits"))?;
        let derive = |purpose: &[u8]| {
            let mut derived = Zeroizing::new([0; KEY_BYTES]);
            let expanded = Hkdf::<Sha256>::new(None, &bytes[..]).expand(purpose, &mut derived[..]);
            expanded.expect("HKDF gives out up to 255 hashes");
            derived
        };
        Ok(Key { id: key.id.clone(), sealing: derive(SEALING), fingerprint: derive(FINGERPRINT) })
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.sealing).into())
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

    /// Computed with libsodium and Python's `hmac`.
    #[test]
    fn a_known_key_gives_known_sealed_text_and_fingerprint() {
        let keys = keys(&[("old", "1")]).unwrap();
        let sealed = keys.seal(&Counting(std::cell::Cell::new(0)), "wh_a/secret", "topsecret").unwrap();
        let expected = "v1.old.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXQUJMvw3+ltzuH7njzjhYupnc9l9/3LJ+0Q";
        assert_eq!(sealed, expected);
        assert_eq!(keys.open("wh_a/secret", expected).unwrap().as_str(), "topsecret");
        assert_eq!(keys.fingerprint("topsecret"), "4621af15");
    }

    #[test]
    fn derived_keys_differ_from_the_configured_one_and_from_each_other() {
        let Keys(keys) = keys(&[("old", "1")]).unwrap();
        let [key] = &keys[..] else { panic!("one key was configured") };
        let sealing = "41c3d087afe22475c75c265b64dd175b3a712817a59cedd29ad2ced2952ac0de";
        let fingerprint = "0e7e6dbc3d6cfcacfdee3253c6009979d5129b9db4aca94f9cdf7f5ce3e5020d";
        assert_eq!((hex::encode(*key.sealing), hex::encode(*key.fingerprint)), (sealing.into(), fingerprint.into()));
    }

    #[test]
    fn a_sealed_text_opens_only_in_its_place_and_with_its_key() {
        let entropy = Counting(std::cell::Cell::new(0));
        let old = keys(&[("old", "1")]).unwrap();
        let both = keys(&[("new", "2"), ("old", "1")]).unwrap();
        let sealed = old.seal(&entropy, "wh_a", "topsecret").unwrap();
        assert!(!sealed.contains("topsecret"));
        assert_eq!(both.open("wh_a", &sealed).unwrap().as_str(), "topsecret");
        assert!(both.open("wh_b", &sealed).is_err(), "another webhook's");
        let error = keys(&[("new", "2")]).unwrap().open("wh_a", &sealed).unwrap_err();
        assert!(error.to_string().contains("key `old`"), "{error}");
        let error = keys(&[("old", "3")]).unwrap().open("wh_a", &sealed).unwrap_err();
        assert!(
            error.to_string().contains("does not open with the key `old`"),
            "another key of the same name: {error}"
        );
        assert!(error.hint.as_ref().unwrap().contains("give a new key a new name"), "{error}");
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
