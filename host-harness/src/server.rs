//! The HTTP API's sockets: connections, their time limits, the end. What a request means is decided in `api`.

mod api;
mod problem;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};

use crate::limits::{CONNECTIONS_MAX, HEADER_READ_MS_MAX, SHUTDOWN_MS_MAX};
use crate::pool::Pool;
use crate::wake::Wakes;
use api::Api;

/// What a server needs besides its socket.
#[derive(Clone)]
pub struct ServerOptions {
    /// What callers must present as `Authorization: Bearer`. Not empty.
    pub token: String,
    /// Calls of the component at a time: as many as the pool has instances.
    pub calls_max: usize,
}

impl std::fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerOptions").field("calls_max", &self.calls_max).finish_non_exhaustive()
    }
}

/// The HTTP API, served in the background: `/health`, `/events`, and the component's management API for the rest.
///
/// Callers are trusted once they have the token: `X-Tenant` and `X-User` are what they say.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    /// Dropped to ask for the end.
    ask_stop: Option<oneshot::Sender<()>>,
    runtime: Option<tokio::runtime::Runtime>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Serves on a bound socket. `wakes.work()` is called after each accepted event.
    pub fn start(listener: TcpListener, pool: Arc<Pool>, wakes: Wakes, options: ServerOptions) -> Result<Server> {
        anyhow::ensure!(!options.token.is_empty(), "the token is empty: everybody would be let in");
        let address = listener.local_addr().context("asking for the bound address")?;
        listener.set_nonblocking(true).context("preparing the socket")?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(options.calls_max.max(1))
            .thread_name("hookwright-api")
            .enable_all()
            .build()
            .context("starting the API's runtime")?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener).context("registering the socket")?
        };
        let api = Arc::new(Api::new(pool, wakes, &options.token, options.calls_max));
        let (ask_stop, stop) = oneshot::channel();
        let accepting = runtime.spawn(accept(listener, api, stop));
        Ok(Server { address, ask_stop: Some(ask_stop), runtime: Some(runtime), accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, lets the requests in progress end, and ends. Call it outside an async runtime.
    pub fn stop(mut self) {
        self.ask_stop = None;
        if let Some(runtime) = self.runtime.take() {
            // An error means that accepting has panicked: then there is nothing left to wait for.
            let _ = runtime.block_on(&mut self.accepting);
            runtime.shutdown_timeout(Duration::from_millis(SHUTDOWN_MS_MAX));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Takes connections until the stop, then waits for their requests, but not for ever.
async fn accept(listener: tokio::net::TcpListener, api: Arc<Api>, mut stop: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            _ = &mut stop => break,
            next = next => next,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Out of descriptors, or a peer that was gone at once: the former needs a moment.
                sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        // Answers are small and one write each: waiting for more only delays them. A failure only costs that.
        let _ = stream.set_nodelay(true);
        let api = api.clone();
        let service = service_fn(move |request| {
            let api = api.clone();
            async move { Ok::<_, std::convert::Infallible>(api.respond(request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(HEADER_READ_MS_MAX))
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks concerns the client alone.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    let _ = timeout(Duration::from_millis(SHUTDOWN_MS_MAX), graceful.shutdown()).await;
}
