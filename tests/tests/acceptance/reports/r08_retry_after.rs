//! `Retry-After`: when the next attempt is due, for each form of the header and each status.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::responder::{Reply, Responder};
use crate::acceptance::serve::{Serve, TOKEN, store};

/// Names of the profiles in which `Retry-After` counts with some statuses only, and these.
const PROFILES: [(&str, &str); 2] = [("named", "[429]"), ("never", "[]")];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// From the first day of 1970 on.
const WEEKDAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
/// The tolerance for a busy machine and for times in whole seconds.
const TOLERANCE_MS: u64 = 5_000;

#[test]
fn next_attempt_is_not_earlier_than_the_receiver_asks() {
    let folder = TempDir::new().unwrap();
    let mut options = vec!["--store".to_owned(), store(folder.path()), "--token".to_owned(), TOKEN.to_owned()];
    options.extend(["--allow-destination", "127.0.0.0/8"].map(str::to_owned));
    for (name, statuses) in PROFILES {
        let path = folder.path().join(name);
        std::fs::write(&path, profile(name, statuses)).unwrap();
        options.extend(["--profile-file".to_owned(), path.display().to_string()]);
    }
    let serve = Serve::start_with(&options.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    for case in super::cases("08-retry-after") {
        check(&serve, &case);
    }
}

fn profile(name: &str, statuses: &str) -> String {
    let standard = hookwright_engine::profile::Profile::builtin_text("standard").unwrap();
    let fields = format!("\"name\": \"{name}\", \"retryAfterOn\": {statuses}");
    standard.replace("\"name\": \"standard\"", &fields).replace("\"jitterPercent\": 10", "\"jitterPercent\": 0")
}

fn check(serve: &Serve, case: &Value) {
    let name = &case["name"];
    let lines: Vec<String> =
        case["headers"].as_array().unwrap().iter().map(|line| filled(line.as_str().unwrap())).collect();
    let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
    let receiver = Responder::start(vec![Reply { status, headers: lines.clone() }]);
    let client = serve.of(&format!("tenant {name}"));
    // The jitter of the built-in profile would lengthen the wait of the schedule; `named` has none.
    let format = case["format"].as_str().unwrap_or("perscom");
    let registration = json!({"url": receiver.url(), "events": ["*"], "format": format, "schedule": [60]});
    let webhook = client.register(&registration);
    client.accept(&json!({"type": "a"}));
    let attempt = client.wait_for_attempts(&webhook.id, 1).remove(0);
    let ms = |field: &str| hookwright_engine::time::parse(attempt[field].as_str().unwrap()).unwrap() / 1_000;
    let waited_ms = ms("nextAttemptAt") - ms("at");
    let expected_ms = case["waitS"].as_u64().unwrap() * 1_000;
    // Times are in whole seconds, so up to one of them has passed.
    let is_time = lines.iter().any(|line| line.starts_with("Retry-After") && line.len() > 22);
    let least_ms = expected_ms - if is_time && expected_ms > 60_000 { 2_000 } else { 0 };
    assert!((least_ms..expected_ms + TOLERANCE_MS).contains(&waited_ms), "{name}: {waited_ms} ms after {lines:?}");
}

/// Puts times in the place of placeholders such as `{http+120}`.
fn filled(line: &str) -> String {
    let Some((before, (placeholder, after))) =
        line.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    else {
        return line.to_owned();
    };
    let (form, seconds) = placeholder.split_once('+').unwrap();
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let at_s = now_s.checked_add_signed(seconds.parse().unwrap()).unwrap();
    let text = hookwright_engine::time::rfc3339_seconds(at_s * 1_000_000);
    let (year, day, clock) = (&text[..4], &text[8..10], &text[11..19]);
    let month = MONTHS[text[5..7].parse::<usize>().unwrap() - 1];
    let weekday = WEEKDAYS[usize::try_from(at_s / 86_400 % 7).unwrap()];
    let written = match form {
        "http" => format!("{}, {day} {month} {year} {clock}", &weekday[..3]),
        "rfc850" => format!("{weekday}, {day}-{month}-{} {clock}", &year[2..]),
        "asctime" => format!("{} {month} {:>2} {clock} {year}", &weekday[..3], day.trim_start_matches('0')),
        "iso" => text[..19].to_owned(),
        "unix" => at_s.to_string(),
        _ => panic!("{form} is no form"),
    };
    format!("{before}{written}{after}")
}
