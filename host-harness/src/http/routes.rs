//! The clients of each egress policy, and the runtime on which their requests run.

use std::sync::{Arc, Mutex, PoisonError};

use hookwright_engine::ports::{EgressPolicy, HttpError, HttpErrorKind};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::OnceCell;

use super::connect::{Ping, PlainClient, TlsClient, Version, plain_client, tls_client};
use super::dial::Way;
use super::egress::Rules;
use super::error::failure;
use super::spelling::Spellings;
use super::trust::Trust;
use super::versions::Http2Only;

/// Egress policies whose connections are kept. An instance has one policy.
const ROUTES_MAX: usize = 16;

/// The routes of a client, by egress policy.
#[derive(Debug)]
pub(super) struct Routes {
    handle: Handle,
    /// The runtime, if it is the client's own.
    runtime: Option<Runtime>,
    shared: Shared,
    /// The most recently used first. A pooled connection belongs to the policy under which it was made.
    recent: Mutex<Vec<(EgressPolicy, Arc<Route>)>>,
}

/// The parts that all routes of a client have in common.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) trust: Arc<Trust>,
    pub(super) way: Way,
    pub(super) ping: Ping,
    pub(super) spellings: Arc<Spellings>,
}

/// The clients of one egress policy.
#[derive(Debug)]
pub(super) struct Route {
    rules: Arc<Rules>,
    plain: PlainClient,
    tls: OnceCell<TlsClient>,
    http2: OnceCell<TlsClient>,
    http2_only: Http2Only,
    shared: Shared,
}

impl Routes {
    pub(super) fn new(handle: Handle, runtime: Option<Runtime>, shared: Shared) -> Routes {
        Routes { handle, runtime, shared, recent: Mutex::default() }
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Returns the route of a policy. Fails if the policy has a network that is not in CIDR form.
    pub(super) fn of(&self, policy: &EgressPolicy) -> Result<Arc<Route>, HttpError> {
        // No code panics while it holds the lock, so a poisoned list is consistent.
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = recent.iter().position(|(other, _)| other == policy) {
            recent[..=at].rotate_right(1);
            return Ok(recent[0].1.clone());
        }
        let rules = Rules::parse(policy)
            .map_err(|detail| failure(HttpErrorKind::InvalidRequest, format!("the egress policy: {detail}")))?;
        let rules = Arc::new(rules);
        // Making a client spawns the task that closes idle connections, so it needs the runtime.
        let _inside = self.handle.enter();
        let shared = self.shared.clone();
        let plain = plain_client(&rules, &shared.way, shared.ping);
        let (tls, http2) = (OnceCell::new(), OnceCell::new());
        let route = Arc::new(Route { rules, plain, tls, http2, http2_only: Http2Only::default(), shared });
        recent.truncate(ROUTES_MAX - 1);
        recent.insert(0, (policy.clone(), route.clone()));
        Ok(route)
    }
}

impl Drop for Routes {
    fn drop(&mut self) {
        // Does not block, so that a client may be dropped anywhere, also inside another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Route {
    pub(super) fn plain(&self) -> &PlainClient {
        &self.plain
    }

    /// Returns the client for `https` URLs that speaks this version. The first call reads the platform's roots.
    pub(super) async fn tls(&self, version: Version) -> Result<&TlsClient, HttpError> {
        let Shared { trust, way, ping, .. } = &self.shared;
        let config = trust.config().await?;
        let client = match version {
            Version::Http1 => &self.tls,
            Version::Http2 => &self.http2,
        };
        Ok(client.get_or_init(|| async { tls_client(&self.rules, way, (version, *ping), config) }).await)
    }

    /// Returns the receivers that accept only HTTP/2.
    pub(super) fn http2_only(&self) -> &Http2Only {
        &self.http2_only
    }

    pub(super) fn spellings(&self) -> &Spellings {
        &self.shared.spellings
    }
}
