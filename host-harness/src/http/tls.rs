//! TLS on the dialer's connections. A session that is not made, or that the receiver ends before its first byte, is told in a
//! sentence for the webhook's owner.

mod certificate;
mod refusal;
mod verifier;

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use super::dial::Dialer;

pub(super) use certificate::Certificate;
pub(crate) use refusal::Refusal;
pub(super) use verifier::Verifier;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

tokio::task_local! {
    /// True after the receiver has asked for a client certificate in the handshake of this task.
    static ASKED: Cell<bool>;
}

/// Has no client certificate, and notes that one was asked for. A receiver may do without one.
#[derive(Debug)]
pub(super) struct NoClientCertificate;

impl ResolvesClientCert for NoClientCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // Only a handshake of this module reads the note.
        let _ = ASKED.try_with(|asked| asked.set(true));
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Makes TLS sessions over the dialer's connections.
#[derive(Clone, Debug)]
pub(crate) struct Secure {
    dialer: Dialer,
    config: Arc<ClientConfig>,
}

impl Secure {
    pub(super) fn new(dialer: Dialer, config: Arc<ClientConfig>) -> Secure {
        Secure { dialer, config }
    }
}

impl Service<Uri> for Secure {
    type Response = TokioIo<Session>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.dialer.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let (dialing, connector) = (self.dialer.call(uri), TlsConnector::from(self.config.clone()));
        Box::pin(async move {
            let stream = dialing.await?.into_inner();
            let name = ServerName::try_from(host.clone()).map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidInput, "the host's name cannot be that of a TLS server")
            })?;
            let handshake = ASKED.scope(Cell::new(false), async {
                let made = connector.connect(name, stream).await;
                (made, ASKED.with(Cell::get))
            });
            match handshake.await {
                (Ok(stream), asked) => Ok(TokioIo::new(Session { stream, asked, heard: false, host })),
                (Err(error), asked) => Err(Refusal::of_handshake(&error, asked, &host).into()),
            }
        })
    }
}

/// A TLS session. Its first read tells whether the receiver accepts it: in TLS 1.3 a missing client certificate is refused
/// after the handshake.
#[derive(Debug)]
pub(crate) struct Session {
    stream: TlsStream<TcpStream>,
    asked: bool,
    heard: bool,
    host: String,
}

impl Session {
    /// Returns the error of the session with a sentence, if it is one of TLS.
    fn explained(&self, error: io::Error) -> io::Error {
        let refusal = match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(problem) => Refusal::of_session(problem, self.asked, &self.host),
            None if self.asked && !self.heard => Refusal::of_client_certificate(),
            None => return error,
        };
        io::Error::new(error.kind(), refusal)
    }
}

impl Connection for Session {
    fn connected(&self) -> Connected {
        match self.stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Connected::new().negotiated_h2(),
            _ => Connected::new(),
        }
    }
}

impl AsyncRead for Session {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, into));
        let ended = read.is_ok() && into.filled().len() == before && into.remaining() > 0;
        if ended && self.asked && !self.heard {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionReset, Refusal::of_client_certificate())));
        }
        self.heard |= into.filled().len() > before;
        Poll::Ready(read.map_err(|error| self.explained(error)))
    }
}

impl AsyncWrite for Session {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, data).map_err(|error| self.explained(error))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces).map_err(|error| self.explained(error))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context).map_err(|error| self.explained(error))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
