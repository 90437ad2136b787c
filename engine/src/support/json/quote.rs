//! Quotations in messages.

/// Returns the beginning of a text for a message: one line of at most 64 characters.
pub fn quoted(text: &str) -> String {
    let short: String = text.chars().take(64).flat_map(char::escape_debug).collect();
    if text.chars().nth(64).is_some() { format!("{short}...") } else { short }
}
