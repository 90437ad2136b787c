//! The clients of one policy: connections from the dialer, TLS on them, kept while they are of use.
//!
//! It decides how connections are kept and how HTTP is spoken on them; where they go is left to the dialer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookwright_engine::limits::IN_FLIGHT_MAX;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;

use super::dial::{Dialer, Way};
use super::egress::Rules;

/// A connection that no request uses is closed after this long. Shorter than the 5 s after which widespread servers
/// close it themselves: a request that crosses such a close fails for nothing.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// Idle connections kept for one receiver: as many as an instance can have had busy, or a burst opens and closes them.
const POOL_IDLE_PER_HOST_MAX: usize = IN_FLIGHT_MAX;
/// What a response's head may measure.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// What a response's head may count. Fewer are reported, but a receiver is not failed for its verbosity.
const HEAD_HEADERS_MAX: usize = 256;

/// A client for `http` URLs, under one policy.
pub(crate) type PlainClient = Client<Dialer, Full<Bytes>>;
/// A client for `https` URLs, under one policy.
pub(crate) type TlsClient = Client<HttpsConnector<Dialer>, Full<Bytes>>;

/// When an HTTP/2 connection counts as dead. HTTP/1.1 needs no such thing: a connection that failed a request is not used
/// again, whereas all requests to a receiver share one of HTTP/2, and each would wait for its own timeout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ping {
    /// A connection with requests on it that has been silent for so long is asked.
    pub(crate) silence: Duration,
    /// It has so long to answer.
    pub(crate) patience: Duration,
}

/// Makes the client for `http` URLs.
pub(crate) fn plain_client(rules: &Arc<Rules>, way: &Way, ping: Ping) -> PlainClient {
    pooled(Dialer::new(rules, way), ping)
}

/// Makes the client for `https` URLs; ALPN chooses between HTTP/2 and HTTP/1.1.
pub(crate) fn tls_client(rules: &Arc<Rules>, way: &Way, ping: Ping, config: ClientConfig) -> TlsClient {
    let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_all_versions();
    pooled(connector.wrap_connector(Dialer::new(rules, way)), ping)
}

fn pooled<C: Connect + Clone>(connector: C, ping: Ping) -> Client<C, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .pool_max_idle_per_host(POOL_IDLE_PER_HOST_MAX)
        .http1_max_buf_size(HEAD_BYTES_MAX)
        .http1_max_headers(HEAD_HEADERS_MAX)
        .http2_max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .http2_keep_alive_interval(ping.silence)
        .http2_keep_alive_timeout(ping.patience)
        // For the names that the engine writes so itself, and those that the client adds; `spelling` sees to the others.
        .http1_title_case_headers(true)
        // Receivers are taken as they are: what can be understood is not failed for its form.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .build(connector)
}
