//! A receiver over TLS on loopback, with the certificates of `tests/data/tls`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use h2::Reason;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::{default_provider, sign::any_supported_type};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{ALL_VERSIONS, RootCertStore, ServerConfig, SupportedProtocolVersion};

/// How a receiver makes its sessions.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The names of the certificates that it presents.
    pub chain: Vec<String>,
    pub versions: Vec<&'static SupportedProtocolVersion>,
    pub client: ClientCertificate,
    /// The protocols that it accepts, by ALPN.
    pub protocols: Vec<&'static str>,
}

/// The receiver's demand for a client certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificate {
    None,
    Optional,
    Required,
}

impl Terms {
    /// The terms of a usual receiver with this certificate.
    pub fn of(certificate: &str) -> Terms {
        Terms {
            chain: vec![certificate.to_owned()],
            versions: ALL_VERSIONS.to_vec(),
            client: ClientCertificate::None,
            protocols: vec!["h2", "http/1.1"],
        }
    }
}

/// A running receiver. The body of its responses is the request's version of HTTP.
#[derive(Debug)]
pub struct TlsReceiver {
    address: SocketAddr,
    switch: Arc<Switch>,
    _runtime: Runtime,
}

#[derive(Debug, Default)]
struct Switch {
    /// Requests over HTTP/2 are reset with `HTTP_1_1_REQUIRED`.
    wants_http1: AtomicBool,
    http2_requests: AtomicUsize,
}

impl TlsReceiver {
    pub fn start(terms: &Terms) -> TlsReceiver {
        TlsReceiver::start_changing(terms, terms.clone())
    }

    /// Starts a receiver that has other terms after `ask_for_http1`.
    pub fn start_changing(terms: &Terms, later: Terms) -> TlsReceiver {
        let acceptors = [acceptor(terms), acceptor(&later)];
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let switch: Arc<Switch> = Arc::default();
        let shared = switch.clone();
        runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let is_later = usize::from(shared.wants_http1.load(Ordering::SeqCst));
                tokio::spawn(serve(stream, acceptors[is_later].clone(), shared.clone()));
            }
        });
        TlsReceiver { address, switch, _runtime: runtime }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/in", self.address.port())
    }

    /// From now on, requests over HTTP/2 are reset with `HTTP_1_1_REQUIRED`.
    pub fn ask_for_http1(&self) {
        self.switch.wants_http1.store(true, Ordering::SeqCst);
    }

    /// Returns the number of requests over HTTP/2 so far.
    pub fn http2_requests(&self) -> usize {
        self.switch.http2_requests.load(Ordering::SeqCst)
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, switch: Arc<Switch>) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let switch = switch.clone();
        async move {
            if request.version() == hyper::Version::HTTP_2 {
                switch.http2_requests.fetch_add(1, Ordering::SeqCst);
                if switch.wants_http1.load(Ordering::SeqCst) {
                    return Err(h2::Error::from(Reason::HTTP_1_1_REQUIRED));
                }
            }
            Ok(hyper::Response::new(Full::<Bytes>::from(format!("{:?}", request.version()))))
        }
    });
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

fn acceptor(terms: &Terms) -> TlsAcceptor {
    let provider = Arc::new(default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&terms.versions).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate("authority")).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let config = match terms.client {
        ClientCertificate::None => config.with_no_client_auth(),
        ClientCertificate::Optional => {
            config.with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
        }
        ClientCertificate::Required => config.with_client_cert_verifier(verifier.build().unwrap()),
    };
    let own = PrivateKeyDer::from_pem_slice(pem(&terms.chain[0]).as_bytes()).unwrap();
    let chain = terms.chain.iter().map(|name| certificate(name)).collect();
    // Not `with_single_cert`, which refuses certificates that some receivers have.
    let presented = CertifiedKey::new(chain, any_supported_type(&own).unwrap());
    let mut config = config.with_cert_resolver(Arc::new(Presented(Arc::new(presented))));
    config.alpn_protocols = terms.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

#[derive(Debug)]
struct Presented(Arc<CertifiedKey>);

impl ResolvesServerCert for Presented {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// Returns the path of a certificate of `tests/data/tls`, whose file has its key as well.
pub fn path(name: &str) -> String {
    format!("{}/data/tls/{name}.pem", env!("CARGO_MANIFEST_DIR"))
}

/// Returns the file of a certificate.
pub fn pem(name: &str) -> String {
    let path = path(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem(name).as_bytes()).unwrap()
}
