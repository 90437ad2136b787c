//! Times between text and microseconds since 1970. What time it is, is for the host to say.

use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::json::quoted;

const SECOND_US: u64 = 1_000_000;
const DAY_S: i64 = 86_400;
/// 9999-12-31T23:59:59.999999Z, the last time that RFC 3339 can say.
const LAST_US: i64 = 253_402_300_800 * 1_000_000 - 1;

/// The time of an RFC 3339 text (`2025-02-04T13:00:00.25+01:00`) from 1970 to 9999, in microseconds since
/// 1970-01-01T00:00:00Z. Digits beyond the microsecond are cut off. Leap seconds are refused.
///
/// Errors: `invalid`, without a field.
pub fn parse(text: &str) -> Result<u64, Error> {
    let micros = split(text).filter(|us| (0..=LAST_US).contains(us)).and_then(|us| u64::try_from(us).ok());
    micros.ok_or_else(|| {
        let message = format!("`{}` is no RFC 3339 time between 1970 and 9999", quoted(text));
        Error::of(ErrorKind::Invalid, message).hint("write it as 2025-02-04T12:00:00.000Z")
    })
}

fn split(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let head = bytes.get(..19)?;
    if head[4] != b'-' || head[7] != b'-' || !matches!(head[10], b'T' | b't') || head[13] != b':' || head[16] != b':' {
        return None;
    }
    let (year, month, day) = (number(&head[..4])?, number(&head[5..7])?, number(&head[8..10])?);
    let (hour, minute, second) = (number(&head[11..13])?, number(&head[14..16])?, number(&head[17..19])?);
    let (fraction_us, rest) = fraction(&bytes[19..])?;
    let seconds = seconds((year, month, day), (hour, minute, second))? - offset_s(rest)?;
    Some(seconds * 1_000_000 + fraction_us)
}

/// The time of a date as HTTP has it, in seconds since 1970, in any of the three forms of RFC 9110, section 5.6.7. The day of
/// the week is not looked at.
pub fn http_date(text: &str) -> Option<u64> {
    let parts: Vec<&str> = text.split([' ', ',', '-']).filter(|part| !part.is_empty()).collect();
    let (day, month, year, clock) = match parts[..] {
        [_, day, month, year, clock, "GMT"] => (day, month, year, clock),
        [_, month, day, clock, year] => (day, month, year, clock),
        _ => return None,
    };
    let &[h1, h2, b':', m1, m2, b':', s1, s2] = clock.as_bytes() else { return None };
    let mut months = (1..).zip(b"JanFebMarAprMayJunJulAugSepOctNovDec".chunks(3));
    let (month, _) = months.find(|(_, name)| *name == month.as_bytes())?;
    let year = match (number(year.as_bytes())?, year.len()) {
        (year, 4) => year,
        (year, 2) if year < 70 => 2_000 + year,
        (year, 2) => 1_900 + year,
        _ => return None,
    };
    let day = if day.len() <= 2 { number(day.as_bytes())? } else { 0 };
    let seconds = seconds((year, month, day), (number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?))?;
    seconds.try_into().ok()
}

/// Since 1970; `None`: there is no such day or no such time of day.
fn seconds((year, month, day): (i64, i64, i64), (hour, minute, second): (i64, i64, i64)) -> Option<i64> {
    let is_date = (1..=12).contains(&month) && (1..=month_days(year, month)).contains(&day);
    let is_time = hour <= 23 && minute <= 59 && second <= 59;
    (is_date && is_time).then(|| days(year, month, day) * DAY_S + hour * 3_600 + minute * 60 + second)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
}

/// The fraction in microseconds, and what follows it.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(after) = rest.strip_prefix(b".") else { return Some((0, rest)) };
    let count = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 {
        return None;
    }
    let padded = after[..count].iter().chain(std::iter::repeat(&b'0')).take(6);
    let us = padded.fold(0, |us, digit| us * 10 + i64::from(digit - b'0'));
    Some((us, &after[count..]))
}

fn offset_s(zone: &[u8]) -> Option<i64> {
    match zone {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            let seconds = hours * 3_600 + minutes * 60;
            (hours <= 23 && minutes <= 59).then_some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the years 1 up to the one before this, in the Gregorian calendar carried back.
fn days_before(year: i64) -> i64 {
    let past = year - 1;
    past * 365 + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400)
}

/// Days since 1970-01-01.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let months: i64 = (1..month).map(|month| month_days(year, month)).sum();
    days_before(year) - days_before(1970) + months + day - 1
}

/// Year, month, day of a number of days since 1970-01-01.
fn date(since_1970: i64) -> (i64, i64, i64) {
    // No year is longer than 366 days, so this is not too late; the loop makes up for the shorter ones.
    let mut year = 1970 + since_1970 / 366;
    while days(year + 1, 1, 1) <= since_1970 {
        year += 1;
    }
    let mut left = since_1970 - days(year, 1, 1);
    let mut month = 1;
    while left >= month_days(year, month) {
        left -= month_days(year, month);
        month += 1;
    }
    (year, month, left + 1)
}

