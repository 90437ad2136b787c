//! A receiver: its port, its runtime, and when it is up.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use http::StatusCode;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::connections::accept;
use super::record::{Answers, Received, Record, Script};
use super::verify::Scheme;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// A receiver. Dropping it closes its port and its connections.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    /// Holds the port until the receiver comes up: bound but not listening, so that connections are refused.
    reserved: Option<TcpSocket>,
    record: Arc<Record>,
    runtime: Option<Runtime>,
    accepting: Option<Accepting>,
}

/// The task that accepts connections.
#[derive(Debug)]
struct Accepting {
    task: JoinHandle<()>,
    /// Dropped to stop the task.
    ask_stop: oneshot::Sender<()>,
}

impl Receiver {
    /// Starts a receiver on a free port.
    pub fn start(script: Script) -> anyhow::Result<Receiver> {
        let mut receiver = Receiver::reserve(script)?;
        receiver.come_up()?;
        Ok(receiver)
    }

    /// Reserves a free port for a receiver that is down: connections are refused until [`Receiver::come_up`].
    pub fn reserve(script: Script) -> anyhow::Result<Receiver> {
        Receiver::reserve_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), script)
    }

    /// Does the same at a given address.
    pub fn reserve_at(address: SocketAddr, script: Script) -> anyhow::Result<Receiver> {
        Receiver::bind(address, Answers::Script(script))
    }

    /// Starts a receiver that calls a function for each response. It keeps no requests itself.
    pub fn start_with(
        address: SocketAddr,
        answer: impl Fn(&Received) -> StatusCode + Send + Sync + 'static,
    ) -> anyhow::Result<Receiver> {
        let mut receiver = Receiver::bind(address, Answers::Asked(Box::new(answer)))?;
        receiver.come_up()?;
        Ok(receiver)
    }

    fn bind(address: SocketAddr, answers: Answers) -> anyhow::Result<Receiver> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).thread_name("hookwright-receiver").enable_all().build();
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = socket.context("making the receiver's socket")?;
        // A chosen port can be bound again as soon as its last user has ended.
        #[cfg(unix)]
        socket.set_reuseaddr(address.port() != 0).context("preparing the receiver's socket")?;
        socket.bind(address).with_context(|| format!("binding the receiver's socket to {address}"))?;
        Ok(Receiver {
            address: socket.local_addr().context("reading the receiver's address")?,
            reserved: Some(socket),
            record: Arc::new(Record::new(answers)),
            runtime: Some(runtime.context("starting the receiver's runtime")?),
            accepting: None,
        })
    }

    /// Begins to accept connections. A receiver that is up stays up.
    pub fn come_up(&mut self) -> anyhow::Result<()> {
        if let (Some(socket), Some(runtime)) = (self.reserved.take(), &self.runtime) {
            let _inside = runtime.enter();
            let listener = socket.listen(BACKLOG).context("listening for the receiver's connections")?;
            let (ask_stop, stop) = oneshot::channel();
            let task = runtime.spawn(accept(listener, self.record.clone(), stop));
            self.accepting = Some(Accepting { task, ask_stop });
        }
        Ok(())
    }

    /// Sets how signatures are checked from now on. At first they are not.
    pub fn verify(&self, scheme: Scheme) {
        self.record.verify(scheme);
    }

    /// Returns the address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL with this path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns the latest requests, oldest first: at most 10,000.
    pub fn received(&self) -> Vec<Received> {
        self.record.received()
    }

    /// Accepts no more connections and waits for the responses in progress, for at most `patience`.
    pub fn stop(mut self, patience: Duration) {
        if let (Some(runtime), Some(Accepting { task, ask_stop })) = (self.runtime.take(), self.accepting.take()) {
            drop(ask_stop);
            // Responses that are not finished in time are given up.
            let _ = runtime.block_on(async { tokio::time::timeout(patience, task).await });
            runtime.shutdown_background();
        }
    }

    /// Waits until `count` requests have arrived in all. Returns false if the time is up before.
    pub fn wait_for(&self, count: usize, timeout: Duration) -> bool {
        self.record.wait_for(count, timeout)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
