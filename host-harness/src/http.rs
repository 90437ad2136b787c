//! The HTTP client behind the engine's completion queue.
//!
//! It decides how a request travels (runtime, pool, TLS, resolving, deadlines) and enforces the policy that comes with
//! each. Whether, when and what to send is left to the engine, and so is how many requests are in flight.

mod body;
mod connect;
mod dial;
mod egress;
mod error;
mod network;
mod proxy;
mod queue;
mod send;
mod spelling;
mod trust;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use hookwright_engine::ports::{EgressPolicy, HttpError, HttpErrorKind};
use rustls::pki_types::CertificateDer;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::OnceCell;

use crate::wake::Wakes;
use connect::Ping;
use dial::Way;
use egress::Rules;
pub use network::{Answer, Network};
use proxy::Proxy;
pub use queue::Queue;
use spelling::Spellings;
use trust::Trust;

/// Distinct egress policies whose connections are kept; an instance has one.
const ROUTES_MAX: usize = 16;

/// What an HTTP/2 connection's silence may last before it is asked whether it lives, and its answer.
const H2_PING: Ping = Ping { silence: Duration::from_secs(4), patience: Duration::from_secs(3) };

/// An HTTP client with its connections, shared by all instances of a host. Clones share.
#[derive(Clone, Debug)]
pub struct HttpClient(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    handle: Handle,
    /// The runtime, if it is the client's own.
    runtime: Option<Runtime>,
    shared: Shared,
    /// By policy, latest used first. A pooled connection belongs to the policy under which it was made.
    routes: Mutex<Vec<(EgressPolicy, Arc<Route>)>>,
}

impl HttpClient {
    /// Begins with the platform's roots, no others, and a runtime of the client's own.
    pub fn builder() -> Builder {
        Builder { handle: None, roots: Vec::new(), proxy: None, network: Arc::new(network::System), ping: H2_PING }
    }

    /// A queue for one instance, whose waits `wakes` can end.
    pub fn queue(&self, wakes: Wakes) -> Queue {
        Queue::new(self.clone(), wakes)
    }

    fn route(&self, policy: &EgressPolicy) -> Result<Arc<Route>, HttpError> {
        // Nothing in here panics half-way, so a poisoned list is a good list.
        let mut routes = self.0.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = routes.iter().position(|(other, _)| other == policy) {
            routes[..=at].rotate_right(1);
            return Ok(routes[0].1.clone());
        }
        let rules = Rules::parse(policy)
            .map_err(|detail| error::failure(HttpErrorKind::InvalidRequest, format!("the egress policy: {detail}")))?;
        let rules = Arc::new(rules);
        // The client starts the task that closes idle connections when it is made.
        let _inside = self.0.handle.enter();
        let shared = self.0.shared.clone();
        let plain = connect::plain_client(&rules, &shared.way, shared.ping);
        let route = Arc::new(Route { rules, plain, tls: OnceCell::new(), shared });
        routes.truncate(ROUTES_MAX - 1);
        routes.insert(0, (policy.clone(), route.clone()));
        Ok(route)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Blocks on nothing, so that a client may be dropped anywhere, even inside another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// How a client is to be made.
#[derive(Debug)]
pub struct Builder {
    handle: Option<Handle>,
    roots: Vec<CertificateDer<'static>>,
    proxy: Option<Proxy>,
    network: Arc<dyn Network>,
    ping: Ping,
}

impl Builder {
    /// Runs on this runtime (with I/O and time enabled) instead of one of its own.
    pub fn handle(mut self, handle: Handle) -> Builder {
        self.handle = Some(handle);
        self
    }

    /// Trusts the certificates of a PEM file, of which there must be one at least, beside the platform's roots.
    pub fn roots_pem(mut self, pem: impl AsRef<[u8]>) -> anyhow::Result<Builder> {
        self.roots.extend(trust::certificates(pem.as_ref())?);
        Ok(self)
    }

    /// Sends everything through an HTTP proxy, `http://user:password@host:port`, in tunnels (`CONNECT`) to addresses that
    /// were resolved and permitted here. The proxy's own address is subject to no policy. The error does not quote the URL.
    pub fn proxy(mut self, url: &str) -> anyhow::Result<Builder> {
        self.proxy = Some(Proxy::parse(url)?);
        Ok(self)
    }

    /// For tests: another network below the egress check than the system's.
    pub fn network(mut self, network: Arc<dyn Network>) -> Builder {
        self.network = network;
        self
    }

    /// When an HTTP/2 connection with requests on it counts as dead: after so much silence it is asked (4 s), and then it
    /// has so long to answer (3 s).
    pub fn h2_ping(mut self, silence: Duration, patience: Duration) -> Builder {
        self.ping = Ping { silence, patience };
        self
    }

    /// Makes the client. The platform's roots are not read before the first `https` request.
    pub fn build(self) -> anyhow::Result<HttpClient> {
        let trust = Arc::new(Trust::new(self.roots));
        let way = Way { network: self.network, proxy: self.proxy.map(Arc::new) };
        let shared = Shared { trust, way, ping: self.ping, spellings: Arc::default() };
        let runtime = match &self.handle {
            Some(_) => None,
            None => {
                let mut builder = tokio::runtime::Builder::new_multi_thread();
                // One thread carries more requests than one component can sign; a second would cost handing over.
                builder.worker_threads(1).thread_name("hookwright-http").enable_all();
                Some(builder.build().context("the HTTP client's runtime does not start")?)
            }
        };
        let handle = match (&runtime, self.handle) {
            (Some(runtime), _) => runtime.handle().clone(),
            (None, Some(handle)) => handle,
            (None, None) => Handle::try_current().context("there is no runtime")?,
        };
        Ok(HttpClient(Arc::new(Inner { handle, runtime, shared, routes: Mutex::default() })))
    }
}

/// What all routes of a client have in common.
#[derive(Clone, Debug)]
struct Shared {
    trust: Arc<Trust>,
    way: Way,
    ping: Ping,
    spellings: Arc<Spellings>,
}

/// The clients of one egress policy.
#[derive(Debug)]
pub(crate) struct Route {
    rules: Arc<Rules>,
    plain: connect::PlainClient,
    tls: OnceCell<connect::TlsClient>,
    shared: Shared,
}

impl Route {
    async fn tls(&self) -> Result<&connect::TlsClient, HttpError> {
        let Shared { trust, way, ping, .. } = &self.shared;
        let config = trust.config().await?;
        Ok(self.tls.get_or_init(|| async { connect::tls_client(&self.rules, way, *ping, config.clone()) }).await)
    }
}
