//! User and password in a URL, as `https://user:pa%3Ass@host/in`. They become the header `Authorization`, so the URL is
//! stored and shown without them. No error quotes them.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::support::error::Error;
use crate::support::percent;

/// Takes user and password out of a URL. Returns the URL without them, and the value of `Authorization` (RFC 7617) if
/// the URL has any. Everything before the last `@` of the authority belongs to them, as in the URL standard.
///
/// Errors: `invalid` if a `%` is not followed by two hexadecimal digits, if the bytes are not UTF-8, if there is a
/// control character, or if the user has a colon.
pub fn take_credentials(field: &str, text: &str) -> Result<(String, Option<Zeroizing<String>>), Error> {
    let Some((scheme, rest)) = text.split_once("://") else { return Ok((text.to_owned(), None)) };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let Some((given, host)) = rest[..end].rsplit_once('@') else { return Ok((text.to_owned(), None)) };
    let plain = format!("{scheme}://{host}{}", &rest[end..]);
    let (user, password) = given.split_once(':').unwrap_or((given, ""));
    if user.is_empty() && password.is_empty() {
        return Ok((plain, None));
    }
    let (user, password) = (decoded(field, "user", user)?, decoded(field, "password", password)?);
    if user.contains(':') {
        let error = Error::invalid(field, "has a user with a colon, which Basic authentication cannot carry");
        return Err(error.hint("use another user, or give the header that the receiver expects in `headers`"));
    }
    let pair = Zeroizing::new(format!("{}:{}", *user, *password));
    let value = Zeroizing::new(format!("Basic {}", *Zeroizing::new(Base64::encode_string(pair.as_bytes()))));
    Ok((plain, Some(value)))
}

/// Returns the text behind percent-encoding.
fn decoded(field: &str, part: &str, text: &str) -> Result<Zeroizing<String>, Error> {
    let refuse = |problem: &str, hint: &str| Error::invalid(field, format!("has a {part} {problem}")).hint(hint);
    let Some(bytes) = percent::decode(text).map(Zeroizing::new) else {
        return Err(refuse("with a % that two hexadecimal digits do not follow", "write % itself as %25"));
    };
    let Ok(decoded) = std::str::from_utf8(&bytes) else {
        return Err(refuse("that is not UTF-8 after percent-decoding", "percent-encode the bytes of its UTF-8"));
    };
    if decoded.chars().any(char::is_control) {
        let hint = "remove them; Basic authentication allows none (RFC 7617)";
        return Err(refuse("with control characters after percent-decoding", hint));
    }
    Ok(Zeroizing::new(decoded.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the URL and the decoded credentials.
    fn taken(text: &str) -> Result<(String, Option<String>), Error> {
        let (url, value) = take_credentials("url", text)?;
        let pair = value.map(|value| {
            let encoded = value.strip_prefix("Basic ").expect("the scheme").to_owned();
            String::from_utf8(Base64::decode_vec(&encoded).unwrap()).unwrap()
        });
        Ok((url, pair))
    }

    #[test]
    fn credentials_become_the_value_of_a_header() {
        for (name, text, url, pair) in [
            ("none", "https://h.example/in", "https://h.example/in", None),
            ("an @ in the path", "https://h.example/@in", "https://h.example/@in", None),
            ("both", "https://user:pa%3Ass@h.example/in", "https://h.example/in", Some("user:pa:ss")),
            ("user alone", "https://user@h.example:8/?a=b", "https://h.example:8/?a=b", Some("user:")),
            ("empty password", "https://user:@h.example", "https://h.example", Some("user:")),
            ("empty user", "https://:key@h.example", "https://h.example", Some(":key")),
            ("both empty", "https://:@h.example/", "https://h.example/", None),
            ("nothing before the @", "https://@h.example/", "https://h.example/", None),
            ("UTF-8", "https://j%C3%BCrgen:%E2%82%AC@h.example/", "https://h.example/", Some("jürgen:€")),
            ("UTF-8 as it is", "https://jürgen:€@h.example/", "https://h.example/", Some("jürgen:€")),
            ("an @ in the password", "https://user:p@ss@h.example/", "https://h.example/", Some("user:p@ss")),
            ("a colon in the password", "https://user:a:b@h.example/", "https://h.example/", Some("user:a:b")),
            ("a plus is a plus", "https://user:a+b@[::1]/", "https://[::1]/", Some("user:a+b")),
        ] {
            assert_eq!(taken(text), Ok((url.to_owned(), pair.map(str::to_owned))), "{name}");
        }
    }

    #[test]
    fn credentials_that_no_header_carries_are_refused_and_not_quoted() {
        for (name, text, told) in [
            ("digits missing", "https://user:geheim%4@h.example/", "two hexadecimal digits"),
            ("no digits", "https://user:geheim%zz@h.example/", "two hexadecimal digits"),
            ("not UTF-8", "https://user:geheim%ff@h.example/", "not UTF-8"),
            ("line break", "https://user:geheim%0a@h.example/", "control characters"),
            ("U+0000", "https://user:geheim%00@h.example/", "control characters"),
            ("colon in the user", "https://us%3Aer:geheim@h.example/", "a colon"),
        ] {
            let error = taken(text).expect_err(name);
            assert_eq!(error.field.as_deref(), Some("url"), "{name}");
            assert!(error.to_string().contains(told) && !format!("{error:?}").contains("geheim"), "{name}: {error}");
        }
    }
}
