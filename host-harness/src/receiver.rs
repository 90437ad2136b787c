//! A receiver of webhooks on loopback, for demonstrations and tests: it records what arrives and answers by a script.
//!
//! It decides what a receiver would see and say. It shares no code with what sends, so that its verdict on a signature
//! is worth something.

mod verify;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use verify::{Scheme, Signature};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;
/// After a connection that could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// A body longer than this is refused: the longest that any profile sends.
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Requests that are kept; older ones are forgotten.
const KEPT_MAX: usize = 10_000;

/// How a receiver answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// 200, always.
    Healthy,
    /// 503 to the first so many requests, 200 to the rest.
    FailFirst(u32),
    /// Reads the request and never answers.
    Silent,
}

/// A request, as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// When its body was complete.
    pub at: SystemTime,
    /// The method.
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// What the receiver makes of its signature.
    pub signature: Signature,
    /// What it was answered; `None` if it was not.
    pub answered: Option<u16>,
}

impl Received {
    /// A header's value, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A receiver. Dropping it closes its port and its connections.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    /// Holds the port until the receiver comes up: bound and not listening, so that connections are refused.
    reserved: Option<TcpSocket>,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
    accepting: Option<Accepting>,
}

/// What takes connections, and how it is asked to end.
#[derive(Debug)]
struct Accepting {
    task: JoinHandle<()>,
    ask_stop: oneshot::Sender<()>,
}

#[derive(Debug)]
struct Shared {
    answers: Answers,
    state: Mutex<State>,
    arrived: Condvar,
}

/// Who says what a request is answered.
enum Answers {
    Script(Script),
    /// Somebody who is asked each time, and who keeps what is worth keeping.
    Asked(Box<dyn Fn(&Received) -> StatusCode + Send + Sync>),
}

impl std::fmt::Debug for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Answers::Script(script) => script.fmt(f),
            Answers::Asked(_) => f.write_str("Asked(..)"),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    scheme: Scheme,
    count: usize,
    kept: VecDeque<Received>,
}

impl Receiver {
    /// A receiver that is up, on a port of the system's choice.
    pub fn start(script: Script) -> anyhow::Result<Receiver> {
        let mut receiver = Receiver::reserve(script)?;
        receiver.come_up()?;
        Ok(receiver)
    }

    /// A receiver that is down: its port is taken, and whoever connects is refused.
    pub fn reserve(script: Script) -> anyhow::Result<Receiver> {
        Receiver::reserve_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), script)
    }

    /// The same at a given address.
    pub fn reserve_at(address: SocketAddr, script: Script) -> anyhow::Result<Receiver> {
        Receiver::bind(address, Answers::Script(script))
    }

    /// A receiver that is up and asks for each answer. It keeps nothing itself.
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
        let socket = socket.context("no socket for a receiver")?;
        // A port of one's choice is free again as soon as its last user has ended.
        #[cfg(unix)]
        socket.set_reuseaddr(address.port() != 0).context("preparing a receiver's socket")?;
        socket.bind(address).with_context(|| format!("a receiver cannot have the address {address}"))?;
        Ok(Receiver {
            address: socket.local_addr().context("a bound socket has no address")?,
            reserved: Some(socket),
            shared: Arc::new(Shared { answers, state: Mutex::default(), arrived: Condvar::new() }),
            runtime: Some(runtime.context("a receiver's runtime does not start")?),
            accepting: None,
        })
    }

    /// From now on it answers; once up, nothing changes.
    pub fn come_up(&mut self) -> anyhow::Result<()> {
        if let (Some(socket), Some(runtime)) = (self.reserved.take(), &self.runtime) {
            let _inside = runtime.enter();
            let listener = socket.listen(BACKLOG).context("a receiver cannot listen")?;
            let (ask_stop, stop) = oneshot::channel();
            let task = runtime.spawn(accept(listener, self.shared.clone(), stop));
            self.accepting = Some(Accepting { task, ask_stop });
        }
        Ok(())
    }

    /// How it checks signatures from now on; at first it does not.
    pub fn verify(&self, scheme: Scheme) {
        self.shared.state().scheme = scheme;
    }

    /// Where it is, or will be.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL with this path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What has arrived, oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.shared.state().kept.iter().cloned().collect()
    }

    /// Takes no more connections and lets the answers in progress leave, at most so long.
    pub fn stop(mut self, patience: Duration) {
        if let (Some(runtime), Some(Accepting { task, ask_stop })) = (self.runtime.take(), self.accepting.take()) {
            drop(ask_stop);
            // Late or broken, what is left is given up.
            let _ = runtime.block_on(async { tokio::time::timeout(patience, task).await });
            runtime.shutdown_background();
        }
    }

    /// Waits until so many requests have arrived in all; false if the time is up before.
    pub fn wait_for(&self, count: usize, timeout: Duration) -> bool {
        let begun = Instant::now();
        let mut state = self.shared.state();
        while state.count < count {
            let left = timeout.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return false;
            }
            state = self.shared.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way, so a poisoned state is a good state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a request down and says what it is answered.
    fn record(&self, head: http::request::Parts, body: Bytes) -> Option<StatusCode> {
        let mut received = Received {
            at: SystemTime::now(),
            method: head.method.to_string(),
            target: head.uri.to_string(),
            headers: head.headers,
            body,
            signature: Signature::Unchecked,
            answered: None,
        };
        let script = match &self.answers {
            Answers::Asked(answer) => return Some(answer(&received)),
            Answers::Script(script) => *script,
        };
        let mut state = self.state();
        state.count += 1;
        let answer = match script {
            Script::Healthy => Some(StatusCode::OK),
            Script::FailFirst(failures) => Some(if usize::try_from(failures).is_ok_and(|n| state.count <= n) {
                StatusCode::SERVICE_UNAVAILABLE
            } else {
                StatusCode::OK
            }),
            Script::Silent => None,
        };
        if state.kept.len() == KEPT_MAX {
            state.kept.pop_front();
        }
        received.signature = state.scheme.check(&received.headers, &received.body);
        received.answered = answer.map(|status| status.as_u16());
        state.kept.push_back(received);
        self.arrived.notify_all();
        answer
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stop: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            _ = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors, say: the next connection may have one.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let shared = shared.clone();
        let service = service_fn(move |request| {
            let shared = shared.clone();
            async move { respond(&shared, request).await }
        });
        let mut server = hyper::server::conn::http1::Builder::new();
        let connection = graceful.watch(server.half_close(true).serve_connection(TokioIo::new(stream), service));
        // A sender that breaks a connection off is its own business.
        tokio::spawn(async move { drop(connection.await) });
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn respond(
    shared: &Shared,
    request: http::Request<Incoming>,
) -> Result<http::Response<Empty<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let status = match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Ok(body) => match shared.record(head, body.to_bytes()) {
            Some(status) => status,
            None => std::future::pending().await,
        },
    };
    let mut response = http::Response::new(Empty::new());
    *response.status_mut() = status;
    Ok(response)
}
