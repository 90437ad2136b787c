//! The sentences about TLS sessions that were not made, or that the receiver ended: what is wrong, and how to mend it.
//!
//! A webhook's owner reads them in the attempt log. The Node host has the same sentences; `tests/data/tls` has the cases.

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError, InvalidMessage, OtherError, PeerIncompatible};

use super::certificate::{Certificate, rfc3339};

/// How many of a certificate's hosts a sentence names.
const HOSTS_SHOWN_MAX: usize = 3;

/// Why there is no TLS session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    detail: String,
    /// True if the receiver accepts none of the versions of HTTP that were offered.
    pub(crate) wants_other_http: bool,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl Error for Refusal {}

impl From<Refusal> for rustls::Error {
    fn from(refusal: Refusal) -> rustls::Error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(std::sync::Arc::new(refusal))))
    }
}

impl Refusal {
    fn new(detail: impl Into<String>) -> Refusal {
        Refusal { detail: detail.into(), wants_other_http: false }
    }

    /// The certificate cannot be read.
    pub(super) fn unreadable() -> Refusal {
        Refusal::new("the receiver's certificate cannot be read: install a valid X.509 certificate")
    }

    /// The certificate's signature or key is too weak.
    pub(super) fn not_safe() -> Refusal {
        Refusal::new(
            "the receiver's certificate is signed in a way that is not safe: renew it with SHA-256, and RSA of 2048 bits \
             or more or ECDSA",
        )
    }

    /// The time is outside of the certificate's validity. Returns `None` if it is not.
    pub(super) fn of_time(certificate: &Certificate<'_>, now_s: i64) -> Option<Refusal> {
        if now_s > certificate.not_after_s() {
            let since = rfc3339(certificate.not_after_s());
            return Some(Refusal::new(format!("the receiver's certificate expired at {since}: renew it")));
        }
        (now_s < certificate.not_before_s()).then(|| {
            let from = rfc3339(certificate.not_before_s());
            Refusal::new(format!(
                "the receiver's certificate is not valid before {from}: install one that is valid now, or set the clock right"
            ))
        })
    }

    /// The certificate is for other hosts.
    pub(super) fn of_name(certificate: &Certificate<'_>, host: &str) -> Refusal {
        let hosts = certificate.hosts();
        let shown: Vec<String> = hosts.iter().take(HOSTS_SHOWN_MAX).map(|host| format!("`{host}`")).collect();
        let shown = match hosts.len() {
            0 => "names no host".to_owned(),
            count if count > HOSTS_SHOWN_MAX => {
                format!("is for {} and {} more", shown.join(", "), count - HOSTS_SHOWN_MAX)
            }
            _ => format!("is for {}", shown.join(", ")),
        };
        Refusal::new(format!(
            "the receiver's certificate {shown}, not for `{host}`: use a certificate that names `{host}`, or the URL that it is for"
        ))
    }

