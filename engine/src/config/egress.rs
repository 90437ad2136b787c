//! The egress policy: the networks that requests must not reach unless a host allows them. The engine decides, and
//! every host enforces it.
//!
//! `wit/http.wit` says how a host applies the lists. `tests/data/egress` has the cases that every host passes.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::ports::{EgressPolicy, embedded_ipv4};
use crate::support::error::Error;
use crate::support::json::quoted;

/// Networks outside the public internet, and what they are: the IANA special-purpose registries (RFC 6890 and its
/// successors), and for IPv6 everything outside `2000::/3`, because no other network is assigned to receivers.
const DENIED: &[(&str, &str)] = &[
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "carrier-grade NAT"), // also Alibaba's metadata service
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "Azure's services for its own machines"), // public in form only
    ("169.254.0.0/16", "link-local, cloud metadata"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignments"), // also Oracle's metadata service
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "6to4 relays"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarks"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved, broadcast"),
    ("::/3", "special IPv6 addresses"),
    ("2001::/23", "protocol assignments, Teredo"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("3fff::/20", "documentation"),
    ("4000::/2", "reserved, segment routing"),
    ("8000::/1", "reserved"),
];

/// Parts of the widest networks of [`DENIED`], so that an error can say what an address is.
const PARTS: &[(&str, &str)] = &[
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("::/96", "IPv4-compatible"),
    ("::ffff:0:0/96", "IPv4-mapped"),
    ("::ffff:0:0:0/96", "IPv4-translated"),
    ("64:ff9b::/96", "NAT64"),
    ("64:ff9b:1::/48", "local NAT64"),
    ("100::/64", "discard"),
    ("fc00::/7", "unique local"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
];

/// Returns the policy of every request: the denied networks, and those of them that the host allows.
pub fn policy(allow: &[String]) -> EgressPolicy {
    let allow = allow.iter().filter_map(|network| Network::parse(network).ok()).map(|network| network.to_string());
    EgressPolicy { allow: allow.collect(), deny: DENIED.iter().map(|(network, _)| (*network).to_owned()).collect() }
}

/// Checks a network in CIDR form. A single address counts as a network of one.
pub fn check_network(field: &str, text: &str) -> Result<(), Error> {
    Network::parse(text).map(drop).map_err(|problem| {
        Error::invalid(field, format!("`{}` {problem}", quoted(text))).hint("write 127.0.0.0/8 or fd00::/8")
    })
}

/// Returns why no request may reach an address, as `10.0.0.5 lies in 10.0.0.0/8 (private)`. `None`: it may be reached.
///
/// The rules are those by which hosts decide (`wit/http.wit`): an address that embeds an IPv4 address needs both to be
/// permitted.
pub fn refusal(allow: &[String], address: IpAddr) -> Option<String> {
    let allow: Vec<Network> = allow.iter().filter_map(|network| Network::parse(network).ok()).collect();
    let refused = |address: IpAddr| denied(address).filter(|_| !allow.iter().any(|network| network.contains(address)));
    let inner = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(six) => embedded_ipv4(six).map(IpAddr::V4),
    };
    if let Some((inner, place)) = inner.and_then(|inner| Some((inner, refused(inner)?))) {
        return Some(format!("{address} embeds {inner}, which lies in {place}"));
    }
    refused(address).map(|place| format!("{address} lies in {place}"))
}

/// Returns the denied network of an address, with what it is.
fn denied(address: IpAddr) -> Option<String> {
    let holds = |(network, _): &&(&str, &str)| Network::parse(network).is_ok_and(|network| network.contains(address));
    let denied = DENIED.iter().find(holds)?;
    let (network, what) = PARTS.iter().find(holds).unwrap_or(denied);
    Some(format!("{network} ({what})"))
}

/// A network: its first address, and the number of bits that its addresses share.
struct Network {
    base: IpAddr,
    length: u32,
}

