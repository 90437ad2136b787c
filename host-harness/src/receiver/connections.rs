//! The connections of a receiver: accepting them, and reading requests and writing responses on them.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::record::Record;

/// The pause after a connection that could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// The longest body that is accepted. No profile sends a longer one.
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Accepts connections until `stop` is dropped, then waits for the requests in progress.
pub(super) async fn accept(listener: TcpListener, record: Arc<Record>, mut stop: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            _ = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // The process may be out of file descriptors. The pause gives it time to close some.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let record = record.clone();
        let service = service_fn(move |request| {
            let record = record.clone();
            async move { respond(&record, request).await }
        });
        let mut server = hyper::server::conn::http1::Builder::new();
        let connection = graceful.watch(server.half_close(true).serve_connection(TokioIo::new(stream), service));
        // An error means that the sender closed the connection.
        tokio::spawn(async move { drop(connection.await) });
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn respond(
    record: &Record,
    request: http::Request<Incoming>,
) -> Result<http::Response<Empty<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let status = match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Ok(body) => match record.add(head, body.to_bytes()) {
            Some(status) => status,
            None => std::future::pending().await,
        },
    };
    let mut response = http::Response::new(Empty::new());
    *response.status_mut() = status;
    Ok(response)
}