fn to_seconds(us: u64) -> String {
    let seconds = i64::try_from(us / SECOND_US).unwrap_or(i64::MAX);
    let (year, month, day) = date(seconds / DAY_S);
    let (hour, minute, second) = (seconds % DAY_S / 3_600, seconds % 3_600 / 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

/// `2025-02-04T12:00:00+00:00`; the fraction is cut off.
pub fn rfc3339_seconds(us: u64) -> String {
    format!("{}+00:00", to_seconds(us))
}

/// `2025-02-04T12:00:00.000Z`; what is below a millisecond is cut off.
pub fn rfc3339_millis(us: u64) -> String {
    format!("{}.{:03}Z", to_seconds(us), us % SECOND_US / 1_000)
}

/// `2025-02-04T12:00:00.000000Z`.
pub fn rfc3339_micros(us: u64) -> String {
    format!("{}.{:06}Z", to_seconds(us), us % SECOND_US)
}

/// Whole seconds since 1970-01-01T00:00:00Z.
pub fn unix_seconds(us: u64) -> u64 {
    us / SECOND_US
}

/// Whole milliseconds since 1970-01-01T00:00:00Z.
pub fn unix_millis(us: u64) -> u64 {
    us / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, us: Option<u64>) {
        assert_eq!(parse(text).ok(), us, "{text}");
    }

    #[test]
    fn times_are_read() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("2025-02-04T12:00:00.000Z", Some(1_738_670_400_000_000));
        check("2025-02-04t12:00:00z", Some(1_738_670_400_000_000));
        check("2025-02-04T13:30:00+01:30", Some(1_738_670_400_000_000));
        check("2025-02-04T07:00:00.5-05:00", Some(1_738_670_400_500_000));
        check("2026-01-16T12:34:56.7890129Z", Some(1_768_566_896_789_012));
        check("2000-02-29T00:00:00Z", Some(951_782_400_000_000));
        check("1970-01-01T01:00:00+01:00", Some(0));
        check("9999-12-31T23:59:59.999999999Z", Some(253_402_300_799_999_999));
    }

    #[test]
    fn dates_of_http_are_read() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Wed, 29 Feb 2096 23:59:59 GMT",
            "Tuesday, 31-Dec-69 23:59:59 GMT",
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Fri Dec 31 23:59:59 9999",
        ] {
            let oracle = httpdate::parse_http_date(text).unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
            assert_eq!(http_date(text), Some(oracle.as_secs()), "{text}");
        }
        for text in [
            "",
            "tomorrow",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 anF 1994 08:49:37 GMT",
            "Sun, 06 Nov 994 08:49:37 GMT",
            "Sun, 006 Nov 1994 08:49:37 GMT",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Mon, 29 Feb 2100 08:49:37 GMT",
            "Sun, 06 Nov 1994 8:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:60 GMT",
            "Sun, 06 Nov 1900 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(http_date(text), None, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "now",
            "2025-02-04",
            "2025-02-04T12:00:00",
            "2025-02-04 12:00:00Z",
            "2025-02-04T12:00:00.Z",
            "2025-02-04T12:00:00+0100",
            "2025-02-04T12:00:00+24:00",
            "2025-02-30T12:00:00Z",
            "2025-02-29T12:00:00Z",
            "1900-02-29T12:00:00Z",
            "2025-00-01T12:00:00Z",
            "2025-13-01T12:00:00Z",
            "2025-01-00T12:00:00Z",
            "2025-01-01T24:00:00Z",
            "2016-12-31T23:59:60Z",
            "2025-01-01T12:60:00Z",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "２025-02-04T12:00:00Z",
            "+025-02-04T12:00:00Z",
            "2025-02-04T12:00:00Z ",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn formats_are_written() {
        let us = 1_768_566_896_789_012;
        assert_eq!(rfc3339_seconds(us), "2026-01-16T12:34:56+00:00");
        assert_eq!(rfc3339_millis(us), "2026-01-16T12:34:56.789Z");
        assert_eq!(rfc3339_micros(us), "2026-01-16T12:34:56.789012Z");
        assert_eq!(unix_seconds(us), 1_768_566_896);
        assert_eq!(unix_millis(us), 1_768_566_896_789);
        assert_eq!(rfc3339_micros(0), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn every_day_comes_back() {
        let mut expected = (1970, 1, 1);
        // A whole turn of the calendar and more.
        for day in 0..days(2400, 1, 1) {
            assert_eq!(date(day), expected);
            assert_eq!(days(expected.0, expected.1, expected.2), day);
            expected.2 += 1;
            if expected.2 > month_days(expected.0, expected.1) {
                expected = (expected.0, expected.1 + 1, 1);
            }
            if expected.1 > 12 {
                expected = (expected.0 + 1, 1, 1);
            }
        }
        assert_eq!(expected, (2400, 1, 1));
        assert_eq!(date(days(10_000, 1, 1) - 1), (9999, 12, 31));
    }
}
