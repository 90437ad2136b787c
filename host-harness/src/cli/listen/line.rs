//! The printed form of a request: lines for people, or one line of JSON.

use std::time::UNIX_EPOCH;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookwright_engine::time;
use hookwright_engine::verify;
use hookwright_host::receiver::Received;
use serde::Serialize;

use crate::cli::judge::{Judge, Judged};
use crate::cli::text;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    at: &'a str,
    method: &'a str,
    target: &'a str,
    profile: Option<&'a str>,
    event_type: Option<&'a str>,
    verdict: &'a str,
    detail: &'a str,
    answered: u16,
    headers: &'a [(String, String)],
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

/// Returns the request with its verdict, ending in a line break.
pub fn of(judge: &Judge, received: &Received, answered: u16, json: bool) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers: Vec<(String, String)> =
        received.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
    let query = received.target.split_once('?').map_or("", |(_, query)| query);
    let request = verify::Received { method: &received.method, query, headers: &headers, body: &received.body };
    let judged = judge.judge(&request, received.at);
    let since_1970 = received.at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let at = time::rfc3339_millis(u64::try_from(since_1970.as_micros()).unwrap_or(u64::MAX));
    if json {
        for_programs(&judged, received, &headers, &at, answered)
    } else {
        for_people(&judged, received, &at, answered)
    }
}

fn for_people(judged: &Judged<'_>, received: &Received, at: &str, answered: u16) -> String {
    let mut out = format!(
        "{at}  {} {}  {}  {}  {}  answered {answered}\n",
        text::plain(&received.method),
        text::plain(&received.target),
        text::plain(judged.profile.map_or("?", |profile| &profile.name)),
        text::plain(judged.event_type.as_deref().unwrap_or("?")),
        text::plain(&judged.detail()),
    );
    for line in text::pretty(&received.body) {
        out.push_str("    ");
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn for_programs(
    judged: &Judged<'_>,
    received: &Received,
    headers: &[(String, String)],
    at: &str,
    answered: u16,
) -> String {
    let body = std::str::from_utf8(&received.body).ok();
    let line = Line {
        at,
        method: &received.method,
        target: &received.target,
        profile: judged.profile.map(|profile| profile.name.as_str()),
        event_type: judged.event_type.as_deref(),
        verdict: judged.word(),
        detail: &judged.detail(),
        answered,
        headers,
        body,
        body_base64: body.is_none().then(|| STANDARD.encode(&received.body)),
    };
    let line = serde_json::to_string(&line).expect("texts and numbers are JSON");
    text::plain_json(&line) + "\n"
}
