//! Inputs that consist of parts, and the checks of results that targets share.

/// Splits an input into its parts, as in the corpus: lines of `===` separate them.
pub fn parts(input: &[u8]) -> Vec<String> {
    const PARTS_MAX: usize = 16;
    let text = String::from_utf8_lossy(input);
    text.split("\n===\n").take(PARTS_MAX).map(str::to_owned).collect()
}

/// Splits a part at its first empty line.
pub fn head_and_body(part: &str) -> (&str, &str) {
    match part.strip_prefix('\n') {
        Some(body) => ("", body),
        None => part.split_once("\n\n").unwrap_or((part, "")),
    }
}

/// Checks an error: its text is one line, and neither empty nor too long.
pub fn check_error(error: &hookwright_engine::Error) {
    const SAID_BYTES_MAX: usize = 4_096;
    let said = error.to_string();
    assert!(!error.message.is_empty(), "an error says nothing: {error:?}");
    assert!(said.len() <= SAID_BYTES_MAX, "an error of {} bytes", said.len());
    assert!(!said.chars().any(char::is_control), "an error with control characters: {said:?}");
}

/// Parses a text that must be JSON for `serde_json`. Returns `None` if a number in it is too large for that parser.
pub fn check_json(text: &str) -> Option<serde_json::Value> {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        panic!("no JSON: {error}: {text:?}");
    }
    serde_json::from_str(text).ok()
}
