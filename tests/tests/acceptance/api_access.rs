//! Access to the API: callers, tenants, permissions, and sizes.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;
use tempfile::TempDir;

use super::serve::{Serve, TOKEN};
use super::wire::{self, Answer};

/// Every call of the API, with an id of the right form where it takes one.
const CALLS: [(&str, &str); 13] = [
    ("POST", "/events"),
    ("GET", "/event-types"),
    ("POST", "/webhooks"),
    ("GET", "/webhooks"),
    ("GET", "/webhooks/WEBHOOK"),
    ("PATCH", "/webhooks/WEBHOOK"),
    ("DELETE", "/webhooks/WEBHOOK"),
    ("POST", "/webhooks/WEBHOOK/rotate-secret"),
    ("POST", "/webhooks/WEBHOOK/test"),
    ("GET", "/webhooks/WEBHOOK/attempts"),
    ("GET", "/messages/MESSAGE"),
    ("GET", "/"),
    ("GET", "/nothing/here"),
];

#[test]
fn requests_without_the_token_are_refused_except_health() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let call = |method: &str, path: &str, headers: &[(&str, &str)]| -> Answer {
        wire::send(serve.address(), method, path, headers, "").unwrap()
    };
    let health = call("GET", "/health", &[]).expect(200);
    assert_eq!(health.json()["status"], "ok");
    let scheme = format!("Basic {TOKEN}");
    let longer = format!("Bearer {TOKEN}x");
    let shorter = format!("Bearer {}", &TOKEN[1..]);
    for (method, path) in CALLS {
        let wrong = ["", "Bearer", "Bearer ", "Bearer wrong", TOKEN, &scheme, &longer, &shorter];
        call(method, path, &[]).expect_problem(401, None);
        for authorization in wrong {
            let answer = call(method, path, &[("Authorization", authorization)]).expect_problem(401, None);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{answer:?}");
        }
    }
    assert_eq!(call("GET", "/webhooks", &[("authorization", &format!("bearer {TOKEN}"))]).status, 200);
}

#[test]
fn data_of_another_tenant_is_not_found() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let id = serve.register(&json!({"url": "http://127.0.0.1:9/", "events": ["*"]})).id;
    let message = serve.accept(&json!({"type": "a", "id": "evt-1"}));
    let mut answered = 0;
    for (method, path) in CALLS.iter().filter(|(_, path)| path.contains("WEBHOOK") || path.contains("MESSAGE")) {
        let path = path.replace("WEBHOOK", &id).replace("MESSAGE", &message);
        let body = if *method == "PATCH" { r#"{"name": "mine now"}"# } else { "" };
        let field = if path.starts_with("/messages/") { "messageId" } else { "webhookId" };
        serve.call_for("other", method, &path, body).expect_problem(404, Some(field));
        answered += 1;
    }
    assert_eq!(answered, 7);
    assert_eq!(serve.call_for("other", "GET", "/webhooks", "").expect(200).json()["data"], json!([]));
    // An id is a tenant's own, too.
    let event = r#"{"type": "b", "id": "evt-1"}"#;
    let other = serve.call_for("other", "POST", "/events", event).expect(202).json();
    assert_ne!(other["messageIds"][0], message.as_str());
    // The caller's tenant counts, not the event's.
    let event = r#"{"type": "b", "tenant": "acme"}"#;
    serve.call_for("other", "POST", "/events", event).expect_problem(422, Some("tenant"));
    serve.call_for(&"x".repeat(65), "POST", "/events", r#"{"type": "b"}"#).expect_problem(422, Some("tenant"));
    serve.call_for(&"x".repeat(65), "GET", "/webhooks", "").expect_problem(422, Some("tenant"));
    // It is all still there.
    assert_eq!(serve.get(&format!("/webhooks/{id}"))["name"], "http://127.0.0.1:9/");
    // Without a tenant, it is `default`.
    let authorization = format!("Bearer {TOKEN}");
    let list = wire::send(serve.address(), "GET", "/webhooks", &[("Authorization", &authorization)], "").unwrap();
    assert_eq!(list.expect(200).json()["data"], json!([]));
    serve.call_for("default", "POST", "/webhooks", r#"{"url": "http://127.0.0.1:9/", "events": ["*"]}"#).expect(201);
    let list = wire::send(serve.address(), "GET", "/webhooks", &[("Authorization", &authorization)], "").unwrap();
    assert_eq!(list.json()["data"].as_array().unwrap().len(), 1);
}

#[test]
fn user_of_a_registration_is_stored() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let authorization = format!("Bearer {TOKEN}");
    let registration = r#"{"url": "http://127.0.0.1:9/", "events": ["*"]}"#;
    for (headers, user) in [(vec![("X-User", "u-7")], json!("u-7")), (vec![], json!(null))] {
        let headers = [&[("Authorization", authorization.as_str())], &headers[..]].concat();
        let made = wire::send(serve.address(), "POST", "/webhooks", &headers, registration).unwrap();
        assert_eq!(made.expect(201).json()["userId"], user);
    }
}

#[test]
fn paths_and_methods_that_are_not_there() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let id = serve.register(&json!({"url": "http://127.0.0.1:9/", "events": ["*"]})).id;
    let webhook = format!("/webhooks/{id}");
    let rows = [
        ("/health", "POST", "GET, HEAD"),
        ("/events", "GET", "POST"),
        ("/events", "DELETE", "POST"),
        ("/event-types", "POST", "GET"),
        ("/webhooks", "PUT", "GET, POST"),
        ("/webhooks", "DELETE", "GET, POST"),
        (&webhook, "POST", "GET, PATCH, DELETE"),
        (&format!("{webhook}/rotate-secret"), "GET", "POST"),
        (&format!("{webhook}/test"), "GET", "POST"),
        (&format!("{webhook}/attempts"), "POST", "GET"),
        ("/messages/msg_x", "DELETE", "GET"),
    ];
    for (path, method, allowed) in rows {
        let answer = serve.call(method, path, "").expect_problem(405, None);
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
    }
    for path in ["/", "/nothing", "/webhooks/x/y", "/events/1", "/webhooks/wh_x", "/messages/msg_x", "/webhooks/%2e%2e"]
    {
        serve.call("GET", path, "").expect_problem(404, None);
    }
    for path in ["/webhooks?limit=x", "/webhooks?limit=0", "/webhooks?limit=101"] {
        serve.call("GET", path, "").expect_problem(422, Some("limit"));
    }
    serve.call("GET", "/webhooks?cursor=x", "").expect_problem(422, Some("cursor"));
    serve.call("GET", "/webhooks?page=1", "").expect_problem(400, None);
    serve.call("GET", "/webhooks/%zz", "").expect_problem(400, None);
}