impl Network {
    /// Reads a network in CIDR form, without the bits beyond its prefix.
    fn parse(text: &str) -> Result<Network, String> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| "is not a network".to_owned())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => width,
            Some(digits) if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) => width + 1,
            // Octal to some readers.
            Some(digits) if digits.len() > 1 && digits.starts_with('0') => width + 1,
            Some(digits) => digits.parse().unwrap_or(width + 1),
        };
        if length > width {
            return Err(format!("has no prefix length of 0 to {width}"));
        }
        Ok(Network { base: masked(address, length), length })
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.base.is_ipv4() == address.is_ipv4() && masked(address, self.length) == self.base
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.length)
    }
}

/// Returns the address with only its first bits.
fn masked(address: IpAddr, length: u32) -> IpAddr {
    match address {
        IpAddr::V4(four) => {
            let kept = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(four.to_bits() & kept))
        }
        IpAddr::V6(six) => {
            let kept = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & kept))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_is_malformed_is_refused() {
        for good in ["127.0.0.0/8", "10.1.2.3", "fd00::/8", "::1", "0.0.0.0/0", "::/0", "64:ff9b::/96"] {
            assert_eq!(check_network("allow", good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "localhost",
            "127.0.0.0/33",
            "127.0.0.0/",
            "127.0.0/8",
            "127.0.0.0/+8",
            "10.0.0.0/08",
            "::/129",
            "127.0.0.0/x",
        ] {
            assert!(check_network("allow", bad).is_err(), "{bad}");
        }
        assert!(PARTS.iter().all(|(network, _)| Network::parse(network).is_ok()));
        for (network, _) in DENIED {
            assert_eq!(Network::parse(network).map(|network| network.to_string()).as_deref(), Ok(*network));
        }
    }

    #[test]
    fn an_allowed_network_reaches_hosts_in_canonical_form() {
        let given = ["127.0.0.1", "::1", "10.1.2.3/8", "FD00:0::1/8", "1.2.3.4/0", "::ffff:127.0.0.1"];
        let policy = policy(&given.map(str::to_owned));
        assert_eq!(
            policy.allow,
            ["127.0.0.1/32", "::1/128", "10.0.0.0/8", "fd00::/8", "0.0.0.0/0", "::ffff:127.0.0.1/128"]
        );
    }

    const KIT: &str = include_str!("../../../tests/data/egress/cases.json");

    #[test]
    fn an_address_of_the_egress_kit_is_refused_exactly_if_hosts_refuse_it() {
        let kit: serde_json::Value = serde_json::from_str(KIT).unwrap();
        let cases = kit["addresses"].as_array().unwrap();
        for case in cases {
            let text = case["address"].as_str().unwrap();
            let allow = case["allow"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
            let allow: Vec<String> = allow.map(str::to_owned).collect();
            let found = refusal(&allow, text.parse().unwrap());
            assert_eq!(found.is_none(), case["permitted"].as_bool().unwrap(), "{text} {allow:?}: {found:?}");
        }
        assert!(cases.len() >= 100, "{}", cases.len());
    }

    #[test]
    fn a_refusal_names_the_network_and_what_it_is() {
        for (address, allow, told) in [
            ("10.0.0.5", "", Some("10.0.0.5 lies in 10.0.0.0/8 (private)")),
            ("169.254.169.254", "", Some("169.254.169.254 lies in 169.254.0.0/16 (link-local, cloud metadata)")),
            ("10.0.0.5", "10.0.0.0/24", None),
            ("::1", "", Some("::1 lies in ::1/128 (loopback)")),
            ("fd00::1", "", Some("fd00::1 lies in fc00::/7 (unique local)")),
            ("::ffff:127.0.0.1", "", Some("::ffff:127.0.0.1 embeds 127.0.0.1, which lies in 127.0.0.0/8 (loopback)")),
            ("::ffff:127.0.0.1", "127.0.0.0/8", Some("::ffff:127.0.0.1 lies in ::ffff:0:0/96 (IPv4-mapped)")),
            ("9.9.9.9", "", None),
        ] {
            let allow: Vec<String> = Some(allow.to_owned()).filter(|allow| !allow.is_empty()).into_iter().collect();
            assert_eq!(refusal(&allow, address.parse().unwrap()).as_deref(), told, "{address} {allow:?}");
        }
    }
}
