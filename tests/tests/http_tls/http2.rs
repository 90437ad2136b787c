//! The version of HTTP over TLS: HTTP/1.1, and HTTP/2 only for receivers that accept nothing else.

use hookwright_engine::ports::{Http, HttpError, HttpErrorKind, Response};
use hookwright_host::http::{HttpClient, Queue};
use hookwright_host::signal::Signals;

use super::receiver::{Terms, TlsReceiver, pem};
use super::{PATIENCE_MS, request};

const HTTP2_ONLY: [&str; 1] = ["h2"];

fn queue() -> Queue {
    HttpClient::builder().roots_pem(pem("authority")).unwrap().build().unwrap().queue(Signals::new())
}

fn terms(protocols: &[&'static str]) -> Terms {
    Terms { protocols: protocols.to_vec(), ..Terms::of("issued") }
}

fn ask(queue: &Queue, receiver: &TlsReceiver) -> Result<Response, HttpError> {
    queue.submit(vec![request(&receiver.url("localhost"))]);
    queue.wait(PATIENCE_MS).completions.remove(0).result
}

#[test]
fn http1_is_used_unless_the_receiver_accepts_only_http2() {
    for (protocols, version) in [
        (&["h2", "http/1.1"][..], "HTTP/1.1"),
        (&["http/1.1"], "HTTP/1.1"),
        (&[], "HTTP/1.1"),
        (&HTTP2_ONLY, "HTTP/2.0"),
    ] {
        let (receiver, queue) = (TlsReceiver::start(&terms(protocols)), queue());
        for _ in 0..3 {
            let response = ask(&queue, &receiver).unwrap();
            assert_eq!((response.status, response.body.as_str()), (200, version), "{protocols:?}");
        }
    }
}

#[test]
fn receiver_that_wants_http1_for_a_path_gets_it() {
    let (receiver, queue) = (TlsReceiver::start(&terms(&["h2", "http/1.1"])), queue());
    receiver.ask_for_http1();
    for _ in 0..3 {
        assert_eq!(ask(&queue, &receiver).unwrap().body, "HTTP/1.1");
    }
    assert_eq!(receiver.http2_requests(), 0);
}

#[test]
fn receiver_that_begins_to_want_http1_gets_it_in_the_same_attempt() {
    let receiver = TlsReceiver::start_changing(&terms(&HTTP2_ONLY), terms(&["h2", "http/1.1"]));
    let queue = queue();
    assert_eq!(ask(&queue, &receiver).unwrap().body, "HTTP/2.0");
    receiver.ask_for_http1();
    for _ in 0..3 {
        assert_eq!(ask(&queue, &receiver).unwrap().body, "HTTP/1.1");
    }
    assert_eq!(receiver.http2_requests(), 2);
}

#[test]
fn receiver_that_stops_to_accept_http2_gets_http1() {
    let receiver = TlsReceiver::start_changing(&terms(&HTTP2_ONLY), terms(&["http/1.1"]));
    let first = queue();
    assert_eq!(ask(&first, &receiver).unwrap().body, "HTTP/2.0");
    receiver.ask_for_http1();
    // The kept connection still speaks HTTP/2, and its stream is reset.
    assert_eq!(ask(&first, &receiver).unwrap().body, "HTTP/1.1");
    assert_eq!(ask(&queue(), &receiver).unwrap().body, "HTTP/1.1");
}

#[test]
fn receiver_that_wants_http1_and_refuses_it_is_explained() {
    let (receiver, queue) = (TlsReceiver::start(&terms(&HTTP2_ONLY)), queue());
    receiver.ask_for_http1();
    for _ in 0..3 {
        let error = ask(&queue, &receiver).unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Protocol, "{error:?}");
        assert!(error.detail.contains("asks for HTTP/1.1, but accepts only HTTP/2"), "{error:?}");
    }
}
