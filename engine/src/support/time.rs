//! Conversions between text and microseconds since 1970-01-01T00:00:00Z. The current time comes from the host.

use ::time::OffsetDateTime;
use ::time::format_description::well_known::Rfc3339;

use crate::support::error::{Error, ErrorKind};
use crate::support::json::quoted;

const SECOND_US: u64 = 1_000_000;
/// 9999-12-31T23:59:59.999999Z, the last time that RFC 3339 can express.
const LAST_US: u64 = 253_402_300_800 * SECOND_US - 1;

/// Returns the time of an RFC 3339 text (`2025-02-04T13:00:00.25+01:00`) from 1970 to 9999, in microseconds since
/// 1970-01-01T00:00:00Z. Digits beyond the microsecond are cut off. Leap seconds are refused.
///
/// Errors: `invalid`, without a field.
pub fn parse(text: &str) -> Result<u64, Error> {
    read(text).ok_or_else(|| {
        let message = format!("`{}` is no RFC 3339 time between 1970 and 9999", quoted(text));
        Error::of(ErrorKind::Invalid, message).hint("write it as 2025-02-04T12:00:00.000Z")
    })
}

fn read(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    // The library takes any separator between date and time, and moves a leap second to the end of the one before.
    if !matches!(bytes.get(10), Some(b'T' | b't')) || bytes.get(17..19) == Some(b"60") {
        return None;
    }
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let us = u64::try_from(time.unix_timestamp_nanos().div_euclid(1_000)).ok()?;
    (us <= LAST_US).then_some(us)
}

/// Returns the date and the time of day to the second. A time after 9999 becomes the last one of 9999.
fn to_seconds(us: u64) -> String {
    let seconds = i64::try_from(us.min(LAST_US) / SECOND_US).unwrap_or_default();
    let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.to_hms();
    format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}", u8::from(month))
}

/// Returns the time as `2025-02-04T12:00:00+00:00`. The fraction is cut off.
pub fn rfc3339_seconds(us: u64) -> String {
    format!("{}+00:00", to_seconds(us))
}

/// Returns the time as `2025-02-04T12:00:00.000Z`. Digits below a millisecond are cut off.
pub fn rfc3339_millis(us: u64) -> String {
    format!("{}.{:03}Z", to_seconds(us), us.min(LAST_US) % SECOND_US / 1_000)
}

/// Returns the time as `2025-02-04T12:00:00.000000Z`.
pub fn rfc3339_micros(us: u64) -> String {
    format!("{}.{:06}Z", to_seconds(us), us.min(LAST_US) % SECOND_US)
}

/// Returns the whole seconds since 1970-01-01T00:00:00Z.
pub fn unix_seconds(us: u64) -> u64 {
    us / SECOND_US
}

/// Returns the whole milliseconds since 1970-01-01T00:00:00Z.
pub fn unix_millis(us: u64) -> u64 {
    us / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_texts_become_microseconds() {
        for (name, text, us) in [
            ("the epoch", "1970-01-01T00:00:00Z", 0),
            ("milliseconds", "2025-02-04T12:00:00.000Z", 1_738_670_400_000_000),
            ("lower case", "2025-02-04t12:00:00z", 1_738_670_400_000_000),
            ("an offset ahead", "2025-02-04T13:30:00+01:30", 1_738_670_400_000_000),
            ("an offset behind, half a second", "2025-02-04T07:00:00.5-05:00", 1_738_670_400_500_000),
            ("seven digits", "2026-01-16T12:34:56.7890129Z", 1_768_566_896_789_012),
            ("forty digits", &format!("1970-01-01T00:00:00.{}Z", "1".repeat(40)), 111_111),
            ("29 February of a leap century", "2000-02-29T00:00:00Z", 951_782_400_000_000),
            ("the epoch by an offset", "1970-01-01T01:00:00+01:00", 0),
            ("the last time", "9999-12-31T23:59:59.999999999Z", 253_402_300_799_999_999),
        ] {
            assert_eq!(parse(text), Ok(us), "{name}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for (name, text) in [
            ("empty", ""),
            ("a word", "now"),
            ("a date", "2025-02-04"),
            ("no offset", "2025-02-04T12:00:00"),
            ("a space for the T", "2025-02-04 12:00:00Z"),
            ("a point without digits", "2025-02-04T12:00:00.Z"),
            ("an offset without a colon", "2025-02-04T12:00:00+0100"),
            ("an offset of a day", "2025-02-04T12:00:00+24:00"),
            ("an offset of 60 minutes", "2025-02-04T12:00:00+00:60"),
            ("30 February", "2025-02-30T12:00:00Z"),
            ("29 February of another year", "2025-02-29T12:00:00Z"),
            ("29 February of a century", "2100-02-29T12:00:00Z"),
            ("month 0", "2025-00-01T12:00:00Z"),
            ("month 13", "2025-13-01T12:00:00Z"),
            ("day 0", "2025-01-00T12:00:00Z"),
            ("hour 24", "2025-01-01T24:00:00Z"),
            ("a leap second", "2016-12-31T23:59:60Z"),
            ("minute 60", "2025-01-01T12:60:00Z"),
            ("before 1970", "1969-12-31T23:59:59Z"),
            ("before 1970 by an offset", "1970-01-01T00:00:00+00:01"),
            ("after 9999 by an offset", "9999-12-31T23:59:59-00:01"),
            ("a wide digit", "２025-02-04T12:00:00Z"),
            ("a sign", "+025-02-04T12:00:00Z"),
            ("a year of twenty digits", "99999999999999999999-02-04T12:00:00Z"),
            ("a space behind", "2025-02-04T12:00:00Z "),
        ] {
            assert!(parse(text).is_err(), "{name}");
        }
    }

    #[test]
    fn microseconds_become_text() {
        let us = 1_768_566_896_789_012;
        assert_eq!(rfc3339_seconds(us), "2026-01-16T12:34:56+00:00");
        assert_eq!(rfc3339_millis(us), "2026-01-16T12:34:56.789Z");
        assert_eq!(rfc3339_micros(us), "2026-01-16T12:34:56.789012Z");
        assert_eq!(unix_seconds(us), 1_768_566_896);
        assert_eq!(unix_millis(us), 1_768_566_896_789);
        assert_eq!(rfc3339_micros(0), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn a_time_after_9999_becomes_the_last_of_9999() {
        for us in [LAST_US, LAST_US + 1, u64::MAX] {
            assert_eq!(rfc3339_micros(us), "9999-12-31T23:59:59.999999Z", "{us}");
        }
    }
}
