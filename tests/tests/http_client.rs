//! The Rust host's HTTP client, with scripted servers on loopback.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use hookwright_engine::ports::{
    Completion, EgressPolicy, Http, HttpError, HttpErrorKind, Request, Response, Signal, WaitResult,
};
use hookwright_host::http::{HttpClient, Queue};
use hookwright_host::signal::Signals;

/// A time limit that no working step reaches.
const PATIENCE_MS: u32 = 20_000;
/// A deadline that the test lets pass.
const SHORT_MS: u32 = 700;

/// Starts a server that passes each connection, with its number, to the script.
fn server(script: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let script = Arc::new(script);
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let script = script.clone();
            std::thread::spawn(move || script(stream.unwrap(), n));
        }
    });
    address
}

/// Reads a request with its body. Returns `None` at the end of the connection.
fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        request.push(byte[0]);
    }
    let head = String::from_utf8(request).unwrap();
    let length = head
        .to_lowercase()
        .split_once("content-length: ")
        .map_or(0, |(_, rest)| rest.split_once("\r\n").unwrap().0.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(head + std::str::from_utf8(&body).unwrap())
}

/// Starts a server that answers every request with the same bytes.
fn answering(response: impl Into<Vec<u8>>) -> SocketAddr {
    let response = response.into();
    server(move |mut stream, _| {
        while read_request(&mut stream).is_some() {
            if stream.write_all(&response).is_err() {
                return;
            }
        }
    })
}

/// Starts a server that answers a request with these bytes, and then keeps the connection open until the client closes it.
fn stalling(response: &'static str) -> SocketAddr {
    server(move |mut stream, _| {
        read_request(&mut stream);
        stream.write_all(response.as_bytes()).unwrap();
        until_closed(stream);
    })
}

fn until_closed(mut stream: TcpStream) {
    let mut rest = [0; 1024];
    while matches!(stream.read(&mut rest), Ok(1..)) {}
}

fn request(url: impl Into<String>) -> Request {
    Request {
        id: 7,
        method: "POST".to_owned(),
        url: url.into(),
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: Some("{\"a\":1}".to_owned()),
        timeout_ms: PATIENCE_MS,
        response_bytes_max: 1_000,
        egress: EgressPolicy::default(),
    }
}

fn to(address: SocketAddr) -> Request {
    request(format!("http://{address}/in?x=1"))
}

fn queue() -> (Queue, Signals) {
    let signals = Signals::new();
    (HttpClient::builder().build().unwrap().queue(signals.clone()), signals)
}

fn next(queue: &Queue) -> Completion {
    let mut result = queue.wait(PATIENCE_MS);
    assert_eq!(result.completions.len(), 1, "{result:?}");
    result.completions.remove(0)
}

fn exchange(request: Request) -> Result<Response, HttpError> {
    let (queue, _) = queue();
    queue.submit(vec![request]);
    next(&queue).result
}

fn check_error(request: Request, kind: HttpErrorKind, says: &str) {
    let url = request.url.clone();
    let error = exchange(request).expect_err(&url);
    assert_eq!(error.kind, kind, "{url}: {error:?}");
    assert!(error.detail.contains(says), "{url}: {error:?}");
}

const OK: &str = "HTTP/1.1 200 OK\r\nX-Thing: caf\u{e9}\r\nContent-Length: 5\r\n\r\nhello";

#[test]
fn request_arrives_as_submitted() {
    let (seen, requests) = mpsc::channel();
    let address = server(move |mut stream, _| {
        while let Some(request) = read_request(&mut stream) {
            seen.send(request).unwrap();
            stream.write_all(OK.as_bytes()).unwrap();
        }
    });
    let (queue, _) = queue();
    queue.submit(vec![to(address)]);
    let completion = next(&queue);
    assert_eq!(completion.id, 7);
    assert_eq!(
        completion.result,
        Ok(Response {
            status: 200,
            headers: vec![
                ("x-thing".to_owned(), "caf\u{e9}".to_owned()),
                ("content-length".to_owned(), "5".to_owned())
            ],
            body: "hello".to_owned(),
            truncated: false,
        })
    );
    assert_eq!(
        requests.recv().unwrap(),
        format!(
            "POST /in?x=1 HTTP/1.1\r\nContent-Type: application/json\r\nAccept-Encoding: gzip, deflate\r\nHost: {address}\r\nContent-Length: 7\r\n\r\n{{\"a\":1}}"
        )
    );

    let bare = Request { method: "GET".to_owned(), headers: vec![], body: None, ..to(address) };
    queue.submit(vec![bare]);
    assert_eq!(next(&queue).result.unwrap().status, 200);
    assert_eq!(
        requests.recv().unwrap(),
        format!("GET /in?x=1 HTTP/1.1\r\nAccept-Encoding: gzip, deflate\r\nHost: {address}\r\n\r\n")
    );
}

