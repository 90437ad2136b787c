//! The HTTP API's connections: accepting, time limits, shutdown. `api` decides what a request means.

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
use crate::signal::Signals;
use api::Api;

/// The settings of a server.
#[derive(Clone)]
pub struct ServerOptions {
    /// The token that callers present as `Authorization: Bearer`. Not empty.
    pub token: String,
    /// How many calls of the component may run at a time: the number of instances of the pool.
    pub calls_max: usize,
}

impl std::fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerOptions").field("calls_max", &self.calls_max).finish_non_exhaustive()
    }
}

/// The HTTP API, served in the background: `/health`, `/events`, and the component's management API on all other paths.
///
/// A caller with the token is trusted. Its `X-Tenant` and `X-User` are not checked.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    /// Dropped to stop the server.
    ask_stop: Option<oneshot::Sender<()>>,
    runtime: Option<tokio::runtime::Runtime>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Serves on a bound socket. Calls `signals.work()` after each accepted event. Fails if the token is empty.
    pub fn start(listener: TcpListener, pool: Arc<Pool>, signals: Signals, options: ServerOptions) -> Result<Server> {
        anyhow::ensure!(!options.token.is_empty(), "the token is empty: every caller would be accepted");
        let address = listener.local_addr().context("reading the bound address")?;
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
        let api = Arc::new(Api::new(pool, signals, &options.token, options.calls_max));
        let (ask_stop, stop) = oneshot::channel();
        let accepting = runtime.spawn(accept(listener, api, stop));
        Ok(Server { address, ask_stop: Some(ask_stop), runtime: Some(runtime), accepting })
    }

    /// Returns the address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more connections, waits up to 10 s for the requests in progress, and stops. Call it outside an async runtime.
    pub fn stop(mut self) {
        self.ask_stop = None;
        if let Some(runtime) = self.runtime.take() {
            // An error means that the accepting task has panicked.
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

/// Accepts connections until `stop` is dropped, then waits up to 10 s for the requests in progress.
async fn accept(listener: tokio::net::TcpListener, api: Arc<Api>, mut stop: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let next = async {
            let permit = permits.clone().acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            _ = &mut stop => break,
            next = next => next,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(_) => {
                // The process may be out of file descriptors. The pause gives it time to close some.
                sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        // A response is one small write, which must not wait for more data. A failure costs only that delay.
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
            // An error means that the client closed the connection.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = timeout(Duration::from_millis(SHUTDOWN_MS_MAX), graceful.shutdown()).await;
}
