//! An X.509 certificate, read for the decisions and the sentences that the TLS library leaves to this host.

use std::net::IpAddr;

use hookwright_engine::time;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use webpki::RawPublicKeyEntity;
use x509_parser::asn1_rs::{Any, FromDer as _};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{X509Name, X509Version};

/// The longest part of a name that a sentence shows.
const NAME_CHARS_MAX: usize = 64;
/// The shortest RSA key that the TLS library accepts, in bits.
const RSA_BITS_MIN: usize = 2048;

/// A certificate that could be read.
#[derive(Debug)]
pub(crate) struct Certificate<'a> {
    der: &'a [u8],
    parsed: X509Certificate<'a>,
}

impl<'a> Certificate<'a> {
    /// Reads a certificate. Returns `None` if it is not one.
    pub(crate) fn read(der: &'a CertificateDer<'_>) -> Option<Certificate<'a>> {
        let (rest, parsed) = X509Certificate::from_der(der).ok()?;
        rest.is_empty().then_some(Certificate { der, parsed })
    }

    /// Returns the first second of its validity, in seconds since 1970.
    pub(crate) fn not_before_s(&self) -> i64 {
        self.parsed.validity().not_before.timestamp()
    }

    /// Returns the last second of its validity, in seconds since 1970.
    pub(crate) fn not_after_s(&self) -> i64 {
        self.parsed.validity().not_after.timestamp()
    }

    /// Returns the name of its issuer for people.
    pub(crate) fn issuer(&self) -> String {
        spelled(self.parsed.issuer())
    }

    /// Returns the name of its subject for people.
    pub(crate) fn subject(&self) -> String {
        spelled(self.parsed.subject())
    }

    /// Returns true if it names itself as its issuer.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.is_issued_by(self)
    }

    /// Returns true if it names the other certificate as its issuer.
    pub(crate) fn is_issued_by(&self, issuer: &Certificate<'_>) -> bool {
        self.parsed.issuer().as_raw() == issuer.parsed.subject().as_raw()
    }

    /// Returns true if it has a version before 3, which has no extensions.
    pub(crate) fn lacks_extensions(&self) -> bool {
        self.parsed.version() != X509Version::V3
    }

    /// Returns true if it says of itself that it may issue certificates. One without extensions may if it is self-issued.
    pub(crate) fn is_authority(&self) -> bool {
        match self.parsed.basic_constraints() {
            Ok(Some(constraints)) => constraints.value.ca,
            Ok(None) if self.lacks_extensions() => self.is_self_issued(),
            Ok(None) => matches!(self.parsed.key_usage(), Ok(Some(usage)) if usage.value.key_cert_sign()),
            Err(_) => false,
        }
    }

    /// Returns true if it limits the names for which it vouches.
    pub(crate) fn limits_names(&self) -> bool {
        !matches!(self.parsed.name_constraints(), Ok(None))
    }

    /// Returns true if it lists the hosts that it is for. If not, its common name is one.
    pub(crate) fn lists_hosts(&self) -> bool {
        !matches!(self.parsed.subject_alternative_name(), Ok(None))
    }

    /// Returns its common names.
    pub(crate) fn common_names(&self) -> Vec<String> {
        let names = self.parsed.subject().iter_common_name();
        names.filter_map(|name| name.as_str().ok()).map(printable).collect()
    }

    /// Returns the names and addresses of the hosts that it is for.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let listed = match self.parsed.subject_alternative_name() {
            Ok(Some(listed)) => listed,
            Ok(None) => return self.common_names(),
            Err(_) => return Vec::new(),
        };
        let host = |name: &GeneralName<'_>| match name {
            GeneralName::DNSName(name) => Some(printable(name)),
            GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
            _ => None,
        };
        listed.value.general_names.iter().filter_map(host).collect()
    }

    /// Returns true if its extended key usage, where it has one, includes servers.
    pub(crate) fn is_for_servers(&self) -> bool {
        match self.parsed.extended_key_usage() {
            Ok(None) => true,
            Ok(Some(usage)) => usage.value.server_auth || usage.value.any,
            Err(_) => false,
        }
    }

    /// Returns true if its key is too short to be safe.
    pub(crate) fn has_short_key(&self) -> bool {
        matches!(self.parsed.public_key().parsed(), Ok(PublicKey::RSA(key)) if key.key_size() < RSA_BITS_MIN)
    }

    /// Returns its public key.
    pub(crate) fn public_key(&self) -> SubjectPublicKeyInfoDer<'_> {
        SubjectPublicKeyInfoDer::from(self.parsed.public_key().raw)
    }

    /// Returns true if the issuer's key has signed it, with one of the algorithms.
    pub(crate) fn is_signed_by(&self, issuer: &Certificate<'_>, algorithms: &WebPkiSupportedAlgorithms) -> bool {
        let Some(Signed { content, algorithm, signature }) = signed(self.der) else { return false };
        let key = issuer.public_key();
        let Ok(key) = RawPublicKeyEntity::try_from(&key) else { return false };
        let usable = algorithms.all.iter().filter(|known| known.signature_alg_id().as_ref() == algorithm);
        usable.into_iter().any(|known| key.verify_signature(*known, content, signature).is_ok())
    }
}

/// The three parts of a certificate (RFC 5280, section 4.1).
struct Signed<'a> {
    content: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

fn signed(der: &[u8]) -> Option<Signed<'_>> {
    let (_, whole) = Any::from_der(der).ok()?;
    let (after_content, _) = Any::from_der(whole.data).ok()?;
    let content = whole.data.strip_suffix(after_content)?;
    let (after_algorithm, algorithm) = Any::from_der(after_content).ok()?;
    let (_, signature) = Any::from_der(after_algorithm).ok()?;
    // The first byte of a BIT STRING counts the unused bits at its end.
    let signature = signature.data.strip_prefix(&[0])?;
    Some(Signed { content, algorithm: algorithm.data, signature })
}

/// Returns a time of a certificate in the form of RFC 3339.
pub(crate) fn rfc3339(seconds: i64) -> String {
    let us = u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000_000);
    time::rfc3339_seconds(us).replace("+00:00", "Z")
}

/// Returns the most telling part of a name: the common name, the organization or the unit.
fn spelled(name: &X509Name<'_>) -> String {
    let mut parts = name.iter_common_name().chain(name.iter_organization()).chain(name.iter_organizational_unit());
    let found = parts.find_map(|part| part.as_str().ok().filter(|text| !text.trim().is_empty()));
    found.map_or_else(|| "an issuer without a name".to_owned(), printable)
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(four));
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

/// Returns the start of a foreign text without control characters.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect()
}
