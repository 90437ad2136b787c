//! The Rust host's HTTP client over TLS: whom it trusts, and which HTTP it then speaks.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use hookwright_engine::host::{EgressPolicy, Http, HttpError, HttpErrorKind, Request, Response};
use hookwright_host::http::HttpClient;
use hookwright_host::wake::Wakes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A server with a certificate of its own for `localhost`, which answers with the version of HTTP that it was asked in.
struct Server {
    address: SocketAddr,
    certificate_pem: String,
    _runtime: Runtime,
}

fn server(protocols: &[&str]) -> Server {
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
    let client = HttpClient::builder().roots_pem(trusted_pem).build().unwrap();
    let queue = client.queue(Wakes::new());
    queue.submit(vec![Request {
        id: 1,
        method: "POST".to_owned(),
        url: format!("https://{host}:{}/", server.address.port()),
        headers: vec![("X-Asset-Webhook-Event".to_owned(), "asset.created".to_owned())],
        body: Some("{}".to_owned()),
        timeout_ms: 20_000,
        response_bytes_max: 100,
        egress: EgressPolicy::default(),
    }]);
    queue.wait(20_000).completions.remove(0).result
}

#[test]
fn the_newest_http_that_both_know_is_spoken() {
    for (protocols, version) in
        [(&["h2", "http/1.1"][..], "HTTP/2.0"), (&["http/1.1"][..], "HTTP/1.1"), (&[][..], "HTTP/1.1")]
    {
        let server = server(protocols);
        let response = exchange(&server, &server.certificate_pem, "localhost").unwrap();
        assert_eq!((response.status, response.body.as_str()), (200, version), "{protocols:?}");
    }
}

#[test]
fn a_server_that_is_not_trusted_gets_nothing() {
    let server = server(&["http/1.1"]);
    let another = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    for (trusted_pem, host) in [(&another, "localhost"), (&server.certificate_pem, "127.0.0.1")] {
        let error = exchange(&server, trusted_pem, host).unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Tls, "{error:?}");
        assert!(error.detail.contains("certificate"), "{error:?}");
    }
}

#[test]
fn a_file_without_certificates_is_no_file_of_roots() {
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
        let error = HttpClient::builder().roots_pem(pem).build().unwrap_err();
        assert!(format!("{error:#}").contains(says), "{pem}: {error:#}");
    }
    let both = made.cert.pem() + &made.cert.pem();
    assert!(HttpClient::builder().roots_pem(both).build().is_ok());
}
