//! Tests of the values of `Retry-After`.

use super::*;

/// 2026-12-01T04:43:48Z
const NOW_MS: u64 = 1_796_100_228_000;

fn waited_ms(headers: &[(&str, &str)]) -> u64 {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    wait_ms(&Response { headers, ..Response::default() }, NOW_MS)
}

#[test]
fn values_become_waits_of_whole_seconds() {
    for (name, value, wait_s) in [
        ("seconds", "120", 120),
        ("space around", "  120 ", 120),
        ("a tab", "\t120", 120),
        ("quotes", "\"120\"", 120),
        ("zeros before", "000120", 120),
        ("a plus", "+120", 120),
        ("a fraction", "120.5", 121),
        ("a fraction of zeros", "120.000", 120),
        ("a small fraction", "0.0000001", 1),
        ("0", "0", 0),
        ("negative", "-5", 0),
        ("no value", "", 0),
        ("a word", "soon", 0),
        ("a comma for the point", "1,5", 5),
        ("two points", "1.2.3", 0),
        ("a point alone", ".", 0),
        ("hexadecimal", "0x78", 0),
        ("an exponent", "1e2", 0),
        ("seconds with a unit", "120s", 120),
        ("a unit after a space", "120 seconds", 120),
        ("minutes", "2 minutes", 120),
        ("a duration of Go", "1h2m3.5s", 3_724),
        ("a duration of Go without minutes", "2m0s", 120),
        ("milliseconds with a unit", "1500ms", 2),
        ("ISO 8601", "PT2M", 120),
        ("ISO 8601 with days", "P1DT2H", 86_400),
        ("two units with a comma", "1h, 30m", 5_400),
        ("a week, beyond the bound", "1 week", 86_400),
        ("no digit behind the point", "120.", 120),
        ("no digit before the point", ".5", 1),
        ("an unknown unit", "3 fortnights", 0),
        ("seconds since 1970", "1796100348", 120),
        ("seconds since 1970 with a fraction", "1796100347.25", 120),
        ("milliseconds since 1970", "1796100348000", 120),
        ("microseconds since 1970", "1796100348000000", 120),
        ("nanoseconds since 1970", "1796100348000000000", 120),
        ("a time in the past", "1700000000", 0),
        ("the longest wait", "86400", 86_400),
        ("longer than the longest", "90000", 86_400),
        ("a wait of years", "999999999", 86_400),
        ("twenty digits", "99999999999999999999", 86_400),
        ("fifty digits", "99999999999999999999999999999999999999999999999999", 86_400),
        ("IMF-fixdate", "Tue, 01 Dec 2026 04:45:48 GMT", 120),
        ("RFC 850", "Tuesday, 01-Dec-26 04:45:48 GMT", 120),
        ("asctime", "Tue Dec  1 04:45:48 2026", 120),
        ("an offset of 0", "Tue, 01 Dec 2026 04:45:48 +0000", 120),
        ("UTC", "Tue, 01 Dec 2026 04:45:48 UTC", 120),
        ("RFC 3339", "2026-12-01T04:45:48Z", 120),
        ("RFC 3339 with a fraction", "2026-12-01T04:45:47.001Z", 120),
        ("a date in the past", "Tue, 01 Dec 2020 04:45:48 GMT", 0),
        ("1970", "Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("9999", "Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ("two values", "60, 120", 120),
        ("two dates", "Tue, 01 Dec 2026 04:44:48 GMT, Tue, 01 Dec 2026 04:45:48 GMT", 120),
        ("a date and a number", "Tue, 01 Dec 2026 04:44:48 GMT, 120", 120),
        ("a number and a word", "120, soon", 120),
    ] {
        assert_eq!(waited_ms(&[("retry-after", value)]), wait_s * 1_000, "{name}: {value}");
    }
}

#[test]
fn latest_of_several_headers_counts() {
    assert_eq!(waited_ms(&[("retry-after", "60"), ("Retry-After", "120"), ("RETRY-AFTER", "5")]), 120_000);
    assert_eq!(waited_ms(&[("x-retry-after", "60")]), 0);
    assert_eq!(waited_ms(&[]), 0);
}

#[test]
fn time_is_relative_to_the_date_of_the_response() {
    let until = ("retry-after", "Tue, 01 Dec 2026 04:45:48 GMT");
    for (name, date, wait_s) in [
        ("the same clock", "Tue, 01 Dec 2026 04:43:48 GMT", 120),
        ("a clock that is an hour behind", "Tue, 01 Dec 2026 03:43:48 GMT", 3_720),
        ("a clock that is ahead", "Tue, 01 Dec 2026 04:45:00 GMT", 48),
        ("no date", "today", 120),
    ] {
        assert_eq!(waited_ms(&[("Date", date), until]), wait_s * 1_000, "{name}");
    }
    let ahead = ("date", "Tue, 01 Dec 2026 05:43:48 GMT");
    assert_eq!(waited_ms(&[ahead, ("retry-after", "1796103948")]), 120_000, "seconds since 1970");
    assert_eq!(waited_ms(&[ahead, ("retry-after", "120")]), 120_000, "seconds have no clock");
}
