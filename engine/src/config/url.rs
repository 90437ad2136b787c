//! Which URLs a webhook may have. What address a host stands for is judged when a request is made, by the egress policy:
//! what is allowed may change after the registration, and so may what a name resolves to.

use crate::config::PlainHttp;
use crate::support::error::Error;
use crate::support::json;
use crate::support::limits;

/// Checks a webhook's URL: `http`, where that is allowed, or `https`, a host in ASCII, no credentials, no fragment.
pub fn check(field: &str, text: &str, plain_http: PlainHttp) -> Result<(), Error> {
    if text.len() > limits::URL_BYTES_MAX {
        return Err(Error::invalid(field, format!("has {} bytes; {} are allowed", text.len(), limits::URL_BYTES_MAX)));
    }
    let refuse = |problem: &str, hint: &str| {
        // Not quoted where an @ stands: what is before it may be a password.
        let quoted = if text.contains('@') { "it".to_owned() } else { format!("`{}`", json::quoted(text)) };
        Err(Error::invalid(field, format!("{quoted} {problem}")).hint(hint))
    };
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let Some(rest) =
        ["https://", "http://"].iter().find_map(|scheme| lower.starts_with(scheme).then(|| &text[scheme.len()..]))
    else {
        return refuse("is no http or https URL", "begin with https://");
    };
    if plain_http == PlainHttp::Refused && !lower.starts_with("https") {
        return refuse("is not https, which is demanded here", "begin with https://");
    }
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if authority.contains('@') {
        return refuse("has credentials", "put them into a custom header");
    }
    if !authority.is_ascii() {
        return refuse(
            "has a host that is not ASCII",
            "write the host in punycode: bücher.example is xn--bcher-kva.example",
        );
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refuse("has spaces, control or non-ASCII characters", "percent-encode them");
    }
    if let Some(found) = text.chars().find(|&c| "\"<>\\^`{|}".contains(c)) {
        return refuse(&format!("has a `{found}`"), "percent-encode it");
    }
    if rest.contains('#') {
        return refuse("has a fragment", "leave out the # and what follows");
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let numbered = |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|n| n > 0);
    if port.is_some_and(|port| !numbered(port)) {
        return refuse("has no port of 1 to 65535 after the colon", "leave the colon out for the usual port");
    }
    if !is_host(host) {
        return refuse(
            "has no valid host",
            "a name in ASCII or punycode, an IPv4 address, or an IPv6 address in brackets",
        );
    }
    Ok(())
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_label = |label: &&str| (1..=63).contains(&label.len()) && label.bytes().all(named);
    let is_name = host.len() <= 253 && labels.iter().all(is_label);
    // Every client takes a host that ends in a number for an IPv4 address; there must be one that it can be.
    is_name && (labels.last().is_none_or(|label| number(label).is_none()) || is_ipv4(&labels))
}

/// Whether these labels are an IPv4 address in one of the spellings that the URL standard knows: `127.1`, `0x7f000001`.
fn is_ipv4(labels: &[&str]) -> bool {
    let (Some((last, first)), 1..=4) = (labels.split_last(), labels.len()) else { return false };
    let last_bits = 8 * (4 - first.len());
    let below = |label: &&str, bits: usize| matches!(number(label), Some(Some(value)) if value < 1 << bits);
    first.iter().all(|label| below(label, 8)) && below(last, last_bits)
}

/// A number as the URL standard reads one in a host: decimal, octal after a `0`, hexadecimal after `0x`. None: it is none
/// and no one takes it for one. `Some(None)`: it looks like one and cannot be read (`08`, or too long).
fn number(label: &str) -> Option<Option<u64>> {
    let digits = match label.get(..2) {
        Some("0x" | "0X") => &label[2..],
        _ => {
            let decimal = label.bytes().all(|byte| byte.is_ascii_digit());
            let radix = if label.len() > 1 && label.starts_with('0') { 8 } else { 10 };
            return decimal.then(|| u64::from_str_radix(label, radix).ok());
        }
    };
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    // `0x` alone is a zero.
    hexadecimal.then(|| if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 16).ok() })
}

/// Whether a checked URL is `http`.
pub fn is_plain(text: &str) -> bool {
    text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(text: &str) {
        assert_eq!(check("url", text, PlainHttp::Allowed), Ok(()), "{text}");
    }

    fn bad(text: &str, says: &str) {
        let error = check("url", text, PlainHttp::Allowed).expect_err(text);
        assert_eq!(error.field.as_deref(), Some("url"), "{text}");
        assert!(error.to_string().contains(says), "{text}: {error}");
    }

    #[test]
    fn urls_are_checked() {
        good("https://hooks.example.com/in");
        good("http://127.0.0.1:8080");
        good("HTTPS://example.com?x=1&y=[]");
        good("https://xn--bcher-kva.example/a%20b");
        good("http://[::1]:9/x");
        good("http://a_b.example.:1/");
        bad("", "no http or https");
        bad("example.com", "no http or https");
        bad("ftp://example.com", "no http or https");
        bad("https://", "no valid host");
        bad("https:///x", "no valid host");
        bad("https://example.com/#top", "fragment");
        bad("https://bücher.example/", "punycode: bücher.example is xn--bcher-kva.example");
        bad("https://example.com/bücher", "percent-encode");
        bad("https://example.com/a b", "spaces");
        bad("https://example.com/a\nb", "control");
        bad("https://exam\tple.com/", "control");
        bad("https://example.com:99999/", "no port");
        bad("https://example.com:0/", "no port");
        bad("https://example.com:/", "no port");
        bad("https://[::1/", "no valid host");
        bad("https://[zz]/", "no valid host");
        bad("https://[fe80::1%25eth0]/", "no valid host");
        bad("https://ex%61mple.com/", "no valid host");
        bad("https://exa\\mple.com/", "has a `\\`");
        bad("https://.../", "no valid host");
        bad("https://a..example/", "no valid host");
        bad(&format!("https://{}.example/", "a".repeat(64)), "no valid host");
        bad(&format!("https://example.com/{}", "a".repeat(2_100)), "2048 are allowed");
    }

    #[test]
    fn a_host_that_ends_in_a_number_is_an_address() {
        for host in ["2130706433", "0x7f000001", "0X7F.1", "0177.0.0.1", "127.1", "127.0.0.1.", "0x", "4294967295"] {
            good(&format!("http://{host}/"));
        }
        for host in ["4294967296", "256.0.0.1", "1.2.3.4.5", "08", "1.2.3.0x100", "a.1", "1.2.3.99999999999999999999"] {
            bad(&format!("http://{host}/"), "no valid host");
        }
    }

    #[test]
    fn credentials_are_refused_and_not_quoted() {
        for text in
            ["https://user:geheim@example.com/", "https://geheim@[::1]/", "https://user:geheim@bücher.example/ "]
        {
            bad(text, "has credentials");
            assert!(!format!("{:?}", check("url", text, PlainHttp::Allowed)).contains("geheim"), "{text}");
        }
        bad("https://user:geheim\\@example.com/", "has a `\\`");
        assert!(!format!("{:?}", check("url", "user:geheim@example.com", PlainHttp::Allowed)).contains("geheim"));
    }

    #[test]
    fn https_can_be_demanded() {
        assert_eq!(check("url", "https://example.com/", PlainHttp::Refused), Ok(()));
        let error = check("url", "http://example.com/", PlainHttp::Refused).expect_err("http");
        assert!(error.message.contains("not https"), "{error}");
    }
}
