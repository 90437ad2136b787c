//! Chooses where a connection goes: the name is resolved once, each address is checked against the egress policy, and one of
//! the permitted addresses is connected to, directly or through the proxy.

use std::error::Error;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::egress::Rules;
use super::network::Network;
use super::proxy::Proxy;
use super::race::{ADDRESSES_MAX, addresses, race};

/// Why no TCP connection was made.
#[derive(Debug)]
pub(crate) enum DialError {
    /// The policy permits none of the addresses.
    Prohibited,
    /// The name did not resolve.
    Lookup(String),
    /// No address accepted a connection.
    Connect(String),
    /// The proxy failed or refused.
    Proxy(String),
}

impl std::fmt::Display for DialError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DialError::Prohibited => f.write_str("the egress policy leaves no address to connect to"),
            DialError::Lookup(detail) => write!(f, "the name does not resolve: {detail}"),
            DialError::Connect(detail) => write!(f, "no connection: {detail}"),
            DialError::Proxy(detail) => write!(f, "no connection through the proxy: {detail}"),
        }
    }
}

impl Error for DialError {}

/// How a permitted address is reached: the network, and the proxy if there is one.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(super) network: Arc<dyn Network>,
    pub(super) proxy: Option<Arc<Proxy>>,
}

/// Makes TCP connections under one policy.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    rules: Arc<Rules>,
    way: Way,
}

impl Dialer {
    pub(super) fn new(rules: &Arc<Rules>, way: &Way) -> Dialer {
        Dialer { rules: rules.clone(), way: way.clone() }
    }

    async fn dial(self, uri: Uri) -> Result<TcpStream, DialError> {
        let host = uri.host().unwrap_or_default();
        let usual = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(usual);
        let found = addresses(&*self.way.network, host).await.map_err(|error| DialError::Lookup(error.to_string()))?;
        let permitted: Vec<IpAddr> = found.into_iter().filter(|address| self.rules.permit(*address)).collect();
        if permitted.is_empty() {
            return Err(DialError::Prohibited);
        }
        match &self.way.proxy {
            None => {
                race(&self.way.network, permitted, port).await.map_err(|error| DialError::Connect(error.to_string()))
            }
            Some(proxy) => {
                let mut problem = String::new();
                for address in permitted.into_iter().take(ADDRESSES_MAX) {
                    match proxy.tunnel(&self.way.network, SocketAddr::new(address, port)).await {
                        Ok(stream) => return Ok(stream),
                        Err(detail) => problem = detail,
                    }
                }
                Err(DialError::Proxy(problem))
            }
        }
    }
}

impl Service<Uri> for Dialer {
    type Response = TokioIo<TcpStream>;
    type Error = DialError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, DialError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dialing = self.clone().dial(uri);
        Box::pin(async move { dialing.await.map(TokioIo::new) })
    }
}
