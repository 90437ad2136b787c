//! What lies below the egress check: looking names up, and connecting to addresses that were permitted.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

use tokio::net::TcpStream;

/// What a call to the network will answer.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// The network as the client sees it. There is one, the system's; tests put their own below the client, to decide what a
/// name resolves to and to see which address would have been connected to. The client judges what `lookup` answers, and
/// `dial` gets no address that was not permitted (or is a proxy's).
pub trait Network: Debug + Send + Sync {
    /// The addresses of a name.
    fn lookup<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<IpAddr>>;
    /// A TCP connection to an address.
    fn dial(&self, address: SocketAddr) -> Answer<'_, TcpStream>;
}

/// The system's resolver and its sockets.
#[derive(Clone, Copy, Debug)]
pub(super) struct System;

impl Network for System {
    fn lookup<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<IpAddr>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }

    fn dial(&self, address: SocketAddr) -> Answer<'_, TcpStream> {
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        })
    }
}
