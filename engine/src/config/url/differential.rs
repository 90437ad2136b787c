//! Every URL of the egress kit, compared with the `url` crate: an accepted URL has the same host, port and path for both, and a
//! refused one breaks a rule that is listed here.

use super::*;
use ::url::{ParseError, Url};
use serde_json::Value;

const KIT: &str = include_str!("../../../../tests/data/egress/cases.json");

/// The rules that a refused URL can break.
const RULES: [&str; 11] = [
    "is no http or https URL",
    "has credentials",
    "has a host that is not ASCII",
    "has control or non-ASCII characters",
    "cannot be inside a URL",
    "has a `",
    "has a fragment",
    "has no port of 1 to 65535",
    "has no valid host",
    "bytes; 2048 are allowed",
    "is not https",
];

/// The host, the port and the path of a URL that was accepted, read by its grammar alone.
fn parts(text: &str) -> (&str, Option<u16>, &str) {
    let (scheme, rest) = text.split_once("://").unwrap();
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let default = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
        _ => (authority, Some(default)),
    };
    let path = path.split('?').next().unwrap_or_default();
    (host, port, if path.is_empty() { "/" } else { path })
}

/// Removes the segments `.` and `..` as RFC 3986, section 5.2.4 says. The library does, the engine leaves it to the client.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for (index, segment) in segments.iter().enumerate() {
        let is_last = index + 1 == segments.len();
        match *segment {
            "." => kept.extend(is_last.then_some("")),
            ".." => {
                kept.pop();
                kept.extend(is_last.then_some(""));
            }
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}

fn check_alike(name: &str, text: &str) {
    let read = match Url::parse(text) {
        Ok(read) => read,
        // The engine has no tables for the letters behind punycode. Resolvers decide if such a name exists.
        Err(ParseError::IdnaError) if text.to_ascii_lowercase().contains("xn--") => return,
        Err(error) => panic!("{name}: accepted, but no URL for the library: {error}"),
    };
    let (host, port, path) = parts(text);
    let alone = Url::parse(&format!("{}://{host}/", read.scheme())).unwrap();
    assert_eq!(read.host(), alone.host(), "{name}: host");
    assert_eq!(read.port_or_known_default(), port, "{name}: port");
    assert_eq!(read.path(), without_dots(path), "{name}: path");
    assert_eq!((read.username(), read.password(), read.fragment()), ("", None, None), "{name}");
}

#[test]
fn a_url_of_the_egress_kit_is_read_alike_or_breaks_a_listed_rule() {
    let kit: Value = serde_json::from_str(KIT).unwrap();
    let cases = kit["urls"].as_array().unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for case in cases {
        let (name, text) = (case["name"].as_str().unwrap(), case["url"].as_str().unwrap());
        match check("url", text, PlainHttp::Allowed) {
            Ok(()) => {
                accepted += 1;
                check_alike(name, text);
            }
            Err(error) => {
                refused += 1;
                assert!(RULES.iter().any(|rule| error.message.contains(rule)), "{name}: {error}");
            }
        }
    }
    assert!(accepted >= 100 && refused >= 50, "{accepted} accepted and {refused} refused of {}", cases.len());
}
