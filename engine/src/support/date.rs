//! Reads dates as servers write them into headers: the three forms of HTTP, those of e-mail and of `date`, JavaScript's, and
//! ISO 8601. No library reads them all; the calendar is a library's.

use ::time::{Date, Month, PrimitiveDateTime, Time};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// The zones that RFC 5322, section 4.3, names, with their offsets in minutes.
const ZONES: [(&str, i64); 12] = [
    ("gmt", 0),
    ("utc", 0),
    ("ut", 0),
    ("z", 0),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
];
/// Length of the longest text that is read.
const TEXT_BYTES_MAX: usize = 100;

/// Returns the time of a date, in milliseconds since 1970-01-01T00:00:00Z, rounded up. A date without a zone is in UTC. A
/// time before 1970 is 0. The name of a weekday is not compared with the date.
pub fn parse_ms(text: &str) -> Option<u64> {
    let text = text.trim();
    // The readers below cut the text at bytes.
    if text.len() > TEXT_BYTES_MAX || !text.is_ascii() {
        return None;
    }
    let text = text.to_ascii_lowercase();
    let text = without_second_zone(&text);
    let moment = iso(text).or_else(|| named(text))?;
    Some(moment.unix_ms())
}

/// Returns the text without a zone's name behind its offset: Java writes `z[utc]`, and Go `+0000 utc`.
fn without_second_zone(text: &str) -> &str {
    if let Some((before, _)) = text.strip_suffix(']').and_then(|open| open.rsplit_once('[')) {
        return before;
    }
    let is_offset = |word: &str| word.len() == 5 && word.starts_with(['+', '-']) && whole(&word[1..]).is_some();
    match text.rsplit_once(' ') {
        Some((before, name)) if name.bytes().all(|byte| byte.is_ascii_lowercase()) => {
            before.rsplit(' ').next().filter(|word| is_offset(word)).map_or(text, |_| before)
        }
        _ => text,
    }
}

/// A date with its time of day and its zone.
#[derive(Clone, Copy, Debug)]
struct Moment {
    date: Date,
    clock: Clock,
    offset_min: i64,
}

/// A time of day.
#[derive(Clone, Copy, Debug)]
struct Clock {
    time: Time,
    /// A fraction of a second and a leap second, in milliseconds.
    more_ms: i64,
}

impl Moment {
    fn unix_ms(self) -> u64 {
        let seconds = PrimitiveDateTime::new(self.date, self.clock.time).assume_utc().unix_timestamp();
        u64::try_from((seconds - self.offset_min * 60) * 1_000 + self.clock.more_ms).unwrap_or(0)
    }
}

/// Reads `2026-12-01T04:43:48.5+01:00` and its shorter forms: without dashes and colons, a space for the `t`, without
/// seconds, without a zone, the date alone.
fn iso(text: &str) -> Option<Moment> {
    let (day, rest) = text.split_once(['t', ' ']).unwrap_or((text, ""));
    let digits = if day.len() == 10 && day.as_bytes()[4] == b'-' && day.as_bytes()[7] == b'-' {
        day.replace('-', "")
    } else {
        day.to_owned()
    };
    // Eight digits alone are a number.
    if digits.len() != 8 || (rest.is_empty() && day.len() == 8) {
        return None;
    }
    let month = Month::try_from(u8::try_from(whole(&digits[4..6])?).ok()?).ok()?;
    let date = date(whole(&digits[..4])?, month, whole(&digits[6..])?)?;
    let rest = rest.trim();
    let zone_at = rest.find(|c: char| c.is_ascii_alphabetic() || matches!(c, '+' | '-')).unwrap_or(rest.len());
    let (clock_text, zone) = rest.split_at(zone_at);
    let clock = if rest.is_empty() { clock("00:00")? } else { iso_clock(clock_text.trim())? };
    Some(Moment { date, clock, offset_min: offset_min(zone.trim())? })
}

/// Reads `04:43:48`, and `044348`.
fn iso_clock(text: &str) -> Option<Clock> {
    if text.contains(':') {
        return clock(text);
    }
    let end = text.find(['.', ',']).unwrap_or(text.len());
    let (digits, fraction) = text.split_at(end);
    match digits.len() {
        4 if fraction.is_empty() => clock(&format!("{}:{}", digits.get(..2)?, digits.get(2..)?)),
        6 => clock(&format!("{}:{}:{}{fraction}", digits.get(..2)?, digits.get(2..4)?, digits.get(4..)?)),
        _ => None,
    }
}

