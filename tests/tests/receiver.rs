//! The loopback receiver, as the Rust host's HTTP client sees it.

use std::time::Duration;

use hookwright_engine::ports::{EgressPolicy, Http, HttpErrorKind, Request};
use hookwright_host::http::{HttpClient, Queue};
use hookwright_host::receiver::{Received, Receiver, Scheme, Script, Signature};
use hookwright_host::signal::Signals;

const PATIENCE: Duration = Duration::from_secs(20);

fn post(queue: &Queue, url: &str) -> Result<u16, HttpErrorKind> {
    queue.submit(vec![Request {
        id: 1,
        method: "POST".to_owned(),
        url: url.to_owned(),
        headers: vec![("X-Thing".to_owned(), "1".to_owned())],
        body: Some("{}".to_owned()),
        timeout_ms: 1_000,
        response_bytes_max: 100,
        egress: EgressPolicy::default(),
    }]);
    let completion = queue.wait(20_000).completions.remove(0);
    completion.result.map(|response| response.status).map_err(|error| error.kind)
}

fn check(script: Script, answers: &[Result<u16, HttpErrorKind>]) -> Vec<Received> {
    let queue = HttpClient::builder().build().unwrap().queue(Signals::new());
    let receiver = Receiver::start(script).unwrap();
    for answer in answers {
        assert_eq!(post(&queue, &receiver.url("/in?x=1")), *answer, "{script:?}");
    }
    assert!(receiver.wait_for(answers.len(), PATIENCE));
    receiver.received()
}

#[test]
fn a_receiver_follows_its_script() {
    check(Script::FailFirst(2), &[Ok(503), Ok(503), Ok(200), Ok(200)]);
    check(Script::Silent, &[Err(HttpErrorKind::Timeout)]);
    let received = check(Script::Healthy, &[Ok(200)]).remove(0);
    assert_eq!((received.method.as_str(), received.target.as_str()), ("POST", "/in?x=1"));
    assert_eq!((received.header("x-thing"), &received.body[..]), (Some("1"), b"{}".as_slice()));
    assert_eq!((received.signature, received.answered), (Signature::Unchecked, Some(200)));
}

#[test]
fn a_receiver_that_is_down_refuses_and_comes_up_where_it_said() {
    let queue = HttpClient::builder().build().unwrap().queue(Signals::new());
    let mut receiver = Receiver::reserve(Script::Healthy).unwrap();
    receiver.verify(Scheme::PerfexAssets(vec!["secret".to_owned()]));
    let url = receiver.url("/");
    assert_eq!(post(&queue, &url), Err(HttpErrorKind::Connect));
    receiver.come_up().unwrap();
    assert_eq!(post(&queue, &url), Ok(200));
    assert_eq!(receiver.received().remove(0).signature, Signature::Missing);
    assert!(!receiver.wait_for(2, Duration::from_millis(10)));
}