#[test]
fn requests_beyond_the_body_limit_are_refused_and_later_ones_served() {
    let folder = TempDir::new().unwrap();
    let serve = Serve::start(folder.path(), "standard");
    let authorization = format!("Bearer {TOKEN}");
    let send = |headers: &[(&str, &str)]| {
        let headers = [&[("Authorization", authorization.as_str())], headers].concat();
        wire::send(serve.address(), "POST", "/events", &headers, "").unwrap()
    };
    // Announced: refused before a byte of it has come.
    send(&[("Content-Length", "100000000")]).expect_problem(413, Some("body"));
    // Not announced: refused when it has become too much.
    let mut stream = TcpStream::connect(serve.address()).unwrap();
    let head = format!(
        "POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
    // Five megabytes, all of which are sent before the answer is read, as simple clients do.
    (0..80).try_for_each(|_| stream.write_all(&chunk)).unwrap();
    stream.write_all(b"0\r\n\r\n").unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(std::str::from_utf8(&answer), Ok("HTTP/1.1 413"));
    let large = "x".repeat(5_000_000);
    for (headers, path, status) in [
        (&[("Authorization", "Bearer wrong")][..], "/events", 401),
        (&[("Authorization", &*authorization)], "/events", 413),
    ] {
        wire::send(serve.address(), "POST", path, headers, &large).unwrap().expect_problem(status, None);
    }

    let event = |bytes: usize| json!({"type": "a", "data": {"text": "x".repeat(bytes)}});
    serve.accept(&event(250_000));
    serve.call("POST", "/events", &event(262_144).to_string()).expect_problem(413, Some("event"));
    let many = json!(vec![json!({"type": "a"}); 101]);
    serve.call("POST", "/events", &many.to_string()).expect_problem(413, Some("events"));
    let heavy = json!(vec![event(250_000); 17]);
    serve.call("POST", "/events", &heavy.to_string()).expect_problem(413, Some("events"));
    let most = serve.call("POST", "/events", &json!(vec![json!({"type": "a"}); 100]).to_string()).expect(202).json();
    assert_eq!(most["messageIds"].as_array().unwrap().len(), 100);
}
