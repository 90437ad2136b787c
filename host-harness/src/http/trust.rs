//! Whom TLS trusts: the platform's roots and those the embedder adds.

use std::sync::Arc;

use anyhow::Context;
use hookwright_engine::host::{HttpError, HttpErrorKind};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::OnceCell;

use super::error::failure;

/// Whom TLS trusts.
#[derive(Debug)]
pub(super) struct Trust {
    extra: Vec<CertificateDer<'static>>,
    config: OnceCell<ClientConfig>,
}

impl Trust {
    /// Reads the added roots. The platform's are not read before the first `https` request.
    pub(super) fn new(roots_pem: &[Vec<u8>]) -> anyhow::Result<Trust> {
        let mut extra = Vec::new();
        // Tried here, so that a bad one is told when the client is made and not at the first request.
        let mut tried = rustls::RootCertStore::empty();
        for pem in roots_pem {
            let before = extra.len();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.context("it is not PEM")?;
                tried.add(certificate.clone()).context("a certificate in it cannot be used as a root")?;
                extra.push(certificate);
            }
            anyhow::ensure!(
                extra.len() > before,
                "there is no certificate in it: a PEM file has BEGIN CERTIFICATE lines"
            );
        }
        Ok(Trust { extra, config: OnceCell::new() })
    }

    /// The configuration of every TLS session.
    pub(super) async fn config(&self) -> Result<&ClientConfig, HttpError> {
        let extra = &self.extra;
        let load = || async {
            let extra = extra.clone();
            let loaded = tokio::task::spawn_blocking(move || tls_config(&extra)).await;
            loaded.map_err(|error| error.to_string()).and_then(|config| config.map_err(|error| format!("{error:#}")))
        };
        let config = self.config.get_or_try_init(load).await;
        config.map_err(|detail| failure(HttpErrorKind::Internal, format!("TLS cannot be set up: {detail}")))
    }
}

fn tls_config(extra: &[CertificateDer<'static>]) -> anyhow::Result<ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    // A platform's store may hold what rustls cannot read, or be missing: each session then fails or not on its own.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in extra {
        roots.add(certificate.clone()).context("an extra root certificate cannot be used")?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