    /// Nobody who is trusted vouches for the certificate. `chain` has the certificates that the receiver sent, its own first.
    pub(super) fn of_issuer(chain: &[Certificate<'_>]) -> Refusal {
        let Some(own) = chain.first() else { return Refusal::unreadable() };
        if own.is_self_issued() {
            return Refusal::new(
                "the receiver's certificate is self-signed: use one of a public authority, or let the platform's operator \
                 trust this one",
            );
        }
        let mut top = own;
        for _ in chain {
            match chain.iter().find(|other| top.is_issued_by(other) && !top.is_self_issued()) {
                Some(issuer) => top = issuer,
                None => break,
            }
        }
        Refusal::new(format!(
            "the receiver's certificate is issued by `{}`, which is not trusted: send all intermediate certificates, use a \
             public authority, or let the platform's operator trust this one",
            top.issuer()
        ))
    }

    /// A check of the certificate chain failed. The times and the name of the receiver's own certificate are right.
    pub(super) fn of_chain(problem: &rustls::Error, chain: &[Certificate<'_>], now_s: i64) -> Refusal {
        let is_self_issued = chain.first().is_some_and(Certificate::is_self_issued);
        let (rustls::Error::InvalidCertificate(problem), false) = (problem, is_self_issued) else {
            return Refusal::of_issuer(chain);
        };
        let expired = |issuer: &&Certificate<'_>| Refusal::of_time(issuer, now_s).is_some();
        match problem {
            CertificateError::ExpiredContext { .. } | CertificateError::NotValidYetContext { .. } => {
                match chain.iter().skip(1).find(expired) {
                    Some(issuer) => Refusal::new(format!(
                        "the certificate of the issuer `{}` is valid from {} to {} only: send a chain that is valid now",
                        issuer.subject(),
                        rfc3339(issuer.not_before_s()),
                        rfc3339(issuer.not_after_s())
                    )),
                    None => Refusal::of_issuer(chain),
                }
            }
            CertificateError::BadSignature => Refusal::new(
                "the signature of the receiver's certificate is wrong: install the certificate and the chain as they were issued",
            ),
            CertificateError::UnsupportedSignatureAlgorithmContext { .. } => Refusal::not_safe(),
            CertificateError::InvalidPurposeContext { .. } | CertificateError::InvalidPurpose => Refusal::new(
                "the receiver's certificate is not for servers: use one whose extended key usage has serverAuth",
            ),
            CertificateError::UnhandledCriticalExtension => Refusal::new(
                "the receiver's certificate has a critical extension that is unknown: use a certificate without it",
            ),
            CertificateError::BadEncoding => Refusal::unreadable(),
            _ => Refusal::of_issuer(chain),
        }
    }

    /// The handshake failed. `asked`: the receiver has asked for a client certificate.
    pub(super) fn of_handshake(problem: &io::Error, asked: bool, host: &str) -> Refusal {
        match problem.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(problem) => Refusal::of_session(problem, asked, host),
            None if asked => Refusal::of_client_certificate(),
            None => Refusal::new(format!(
                "the receiver closed the connection during the TLS handshake: check that this port serves TLS for `{host}`, \
                 and the receiver's log"
            )),
        }
    }

    /// The receiver asks for a client certificate, and there is none.
    pub(super) fn of_client_certificate() -> Refusal {
        Refusal::new(
            "the receiver asks for a client certificate, which webhooks do not have: accept requests without one there, and \
             verify their signature",
        )
    }

    /// The session failed.
    pub(super) fn of_session(problem: &rustls::Error, asked: bool, host: &str) -> Refusal {
        match problem {
            rustls::Error::InvalidCertificate(problem) => of_certificate(problem),
            rustls::Error::AlertReceived(alert) => of_alert(*alert, asked, host),
            rustls::Error::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            ) => Refusal::new(
                "the receiver speaks no TLS on this port, but perhaps plain HTTP: begin the URL with http://, or set up \
                     TLS on the port",
            ),
            rustls::Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            ) => of_version(),
            rustls::Error::PeerIncompatible(_) => of_settings(),
            rustls::Error::NoCertificatesPresented => {
                Refusal::new("the receiver presents no certificate: install one for its host")
            }
            _ if asked => Refusal::of_client_certificate(),
            _ => Refusal::new(
                "the receiver breaks the rules of TLS: check the software on this port, and whether something in between \
                 changes the data",
            ),
        }
    }
}

fn of_certificate(problem: &CertificateError) -> Refusal {
    match problem {
        CertificateError::Other(OtherError(inner)) => match inner.downcast_ref::<Refusal>() {
            Some(refusal) => refusal.clone(),
            None => Refusal::unreadable(),
        },
        // The certificate is accepted before the handshake's own signature is checked.
        _ => Refusal::new(
            "the receiver does not have the key of its certificate: install the certificate and the key that belong together",
        ),
    }
}

fn of_version() -> Refusal {
    Refusal::new("the receiver supports no version of TLS that is safe: enable TLS 1.2 or 1.3 there")
}

fn of_settings() -> Refusal {
    Refusal::new(
        "the receiver and this platform have no TLS settings in common: enable TLS 1.2 or 1.3 there, with AES-GCM or ChaCha20 \
         and ECDHE",
    )
}

fn of_alert(alert: AlertDescription, asked: bool, host: &str) -> Refusal {
    use AlertDescription as Alert;
    match alert {
        Alert::CertificateRequired => Refusal::of_client_certificate(),
        Alert::NoApplicationProtocol => Refusal {
            detail: "the receiver accepts no version of HTTP that is offered: let it accept HTTP/1.1".to_owned(),
            wants_other_http: true,
        },
        Alert::ProtocolVersion => of_version(),
        Alert::UnrecognisedName => {
            Refusal::new(format!("the receiver has no certificate for `{host}`: set one up for this name there"))
        }
        Alert::HandshakeFailure
        | Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateUnknown
        | Alert::AccessDenied
            if asked =>
        {
            Refusal::of_client_certificate()
        }
        Alert::HandshakeFailure | Alert::InsufficientSecurity => of_settings(),
        _ => Refusal::new(format!(
            "the receiver ended the TLS session with the alert {} ({}): see the receiver's log",
            u8::from(alert),
            alert_name(alert)
        )),
    }
}

/// Returns the name of an alert as RFC 8446 (section 6) spells it.
fn alert_name(alert: AlertDescription) -> &'static str {
    match u8::from(alert) {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        109 => "missing_extension",
        110 => "unsupported_extension",
        113 => "bad_certificate_status_response",
        115 => "unknown_psk_identity",
        _ => "unknown",
    }
}
