//! Percent-encoding in URLs.

/// Returns the bytes behind the escapes `%xx`. `None`: two hexadecimal digits do not follow a `%`.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let byte = if *first == b'%' { Some(escape(after)?) } else { None };
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    Some(bytes)
}

/// Returns the text of a part of a query: `%xx` and `+` are decoded. An escape that is not well-formed stays as it is, as
/// receivers read it.
pub fn decode_form(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let byte = if *first == b'%' { escape(after) } else { None };
        bytes.push(byte.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns the byte of the two hexadecimal digits with which a text begins.
fn escape(text: &[u8]) -> Option<u8> {
    let mut byte = [0];
    hex::decode_to_slice(text.get(..2)?, &mut byte).ok()?;
    Some(byte[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded() {
        for (text, strict, form) in [
            ("wh_a", Some("wh_a"), "wh_a"),
            ("a%2Fb%c3%bc", Some("a/bü"), "a/bü"),
            ("a+b", Some("a+b"), "a b"),
            ("%", None, "%"),
            ("%4", None, "%4"),
            ("%zz%41", None, "%zzA"),
            ("%+4", None, "% 4"),
        ] {
            let decoded = decode(text).map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!((decoded.as_deref(), decode_form(text).as_str()), (strict, form), "{text}");
        }
        assert_eq!((decode("%ff"), decode_form("%ff").as_str()), (Some(vec![0xff]), "\u{fffd}"));
    }
}
