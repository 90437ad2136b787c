//! Equality of values by their meaning, which decides what counts as a change of a model.

use super::{Json, Style, write};

/// Returns a text that two values share exactly if they mean the same. The order of keys does not count, nor does the
/// notation of numbers (`1.0` is `1`, `1E5` is `100000`). A number never equals a string.
///
/// A text can be looked up in a set, so that finding one list's entries in another stays cheap at any size.
pub fn canonical(json: &Json) -> String {
    let mut out = String::new();
    value(&mut out, json);
    out
}

fn value(out: &mut String, json: &Json) {
    match json {
        Json::Number(number) => out.push_str(&decimal(number.text())),
        Json::Array(items) => {
            out.push('[');
            for item in items {
                value(out, item);
                out.push(',');
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            let mut sorted: Vec<&(String, Json)> = members.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            for (key, member) in sorted {
                out.push_str(&write(&Json::String(key.clone()), Style::Compact));
                out.push(':');
                value(out, member);
                out.push(',');
            }
            out.push('}');
        }
        _ => out.push_str(&write(json, Style::Compact)),
    }
}

/// Returns `-12.50e3` as `-125e2`: digits without zeros at either end, and the power of ten. It is exact, unlike a
/// float.
fn decimal(text: &str) -> String {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], power(&text[at + 1..])),
        None => (text, 0),
    };
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    let zeros = length(&digits) - length(significant);
    match significant.trim_start_matches('0') {
        "" => "0".to_owned(),
        kept => format!("{sign}{kept}e{}", exponent.saturating_add(zeros - length(fraction))),
    }
}

/// Returns the power of ten. All powers beyond 64 bits count as one, because no meaningful number has one.
fn power(text: &str) -> i64 {
    let least = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    text.parse().unwrap_or(least)
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}
