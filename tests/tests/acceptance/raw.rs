//! A receiver that shows a request as its bytes came, and answers it when and as the test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::SystemTime;

use super::PATIENCE;

/// A receiver on loopback.
#[derive(Debug)]
pub struct RawReceiver {
    address: SocketAddr,
    requests: Receiver<RawRequest>,
}

/// A request as it came. Dropped without an answer, its connection is closed.
#[derive(Debug)]
pub struct RawRequest {
    pub at: SystemTime,
    pub method: String,
    pub target: String,
    /// In the order and spelling of the wire.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    answer: Sender<u16>,
}

impl RawReceiver {
    pub fn start() -> RawReceiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                std::thread::spawn(move || converse(stream.unwrap(), &sender));
            }
        });
        RawReceiver { address, requests }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next request.
    pub fn next(&self) -> RawRequest {
        self.requests.recv_timeout(PATIENCE).expect("a request should have come")
    }

    /// A request that has come already.
    pub fn try_next(&self) -> Option<RawRequest> {
        self.requests.try_recv().ok()
    }
}

impl RawRequest {
    pub fn answer(&self, status: u16) {
        self.answer.send(status).unwrap();
    }

    /// Returns the values of a header, in any case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// One connection, request after request.
fn converse(stream: TcpStream, requests: &Sender<RawRequest>) {
    let mut reader = BufReader::new(stream);
    while let Some((request, answer)) = read(&mut reader) {
        if requests.send(request).is_err() {
            return;
        }
        let Ok(status) = answer.recv() else { return };
        let response = format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n");
        if reader.get_mut().write_all(response.as_bytes()).is_err() {
            return;
        }
    }
}

/// `None` at the end of the connection.
fn read(reader: &mut BufReader<TcpStream>) -> Option<(RawRequest, Receiver<u16>)> {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&bytes| bytes > 0)?;
        Some(line.strip_suffix("\r\n").expect("lines end in CR LF").to_owned())
    };
    let request_line = line()?;
    let [method, target, "HTTP/1.1"] = request_line.split(' ').collect::<Vec<_>>()[..] else {
        panic!("`{request_line}` is no request line")
    };
    let mut headers = Vec::new();
    loop {
        let field = line()?;
        if field.is_empty() {
            break;
        }
        let (name, value) = field.split_once(": ").expect("a header has a name and a value");
        headers.push((name.to_owned(), value.to_owned()));
    }
    let (answer, answered) = channel();
    let mut request = RawRequest {
        at: SystemTime::now(),
        method: method.to_owned(),
        target: target.to_owned(),
        headers,
        body: Vec::new(),
        answer,
    };
    request.body = vec![0; request.header("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut request.body).ok()?;
    request.at = SystemTime::now();
    Some((request, answered))
}
