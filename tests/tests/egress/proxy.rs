//! The outbound proxy: tunnels to addresses that the client has resolved and permitted.

use std::io::Write;
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use hookwright_engine::ports::{HttpError, HttpErrorKind, Request, Response};
use hookwright_host::http::HttpClient;
use hookwright_host::signal::Signals;

use super::stand::{Stand, listen, read_request};
use super::{exchange, kit, request};
use crate::http_tls;

/// A proxy's response when it has opened a tunnel.
pub const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";
const PUBLIC: &str = "93.184.216.34";

/// A proxy that records its requests and answers by a script.
#[derive(Debug)]
pub struct Proxy {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts a proxy. `answer` returns the response to the n-th connection, and its target. After a 200, data is forwarded in both
    /// directions. Without a target, the connection stays open and silent.
    pub fn start(answer: impl Fn(usize) -> (&'static str, Option<SocketAddr>) + Send + Sync + 'static) -> Proxy {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = asked.clone();
        let address = listen(move |mut client| {
            let Some(head) = read_request(&mut client) else { return };
            let n = {
                let mut noted = noted.lock().unwrap();
                noted.push(head);
                noted.len() - 1
            };
            let (said, target) = answer(n);
            client.write_all(said.as_bytes()).unwrap();
            match target {
                Some(target) => tunnel(client, TcpStream::connect(target).unwrap()),
                None if said.is_empty() => while read_request(&mut client).is_some() {},
                None => client.shutdown(Shutdown::Write).unwrap(),
            }
        });
        Proxy { address, asked }
    }

    /// Returns the requests since the last call.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn tunnel(client: TcpStream, target: TcpStream) {
    let (mut from, mut to) = (target.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let (mut from, mut to) = (client, target);
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// Starts a receiver whose response contains the request.
fn echo() -> SocketAddr {
    listen(|mut stream| {
        while let Some(head) = read_request(&mut stream) {
            let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{head}", head.len());
            stream.write_all(response.as_bytes()).unwrap();
        }
    })
}

/// Sends a request through the proxy. `public.example` resolves to `answers`, and only the proxy can be connected to.
fn through(proxy: &Proxy, userinfo: &str, answers: &[&str], request: Request) -> Result<Response, HttpError> {
    through_trusting(proxy, userinfo, answers, request, None)
}

fn through_trusting(
    proxy: &Proxy,
    userinfo: &str,
    answers: &[&str],
    request: Request,
    root_pem: Option<&str>,
) -> Result<Response, HttpError> {
    let network = Stand::before(proxy.address);
    let answers: Vec<IpAddr> = answers.iter().map(|address| address.parse().unwrap()).collect();
    for name in ["public.example", "localhost"] {
        network.answer(name, vec![answers.clone()]);
    }
    network.answer("proxy.example", vec![vec!["10.0.0.9".parse().unwrap()]]);
    let mut builder = HttpClient::builder().network(network.clone());
    builder = builder.proxy(&format!("http://{userinfo}proxy.example:3128")).unwrap();
    if let Some(pem) = root_pem {
        builder = builder.roots_pem(pem).unwrap();
    }
    let result = exchange(&builder.build().unwrap().queue(Signals::new()), request);
    let dialed = network.seen().1;
    assert!(dialed.iter().all(|address| *address == "10.0.0.9:3128".parse().unwrap()), "{dialed:?}");
    result
}

fn to(url: &str) -> Request {
    request(url, &kit::read().deny, &[])
}

#[test]
fn http_uses_a_tunnel_to_the_checked_address() {
    let receiver = echo();
    let proxy = Proxy::start(move |_| (ESTABLISHED, Some(receiver)));
    let response = through(&proxy, "", &["10.0.0.5", PUBLIC], to("http://public.example/in?x=1")).unwrap();
    assert!(response.body.starts_with("POST /in?x=1 HTTP/1.1\r\n"), "{}", response.body);
    assert!(response.body.contains("\r\nHost: public.example\r\n"), "{}", response.body);
    assert_eq!(proxy.asked(), ["CONNECT 93.184.216.34:80 HTTP/1.1\r\nHost: 93.184.216.34:80\r\n\r\n"]);

    // The credentials are for the proxy, and for nobody else.
    let response = through(&proxy, "user:p%40ss@", &[PUBLIC], to("http://public.example:8080/")).unwrap();
    assert!(!response.body.to_lowercase().contains("authorization"), "{}", response.body);
    let asked = proxy.asked().concat();
    assert!(asked.starts_with("CONNECT 93.184.216.34:8080 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n"), "{asked}");

    through(&proxy, "", &[], to("http://[2606:4700::1]/")).unwrap();
    assert!(proxy.asked()[0].starts_with("CONNECT [2606:4700::1]:80 HTTP/1.1\r\nHost: [2606:4700::1]:80\r\n"));
}

#[test]
fn proxy_sees_no_plain_text_of_https() {
    let server = http_tls::server(&["h2", "http/1.1"]);
    let receiver = server.address;
    let proxy = Proxy::start(move |_| (ESTABLISHED, Some(receiver)));
    let trusted = Some(server.certificate_pem.as_str());
    let response = through_trusting(&proxy, "", &[PUBLIC], to("https://localhost/"), trusted).unwrap();
    assert_eq!(response.body, "HTTP/1.1");
    assert!(proxy.asked()[0].starts_with("CONNECT 93.184.216.34:443 HTTP/1.1\r\n"));

    // The certificate is for another name; and without the root there is no trust.
    for (url, root) in [("https://public.example/", trusted), ("https://localhost/", None)] {
        let error = through_trusting(&proxy, "", &[PUBLIC], to(url), root).unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Tls, "{error:?}");
    }
}

#[test]
fn prohibited_destination_never_reaches_the_proxy() {
    let receiver = echo();
    let proxy = Proxy::start(move |_| (ESTABLISHED, Some(receiver)));
    for url in ["http://public.example/", "https://public.example/", "http://127.0.0.1/", "https://[::ffff:7f00:1]/"] {
        let error = through(&proxy, "", &["10.0.0.5", "::1"], to(url)).unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::DestinationProhibited, "{url}: {error:?}");
    }
    let error = through(&proxy, "", &[PUBLIC], to("http://nowhere.example/")).unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::Dns, "{error:?}");
    assert_eq!(proxy.asked(), [""; 0]);
}

