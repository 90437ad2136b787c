//! A webhook's secret: the rule that accepts one, how one is made, and the key that it stands for. How it is stored is
//! left to `config::seal`.

use base64ct::{Base64, Encoding};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::profile::{Profile, Signature};
use crate::support::error::Error;
use crate::support::limits;

/// The beginning of a Standard Webhooks secret.
const PREFIX: &str = "whsec_";
/// Random bytes of a made secret: as many as HMAC-SHA256 gives out.
const MADE_BYTES: usize = 32;

/// A secret that fits a profile's signature. It is never printed, it is compared in constant time, and it is
/// overwritten in memory when it is dropped.
#[derive(Clone)]
pub struct Secret {
    text: Zeroizing<String>,
    key: Zeroizing<Vec<u8>>,
}

impl Secret {
    /// Takes a secret as a person typed it, or as it was stored. For Standard Webhooks it is `whsec_` and the base64 of
    /// 24 to 64 bytes; else it is any text of 1 to 256 bytes without control characters. Nothing is trimmed.
    ///
    /// Errors: `invalid` on the field `secret`, never quoting it.
    pub fn parse(profile: &Profile, text: &str) -> Result<Secret, Error> {
        if text.is_empty() {
            return Err(Error::invalid("secret", "is empty"));
        }
        if text.len() > limits::SECRET_BYTES_MAX {
            let message = format!("has {} bytes; {} are allowed", text.len(), limits::SECRET_BYTES_MAX);
            return Err(Error::invalid("secret", message));
        }
        if text.chars().any(char::is_control) {
            let error = Error::invalid("secret", "has control characters");
            return Err(error.hint("was a line break copied along?"));
        }
        let key = match profile.signature {
            Signature::BodyHex { .. } => Zeroizing::new(text.as_bytes().to_vec()),
            Signature::StandardWebhooks => {
                let key = text.strip_prefix(PREFIX).and_then(|encoded| Base64::decode_vec(encoded).ok());
                key.map(Zeroizing::new).filter(|key| (24..=64).contains(&key.len())).ok_or_else(|| {
                    let error = Error::invalid("secret", "is no Standard Webhooks secret");
                    error.hint("use `whsec_` and the base64 of 24 to 64 random bytes, or leave it out to have one made")
                })?
            }
        };
        Ok(Secret { text: Zeroizing::new(text.to_owned()), key })
    }

    /// Makes a secret from 32 random bytes: `whsec_` and base64 for Standard Webhooks, else 64 lower-case hexadecimal
    /// digits.
    pub fn generate(profile: &Profile, fill: &mut dyn FnMut(&mut [u8])) -> Secret {
        let mut bytes = Zeroizing::new([0; MADE_BYTES]);
        fill(&mut bytes[..]);
        match profile.signature {
            Signature::BodyHex { .. } => {
                let text = Zeroizing::new(hex::encode(&bytes[..]));
                Secret { key: Zeroizing::new(text.as_bytes().to_vec()), text }
            }
            Signature::StandardWebhooks => {
                let encoded = Zeroizing::new(Base64::encode_string(&bytes[..]));
                let text = Zeroizing::new([PREFIX, &encoded].concat());
                Secret { text, key: Zeroizing::new(bytes.to_vec()) }
            }
        }
    }

    /// Returns the secret in clear, to be shown once and to be sealed.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Returns the key that signs.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }
}

impl PartialEq for Secret {
    /// Compares the texts in constant time. Only their lengths can be learned from the time that it takes.
    fn eq(&self, other: &Secret) -> bool {
        self.text.as_bytes().ct_eq(other.text.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(profile: &str, text: &str, ok: bool) {
        let result = Secret::parse(Profile::builtin(profile).unwrap(), text);
        assert_eq!(result.is_ok(), ok, "{profile} {text:?}");
        if let Err(error) = result {
            assert_eq!(error.field.as_deref(), Some("secret"));
            assert!(text.is_empty() || !error.to_string().contains(text), "the secret is in the message");
        }
    }

    #[test]
    fn secrets_are_taken_by_the_profiles_rule() {
        let whsec = |bytes: usize| format!("whsec_{}", Base64::encode_string(&vec![7; bytes]));
        check("standard", &whsec(24), true);
        check("standard", &whsec(64), true);
        check("standard", &whsec(23), false);
        check("standard", &whsec(65), false);
        check("standard", "perfex-secret", false);
        check("standard", &whsec(32)[6..], false);
        check("standard", whsec(32).trim_end_matches('='), false);
        check("datagerry", &whsec(32), true);
        check("datagerry", "typed", false);
        for profile in ["perfex-assets", "perscom", "assetsup"] {
            check(profile, " typed, with spaces ", true);
            check(profile, "Schlüssel", true);
            check(profile, &"x".repeat(256), true);
            check(profile, &"x".repeat(257), false);
            check(profile, "line\n", false);
            check(profile, "", false);
        }
    }

    #[test]
    fn secrets_are_made() {
        let made = |profile| Secret::generate(Profile::builtin(profile).unwrap(), &mut |buffer| buffer.fill(0xab));
        assert_eq!(made("assetsup").expose(), "ab".repeat(32));
        assert_eq!(made("assetsup").key(), "ab".repeat(32).as_bytes());
        assert_eq!(made("standard").expose(), "whsec_q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=");
        assert_eq!(made("standard").key(), [0xab; 32]);
        for name in Profile::BUILTIN_NAMES {
            let profile = Profile::builtin(name).unwrap();
            assert_eq!(Secret::parse(profile, made(name).expose()), Ok(made(name)), "{name}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let secret = Secret::parse(Profile::builtin("perscom").unwrap(), "perscom-secret").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
