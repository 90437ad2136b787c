//! Receivers that are neither well nor plainly down: they lie, redirect, answer garbage, or come back after days.

use hookwright_engine::ports::Response;

use super::receiver::Health;
use super::rng::Rng;

const DAY_US: u64 = 24 * 3_600 * 1_000_000;

/// Draws whether a receiver that is not well is one of these: streams of their own, so that other seeds stay as they were.
pub fn instead(rng: &mut Rng, health: Health, now_us: u64) -> Health {
    if matches!(health, Health::Well) {
        return health;
    }
    match rng.below(4) {
        0 => Health::Odd,
        1 => Health::Down { until_us: now_us + rng.between(DAY_US / 4, 4 * DAY_US) },
        _ => health,
    }
}

/// Returns such a receiver's response, and the time for which it can be understood to ask for a pause.
pub fn answer(rng: &mut Rng) -> (Response, Option<u64>) {
    let (status, headers, retry_after_s): (u16, &[(&str, &str)], Option<u64>) = match rng.below(12) {
        // The status alone decides success.
        0 => (200, &[("retry-after", "60"), ("webhook-delivery", "maybe")], None),
        1 => (299, &[("content-length", "-1"), ("content-type", "")], None),
        2 => (301, &[("location", "https://h0.sim.test/in")], None),
        3 => (307, &[("location", "http://169.254.169.254/")], None),
        4 => (304, &[], None),
        5 => (429, &[("retry-after", "soon")], None),
        6 => (503, &[("retry-after", "-5")], None),
        7 => (503, &[("retry-after", "99999999999999999999999")], Some(90_000)),
        8 => (429, &[("retry-after", "90000")], Some(90_000)),
        9 => (503, &[("retry-after", "Thu, 01 Jan 1970 00:00:00 GMT")], None),
        10 => (500, &[("webhook-delivery", ""), ("retry-after", "1"), ("retry-after", "1.5s")], Some(2)),
        _ => (599, &[], None),
    };
    let body = match rng.below(4) {
        0 => String::new(),
        1 => "\u{fffd}\u{0}\u{1b}[2J\"}{".repeat(8),
        2 => "<html>".repeat(2_000),
        _ => "{\"error\":\"é\u{1f600}\"}".repeat(rng.index(200)),
    };
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let truncated = body.len() > 1_000 && rng.below(2) == 0;
    (Response { status, headers, body, truncated }, retry_after_s)
}
