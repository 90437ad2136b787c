//! The Rust host's HTTP client over TLS: trusted certificates, and the version of HTTP.

pub mod cases;
mod http2;
pub mod receiver;

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use hookwright_engine::ports::{EgressPolicy, Http, HttpError, HttpErrorKind, Request, Response};
use hookwright_host::http::HttpClient;
use hookwright_host::signal::Signals;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A time limit that no working step reaches.
const PATIENCE_MS: u32 = 20_000;

/// A server with a self-signed certificate for `localhost`. The body of its responses is the request's HTTP version.
pub struct Server {
    pub address: SocketAddr,
    pub certificate_pem: String,
    _runtime: Runtime,
}

pub fn server(protocols: &[&str]) -> Server {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));

    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| async move {
                    let body = format!("{:?}", request.version());
                    Ok::<_, Infallible>(hyper::Response::new(Full::<hyper::body::Bytes>::from(body)))
                });
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Server { address, certificate_pem: made.cert.pem(), _runtime: runtime }
}

fn exchange(server: &Server, trusted_pem: &str, host: &str) -> Result<Response, HttpError> {
    let client = HttpClient::builder().roots_pem(trusted_pem).unwrap().build().unwrap();
    let queue = client.queue(Signals::new());
    queue.submit(vec![request(&format!("https://{host}:{}/", server.address.port()))]);
    queue.wait(PATIENCE_MS).completions.remove(0).result
}

fn request(url: &str) -> Request {
    Request {
        id: 1,
        method: "POST".to_owned(),
        url: url.to_owned(),
        headers: vec![("X-Asset-Webhook-Event".to_owned(), "asset.created".to_owned())],
        body: Some("{}".to_owned()),
        timeout_ms: PATIENCE_MS,
        response_bytes_max: 100,
        egress: EgressPolicy::default(),
    }
}

#[test]
fn untrusted_server_gets_no_request() {
    let server = server(&["http/1.1"]);
    let another = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    for (trusted_pem, host) in [(&another, "localhost"), (&server.certificate_pem, "127.0.0.1")] {
        let error = exchange(&server, trusted_pem, host).unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Tls, "{error:?}");
        assert!(error.detail.contains("certificate"), "{error:?}");
    }
}

#[test]
fn file_without_certificates_is_refused() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let broken = "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n";
    for (pem, says) in [
        ("", "no certificate"),
        ("hello", "no certificate"),
        (made.signing_key.serialize_pem().as_str(), "no certificate"),
        (garbage, "cannot be used"),
        (broken, "not PEM"),
    ] {
        let error = HttpClient::builder().roots_pem(pem).unwrap_err();
        assert!(format!("{error:#}").contains(says), "{pem}: {error:#}");
    }
    let both = made.cert.pem() + &made.cert.pem();
    assert!(HttpClient::builder().roots_pem(both).is_ok());
}

#[test]
fn dead_connection_fails_one_request_only() {
    let server = server(&["h2"]);
    // The receiver refuses HTTP/1.1 on the first connection. The second goes silent on command without being closed.
    let silent = Arc::new(AtomicBool::new(false));
    let (address, silenced, connections) = (server.address, silent.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = connections.clone();
    let relay = crate::egress::listen(move |client| {
        let is_second = counted.fetch_add(1, Ordering::SeqCst) == 1;
        let target = TcpStream::connect(address).unwrap();
        let (one, other) = (client.try_clone().unwrap(), target.try_clone().unwrap());
        let silent = silenced.clone();
        let is_silent = move || is_second && silent.load(Ordering::SeqCst);
        let back = is_silent.clone();
        std::thread::spawn(move || relay(other, one, back));
        relay(client, target, is_silent);
    });
    let client = HttpClient::builder().roots_pem(&server.certificate_pem).unwrap();
    let client = client.h2_ping(Duration::from_millis(100), Duration::from_millis(200)).build().unwrap();
    let queue = client.queue(Signals::new());
    let ask = || {
        queue.submit(vec![request(&format!("https://localhost:{}/", relay.port()))]);
        queue.wait(PATIENCE_MS).completions.remove(0).result
    };
    assert_eq!(ask().unwrap().body, "HTTP/2.0");
    silent.store(true, Ordering::SeqCst);
    // The ping detects the dead connection long before the request's own timeout.
    let error = ask().unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::Protocol, "{error:?}");
    assert_eq!(ask().unwrap().body, "HTTP/2.0");
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

/// Forwards data until the end of the stream. Drops it while `is_silent`.
fn relay(mut from: TcpStream, mut to: TcpStream, is_silent: impl Fn() -> bool) {
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        if !is_silent() && to.write_all(&piece[..length]).is_err() {
            return;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
