//! The HTTP API around the component: who is let in, what is refused before the component sees it, what is handed on.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use hookwright_engine::ports::Signal;
use hookwright_host::wake::Wakes;
use hookwright_host::{Blueprint, Pool, Runtime, Server, ServerOptions};

use crate::hostile::{imports, settings};

const TOKEN: &str = "Authorization: Bearer t0ken\r\n";

fn start() -> (Server, Wakes) {
    let runtime = Runtime::builder().build().unwrap();
    let imports = imports();
    let blueprint = Blueprint::new(runtime, settings(), move |_| imports.clone());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let wakes = Wakes::new();
    let options = ServerOptions { token: "t0ken".to_owned(), calls_max: 2 };
    let server = Server::start(listener, Arc::new(Pool::new(Arc::new(blueprint), 2)), wakes.clone(), options).unwrap();
    (server, wakes)
}

/// Sends a request and answers what comes back, as text.
fn exchange(server: &Server, line: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let length =
        if headers.contains("Content-Length") { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let head = format!("{line} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{length}{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_host_refuses_what_is_its_own_to_refuse() {
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
fn events_are_accepted_alone_and_in_a_list_and_wake_the_pump() {
    let (server, wakes) = start();
    let rows = [(r#"{"type":"a.b","data":{"n":1.50}}"#, 1), (r#" [{"type":"a.b"}, {"type":"c.d"}]"#, 2)];
    for (body, count) in rows {
        let answer = exchange(&server, "POST /events", TOKEN, body);
        assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
        assert_eq!(answer.matches("\"msg_").count(), count, "{answer}");
        assert_eq!(wakes.wait(Duration::from_secs(20)), Signal::Work);
    }
    // The component's refusal, as a problem document with the field at fault.
    let answer = exchange(&server, "POST /events", TOKEN, r#"{"type":"not a type"}"#);
    assert!(answer.starts_with("HTTP/1.1 422 ") && answer.contains(r#""field":"type""#), "{answer}");
    server.stop();
}

#[test]
fn everything_else_is_the_components_with_the_callers_tenant() {
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
