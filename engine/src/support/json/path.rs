//! Which field is at a place of a text, for errors of a reader that knows only the place.

/// A step from a value to one inside it.
enum Step<'t> {
    /// A member, by its key as the text spells it. `None`: no key has been read yet.
    Member(Option<&'t str>),
    /// An item of an array, by its index.
    Item(usize),
}

/// Returns the path, like `deliveries[0].number`, of the innermost value that has the byte at `line` and `column`, both from 1.
/// It is empty if that is the whole text's value. Columns are counted in bytes. The text must be JSON up to the byte.
///
/// A closing bracket belongs to its array or object, and so does an opening bracket. A key belongs to its object.
pub fn path_at(text: &str, line: usize, column: usize) -> String {
    let line_start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let end = (line_start + column).min(text.len());
    let bytes = &text.as_bytes()[..end];
    let mut steps = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let is_last = at + 1 == bytes.len();
        match (bytes[at], steps.last_mut()) {
            (b'{', _) if !is_last => steps.push(Step::Member(None)),
            (b'[', _) if !is_last => steps.push(Step::Item(0)),
            (b'}' | b']', _) => _ = steps.pop(),
            (b',', Some(Step::Member(key))) => *key = None,
            (b',', Some(Step::Item(index))) => *index += 1,
            (b'"', last) => {
                let close = closing_quote(bytes, at);
                if let Some(Step::Member(key @ None)) = last
                    && close + 1 < bytes.len()
                {
                    *key = text.get(at + 1..close);
                }
                at = close;
            }
            _ => {}
        }
        at += 1;
    }
    written(&steps)
}

/// Returns the offset of the quote that ends the string which begins at an offset, or the end of the bytes.
fn closing_quote(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

fn written(steps: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Member(Some(key)) => {
                let dot = if path.is_empty() { "" } else { "." };
                path = format!("{path}{dot}{key}");
            }
            Step::Item(index) => path = format!("{path}[{index}]"),
            Step::Member(None) => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::path_at;

    #[test]
    fn path_is_that_of_the_innermost_value() {
        let text = "{\"a\":1,\"b\":[{\"c\\\"\":\"x,}\"},\n[2,3]],\"d\":{}}";
        // The text up to the byte, whose line is told by the text itself.
        for (name, up_to, path) in [
            ("nothing", "", ""),
            ("opening bracket of the whole", "{", ""),
            ("key", "{\"a\"", ""),
            ("after a key", "{\"a\":", "a"),
            ("number", "{\"a\":1", "a"),
            ("comma", "{\"a\":1,", ""),
            ("opening bracket of an array", "{\"a\":1,\"b\":[", "b"),
            ("opening bracket of an object", "{\"a\":1,\"b\":[{", "b[0]"),
            ("key with an escape", "{\"a\":1,\"b\":[{\"c\\\"\"", "b[0]"),
            ("within a string", "{\"a\":1,\"b\":[{\"c\\\"\":\"x,", "b[0].c\\\""),
            ("string", "{\"a\":1,\"b\":[{\"c\\\"\":\"x,}\"", "b[0].c\\\""),
            ("closing bracket of an object", "{\"a\":1,\"b\":[{\"c\\\"\":\"x,}\"}", "b[0]"),
            ("second line", "{\"a\":1,\"b\":[{\"c\\\"\":\"x,}\"},\n[2,3", "b[1][1]"),
            ("closing bracket of an array", "{\"a\":1,\"b\":[{\"c\\\"\":\"x,}\"},\n[2,3]", "b[1]"),
            ("empty object", "{\"a\":1,\"b\":[{\"c\\\"\":\"x,}\"},\n[2,3]],\"d\":{}", "d"),
            ("the whole", text, ""),
        ] {
            assert!(text.starts_with(up_to), "{name}");
            let column = up_to.rsplit('\n').next().unwrap().len();
            assert_eq!(path_at(text, 1 + up_to.matches('\n').count(), column), path, "{name}");
        }
    }

    #[test]
    fn path_at_a_place_beyond_the_text_is_that_of_its_end() {
        assert_eq!(path_at("{\"a\":[1", 9, 9), "a[0]");
        assert_eq!(path_at("{\"a\":\"\\", 1, 99), "a");
        assert_eq!(path_at("", 0, 0), "");
        assert_eq!(path_at("é\"", 1, 1), "");
    }
}
