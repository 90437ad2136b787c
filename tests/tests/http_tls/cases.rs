//! The TLS cases (`tests/data/tls`), run with the Rust host's HTTP client.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookwright_engine::ports::{Http, HttpErrorKind};
use hookwright_host::http::HttpClient;
use hookwright_host::signal::Signals;
use serde::Deserialize;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::receiver::{ClientCertificate, Terms, TlsReceiver, pem};
use super::{PATIENCE_MS, request};
use crate::egress::{Stand, listen};

const CASES: &str = include_str!("../../data/tls/cases.json");
/// Words of a debugger, which no sentence has.
const DEBUGGER: [&str; 5] = ["Other(", "Error(", "Some(", "::", "{"];

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub receiver: Given,
    pub trusted: Vec<String>,
    pub host: String,
    pub status: Option<u16>,
    pub detail: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Given {
    chain: Option<Vec<String>>,
    client_certificate: Option<String>,
    answers: Option<String>,
    resets: Option<bool>,
}

/// Returns the cases.
pub fn read() -> Vec<Case> {
    let Cases { cases } = serde_json::from_str(CASES).unwrap();
    assert!(cases.len() > 45);
    cases
}

impl Given {
    /// Returns the terms of a receiver that speaks TLS, without its versions.
    pub fn terms(&self) -> Option<Terms> {
        let chain = self.chain.clone()?;
        let client = match self.client_certificate.as_deref() {
            None => ClientCertificate::None,
            Some("optional") => ClientCertificate::Optional,
            Some("required") => ClientCertificate::Required,
            Some(other) => panic!("{other}"),
        };
        Some(Terms { client, ..Terms { chain: chain.clone(), ..Terms::of(&chain[0]) } })
    }

    /// Starts a receiver that speaks no TLS.
    pub fn listen(&self) -> SocketAddr {
        let answers = self.answers.as_deref().map(|answers| STANDARD.decode(answers).unwrap());
        assert!(answers.is_some() != self.resets.unwrap_or(false));
        listen(move |mut stream: TcpStream| {
            let mut hello = [0; 4096];
            // The system resets the connection if some data is left unread.
            let read = if answers.is_some() { 4096 } else { 1 };
            let _ = stream.read(&mut hello[..read]);
            let _ = stream.write_all(answers.as_deref().unwrap_or_default());
        })
    }
}

fn check(case: &Case, address: SocketAddr, what: &str) {
    let stand = Stand::before(address);
    stand.answer("localhost", vec![vec!["127.0.0.1".parse().unwrap()]]);
    let mut builder = HttpClient::builder().network(stand);
    for name in &case.trusted {
        builder = builder.roots_pem(pem(name)).unwrap();
    }
    let queue = builder.build().unwrap().queue(Signals::new());
    queue.submit(vec![request(&format!("https://{}:{}/", case.host, address.port()))]);
    let result = queue.wait(PATIENCE_MS).completions.remove(0).result;
    match (&result, &case.detail) {
        (Ok(response), None) => assert_eq!(Some(response.status), case.status, "{}, {what}", case.name),
        (Err(error), Some(detail)) => {
            assert_eq!((error.kind, &error.detail), (HttpErrorKind::Tls, detail), "{}, {what}", case.name);
            assert!(!DEBUGGER.iter().any(|word| error.detail.contains(word)), "{}: {error:?}", case.name);
        }
        _ => panic!("{}, {what}: {result:?}", case.name),
    }
}

#[test]
fn certificate_and_session_are_judged_as_in_the_cases() {
    for case in read() {
        let Some(terms) = case.receiver.terms() else {
            check(&case, case.receiver.listen(), "without TLS");
            continue;
        };
        for version in [&TLS12, &TLS13] {
            let receiver = TlsReceiver::start(&Terms { versions: vec![version], ..terms.clone() });
            check(&case, receiver.address(), &format!("{:?}", version.version));
        }
    }
}

#[test]
fn client_certificate_is_explained_on_each_of_many_connections() {
    // In TLS 1.3 the refusal comes after the handshake, perhaps together with the end of the connection.
    let terms = Terms { client: ClientCertificate::Required, ..Terms::of("issued") };
    let receiver = Arc::new(TlsReceiver::start(&terms));
    let client = HttpClient::builder().roots_pem(pem("authority")).unwrap().build().unwrap();
    let queue = client.queue(Signals::new());
    for _ in 0..50 {
        queue.submit(vec![request(&receiver.url("localhost"))]);
        let error = queue.wait(PATIENCE_MS).completions.remove(0).result.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Tls, "{error:?}");
        assert!(error.detail.contains("asks for a client certificate"), "{error:?}");
    }
}
