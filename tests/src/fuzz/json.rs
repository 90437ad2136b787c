//! The parser and the writers that everything else stands on.

use super::parts::{check_error, check_json};
use hookwright_engine::json::{self, Json, Style};

pub const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u",
    "\\ud83d\\ude00",
    "\\ud800",
    "\\u0000",
    "null",
    "true",
    "-0",
    "1E5",
    "1.0e-999",
    "00",
    "-",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":",
    "\u{feff}",
    "\u{2028}",
    "\u{1f600}",
    "/",
    "\u{7f}",
];

const STYLES: [Style; 3] = [Style::Compact, Style::Php, Style::PythonIndent2];

pub fn run(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    if let Ok(kept) = json::parse_kept(text) {
        check_kept(&kept);
    }
    let value = match json::parse(text) {
        Ok(value) => value,
        Err(error) => {
            check_error(&error);
            return false;
        }
    };
    // A text that is accepted here is accepted by every parser, except numbers that are too large for other parsers.
    let foreign = check_json(text);
    let canonical = json::canonical(&value);
    for style in STYLES {
        let written = json::write(&value, style);
        let again = json::parse(&written).unwrap_or_else(|error| panic!("{style:?} wrote {written:?}: {error}"));
        assert_eq!(again, value, "{style:?} wrote another value");
        assert_eq!(json::write(&again, style), written, "{style:?} is not stable");
        // A number that is too large may have been under a key that came again.
        if let (Some(foreign), Some(written)) = (&foreign, check_json(&written)) {
            assert_eq!(written, *foreign, "{style:?} means something else elsewhere");
        }
        assert_eq!(json::canonical(&again), canonical, "{style:?} changes the canonical form");
        let half = written.len() / 2;
        assert_eq!(json::write_within(&value, style, written.len()).as_deref(), Some(written.as_str()));
        assert!(
            json::write_within(&value, style, half).is_none() || written.len() <= half,
            "{style:?} beyond its bound"
        );
    }
    check_no_key_twice(&value);
    true
}

/// Checks that what is no text is written as it was read, and can be replaced.
fn check_kept(value: &Json) {
    for style in STYLES {
        let written = json::write(value, style);
        assert_eq!(json::parse_kept(&written).as_ref(), Ok(value), "{style:?} wrote another value: {written:?}");
    }
    let replaced = json::replaced(value.clone());
    let written = json::write(&replaced, Style::Compact);
    assert_eq!(json::parse(&written), Ok(replaced), "a replaced text is still refused: {written:?}");
}

fn check_no_key_twice(value: &Json) {
    match value {
        Json::Object(members) => {
            let mut keys: Vec<&String> = members.iter().map(|(key, _)| key).collect();
            keys.sort_unstable();
            assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "a key is there twice");
            members.iter().for_each(|(_, member)| check_no_key_twice(member));
        }
        Json::Array(items) => items.iter().for_each(check_no_key_twice),
        _ => {}
    }
}
