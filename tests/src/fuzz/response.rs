//! A receiver's response: status, headers and body. Each leads to one verdict, on time, with a log that can be read.
//!
//! An input is parts, each an answer: a status, headers a line each, an empty line, the body. A part that begins with no
//! number is a transport error with that text.

use hookwright_engine::limits::{EXCERPT_CHARS_MAX, RETRY_AFTER_MS_MAX};
use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::{HttpError, HttpErrorKind, Response};
use hookwright_engine::{attempts, on_event, test_webhook};
use serde_json::Value;

use super::parts::{check_error, check_json, head_and_body, parts};
use super::world::{World, config};

pub const WORDS: &[&str] = &[
    "200",
    "204",
    "301",
    "410",
    "429",
    "500",
    "503",
    "599",
    "\nretry-after: ",
    "\nRetry-After: ",
    "120",
    "0",
    "-1",
    "18446744073709551615",
    "18446744073709551616",
    "Tue, 04 Feb 2025 12:01:07 GMT",
    "Tuesday, 04-Feb-25 12:01:07 GMT",
    "Tue Feb  4 12:01:07 2025",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Tue, 04 Feb 2025 12:01:07 +0000",
    "Tue Feb 04 2025 12:01:07 GMT+0000 (UTC)",
    "2025-02-04T12:01:07.5+01:00",
    "1738670467000",
    "1h2m3.5s",
    "\ndate: ",
    "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
    "Sun Nov  6 08:49:37 99999999999999999999",
    "99999999999999999999",
    "\nwebhook-delivery: disable",
    "\nwebhook-delivery: abort-message",
    "\n\n",
    "\n===\n",
    "\u{0}",
    "\u{1b}[2J",
    "\u{fffd}",
    "timeout",
];

/// The waits between attempts, in seconds.
const SCHEDULE_S: [u64; 3] = [2, 4, 8];

pub fn run(input: &[u8]) -> bool {
    let (config, world) = (config("standard"), World::new(MemoryStore::new()));
    let registration = r#"{"url":"https://a.example/in","events":["*"],"schedule":[2,4,8]}"#;
    let webhook = world.register(&config, "acme", None, registration);
    let answers: Vec<_> = parts(input).iter().map(|part| answer(part)).collect();
    *world.answers.borrow_mut() = answers.iter().cloned().collect();
    on_event(&world, &config, Some("acme"), r#"{"type":"asset.updated","id":"e1"}"#).expect("a good event");
    // Longer than any wait, so every hint of the receiver has passed.
    for _ in 0..=SCHEDULE_S.len() {
        let delivered = world.deliver(&config);
        assert!(delivered.is_ok(), "an answer stops the worker: {delivered:?}");
        world.pass_ms(RETRY_AFTER_MS_MAX + 60_000);
    }
    let page = attempts(&world, &config, "acme", &webhook, None, 100).unwrap_or_else(|error| panic!("no log: {error}"));
    let page = check_json(&page).expect("small numbers");
    let log: Vec<&Value> = page["data"].as_array().into_iter().flatten().rev().collect();
    assert!(!log.is_empty() && log.len() <= SCHEDULE_S.len() + 1, "{} attempts", log.len());
    for (index, attempt) in log.iter().enumerate() {
        check_attempt(attempt, index, log.len());
    }
    if let Err(error) = test_webhook(&world, &config, "acme", &webhook, None) {
        check_error(&error);
    }
    log.len() > 1
}

fn answer(part: &str) -> Result<Response, HttpError> {
    let (head, body) = head_and_body(part);
    let mut lines = head.lines();
    let Some(status) =
        lines.next().and_then(|line| line.trim().parse().ok()).filter(|status| (100..600).contains(status))
    else {
        let kind = HttpErrorKind::ALL[part.len() % HttpErrorKind::ALL.len()];
        return Err(HttpError { kind, detail: part.to_owned() });
    };
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned())).collect();
    Ok(Response { status, headers, body: body.to_owned(), truncated: false })
}

fn check_attempt(attempt: &Value, index: usize, count: usize) {
    let state = attempt["state"].as_str().unwrap_or_default();
    let is_last = index + 1 == count;
    assert_eq!(state == "retrying", !is_last, "attempt {index} of {count} is {attempt}");
    assert_eq!(attempt["number"].as_u64(), u64::try_from(index + 1).ok());
    let status = attempt["status"].as_u64();
    assert_eq!(state == "delivered", status.is_some_and(|status| (200..300).contains(&status)), "{attempt}");
    assert!(status.is_none() || attempt.get("responseExcerpt").is_some(), "{attempt}");
    for name in ["responseExcerpt", "detail"] {
        let text = attempt[name].as_str().unwrap_or_default();
        assert!(text.chars().count() <= EXCERPT_CHARS_MAX, "{name} has {} characters", text.chars().count());
    }
}
