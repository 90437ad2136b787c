//! Decides whether a receiver's certificate is accepted.
//!
//! The rules of the web apply (`webpki`), with the platform's authorities and those that the operator named. Beyond them,
//! operators of internal receivers have certificates that these rules exclude. Two kinds are accepted, both only because the
//! operator named a certificate: one that is named itself, byte for byte, and one that a named authority has issued directly
//! although it has no extensions or says of itself that it is an authority. Name and time are checked in each case.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use webpki::RawPublicKeyEntity;

use super::certificate::Certificate;
use super::refusal::Refusal;

/// The rules for receivers' certificates.
#[derive(Debug)]
pub(crate) struct Verifier {
    /// The rules of the web. `None`: there is no authority.
    web: Option<Arc<WebPkiServerVerifier>>,
    named: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    /// Makes the rules from the platform's authorities and the certificates that the operator named.
    pub(crate) fn new(
        mut roots: RootCertStore,
        named: Vec<CertificateDer<'static>>,
        provider: &Arc<CryptoProvider>,
    ) -> anyhow::Result<Verifier> {
        for certificate in &named {
            if Certificate::read(certificate).is_some_and(|read| read.is_authority()) {
                roots.add(certificate.clone())?;
            }
        }
        let web = match roots.is_empty() {
            true => None,
            false => Some(WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build()?),
        };
        Ok(Verifier { web, named, algorithms: provider.signature_verification_algorithms })
    }

    /// Returns true if the operator has named the certificate, or a named authority has issued it directly.
    fn vouches_for(&self, certificate: &CertificateDer<'_>, read: &Certificate<'_>) -> bool {
        if self.named.contains(certificate) {
            return true;
        }
        let is_clear = || ParsedCertificate::try_from(certificate).is_ok() && read.is_for_servers();
        let is_excluded = read.lacks_extensions() || (read.is_authority() && is_clear());
        let issued = |named: &CertificateDer<'static>| {
            Certificate::read(named).is_some_and(|issuer| {
                issuer.is_authority()
                    && !issuer.limits_names()
                    && read.is_issued_by(&issuer)
                    && read.is_signed_by(&issuer, &self.algorithms)
            })
        };
        is_excluded && self.named.iter().any(issued)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let by_web = match &self.web {
            Some(web) => web.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        };
        let Err(problem) = by_web else { return by_web };
        let own = Certificate::read(end_entity).ok_or_else(Refusal::unreadable)?;
        let now_s = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if let Some(refusal) = Refusal::of_time(&own, now_s) {
            return Err(refusal.into());
        }
        let is_vouched_for = self.vouches_for(end_entity, &own);
        let is_named = is_for(end_entity, &own, server_name);
        match (is_vouched_for, is_named, &problem) {
            (true, true, _) => Ok(ServerCertVerified::assertion()),
            (true, false, _) | (_, _, Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })) => {
                Err(Refusal::of_name(&own, &server_name.to_str()).into())
            }
            _ => {
                let mut chain = vec![own];
                chain.extend(intermediates.iter().filter_map(Certificate::read));
                Err(Refusal::of_chain(&problem, &chain, now_s).into())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if Certificate::read(certificate).is_some_and(|own| own.has_short_key()) {
            return Err(Refusal::not_safe().into());
        }
        if ParsedCertificate::try_from(certificate).is_ok() {
            return verify_tls12_signature(message, certificate, signature, &self.algorithms);
        }
        let own = Certificate::read(certificate).ok_or_else(Refusal::unreadable)?;
        let key = own.public_key();
        let key = RawPublicKeyEntity::try_from(&key).map_err(|_| Refusal::unreadable())?;
        let usable = self.algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signature.scheme);
        let mut tried = usable.flat_map(|(_, algorithms)| algorithms.iter());
        if tried.any(|algorithm| key.verify_signature(*algorithm, message, signature.signature()).is_ok()) {
            return Ok(HandshakeSignatureValid::assertion());
        }
        Err(Error::InvalidCertificate(CertificateError::BadSignature))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if Certificate::read(certificate).is_some_and(|own| own.has_short_key()) {
            return Err(Refusal::not_safe().into());
        }
        if ParsedCertificate::try_from(certificate).is_ok() {
            return verify_tls13_signature(message, certificate, signature, &self.algorithms);
        }
        let own = Certificate::read(certificate).ok_or_else(Refusal::unreadable)?;
        verify_tls13_signature_with_raw_key(message, &own.public_key(), signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Returns true if the certificate is for the host. The common name counts if the certificate lists no hosts.
fn is_for(certificate: &CertificateDer<'_>, read: &Certificate<'_>, host: &ServerName<'_>) -> bool {
    if read.lists_hosts() {
        return ParsedCertificate::try_from(certificate).is_ok_and(|parsed| verify_server_name(&parsed, host).is_ok());
    }
    let ServerName::DnsName(host) = host else { return false };
    read.common_names().iter().any(|name| names(name, host.as_ref()))
}

/// Returns true if the name of a certificate is that of the host, or covers it with `*` as its first label.
fn names(name: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    if name.eq_ignore_ascii_case(host) {
        return true;
    }
    let (Some(parent), Some((label, rest))) = (name.strip_prefix("*."), host.split_once('.')) else { return false };
    !label.is_empty() && parent.contains('.') && parent.eq_ignore_ascii_case(rest)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn common_name_covers_one_label_with_a_star() {
        for (name, host, expected) in [
            ("localhost", "localhost", true),
            ("LocalHost", "localhost", true),
            ("a.example", "a.example.", true),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.com", "example.com", false),
            ("*", "localhost", false),
            ("a*.example.com", "ab.example.com", false),
            ("a.example", "b.example", false),
        ] {
            assert_eq!(names(name, host), expected, "{name} {host}");
        }
    }
}