#[test]
fn failure_of_the_proxy_names_the_proxy() {
    for (said, says) in [
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!",
            "it answered 403 when it was asked for 93.184.216.34:80",
        ),
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "it answered 407"),
        ("HTTP/1.0 502 Bad Gateway\r\n\r\n", "it answered 502"),
        ("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/\r\n\r\n", "it answered 301"),
        ("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "it sent data before the client did"),
        ("HTTP/1.1 200 OK\r\nX-Half: ", "it closed the connection"),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "it does not speak HTTP/1"),
    ] {
        let proxy = Proxy::start(move |_| (said, None));
        let error = through(&proxy, "user:geheim@", &[PUBLIC], to("http://public.example/")).unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Connect, "{error:?}");
        assert!(error.detail.contains("proxy") && error.detail.contains(says), "{error:?}");
        assert!(!error.detail.contains("geheim"), "{error:?}");
        assert_eq!(proxy.asked().len(), 1, "{said}");
    }
    let proxy =
        Proxy { address: TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap(), asked: Arc::default() };
    let error = through(&proxy, "", &[PUBLIC], to("http://public.example/")).unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::Connect, "{error:?}");
    assert!(error.detail.contains("proxy") && error.detail.contains("refused"), "{error:?}");
}

#[test]
fn hanging_proxy_ends_at_the_timeout() {
    let proxy = Proxy::start(|_| ("", None));
    let error =
        through(&proxy, "", &[PUBLIC], Request { timeout_ms: 500, ..to("http://public.example/") }).unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::Timeout, "{error:?}");
}

#[test]
fn next_address_is_tried_when_the_proxy_cannot_reach_one() {
    let receiver = echo();
    let proxy = Proxy::start(move |n| match n {
        0 => ("HTTP/1.1 504 Gateway Timeout\r\n\r\n", None),
        _ => (ESTABLISHED, Some(receiver)),
    });
    through(&proxy, "", &[PUBLIC, "10.0.0.5", "93.184.216.35"], to("http://public.example/")).unwrap();
    let asked: Vec<String> = proxy.asked().iter().map(|head| head.lines().next().unwrap().to_owned()).collect();
    assert_eq!(asked, ["CONNECT 93.184.216.34:80 HTTP/1.1", "CONNECT 93.184.216.35:80 HTTP/1.1"]);
}