#[test]
fn header_names_keep_their_spelling() {
    let (seen, requests) = mpsc::channel();
    let address = server(move |mut stream, _| {
        while let Some(request) = read_request(&mut stream) {
            seen.send(request).unwrap();
            stream.write_all(OK.as_bytes()).unwrap();
        }
    });
    let (queue, _) = queue();
    let sets: [&[&str]; 3] = [
        &["Content-Type", "X-AssetsUp-Signature", "webhook-id", "x-UPPER"],
        &["content-type", "webhook-id", "Webhook-Id", "WEBHOOK-ID"],
        &["Content-Type", "X-Title"],
    ];
    for _ in 0..2 {
        for names in sets {
            let headers = names.iter().map(|&name| (name.to_owned(), "v".to_owned())).collect();
            queue.submit(vec![Request { headers, ..to(address) }]);
            assert_eq!(next(&queue).result.unwrap().status, 200);
            let request = requests.recv().unwrap();
            let lines: Vec<&str> = request.lines().skip(1).take(names.len()).collect();
            let expected: Vec<String> = names.iter().map(|name| format!("{name}: v")).collect();
            assert_eq!(lines, expected);
            assert!(request.contains(&format!("\r\nHost: {address}\r\nContent-Length: 7\r\n")), "{request}");
        }
    }
}

#[test]
fn slow_receiver_delays_no_other_request() {
    let slow = stalling("");
    let fast = answering(OK);
    let (queue, _) = queue();
    let mut requests: Vec<Request> = (0..200).map(|id| Request { id, ..to(slow) }).collect();
    requests.extend((200..400).map(|id| Request { id, ..to(fast) }));
    queue.submit(requests);
    let mut ids = Vec::new();
    while ids.len() < 200 {
        let completions = queue.wait(PATIENCE_MS).completions;
        assert!(!completions.is_empty());
        ids.extend(completions.into_iter().map(|completion| completion.id));
    }
    ids.sort_unstable();
    assert_eq!(ids, (200..400).collect::<Vec<u64>>());
}

#[test]
fn connection_is_reused_under_the_same_policy_only() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let address = server(move |mut stream, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        while read_request(&mut stream).is_some() {
            stream.write_all(OK.as_bytes()).unwrap();
        }
    });
    let (queue, _) = queue();
    for _ in 0..5 {
        queue.submit(vec![to(address)]);
        assert_eq!(next(&queue).result.unwrap().status, 200);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);

    // A request with another policy does not use the connection.
    let egress = EgressPolicy { allow: vec![], deny: vec!["10.0.0.0/8".to_owned()] };
    queue.submit(vec![Request { egress, ..to(address) }]);
    assert_eq!(next(&queue).result.unwrap().status, 200);
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[test]
fn deadline_covers_connection_head_and_body() {
    let hurried = |address| Request { timeout_ms: SHORT_MS, ..to(address) };
    check_error(hurried(stalling("")), HttpErrorKind::Timeout, "no response within 700 ms");
    check_error(hurried(stalling("HTTP/1.1 200 OK\r\nX-Half: ")), HttpErrorKind::Timeout, "no response");
    check_error(
        hurried(stalling("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")),
        HttpErrorKind::Timeout,
        "the response did not end",
    );
    // A body that drips has no long pause, but the deadline covers the whole response.
    let dripping = server(|mut stream, _| {
        read_request(&mut stream);
        let mut piece = "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n";
        while stream.write_all(piece.as_bytes()).is_ok() {
            stream.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
            if stream.read_exact(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::UnexpectedEof) {
                return;
            }
            piece = "x";
        }
    });
    check_error(hurried(dripping), HttpErrorKind::Timeout, "the response did not end");
}

