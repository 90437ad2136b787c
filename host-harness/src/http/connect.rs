//! The clients of one egress policy: connection pools, and HTTP on the connections.
//!
//! The dialer decides where a connection goes, and `tls` makes the sessions.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hookwright_engine::limits::IN_FLIGHT_MAX;
use http::Uri;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::time::timeout;
use tower_service::Service;

use super::dial::{DialError, Dialer, Way};
use super::egress::Rules;
use super::tls::Secure;

/// How long connecting may take, TLS included. It bounds connections that no request waits for any more: when a request gets
/// another connection first, hyper goes on making this one in the background, and the peer may never answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an idle connection is kept. Shorter than the 5 s after which widespread servers close it themselves, because a
/// request that is sent during such a close fails.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// Idle connections kept for one receiver. As many as an instance can use at once, so that a burst does not open and close
/// connections again and again.
const POOL_IDLE_PER_HOST_MAX: usize = IN_FLIGHT_MAX;
/// The longest head of a response.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// The most headers of a response. Fewer are reported, but a response with many headers is not an error.
const HEAD_HEADERS_MAX: usize = 256;

/// A client for `http` URLs.
pub(crate) type PlainClient = Client<InTime<Dialer>, Full<Bytes>>;
/// A client for `https` URLs.
pub(crate) type TlsClient = Client<InTime<Secure>, Full<Bytes>>;

/// When an HTTP/2 connection counts as dead.
///
/// All requests to a receiver share one HTTP/2 connection. Without pings each of them would wait for its own timeout. An
/// HTTP/1.1 connection needs no pings, because it is not used again after a failed request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ping {
    /// How long a connection with requests on it may be silent before it is pinged.
    pub(crate) silence: Duration,
    /// How long it has to reply.
    pub(crate) patience: Duration,
}

/// Makes the client for `http` URLs.
pub(crate) fn plain_client(rules: &Arc<Rules>, way: &Way, ping: Ping) -> PlainClient {
    pooled(Dialer::new(rules, way), (Version::Http1, ping))
}

/// The version of HTTP that a client offers in TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Http1,
    Http2,
}

/// Makes the client for `https` URLs that speaks this version of HTTP.
pub(crate) fn tls_client(
    rules: &Arc<Rules>,
    way: &Way,
    (version, ping): (Version, Ping),
    tls: &ClientConfig,
) -> TlsClient {
    let mut tls = tls.clone();
    tls.alpn_protocols = match version {
        Version::Http1 => vec![b"http/1.1".to_vec()],
        Version::Http2 => vec![b"h2".to_vec()],
    };
    pooled(Secure::new(Dialer::new(rules, way), Arc::new(tls)), (version, ping))
}

fn pooled<C: Clone>(connector: C, (version, ping): (Version, Ping)) -> Client<InTime<C>, Full<Bytes>>
where
    InTime<C>: Connect,
{
    Client::builder(TokioExecutor::new())
        .http2_only(version == Version::Http2)
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .pool_max_idle_per_host(POOL_IDLE_PER_HOST_MAX)
        .http1_max_buf_size(HEAD_BYTES_MAX)
        .http1_max_headers(HEAD_HEADERS_MAX)
        .http2_max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .http2_keep_alive_interval(ping.silence)
        .http2_keep_alive_timeout(ping.patience)
        // For names that the engine spells like this, and for those that the client adds. `spelling` covers the others.
        .http1_title_case_headers(true)
        // A response whose meaning is clear does not fail because of its form.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .build(InTime { connector, limit: CONNECT_TIMEOUT })
}

/// A connector with a time limit.
#[derive(Clone, Debug)]
pub(crate) struct InTime<C> {
    connector: C,
    limit: Duration,
}

impl<C: Service<Uri>> Service<Uri> for InTime<C>
where
    C::Future: Send + 'static,
    C::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = C::Response;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = timeout(self.limit, self.connector.call(uri));
        Box::pin(async move {
            let connected = connecting.await.map_err(|_| DialError::Connect("no answer in time".to_owned()))?;
            connected.map_err(Into::into)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connector that never finishes.
    #[derive(Clone)]
    struct Silent;

    impl Service<Uri> for Silent {
        type Response = ();
        type Error = std::io::Error;
        type Future = std::future::Pending<std::io::Result<()>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Uri) -> Self::Future {
            std::future::pending()
        }
    }

    #[test]
    fn connecting_ends_at_the_time_limit() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let mut connector = InTime { connector: Silent, limit: Duration::from_millis(10) };
        let ended = runtime.block_on(async { connector.call(Uri::from_static("https://a.example/")).await });
        assert!(ended.unwrap_err().to_string().contains("in time"));
    }
}
