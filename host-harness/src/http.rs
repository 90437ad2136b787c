//! The HTTP client behind the engine's completion queue.
//!
//! It decides how a request travels (runtime, pool, TLS, resolving, deadlines) and enforces the policy that comes with
//! each. Whether, when and what to send is left to the engine, and so is how many requests are in flight.

mod body;
mod connect;
mod egress;
mod error;
mod send;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use hookwright_engine::host::{
    Completion, EgressPolicy, Http, HttpError, HttpErrorKind, Request, Response, WaitResult,
};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::OnceCell;
use tokio::task::AbortHandle;

use crate::wake::{Mailbox, Wakes};
use egress::Rules;

/// Distinct egress policies whose connections are kept; an instance has one.
const ROUTES_MAX: usize = 16;

/// An HTTP client with its connections, shared by all instances of a host. Clones share.
#[derive(Clone, Debug)]
pub struct HttpClient(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    handle: Handle,
    /// The runtime, if it is the client's own.
    runtime: Option<Runtime>,
    trust: Arc<Trust>,
    /// By policy, latest used first. A pooled connection belongs to the policy under which it was made.
    routes: Mutex<Vec<(EgressPolicy, Arc<Route>)>>,
}

impl HttpClient {
    /// Begins with the platform's roots, no others, and a runtime of the client's own.
    pub fn builder() -> Builder {
        Builder { handle: None, roots_pem: Vec::new() }
    }

    /// A queue for one instance, whose waits `wakes` can end.
    pub fn queue(&self, wakes: Wakes) -> Queue {
        Queue { client: self.clone(), wakes, mailbox: Arc::default(), in_flight: Mutex::default() }
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
        let plain = connect::plain_client(&rules);
        let route = Arc::new(Route { rules, plain, tls: OnceCell::new(), trust: self.0.trust.clone() });
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
    roots_pem: Vec<Vec<u8>>,
}

impl Builder {
    /// Runs on this runtime (with I/O and time enabled) instead of one of its own.
    pub fn handle(mut self, handle: Handle) -> Builder {
        self.handle = Some(handle);
        self
    }

    /// Trusts the certificates of a PEM file beside the platform's roots.
    pub fn roots_pem(mut self, pem: impl Into<Vec<u8>>) -> Builder {
        self.roots_pem.push(pem.into());
        self
    }

    /// Makes the client. The platform's roots are not read before the first `https` request.
    pub fn build(self) -> anyhow::Result<HttpClient> {
        let mut extra = Vec::new();
        for pem in &self.roots_pem {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                extra.push(certificate.context("an extra root certificate is not PEM")?);
            }
        }
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
        let trust = Arc::new(Trust { extra, config: OnceCell::new() });
        Ok(HttpClient(Arc::new(Inner { handle, runtime, trust, routes: Mutex::default() })))
    }
}

/// The clients of one egress policy.
#[derive(Debug)]
pub(crate) struct Route {
    rules: Arc<Rules>,
    plain: connect::PlainClient,
    tls: OnceCell<connect::TlsClient>,
    trust: Arc<Trust>,
}

impl Route {
    async fn tls(&self) -> Result<&connect::TlsClient, HttpError> {
        let config = self.trust.config().await?;
        Ok(self.tls.get_or_init(|| async { connect::tls_client(&self.rules, config.clone()) }).await)
    }
}

/// Whom TLS trusts.
#[derive(Debug)]
struct Trust {
    extra: Vec<CertificateDer<'static>>,
    config: OnceCell<ClientConfig>,
}

impl Trust {
    async fn config(&self) -> Result<&ClientConfig, HttpError> {
        let extra = &self.extra;
        let load = || async {
            let extra = extra.clone();
            let loaded = tokio::task::spawn_blocking(move || tls_config(&extra)).await;
            loaded.map_err(|error| error.to_string()).and_then(|config| config.map_err(|error| format!("{error:#}")))
        };
        let config = self.config.get_or_try_init(load).await;
        config.map_err(|detail| error::failure(HttpErrorKind::Internal, format!("TLS cannot be set up: {detail}")))
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

/// The requests of one instance. Dropping it aborts those in flight.
#[derive(Debug)]
pub struct Queue {
    client: HttpClient,
    wakes: Wakes,
    mailbox: Arc<Mailbox>,
    in_flight: Mutex<HashMap<u64, AbortHandle>>,
}

impl Http for Queue {
    fn submit(&self, requests: Vec<Request>) {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        for request in requests {
            let id = request.id;
            let ticket = Ticket { id, submitted: Instant::now(), mailbox: self.mailbox.clone(), open: true };
            let task = self.client.0.handle.spawn(travel(self.client.route(&request.egress), request, ticket));
            in_flight.insert(id, task.abort_handle());
        }
    }

    fn wait(&self, timeout_ms: u32) -> WaitResult {
        let some_in_flight = !self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        let timeout = Duration::from_millis(timeout_ms.into());
        let (completions, wake) = self.wakes.wait_at(&self.mailbox, some_in_flight, timeout);
        if !completions.is_empty() {
            let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
            for completion in &completions {
                in_flight.remove(&completion.id);
            }
        }
        WaitResult { completions, wake }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        for task in self.in_flight.get_mut().unwrap_or_else(PoisonError::into_inner).values() {
            task.abort();
        }
    }
}

fn travel(
    route: Result<Arc<Route>, HttpError>,
    request: Request,
    ticket: Ticket,
) -> impl Future<Output = ()> + Send + 'static {
    let deadline = ticket.submitted + Duration::from_millis(request.timeout_ms.into());
    async move {
        let result = match route {
            Ok(route) => send::exchange(&route, request, deadline.into()).await,
            Err(error) => Err(error),
        };
        ticket.close(result);
    }
}

/// A request's claim to exactly one completion: a task that dies without one (a panic, a runtime that stops) leaves one
/// all the same.
struct Ticket {
    id: u64,
    submitted: Instant,
    mailbox: Arc<Mailbox>,
    open: bool,
}

impl Ticket {
    fn close(mut self, result: Result<Response, HttpError>) {
        self.complete(result);
    }

    fn complete(&mut self, result: Result<Response, HttpError>) {
        self.open = false;
        let duration_ms = u32::try_from(self.submitted.elapsed().as_millis()).unwrap_or(u32::MAX);
        self.mailbox.complete(Completion { id: self.id, duration_ms, result });
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.open {
            self.complete(Err(error::failure(HttpErrorKind::Internal, "the request was abandoned by the client")));
        }
    }
}
