//! How connections are made: names resolved once, every address judged, then TCP and TLS.
//!
//! It decides where a connection may go, and nothing about what is said on it.

use std::error::Error;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hookwright_engine::limits::IN_FLIGHT_MAX;
use http::Uri;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

use super::egress::Rules;

/// A connection that no request uses is closed after this long. Shorter than the 5 s after which widespread servers
/// close it themselves: a request that crosses such a close fails for nothing.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// Idle connections kept for one receiver: as many as an instance can have had busy, or a burst opens and closes them.
const POOL_IDLE_PER_HOST_MAX: usize = IN_FLIGHT_MAX;
/// For all addresses of a name together, so that what no deadline watches any more ends too.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// What a response's head may measure.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// What a response's head may count. Fewer are reported, but a receiver is not failed for its verbosity.
const HEAD_HEADERS_MAX: usize = 256;

/// A client for `http` URLs, under one policy.
pub(crate) type PlainClient = Client<Dialer, Full<Bytes>>;
/// A client for `https` URLs, under one policy.
pub(crate) type TlsClient = Client<HttpsConnector<Dialer>, Full<Bytes>>;

/// Makes the client for `http` URLs.
pub(crate) fn plain_client(rules: &Arc<Rules>) -> PlainClient {
    pooled(Dialer::new(rules))
}

/// Makes the client for `https` URLs; ALPN chooses between HTTP/2 and HTTP/1.1.
pub(crate) fn tls_client(rules: &Arc<Rules>, config: ClientConfig) -> TlsClient {
    let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_all_versions();
    pooled(connector.wrap_connector(Dialer::new(rules)))
}

fn pooled<C>(connector: C) -> Client<C, Full<Bytes>>
where
    C: hyper_util::client::legacy::connect::Connect + Clone,
{
    Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .pool_max_idle_per_host(POOL_IDLE_PER_HOST_MAX)
        .http1_max_buf_size(HEAD_BYTES_MAX)
        .http1_max_headers(HEAD_HEADERS_MAX)
        .http2_max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        // Names are kept in lower case; on HTTP/1.1 they leave in the case that most code writes and logs them in.
        .http1_title_case_headers(true)
        // Receivers are taken as they are: what can be understood is not failed for its form.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .build(connector)
}

/// Why no TCP connection was made.
#[derive(Debug)]
pub(crate) enum DialError {
    /// The policy leaves no address.
    Prohibited,
    /// The name did not resolve.
    Lookup(String),
    /// No address answered.
    Connect(String),
}

impl std::fmt::Display for DialError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DialError::Prohibited => f.write_str("the egress policy leaves no address to connect to"),
            DialError::Lookup(detail) => write!(f, "the name does not resolve: {detail}"),
            DialError::Connect(detail) => write!(f, "no connection: {detail}"),
        }
    }
}

impl Error for DialError {}

/// Makes TCP connections under one policy.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    rules: Arc<Rules>,
    tcp: HttpConnector<Resolver>,
}

impl Dialer {
    fn new(rules: &Arc<Rules>) -> Dialer {
        let mut tcp = HttpConnector::new_with_resolver(Resolver { rules: rules.clone() });
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Dialer { rules: rules.clone(), tcp }
    }
}

impl Service<Uri> for Dialer {
    type Response = TokioIo<TcpStream>;
    type Error = DialError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, DialError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        // The connector and the resolver are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // The connector asks no resolver about an address, so that is judged here.
        if literal(&uri).is_some_and(|address| !self.rules.permit(address)) {
            return Box::pin(async { Err(DialError::Prohibited) });
        }
        let connecting = self.tcp.call(uri);
        Box::pin(async move { connecting.await.map_err(|error| dial_error(&error)) })
    }
}

fn literal(uri: &Uri) -> Option<IpAddr> {
    uri.host()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn dial_error(error: &(dyn Error + 'static)) -> DialError {
    let mut innermost = error;
    loop {
        match innermost.downcast_ref::<DialError>() {
            Some(DialError::Prohibited) => return DialError::Prohibited,
            Some(DialError::Lookup(detail)) => return DialError::Lookup(detail.clone()),
            Some(DialError::Connect(_)) | None => {}
        }
        match innermost.source() {
            Some(source) => innermost = source,
            None => return DialError::Connect(innermost.to_string()),
        }
    }
}

/// Resolves a name, once per connection, and leaves out what the policy refuses.
#[derive(Clone, Debug)]
pub(crate) struct Resolver {
    rules: Arc<Rules>,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = DialError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, DialError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let rules = self.rules.clone();
        Box::pin(async move {
            // The port is the connector's to set.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found: Vec<SocketAddr> = found.map_err(|error| DialError::Lookup(error.to_string()))?.collect();
            if found.is_empty() {
                return Err(DialError::Lookup("it has no address".to_owned()));
            }
            let permitted: Vec<SocketAddr> = found.into_iter().filter(|address| rules.permit(address.ip())).collect();
            if permitted.is_empty() { Err(DialError::Prohibited) } else { Ok(permitted.into_iter()) }
        })
    }
}
