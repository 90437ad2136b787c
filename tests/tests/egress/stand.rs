//! The network of the egress tests: a resolver with prepared answers, and one listener on loopback for all addresses. It records
//! the look-ups, and the addresses that the client connects to.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookwright_host::http::{Answer, Network};

use super::kit::{Sent, Server, Word};

/// The network of the tests.
#[derive(Debug)]
pub struct Stand {
    listener: SocketAddr,
    state: Mutex<State>,
    requests: Arc<Mutex<Vec<String>>>,
}

#[derive(Debug, Default)]
struct State {
    /// The answers by name. The last answer is repeated.
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    refuse: Vec<IpAddr>,
    silent: Vec<IpAddr>,
    lookups: usize,
    dials: Vec<SocketAddr>,
}

impl Stand {
    /// Makes a network whose addresses all lead to a receiver with this response.
    pub fn new(head: &str, server: Server) -> Arc<Stand> {
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = requests.clone();
        let close = if matches!(server, Server::Close) { "Connection: close\r\n" } else { "" };
        let response = format!("{head}{close}Content-Length: 0\r\n\r\n");
        let listener = listen(move |mut stream| {
            while let Some(request) = read_request(&mut stream) {
                noted.lock().unwrap().push(request);
                if stream.write_all(response.as_bytes()).is_err() || !matches!(server, Server::Keep) {
                    return;
                }
            }
        });
        Arc::new(Stand { listener, state: Mutex::default(), requests })
    }

    /// Makes a network whose addresses all lead to this listener.
    pub fn before(listener: SocketAddr) -> Arc<Stand> {
        Arc::new(Stand { listener, state: Mutex::default(), requests: Arc::default() })
    }

    /// Sets the successive answers for a name.
    pub fn answer(&self, name: &str, answers: Vec<Vec<IpAddr>>) {
        self.state.lock().unwrap().answers.insert(name.to_owned(), answers);
    }

    /// Sets addresses that refuse connections.
    pub fn refuse(&self, addresses: &[IpAddr]) {
        self.state.lock().unwrap().refuse.extend(addresses);
    }

    /// Sets addresses that never respond.
    pub fn silence(&self, addresses: &[IpAddr]) {
        self.state.lock().unwrap().silent.extend(addresses);
    }

    /// Returns the number of look-ups and the connections since the last call.
    pub fn seen(&self) -> (usize, Vec<SocketAddr>) {
        let mut state = self.state.lock().unwrap();
        (std::mem::take(&mut state.lookups), std::mem::take(&mut state.dials))
    }

    /// Returns the heads of the requests since the last call.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

impl Network for Stand {
    fn lookup<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<IpAddr>> {
        let mut state = self.state.lock().unwrap();
        state.lookups += 1;
        let name = name.to_ascii_lowercase();
        let answers = state.answers.get_mut(name.strip_suffix('.').unwrap_or(&name));
        let found = match answers {
            None => Err(io::Error::other("no such name")),
            Some(answers) if answers.len() > 1 => Ok(answers.remove(0)),
            Some(answers) => Ok(answers[0].clone()),
        };
        Box::pin(std::future::ready(found))
    }

    fn dial(&self, address: SocketAddr) -> Answer<'_, tokio::net::TcpStream> {
        let mut state = self.state.lock().unwrap();
        state.dials.push(address);
        let refused = state.refuse.contains(&address.ip());
        let silent = state.silent.contains(&address.ip());
        Box::pin(async move {
            if silent {
                std::future::pending::<()>().await;
            }
            if refused {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            tokio::net::TcpStream::connect(self.listener).await
        })
    }
}

/// Starts a receiver that answers the first request of a connection with these steps, until the client closes it.
pub fn scripted(steps: Vec<Sent>) -> SocketAddr {
    listen(move |mut stream| {
        if read_request(&mut stream).is_none() {
            return;
        }
        for step in &steps {
            if stream.write_all(&step.bytes()).is_err() {
                return;
            }
            match step {
                Sent::Dripping { drip, every_ms } => {
                    while stays_open(&mut stream, Duration::from_millis(*every_ms)) {
                        if stream.write_all(drip.as_bytes()).is_err() {
                            return;
                        }
                    }
                }
                Sent::Word(Word::Hold) => while stays_open(&mut stream, Duration::from_secs(1)) {},
                _ => {}
            }
        }
        // Closing a connection with unread data resets it, and the client could lose the response.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        while stays_open(&mut stream, Duration::from_secs(1)) {}
    })
}

/// Returns true if the client still has the connection open after `pause`.
fn stays_open(stream: &mut TcpStream, pause: Duration) -> bool {
    stream.set_read_timeout(Some(pause)).unwrap();
    match stream.read(&mut [0; 1024]) {
        Ok(0) => false,
        Ok(_) => true,
        Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
    }
}

/// Starts a listener that serves each connection in a thread of its own.
pub fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (serve, stream) = (serve.clone(), stream.unwrap());
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Reads a request with its body and returns its head.
pub fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
        // A TLS handshake is not a request.
        if head[0] == 0x16 {
            return None;
        }
    }
    let head = String::from_utf8(head).ok()?;
    let length = head
        .to_lowercase()
        .split_once("content-length: ")
        .and_then(|(_, rest)| rest.split_once("\r\n")?.0.parse().ok());
    stream.read_exact(&mut vec![0; length.unwrap_or(0)]).ok()?;
    Some(head)
}
