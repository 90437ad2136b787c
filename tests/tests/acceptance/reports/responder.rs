//! A receiver on loopback whose responses are given as a status and header lines, and that keeps the requests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A response: the status, and header lines as they are sent.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<String>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// Returns the value of a header, in any case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// A receiver that sends the replies in order. The last one stays.
#[derive(Debug)]
pub struct Responder {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Responder {
    pub fn start(replies: Vec<Reply>) -> Responder {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let kept = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (kept, replies) = (kept.clone(), replies.clone());
                std::thread::spawn(move || converse(stream.unwrap(), &kept, &replies));
            }
        });
        Responder { address, requests }
    }

    pub fn url(&self) -> String {
        format!("http://{}/in", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// One connection, request after request, until its end.
fn converse(stream: TcpStream, kept: &Mutex<Vec<Request>>, replies: &[Reply]) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let index = {
            let mut kept = kept.lock().unwrap();
            kept.push(request);
            kept.len() - 1
        };
        let reply =
            replies.get(index).or(replies.last()).cloned().unwrap_or(Reply { status: 200, headers: Vec::new() });
        let lines: String = reply.headers.iter().map(|line| format!("{line}\r\n")).collect();
        let response = format!("HTTP/1.1 {} Said\r\n{lines}Content-Length: 0\r\n\r\n", reply.status);
        if reader.get_mut().write_all(response.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        Some(line.trim_end().to_owned())
    };
    line()?;
    let mut headers = Vec::new();
    loop {
        let field = line()?;
        let Some((name, value)) = field.split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Request { headers, body: Vec::new() };
    request.body = vec![0; request.header("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}