/// Reads a date that names its month: `tue, 01 dec 2026 04:43:48 gmt`, `tuesday, 01-dec-26 04:43:48 gmt`, `tue dec  1
/// 04:43:48 2026`, `1 dec 2026 04:43 +0000`, `tue dec 01 2026 04:43:48 gmt+0000 (coordinated universal time)`.
fn named(text: &str) -> Option<Moment> {
    let text = match text.strip_suffix(')') {
        Some(open) => open.rsplit_once('(')?.0,
        None => text,
    };
    let mut found = Parts::default();
    for word in text.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
        let is_day = word.starts_with(|first: char| first.is_ascii_digit()) && word.contains('-');
        for part in word.split(if is_day { '-' } else { ' ' }) {
            found.take(part)?;
        }
    }
    let date = date(found.year?, found.month?, found.day?)?;
    Some(Moment { date, clock: found.clock?, offset_min: found.offset_min.unwrap_or(0) })
}

/// The parts of a date that were found so far, each at most once.
#[derive(Default)]
struct Parts {
    weekday: Option<()>,
    day: Option<u32>,
    month: Option<Month>,
    year: Option<u32>,
    clock: Option<Clock>,
    offset_min: Option<i64>,
}

impl Parts {
    /// Takes a word. `None`: it is no part of a date, or was there before.
    fn take(&mut self, word: &str) -> Option<()> {
        if word.contains(':') && !word.starts_with(['+', '-']) {
            return set(&mut self.clock, clock(word)?);
        }
        if let Some(number) = whole(word) {
            return match word.len() {
                1 | 2 if self.day.is_none() => set(&mut self.day, number),
                // As in RFC 9110: two digits are not far in the future.
                2 => set(&mut self.year, number + if number < 70 { 2_000 } else { 1_900 }),
                4 => set(&mut self.year, number),
                _ => None,
            };
        }
        if let Some(index) = index_of(&MONTHS, word) {
            return set(&mut self.month, Month::try_from(u8::try_from(index + 1).ok()?).ok()?);
        }
        if index_of(&WEEKDAYS, word).is_some() {
            return set(&mut self.weekday, ());
        }
        set(&mut self.offset_min, offset_min(word)?)
    }
}

fn set<T>(part: &mut Option<T>, value: T) -> Option<()> {
    part.replace(value).is_none().then_some(())
}

/// Returns the position of the name that begins with a word of at least three letters.
fn index_of(names: &[&str], word: &str) -> Option<usize> {
    names.iter().position(|name| word.len() >= 3 && name.starts_with(word))
}

/// Reads digits.
fn whole(text: &str) -> Option<u32> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_digits)
}

fn date(year: u32, month: Month, day: u32) -> Option<Date> {
    Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()
}

/// Reads `04:43`, `04:43:48` and `04:43:48.5`. A leap second is the one after the second before.
fn clock(text: &str) -> Option<Clock> {
    let (text, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let mut parts = text.split(':');
    let hour = u8::try_from(whole(parts.next()?)?).ok()?;
    let minute = u8::try_from(whole(parts.next()?)?).ok()?;
    let second = u8::try_from(parts.next().map_or(Some(0), whole)?).ok()?;
    whole(fraction.get(..1)?)?;
    if parts.next().is_some() || second > 60 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = fraction.get(..fraction.len().min(3))?;
    let cut = fraction[kept.len()..].bytes().any(|digit| digit != b'0');
    let fraction_ms = i64::from(whole(&format!("{kept:0<3}"))?) + i64::from(cut);
    let time = Time::from_hms(hour, minute, second.min(59)).ok()?;
    Some(Clock { time, more_ms: fraction_ms + if second == 60 { 1_000 } else { 0 } })
}

/// Reads a zone: a name, `+0100`, `+01:00`, `+01`, or a name and an offset. Returns minutes. No zone is UTC.
fn offset_min(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    if let Some((_, offset_min)) = ZONES.iter().find(|(name, _)| *name == text) {
        return Some(*offset_min);
    }
    let offset = text.strip_prefix("gmt").or_else(|| text.strip_prefix("utc")).unwrap_or(text);
    let (sign, digits) = match offset.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, offset.strip_prefix('+')?),
    };
    let digits = digits.replacen(':', "", 1);
    let (hours, minutes) = match digits.len() {
        2 => (whole(&digits)?, 0),
        4 => (whole(digits.get(..2)?)?, whole(digits.get(2..)?)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then(|| sign * i64::from(hours * 60 + minutes))
}

#[cfg(test)]
mod tests;
