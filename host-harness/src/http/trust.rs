//! The certificates that TLS trusts: the platform's authorities and those that the embedder names.

use std::sync::Arc;

use anyhow::Context;
use hookwright_engine::ports::{HttpError, HttpErrorKind};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::OnceCell;

use super::error::failure;
use super::tls::{Certificate, NoClientCertificate, Verifier};

/// The trusted certificates.
#[derive(Debug)]
pub(super) struct Trust {
    extra: Vec<CertificateDer<'static>>,
    config: OnceCell<ClientConfig>,
}

impl Trust {
    /// Adds certificates to the platform's roots. The platform's roots are read when the first `https` request is sent.
    pub(super) fn new(extra: Vec<CertificateDer<'static>>) -> Trust {
        Trust { extra, config: OnceCell::new() }
    }

    /// Returns the configuration of every TLS session.
    pub(super) async fn config(&self) -> Result<&ClientConfig, HttpError> {
        let extra = &self.extra;
        let load = || async {
            let extra = extra.clone();
            let loaded = tokio::task::spawn_blocking(move || tls_config(&extra)).await;
            loaded.map_err(|error| error.to_string()).and_then(|config| config.map_err(|error| format!("{error:#}")))
        };
        let config = self.config.get_or_try_init(load).await;
        config.map_err(|detail| failure(HttpErrorKind::Internal, format!("setting up TLS failed: {detail}")))
    }
}

/// Returns the certificates of a PEM file. Fails if there is none, or one that cannot be read, so that a bad file is reported
/// when it is given and not at the first request.
pub(super) fn certificates(pem: &[u8]) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.context("the file is not PEM")?;
    anyhow::ensure!(!found.is_empty(), "the file has no certificate: a PEM file has BEGIN CERTIFICATE lines");
    let mut tried = rustls::RootCertStore::empty();
    for (index, certificate) in found.iter().enumerate() {
        let what =
            || format!("certificate {} of the file cannot be used: it is not a valid X.509 certificate", index + 1);
        let read = Certificate::read(certificate).with_context(what)?;
        if read.is_authority() {
            tried.add(certificate.clone()).with_context(what)?;
        }
    }
    Ok(found)
}

fn tls_config(extra: &[CertificateDer<'static>]) -> anyhow::Result<ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    // A platform's store may contain certificates that rustls cannot read, or be missing. Sessions with other roots work.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new(roots, extra.to_vec(), &provider)?;
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    // `dangerous` is the name of the library's door for other rules. These accept more than the default ones in two cases, which
    // the verifier describes.
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    Ok(config.with_client_cert_resolver(Arc::new(NoClientCertificate)))
}
