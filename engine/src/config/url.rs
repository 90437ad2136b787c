//! The URLs that a webhook may have. The egress policy checks the addresses of a host at each request, because the
//! policy and the addresses of a name can change after the registration.
//!
//! The check is hand-written because it is stricter than any library: every text that it accepts is read alike by all
//! clients. A test compares it with the `url` crate.

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
    let is_label = |text: &&str| (1..=63).contains(&text.len()) && text.bytes().all(named);
    let is_name = host.len() <= 253 && labels.iter().all(is_label);
    // Every client takes a host that ends in a number for an IPv4 address; there must be one that it can be.
    is_name && (labels.last().is_none_or(|last| matches!(label(last), Label::Name)) || is_ipv4(&labels))
}

/// Returns true if these labels are an IPv4 address in one of the spellings of the URL standard: `127.1`, `0x7f000001`.
fn is_ipv4(labels: &[&str]) -> bool {
    let (Some((last, first)), 1..=4) = (labels.split_last(), labels.len()) else { return false };
    let last_bits = 8 * (4 - first.len());
    let below = |text: &&str, bits: usize| matches!(label(text), Label::Number(value) if value < 1 << bits);
    first.iter().all(|text| below(text, 8)) && below(last, last_bits)
}

/// A label of a host as the URL standard reads it: decimal, octal after a `0`, hexadecimal after `0x`.
enum Label {
    Name,
    Number(u64),
    /// It looks like a number, but cannot be read (`08`, or too long).
    Unreadable,
}

fn label(text: &str) -> Label {
    let (digits, radix) = match text.get(..2) {
        Some("0x" | "0X") => (&text[2..], 16),
        _ if text.len() > 1 && text.starts_with('0') => (text, 8),
        _ => (text, 10),
    };
    let is_digit = |byte: u8| if radix == 16 { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
    if !digits.bytes().all(is_digit) {
        return Label::Name;
    }
    // `0x` alone is a zero.
    if radix == 16 && digits.is_empty() {
        return Label::Number(0);
    }
    u64::from_str_radix(digits, radix).map_or(Label::Unreadable, Label::Number)
}

/// Returns true if a checked URL is `http`.
pub fn is_plain(text: &str) -> bool {
    text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"))
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod differential;