#[test]
fn huge_body_is_cut_and_its_connection_closed() {
    let (closed, was_closed) = mpsc::channel();
    let address = server(move |mut stream, _| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n").unwrap();
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
        closed.send(()).unwrap();
    });
    let response = exchange(to(address)).unwrap();
    assert_eq!((response.status, response.body.len(), response.truncated), (200, 1_000, true));
    was_closed.recv_timeout(Duration::from_millis(PATIENCE_MS.into())).unwrap();
}

#[test]
fn body_limit_counts_decompressed_bytes() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&[b'y'; 100_000]).unwrap();
    let packed = encoder.finish().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len());
    let response = exchange(to(answering([head.into_bytes(), packed].concat()))).unwrap();
    assert_eq!((response.body, response.truncated), ("y".repeat(1_000), true));
}

#[test]
fn unusual_responses_are_returned() {
    let elsewhere = answering("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    let response = exchange(to(elsewhere)).unwrap();
    assert_eq!((response.status, response.headers[0].1.as_str()), (302, "http://127.0.0.1:1/"));

    let interim = answering("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(exchange(to(interim)).unwrap().status, 204);

    let many: String = (0..150).map(|n| format!("X-{n}: v\r\n")).collect();
    let verbose = answering(format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 0\r\n\r\n"));
    assert_eq!(exchange(to(verbose)).unwrap().headers.len(), 100);

    let binary = answering(b"HTTP/1.1 200 OK\r\nX-Raw: a\xffb\r\nContent-Length: 3\r\n\r\na\xffb".as_slice());
    let response = exchange(to(binary)).unwrap();
    assert_eq!((response.body.as_str(), response.headers[0].1.as_str()), ("a\u{fffd}b", "a\u{fffd}b"));

    let until_close = server(|mut stream, _| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.0 500 Oops\r\n\r\nno length").unwrap();
    });
    let response = exchange(to(until_close)).unwrap();
    assert_eq!((response.status, response.body.as_str()), (500, "no length"));
}

#[test]
fn each_failure_has_its_error_kind() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check_error(to(closed), HttpErrorKind::Connect, "refused");
    check_error(request("http://nobody.invalid/"), HttpErrorKind::Dns, "does not resolve");
    check_error(to(answering("SSH-2.0-OpenSSH_9.2\r\n\r\n")), HttpErrorKind::Protocol, "no response");
    check_error(to(server(|mut stream, _| drop(read_request(&mut stream)))), HttpErrorKind::Protocol, "no response");
    let breaking = server(|mut stream, _| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").unwrap();
    });
    check_error(to(breaking), HttpErrorKind::Protocol, "the response broke off");
    let plain = server(|mut stream, _| {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        until_closed(stream);
    });
    check_error(request(format!("https://{plain}/")), HttpErrorKind::Tls, "speaks no TLS on this port");
    let hanging_up = server(|stream, _| drop(stream));
    check_error(
        request(format!("https://{hanging_up}/")),
        HttpErrorKind::Tls,
        "closed the connection during the TLS handshake",
    );
}

#[test]
fn invalid_request_is_refused_without_quoting_values() {
    let kind = HttpErrorKind::InvalidRequest;
    check_error(request("ftp://example.com/"), kind, "neither `http` nor `https`");
    check_error(request("http://user:geheim@example.com/"), kind, "holds credentials");
    check_error(request("nonsense"), kind, "is not valid");
    let bad_header = |name: &str, value: &str| Request {
        headers: vec![(name.to_owned(), value.to_owned())],
        ..request("http://127.0.0.1:1/")
    };
    check_error(bad_header("X Y", "v"), kind, "name of header `X Y`");
    check_error(bad_header("X-Token", "geheim\r\nX: y"), kind, "value of header `X-Token` is not valid");
    let egress = EgressPolicy { allow: vec![], deny: vec!["everything".to_owned()] };
    check_error(Request { egress, ..request("http://127.0.0.1:1/") }, kind, "`everything` is not a network");
}

