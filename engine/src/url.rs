//! Which URLs a webhook may have. What address a host stands for is judged when a request is made, by the egress policy.

use crate::{Error, json, limits};

/// Checks a webhook's URL: `http` or `https`, a host in ASCII, no credentials, no fragment.
pub fn check(text: &str) -> Result<(), Error> {
    let refuse = |problem: &str, hint: &str| {
        Err(Error::invalid("url", format!("`{}` {problem}", json::quoted(text))).hint(hint))
    };
    if text.len() > limits::URL_BYTES_MAX {
        return Err(Error::invalid("url", format!("has {} bytes; {} are allowed", text.len(), limits::URL_BYTES_MAX)));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refuse(
            "has spaces, control or non-ASCII characters",
            "percent-encode the path, write the host in punycode",
        );
    }
    if let Some(found) = text.chars().find(|&c| "\"<>\\^`{|}".contains(c)) {
        return refuse(&format!("has a `{found}`"), "percent-encode it");
    }
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let Some(rest) =
        ["https://", "http://"].iter().find_map(|scheme| lower.starts_with(scheme).then(|| &text[scheme.len()..]))
    else {
        return refuse("is no http or https URL", "begin with https://");
    };
    if rest.contains('#') {
        return refuse("has a fragment", "leave out the # and what follows");
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        // Not quoted: what stands before the @ is likely a password.
        return Err(Error::invalid("url", "has credentials").hint("put them into a custom header"));
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if port.is_some_and(|port| {
        port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) || port.parse::<u16>().is_err()
    }) {
        return refuse("has no port of 0 to 65535 after the colon", "leave the colon out for the usual port");
    }
    let bracketed = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let valid = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.len() <= 253 && host.bytes().all(named) && host.bytes().any(|byte| byte.is_ascii_alphanumeric()),
    };
    if !valid {
        return refuse(
            "has no valid host",
            "a name in ASCII or punycode, an IPv4 address, or an IPv6 address in brackets",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_checked() {
        for good in [
            "https://hooks.example.com/in",
            "http://127.0.0.1:8080",
            "HTTPS://example.com?x=1&y=[]",
            "https://xn--bcher-kva.example/a%20b",
            "http://[::1]:9/x",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "ftp://example.com",
            "https://",
            "https:///x",
            "https://user:pw@example.com/",
            "https://example.com/#top",
            "https://bücher.example/",
            "https://example.com/a b",
            "https://example.com/a\nb",
            "https://example.com:99999/",
            "https://example.com:/",
            "https://[::1/",
            "https://[zz]/",
            "https://ex%61mple.com/",
            "https://exa\\mple.com/",
            "https://.../",
        ] {
            assert_eq!(check(bad).map_err(|error| error.field), Err(Some("url".to_owned())), "{bad}");
        }
        assert!(check(&format!("https://example.com/{}", "a".repeat(2_100))).is_err());
        assert!(!format!("{:?}", check("https://user:pw@example.com/")).contains("pw"));
    }
}
