//! The URLs that a webhook may have. `egress` decides which addresses they may name. The host checks the addresses of a
//! name at each request, because they can change after the registration.
//!
//! The check is hand-written because it is stricter than any library: every text that it accepts is read alike by all
//! clients. A test compares it with the `url` crate.

mod credentials;

pub use credentials::take_credentials;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::PlainHttp;
use crate::support::error::Error;
use crate::support::json;
use crate::support::limits;
use crate::support::text::{is_blank, name_of};

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
    if let Some((index, found)) = text.chars().enumerate().find(|(_, found)| is_blank(*found)) {
        let problem = format!(
            "has {} as character {}; spaces, control and invisible characters cannot be inside a URL",
            name_of(found),
            index + 1
        );
        return refuse(&problem, "remove it, or percent-encode it if it belongs to the path or the query");
    }
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
        return refuse("has credentials", "put them into the header `Authorization`");
    }
    if !authority.is_ascii() {
        return refuse(
            "has a host that is not ASCII",
            "write the host in punycode: bücher.example is xn--bcher-kva.example",
        );
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refuse("has control or non-ASCII characters", "percent-encode them");
    }
    if let Some(found) = text.chars().find(|&c| "\"<>\\^`{|}".contains(c)) {
        return refuse(&format!("has a `{found}`"), "percent-encode it");
    }
    if rest.contains('#') {
        return refuse("has a fragment", "leave out the # and what follows");
    }
    let (host, port) = host_and_port(authority);
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

fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Returns the authority of a checked URL: its host, and its port if it names one.
pub fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Returns the address that a checked URL names instead of a name, in any spelling: `127.1`, `0x7f000001`, `[::1]`.
pub fn literal_address(text: &str) -> Option<IpAddr> {
    let (host, _) = host_and_port(authority(text));
    if let Some(address) = in_brackets(host) {
        return address.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
    ipv4(&labels).map(IpAddr::V4)
}

fn in_brackets(host: &str) -> Option<&str> {
    host.strip_prefix('[')?.strip_suffix(']')
}

fn is_host(host: &str) -> bool {
    if let Some(address) = in_brackets(host) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_label = |text: &&str| (1..=63).contains(&text.len()) && text.bytes().all(named);
    let is_name = host.len() <= 253 && labels.iter().all(is_label);
    // Every client takes a host that ends in a number for an IPv4 address; there must be one that it can be.
    is_name && (labels.last().is_none_or(|last| matches!(label(last), Label::Name)) || ipv4(&labels).is_some())
}

/// Returns the IPv4 address that these labels are in one of the spellings of the URL standard: `127.1`, `0x7f000001`.
fn ipv4(labels: &[&str]) -> Option<Ipv4Addr> {
    let (Some((last, first)), 1..=4) = (labels.split_last(), labels.len()) else { return None };
    let below = |text: &str, bits: usize| match label(text) {
        Label::Number(value) if value < 1 << bits => u32::try_from(value).ok(),
        _ => None,
    };
    let mut bits = below(last, 8 * (4 - first.len()))?;
    for (place, text) in first.iter().enumerate() {
        bits |= below(text, 8)? << (24 - 8 * place);
    }
    Some(Ipv4Addr::from_bits(bits))
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