#[test]
fn denied_address_is_not_reached_in_any_spelling() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let address = server(move |mut stream, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        read_request(&mut stream);
        stream.write_all(OK.as_bytes()).unwrap();
    });
    let deny = ["127.0.0.0/8", "::1/128"].map(str::to_owned).to_vec();
    let denied = EgressPolicy { allow: vec![], deny: deny.clone() };
    let allowed = EgressPolicy { allow: vec!["127.0.0.0/8".to_owned()], deny };
    let spellings = [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "localhost",
    ];
    for host in spellings {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{}/", address.port());
            check_error(
                Request { egress: denied.clone(), ..request(url) },
                HttpErrorKind::DestinationProhibited,
                "no address to connect to",
            );
        }
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
    for host in spellings {
        let url = format!("http://{host}:{}/", address.port());
        let response = exchange(Request { egress: allowed.clone(), ..request(url) });
        assert_eq!(response.unwrap_or_else(|error| panic!("{host}: {error:?}")).status, 200);
    }
}

#[test]
fn dropping_a_queue_aborts_its_requests() {
    let (arrived, has_arrived) = mpsc::channel();
    let (closed, was_closed) = mpsc::channel();
    let address = server(move |mut stream, _| {
        read_request(&mut stream);
        arrived.send(()).unwrap();
        until_closed(stream);
        closed.send(()).unwrap();
    });
    let client = HttpClient::builder().build().unwrap();
    let queue = client.queue(Signals::new());
    queue.submit(vec![to(address)]);
    has_arrived.recv().unwrap();
    drop(queue);
    was_closed.recv_timeout(Duration::from_millis(PATIENCE_MS.into())).unwrap();
}

#[test]
fn wait_ends_after_its_timeout_or_with_a_signal() {
    let (queue, signals) = queue();
    assert_eq!(queue.wait(0), WaitResult::default());
    let before = Instant::now();
    assert_eq!(queue.wait(20), WaitResult::default());
    assert!(before.elapsed() >= Duration::from_millis(20));

    signals.work();
    assert_eq!(queue.wait(PATIENCE_MS).signal, Signal::Work);
    assert_eq!(queue.wait(0).signal, Signal::None);

    let waiting = std::thread::spawn(move || queue.wait(PATIENCE_MS));
    signals.work();
    assert_eq!(waiting.join().unwrap(), WaitResult { completions: vec![], signal: Signal::Work });
}

#[test]
fn work_signal_ends_one_of_several_waits() {
    let signals = Signals::new();
    let (woken, wakings) = mpsc::channel();
    for _ in 0..3 {
        let (signals, woken) = (signals.clone(), woken.clone());
        std::thread::spawn(move || {
            loop {
                let signal = signals.wait(Duration::from_millis(PATIENCE_MS.into()));
                if woken.send(signal).is_err() || signal == Signal::Drain {
                    return;
                }
            }
        });
    }
    // Each signal ends exactly one wait. A signal right after another one is not lost.
    for _ in 0..1_000 {
        signals.work();
        assert_eq!(wakings.recv().unwrap(), Signal::Work);
        assert_eq!(wakings.try_recv(), Err(mpsc::TryRecvError::Empty));
    }
    signals.drain();
    for _ in 0..3 {
        assert_eq!(wakings.recv().unwrap(), Signal::Drain);
    }
}

#[test]
fn drain_ends_all_waits_now_and_later() {
    let address = stalling("");
    let (queue, signals) = queue();
    let idle = signals.clone();
    let waiting = std::thread::spawn(move || idle.wait(Duration::from_millis(PATIENCE_MS.into())));
    queue.submit(vec![Request { timeout_ms: SHORT_MS, ..to(address) }]);
    signals.drain();
    assert_eq!(waiting.join().unwrap(), Signal::Drain);
    assert_eq!(queue.wait(PATIENCE_MS), WaitResult { completions: vec![], signal: Signal::Drain });
    // With a request in flight, the next wait ends with its completion. It still reports the drain.
    let last = queue.wait(PATIENCE_MS);
    assert_eq!((last.completions.len(), last.signal), (1, Signal::Drain));
    // Without requests in flight, a wait does not block.
    let before = Instant::now();
    for _ in 0..3 {
        assert_eq!(queue.wait(PATIENCE_MS).signal, Signal::Drain);
        assert_eq!(signals.wait(Duration::from_millis(PATIENCE_MS.into())), Signal::Drain);
    }
    assert!(before.elapsed() < Duration::from_millis(PATIENCE_MS.into()));
    signals.work();
    assert_eq!(queue.wait(0).signal, Signal::Drain);
}
