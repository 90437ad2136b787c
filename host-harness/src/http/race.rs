//! One TCP connection to a host that may have several addresses.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::network::Network;

/// How long an address may take before the next one is tried as well (RFC 8305, section 8).
const STAGGER: Duration = Duration::from_millis(250);
/// How many addresses of one name are tried.
pub(super) const ADDRESSES_MAX: usize = 8;

/// Returns the addresses of a URL's host: the literal address, or all that its name resolves to. There is at least one.
pub(super) async fn addresses(network: &dyn Network, host: &str) -> io::Result<Vec<IpAddr>> {
    if let Ok(literal) = host.trim_start_matches('[').trim_end_matches(']').parse() {
        return Ok(vec![literal]);
    }
    let found = network.lookup(host).await?;
    if found.is_empty() { Err(io::Error::other("it has no address")) } else { Ok(found) }
}

/// Returns the first connection that succeeds. The next address is tried when the one before fails or is slow.
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

/// Returns the addresses with the two families in turn, so that a family that does not work costs little time (RFC 8305,
/// section 4).
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
    fn address_families_alternate() {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        let check = |given: &[&str], ordered: &[&str]| assert_eq!(alternating(parse(given)), parse(ordered));
        check(&[], &[]);
        check(&["1.1.1.1", "2.2.2.2"], &["1.1.1.1", "2.2.2.2"]);
        check(&["::1", "::2", "::3", "1.1.1.1"], &["::1", "1.1.1.1", "::2", "::3"]);
        check(&["1.1.1.1", "::1", "::2", "::3"], &["1.1.1.1", "::1", "::2", "::3"]);
    }
}
