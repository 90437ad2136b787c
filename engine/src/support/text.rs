//! White space around a text that was pasted, and invisible characters inside it.

/// Returns the text without what surrounds a pasted text: white space as Unicode defines it, byte order marks, and
/// characters without width. Secrets are never trimmed, because a space in one may be meant.
pub fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Trims a text in its place.
pub fn trim_in_place(text: &mut String) {
    let trimmed = trim(text);
    if trimmed.len() < text.len() {
        *text = trimmed.to_owned();
    }
}

/// Returns true if the character is white space or has no width: it is not seen at the end of a text.
pub fn is_blank(char: char) -> bool {
    let without_width = matches!(
        char,
        // Soft hyphen, Mongolian vowel separator, zero width space, (non-)joiner and direction marks
        '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        // Embeddings, overrides and isolates of direction; word joiner and invisible operators; byte order mark
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    char.is_whitespace() || without_width
}

/// Returns the name of a character for messages, for example ``a space`` or `U+200B`.
pub fn name_of(char: char) -> String {
    match char {
        ' ' => "a space".to_owned(),
        '\t' => "a tab".to_owned(),
        '\n' | '\r' => "a line break".to_owned(),
        '\u{a0}' => "a no-break space (U+00A0)".to_owned(),
        '\u{feff}' => "a byte order mark (U+FEFF)".to_owned(),
        _ => format!("the invisible character U+{:04X}", u32::from(char)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_surrounds_a_pasted_text_is_taken_away() {
        for (name, text, trimmed) in [
            ("nothing", "a", "a"),
            ("spaces", "  a b ", "a b"),
            ("line breaks and tabs", "\r\n\ta\n", "a"),
            ("byte order mark", "\u{feff}a", "a"),
            ("no-break and ideographic space", "\u{a0}a\u{3000}", "a"),
            ("zero width", "\u{200b}a\u{2060}\u{200e}", "a"),
            ("mixed", " \u{feff}\u{200b} a \n", "a"),
            ("only blanks", " \u{feff}", ""),
            ("inside", "a\u{200b}b", "a\u{200b}b"),
            ("controls are no blanks", "\0a\u{7f}", "\0a\u{7f}"),
        ] {
            assert_eq!(trim(text), trimmed, "{name}");
            let mut owned = text.to_owned();
            trim_in_place(&mut owned);
            assert_eq!(owned, trimmed, "{name}");
        }
    }
}
