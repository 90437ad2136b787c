//! Tests of the spellings of dates.

use super::*;

#[test]
fn dates_become_milliseconds() {
    let of = |name, text: &str, ms| assert_eq!(parse_ms(text), Some(ms), "{name}: {text}");
    for (name, text) in [
        ("IMF-fixdate", "Tue, 01 Dec 2026 04:43:48 GMT"),
        ("RFC 850", "Tuesday, 01-Dec-26 04:43:48 GMT"),
        ("asctime", "Tue Dec  1 04:43:48 2026"),
        ("an offset of 0", "Tue, 01 Dec 2026 04:43:48 +0000"),
        ("UTC", "Tue, 01 Dec 2026 04:43:48 UTC"),
        ("Z", "Tue, 01 Dec 2026 04:43:48 Z"),
        ("no zone", "Tue, 01 Dec 2026 04:43:48"),
        ("lower case", "tue, 01 dec 2026 04:43:48 gmt"),
        ("no weekday", "01 Dec 2026 04:43:48 GMT"),
        ("no comma", "Tue 01 Dec 2026 04:43:48 GMT"),
        ("a day of one digit", "Tue, 1 Dec 2026 4:43:48 GMT"),
        ("another weekday", "Mon, 01 Dec 2026 04:43:48 GMT"),
        ("dashes and four digits of the year", "Tue, 01-Dec-2026 04:43:48 GMT"),
        ("long names", "Tuesday, 1 December 2026 04:43:48 GMT"),
        ("an offset ahead", "Tue, 01 Dec 2026 06:13:48 +0130"),
        ("an offset behind", "Mon, 30 Nov 2026 20:43:48 -0800"),
        ("an American zone", "Mon, 30 Nov 2026 23:43:48 EST"),
        ("an offset with a colon", "Tue, 01 Dec 2026 05:43:48 +01:00"),
        ("a comment", "Tue, 01 Dec 2026 04:43:48 +0000 (UTC)"),
        ("JavaScript", "Tue Dec 01 2026 04:43:48 GMT+0000 (Coordinated Universal Time)"),
        ("the command date", "Tue Dec  1 04:43:48 UTC 2026"),
        ("RFC 3339", "2026-12-01T04:43:48Z"),
        ("RFC 3339 with an offset", "2026-12-01T05:43:48+01:00"),
        ("RFC 3339 in lower case", "2026-12-01t04:43:48z"),
        ("a fraction", "2026-12-01T04:43:48.000000Z"),
        ("an offset without a colon", "2026-12-01T05:43:48+0100"),
        ("an offset of hours", "2026-12-01T05:43:48+01"),
        ("a space for the T", "2026-12-01 04:43:48"),
        ("a space and a name", "2026-12-01 04:43:48 UTC"),
        ("without dashes and colons", "20261201T044348Z"),
        ("Go", "2026-12-01 04:43:48 +0000 UTC"),
        ("Java", "2026-12-01T04:43:48Z[UTC]"),
        ("space around", "  2026-12-01T04:43:48Z "),
    ] {
        of(name, text, 1_796_100_228_000);
    }
    of("a fraction is rounded up", "2026-12-01T04:43:48.0001Z", 1_796_100_228_001);
    of("no seconds", "2026-12-01T04:43Z", 1_796_100_180_000);
    of("the day alone", "2026-12-01", 1_796_083_200_000);
    of("two digits of the last century", "Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777_000);
    of("29 February", "Wed, 29 Feb 2096 23:59:59 GMT", 3_981_398_399_000);
    of("the last second", "Fri Dec 31 23:59:59 9999", 253_402_300_799_000);
    of("a leap second", "Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800_000);
    of("before 1970", "Tue, 06 Nov 1900 08:49:37 GMT", 0);
}

#[test]
fn other_texts_are_no_dates() {
    for (name, text) in [
        ("empty", ""),
        ("a word", "tomorrow"),
        ("a number", "120"),
        ("eight digits", "20261201"),
        ("an unknown zone", "Tue, 01 Dec 2026 04:43:48 XYZ"),
        ("two zones", "Tue, 01 Dec 2026 04:43:48 GMT UTC"),
        ("two dates", "Tue, 01 Dec 2026 04:43:48 GMT, Tue, 01 Dec 2026 04:43:48 GMT"),
        ("no time", "Tue, 01 Dec 2026"),
        ("no year", "Tue, 01 Dec 04:43:48 GMT"),
        ("31 November", "Sat, 31 Nov 1994 08:49:37 GMT"),
        ("29 February of a century", "Mon, 29 Feb 2100 08:49:37 GMT"),
        ("letters of two months", "Sun, 06 anF 1994 08:49:37 GMT"),
        ("two letters of a month", "Sun, 06 No 1994 08:49:37 GMT"),
        ("a year of three digits", "Sun, 06 Nov 994 08:49:37 GMT"),
        ("a year of twenty digits", "Sun, 06 Nov 99999999999999999999 08:49:37 GMT"),
        ("a day of three digits", "Sun, 006 Nov 1994 08:49:37 GMT"),
        ("hour 24", "Sun, 06 Nov 1994 24:00:00 GMT"),
        ("minute 60", "Sun, 06 Nov 1994 08:60:37 GMT"),
        ("second 61", "Sun, 06 Nov 1994 08:49:61 GMT"),
        ("a sign", "Sun, +6 Nov 1994 08:49:37 GMT"),
        ("month 13", "2026-13-01T04:43:48Z"),
        ("an offset of a day", "2026-12-01T04:43:48+24:00"),
        ("a point without digits", "2026-12-01T04:43:48.Z"),
        ("only dashes", "----------"),
        ("a wide digit", "２026-12-01T04:43:48Z"),
        ("characters of three bytes", "a€€a 1"),
        ("letters beyond ASCII", "Dé, 01 Dec 2026 04:43:48 GMT"),
        ("a comment without a beginning", "Tue, 01 Dec 2026 04:43:48)"),
        ("too long", &format!("Tue, 01 Dec 2026 04:43:48 GMT{}(x)", " ".repeat(100))),
    ] {
        assert_eq!(parse_ms(text), None, "{name}: {text}");
    }
}
