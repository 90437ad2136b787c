//! Reads `Retry-After` as servers write it: the wait until the time before which a receiver does not want to be asked again.
//!
//! A value is a number of seconds, a duration with units, a time in seconds or smaller units since 1970, or a date. A value
//! that cannot be read counts as no header.

use crate::ports::Response;
use crate::support::date;
use crate::support::limits::RETRY_AFTER_MS_MAX;

/// A value counts in millionths of its unit, so that fractions are whole numbers.
const MILLIONTHS: u128 = 1_000_000;
/// Units of a time since 1970: the smallest number that is in the unit, and the unit in nanoseconds. The smallest of all
/// would be a wait of 31 years. It is September 2001 as a time in seconds; the others begin in 1973.
const TIME_UNITS_NS: [(u128, u128); 4] = [
    (100_000_000_000_000_000, 1),
    (100_000_000_000_000, 1_000),
    (100_000_000_000, 1_000_000),
    (1_000_000_000, SECOND_NS),
];
const SECOND_NS: u128 = 1_000_000_000;
const MILLISECOND_NS: u128 = 1_000_000;
/// The names of a duration's units, and their length in nanoseconds.
const DURATION_UNITS_NS: [(&[&str], u128); 8] = [
    (&["ns"], 1),
    (&["us", "µs", "μs"], 1_000),
    (&["ms", "msec", "msecs", "millisecond", "milliseconds"], MILLISECOND_NS),
    (&["s", "sec", "secs", "second", "seconds"], SECOND_NS),
    (&["m", "min", "mins", "minute", "minutes"], 60 * SECOND_NS),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600 * SECOND_NS),
    (&["d", "day", "days"], 86_400 * SECOND_NS),
    (&["w", "week", "weeks"], 604_800 * SECOND_NS),
];
/// Parts of one value, between commas, that are read.
const PARTS_MAX: usize = 16;

/// A value of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// A number of milliseconds from the response on.
    Wait(u128),
    /// A time, in milliseconds since 1970 by the receiver's clock.
    Until(u128),
}

/// Returns the longest wait that the response asks for, in milliseconds, up to the bound. 0: none.
///
/// A time is relative to the response's own `Date`, if it has one, so that a receiver's wrong clock changes nothing.
pub fn wait_ms(response: &Response, now_ms: u64) -> u64 {
    let values = |name: &'static str| {
        let found = response.headers.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    let date_ms = values("date").find_map(date::parse_ms).unwrap_or(now_ms);
    let waits = values("retry-after").flat_map(asked).map(|asked| match asked {
        Asked::Wait(wait_ms) => wait_ms,
        Asked::Until(until_ms) => until_ms.saturating_sub(u128::from(date_ms)),
    });
    let whole_seconds_ms = waits.max().unwrap_or(0).div_ceil(1_000).saturating_mul(1_000);
    u64::try_from(whole_seconds_ms).unwrap_or(u64::MAX).min(RETRY_AFTER_MS_MAX)
}

/// Reads a header's value. Some clients join several headers of one name with commas, which dates have as well.
fn asked(value: &str) -> Vec<Asked> {
    if let Some(asked) = one(value) {
        return vec![asked];
    }
    let parts: Vec<&str> = value.split(',').take(PARTS_MAX).collect();
    let mut found = Vec::new();
    let mut rest = parts.as_slice();
    while let [first, behind @ ..] = rest {
        let pair = behind.first().and_then(|second| one(&format!("{first},{second}")));
        rest = if pair.is_some() { &behind[1..] } else { behind };
        found.extend(pair.or_else(|| one(first)));
    }
    found
}

fn one(value: &str) -> Option<Asked> {
    let value = value.trim().trim_matches('"').trim();
    if let Some(number) = millionths(value.strip_prefix('+').unwrap_or(value)) {
        return Some(of_number(number));
    }
    let date = || date::parse_ms(value).map(|until_ms| Asked::Until(u128::from(until_ms)));
    duration_ms(value).map(Asked::Wait).or_else(date)
}

/// Reads digits, with or without a fraction. Returns the number in millionths, rounded up.
fn millionths(text: &str) -> Option<u128> {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    // A number that is too large for the type is beyond every bound.
    let whole = if whole.is_empty() { 0 } else { u128::from(whole.parse::<u64>().unwrap_or(u64::MAX)) };
    let (kept, cut) = fraction.split_at(fraction.len().min(6));
    let fraction: u128 = format!("{kept:0<6}").parse().ok()?;
    Some(whole * MILLIONTHS + fraction + u128::from(cut.bytes().any(|digit| digit != b'0')))
}

/// Returns the meaning of a number without a unit: seconds, unless it is plainly a time.
fn of_number(millionths: u128) -> Asked {
    match TIME_UNITS_NS.iter().find(|(least, _)| millionths >= least * MILLIONTHS) {
        Some((_, unit_ns)) => Asked::Until(to_ms(millionths, *unit_ns)),
        None => Asked::Wait(to_ms(millionths, SECOND_NS)),
    }
}

/// Returns a number of millionths of a unit in milliseconds, rounded up.
fn to_ms(millionths: u128, unit_ns: u128) -> u128 {
    millionths.saturating_mul(unit_ns).div_ceil(MILLIONTHS * MILLISECOND_NS)
}

/// Reads numbers with units: `120s`, `2 minutes`, `1m30s`, `1h, 30m`, `PT2M`, `P1DT2H`. Returns the sum, in milliseconds.
fn duration_ms(text: &str) -> Option<u128> {
    let lower = text.to_ascii_lowercase();
    let iso = lower.strip_prefix('p').map(|iso| iso.replacen('t', "", 1));
    let mut rest = iso.as_deref().unwrap_or(&lower);
    let mut sum_ms = None::<u128>;
    while !rest.is_empty() {
        let (number, behind) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let behind = behind.trim_start();
        let (unit, behind) = behind.split_at(behind.find(|c: char| !c.is_alphabetic()).unwrap_or(behind.len()));
        let (_, unit_ns) = DURATION_UNITS_NS.iter().find(|(names, _)| names.contains(&unit))?;
        sum_ms = Some(sum_ms.unwrap_or(0).saturating_add(to_ms(millionths(number)?, *unit_ns)));
        rest = behind.trim_start_matches([' ', '\t', ',']);
    }
    sum_ms
}

#[cfg(test)]
mod tests;
