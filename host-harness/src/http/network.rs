//! The network below the egress check: name resolution, and connections to permitted addresses.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

use tokio::net::TcpStream;

use super::resolve::Resolver;

/// The future result of a call to the network.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// The network as the client sees it.
///
/// The only implementation outside tests is the system's. Tests put their own below the client: they decide what a name
/// resolves to, and see which address would have been connected to. The client checks all addresses that `lookup` returns.
/// `dial` is called only with addresses that are permitted, or are the proxy's.
pub trait Network: Debug + Send + Sync {
    /// Returns the addresses of a name. Dropping the future ends the wait.
    fn lookup<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<IpAddr>>;
    /// Makes a TCP connection to an address.
    fn dial(&self, address: SocketAddr) -> Answer<'_, TcpStream>;
}

/// The system's resolver and sockets.
#[derive(Debug)]
pub(super) struct System {
    resolver: Resolver,
}

impl System {
    pub(super) fn new() -> System {
        System { resolver: Resolver::system() }
    }
}

impl Network for System {
    fn lookup<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<IpAddr>> {
        Box::pin(self.resolver.lookup(name))
    }

    fn dial(&self, address: SocketAddr) -> Answer<'_, TcpStream> {
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        })
    }
}
