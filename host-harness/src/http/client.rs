//! The HTTP client that the instances of a host share, and how it is made.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use rustls::pki_types::CertificateDer;
use tokio::runtime::Handle;

use super::connect::Ping;
use super::dial::Way;
use super::network::{Network, System};
use super::proxy::Proxy;
use super::queue::Queue;
use super::routes::{Routes, Shared};
use super::trust::{Trust, certificates};
use crate::signal::Signals;

/// When an HTTP/2 connection that has gone silent is asked whether it is alive, and how long it may take to reply.
const H2_PING: Ping = Ping { silence: Duration::from_secs(4), patience: Duration::from_secs(3) };

/// An HTTP client with its connections. All instances of a host share one. Clones share the connections.
#[derive(Clone, Debug)]
pub struct HttpClient(Arc<Routes>);

impl HttpClient {
    /// Returns a builder with the platform's root certificates and a runtime of the client's own.
    pub fn builder() -> Builder {
        Builder { handle: None, roots: Vec::new(), proxy: None, network: Arc::new(System::new()), ping: H2_PING }
    }

    /// Makes a queue for one instance. `signals` can end its waits.
    pub fn queue(&self, signals: Signals) -> Queue {
        Queue::new(self.0.clone(), signals)
    }
}

/// The settings of a client.
#[derive(Debug)]
pub struct Builder {
    handle: Option<Handle>,
    roots: Vec<CertificateDer<'static>>,
    proxy: Option<Proxy>,
    network: Arc<dyn Network>,
    ping: Ping,
}

impl Builder {
    /// Runs the client on this runtime instead of its own. I/O and time must be enabled.
    pub fn handle(mut self, handle: Handle) -> Builder {
        self.handle = Some(handle);
        self
    }

    /// Trusts the certificates of a PEM file in addition to the platform's roots. Fails if the file has none.
    pub fn roots_pem(mut self, pem: impl AsRef<[u8]>) -> anyhow::Result<Builder> {
        self.roots.extend(certificates(pem.as_ref())?);
        Ok(self)
    }

    /// Sends all requests through an HTTP proxy, `http://user:password@host:port`.
    ///
    /// Each connection is a tunnel (`CONNECT`) to an address that this client has resolved and permitted. The egress policy
    /// does not apply to the proxy's own address. The error does not quote the URL.
    pub fn proxy(mut self, url: &str) -> anyhow::Result<Builder> {
        self.proxy = Some(Proxy::parse(url)?);
        Ok(self)
    }

    /// Replaces the system's network below the egress check. For tests.
    pub fn network(mut self, network: Arc<dyn Network>) -> Builder {
        self.network = network;
        self
    }

    /// Sets when an HTTP/2 connection with requests on it counts as dead: after `silence` (default 4 s) it is pinged, and
    /// then it has `patience` (default 3 s) to reply.
    pub fn h2_ping(mut self, silence: Duration, patience: Duration) -> Builder {
        self.ping = Ping { silence, patience };
        self
    }

    /// Makes the client. The platform's roots are read when the first `https` request is sent.
    pub fn build(self) -> anyhow::Result<HttpClient> {
        let trust = Arc::new(Trust::new(self.roots));
        let way = Way { network: self.network, proxy: self.proxy.map(Arc::new) };
        let shared = Shared { trust, way, ping: self.ping, spellings: Arc::default() };
        let routes = match self.handle {
            Some(handle) => Routes::new(handle, None, shared),
            None => {
                let mut builder = tokio::runtime::Builder::new_multi_thread();
                // One thread sends more requests than one component can sign. A second thread would add hand-over costs.
                builder.worker_threads(1).thread_name("hookwright-http").enable_all();
                let runtime = builder.build().context("starting the HTTP client's runtime")?;
                Routes::new(runtime.handle().clone(), Some(runtime), shared)
            }
        };
        Ok(HttpClient(Arc::new(routes)))
    }
}
