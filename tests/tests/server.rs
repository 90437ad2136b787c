//! The HTTP API around the component: authorization, requests that the host refuses, and requests that it passes on.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::Signal;
use hookwright_host::http::HttpClient;
use hookwright_host::receiver::{Receiver, Script};
use hookwright_host::signal::Signals;
use hookwright_host::{Blueprint, Imports, Pool, Runtime, Server, ServerOptions, Settings};

use crate::hostile::{imports, settings};

const TOKEN: &str = "Authorization: Bearer t0ken\r\n";

fn start() -> (Server, Signals) {
    let runtime = Runtime::builder().build().unwrap();
    let imports = imports();
    let blueprint = Blueprint::new(runtime, settings(), move |_| imports.clone());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let signals = Signals::new();
    let options = ServerOptions { token: "t0ken".to_owned(), calls_max: 2 };
    let server =
        Server::start(listener, Arc::new(Pool::new(Arc::new(blueprint), 2)), signals.clone(), options).unwrap();
    (server, signals)
}

/// Sends a request and returns the response as text.
fn exchange(server: &Server, line: &str, headers: &str, body: &str) -> String {
    let mut stream = send(server, line, headers, body);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Sends a request and returns its connection. Dropping that aborts the request.
fn send(server: &Server, line: &str, headers: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let length =
        if headers.contains("Content-Length") { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let head = format!("{line} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{length}{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    stream
}

#[test]
fn invalid_requests_are_refused_by_the_host() {
    let (server, _) = start();
    let rows = [
        ("GET /health", "", "", 200, r#"{"status":"ok"}"#),
        ("POST /health", "", "", 405, "allow: GET, HEAD"),
        ("GET /webhooks", "", "", 401, "www-authenticate: Bearer"),
        ("GET /nowhere", "Authorization: Basic t0ken\r\n", "", 401, "application/problem+json"),
        ("GET /webhooks", "Authorization: Bearer t0ke\r\n", "", 401, r#""title":"Unauthorized""#),
        ("GET /events", TOKEN, "", 405, "allow: POST"),
        ("POST /events", &format!("{TOKEN}Content-Length: 99999999\r\n"), "", 413, r#""title":"Content Too Large""#),
        ("POST /events", &format!("{TOKEN}X-Tenant: \u{e9}\r\n"), "{}", 400, "x-tenant"),
        ("POST /events", TOKEN, "[{]", 400, "not a JSON array"),
    ];
    for (line, headers, body, status, part) in rows {
        let answer = exchange(&server, line, headers, body);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {answer}");
        assert!(answer.contains(part), "{line}: {answer}");
    }
    server.stop();
}

#[test]
fn accepted_events_signal_work() {
    let (server, signals) = start();
    let rows = [(r#"{"type":"a.b","data":{"n":1.50}}"#, 1), (r#" [{"type":"a.b"}, {"type":"c.d"}]"#, 2)];
    for (body, count) in rows {
        let answer = exchange(&server, "POST /events", TOKEN, body);
        assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
        assert_eq!(answer.matches("\"msg_").count(), count, "{answer}");
        assert_eq!(signals.wait(Duration::from_secs(20)), Signal::Work);
    }
    // The component's refusal is a problem document that names the field.
    let answer = exchange(&server, "POST /events", TOKEN, r#"{"type":"not a type"}"#);
    assert!(answer.starts_with("HTTP/1.1 422 ") && answer.contains(r#""field":"type""#), "{answer}");
    server.stop();
}

#[test]
fn other_paths_reach_the_component_with_the_callers_tenant() {
    let (server, _) = start();
    let acme = format!("{TOKEN}X-Tenant: acme\r\nX-User: u1\r\n");
    let webhook = r#"{"name":"n","url":"https://example.com/","events":["*"]}"#;
    let answer = exchange(&server, "POST /webhooks", &acme, webhook);
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    for (headers, count) in [(acme.as_str(), 1), (TOKEN, 0)] {
        let answer = exchange(&server, "GET /webhooks?limit=5", headers, "");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert_eq!(answer.matches("https://example.com/").count(), count, "{answer}");
    }
    server.stop();
}

#[test]
fn aborted_management_calls_leave_instances_for_events() {
    const CALLS_MAX: usize = 4;
    const PATIENCE: Duration = Duration::from_secs(20);
    let receiver = Receiver::start(Script::Silent).unwrap();
    let http = HttpClient::builder().build().unwrap();
    let store = Arc::new(MemoryStore::new());
    let settings = Settings { allow_destinations: vec!["127.0.0.0/8".to_owned()], ..settings() };
    let runtime = Runtime::builder().build().unwrap();
    let blueprint =
        Blueprint::new(runtime, settings, move |signals| Imports::new(store.clone(), Arc::new(http.queue(signals))));
    let pool = Arc::new(Pool::new(Arc::new(blueprint), CALLS_MAX));
    let options = ServerOptions { token: "t0ken".to_owned(), calls_max: CALLS_MAX };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server::start(listener, pool.clone(), Signals::new(), options).unwrap();
    let registration = format!(r#"{{"name":"n","url":"{}","events":["*"],"timeoutMs":30000}}"#, receiver.url("/"));
    let webhook = pool.call(|plugin| plugin.register("default", &registration)).unwrap();
    let webhook: serde_json::Value = serde_json::from_str(&webhook).unwrap();
    let test_send = format!("POST /webhooks/{}/test", webhook["id"].as_str().unwrap());

    // Each is aborted while the receiver keeps its test send waiting. The calls run on.
    for arrived in 1..CALLS_MAX {
        let aborted = send(&server, &test_send, TOKEN, "");
        assert!(receiver.wait_for(arrived, PATIENCE));
        drop(aborted);
    }
    // Another test send has to wait now. An event does not.
    let waiting = send(&server, &test_send, TOKEN, "");
    for _ in 0..20 {
        let mut event = send(&server, "POST /events", TOKEN, r#"{"type":"a.b"}"#);
        event.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = String::new();
        event.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    }
    assert_eq!(receiver.received().len(), CALLS_MAX - 1);
    drop((waiting, receiver));
    server.stop();
}
