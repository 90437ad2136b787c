//! Where a connection goes: a name is looked up once, every address is judged, and one of those permitted is connected to,
//! directly or through the proxy. Nothing is decided about what is said on the connection.

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower_service::Service;

use super::egress::Rules;
use super::network::Network;
use super::proxy::Proxy;

/// An address that has not answered by then gets company from the next (RFC 8305, section 8).
const STAGGER: Duration = Duration::from_millis(250);
/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

/// Why no TCP connection was made.
#[derive(Debug)]
pub(crate) enum DialError {
    /// The policy leaves no address.
    Prohibited,
    /// The name did not resolve.
    Lookup(String),
    /// No address answered.
    Connect(String),
    /// The proxy did not, or would not.
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

/// The way to an address that was permitted.
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

/// The addresses of a URL's host: itself, or what its name resolves to. At least one.
pub(super) async fn addresses(network: &dyn Network, host: &str) -> io::Result<Vec<IpAddr>> {
    if let Ok(literal) = host.trim_start_matches('[').trim_end_matches(']').parse() {
        return Ok(vec![literal]);
    }
    let found = network.lookup(host).await?;
    if found.is_empty() { Err(io::Error::other("it has no address")) } else { Ok(found) }
}

/// The first connection that any of the addresses gives, each next one started when the one before fails or is slow.
pub(super) async fn race(network: &Arc<dyn Network>, addresses: Vec<IpAddr>, port: u16) -> io::Result<TcpStream> {
    if let [address] = addresses[..] {
        return network.dial(SocketAddr::new(address, port)).await;
    }
    let mut left = alternating(addresses).into_iter().take(ADDRESSES_MAX);
    let mut attempts = JoinSet::new();
    let mut problem = io::Error::other("no address answered");
    loop {
        if let Some(address) = left.next() {
            let network = network.clone();
            attempts.spawn(async move { network.dial(SocketAddr::new(address, port)).await });
        } else if attempts.is_empty() {
            return Err(problem);
        }
        let ended = if left.len() > 0 {
            timeout(STAGGER, attempts.join_next()).await.unwrap_or_default()
        } else {
            attempts.join_next().await
        };
        match ended {
            Some(Ok(Ok(stream))) => return Ok(stream),
            Some(Ok(Err(error))) => problem = error,
            Some(Err(error)) => problem = io::Error::other(error),
            None => {}
        }
    }
}

/// The families in turn, so that one that does not work costs little (RFC 8305, section 4).
fn alternating(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let six_first = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (first, second): (Vec<IpAddr>, Vec<IpAddr>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == six_first);
    let mut second = second.into_iter();
    let mut ordered = Vec::new();
    for address in first {
        ordered.push(address);
        ordered.extend(second.next());
    }
    ordered.extend(second);
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_take_turns() {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        let check = |given: &[&str], ordered: &[&str]| assert_eq!(alternating(parse(given)), parse(ordered));
        check(&[], &[]);
        check(&["1.1.1.1", "2.2.2.2"], &["1.1.1.1", "2.2.2.2"]);
        check(&["::1", "::2", "::3", "1.1.1.1"], &["::1", "1.1.1.1", "::2", "::3"]);
        check(&["1.1.1.1", "::1", "::2", "::3"], &["1.1.1.1", "::1", "::2", "::3"]);
    }
}
