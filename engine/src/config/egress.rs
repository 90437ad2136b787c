//! The egress policy: the networks that requests must not reach unless a host allows them. The engine decides, and
//! every host enforces it.
//!
//! `wit/http.wit` says how a host applies the lists. `tests/data/egress` has the cases that every host passes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::ports::EgressPolicy;
use crate::support::error::Error;
use crate::support::json::quoted;

/// Networks outside the public internet: the IANA special-purpose registries (RFC 6890 and its successors), and for
/// IPv6 everything outside `2000::/3`, because no other network is assigned to receivers.
const DENIED: &[&str] = &[
    "0.0.0.0/8",        // this network
    "10.0.0.0/8",       // private
    "100.64.0.0/10",    // carrier-grade NAT; Alibaba's metadata service
    "127.0.0.0/8",      // loopback
    "168.63.129.16/32", // Azure's services for its own machines: public in form only
    "169.254.0.0/16",   // link-local, cloud metadata
    "172.16.0.0/12",    // private
    "192.0.0.0/24",     // protocol assignments; Oracle's metadata service
    "192.0.2.0/24",     // documentation
    "192.88.99.0/24",   // 6to4 relays
    "192.168.0.0/16",   // private
    "198.18.0.0/15",    // benchmarks
    "198.51.100.0/24",  // documentation
    "203.0.113.0/24",   // documentation
    "224.0.0.0/4",      // multicast
    "240.0.0.0/4",      // reserved, broadcast
    // unspecified, loopback, IPv4-compatible, -mapped and -translated, NAT64 (64:ff9b::/96, 64:ff9b:1::/48), discard
    "::/3",
    "2001::/23",     // protocol assignments, Teredo
    "2001:db8::/32", // documentation
    "2002::/16",     // 6to4
    "3fff::/20",     // documentation
    "4000::/2",      // reserved, segment routing
    "8000::/1",      // reserved, unique local, link-local, site-local, multicast
];

/// Returns the policy of every request: the denied networks, and those of them that the host allows.
pub fn policy(allow: &[String]) -> EgressPolicy {
    let allow = allow.iter().filter_map(|network| parse(network).ok()).collect();
    EgressPolicy { allow, deny: DENIED.iter().map(|network| (*network).to_owned()).collect() }
}

/// Checks a network in CIDR form. A single address counts as a network of one.
pub fn check_network(field: &str, text: &str) -> Result<(), Error> {
    parse(text).map(drop).map_err(|problem| {
        Error::invalid(field, format!("`{}` {problem}", quoted(text))).hint("write 127.0.0.0/8 or fd00::/8")
    })
}

/// Returns the network as hosts get it: with a prefix length, and no bits set beyond it.
fn parse(text: &str) -> Result<String, String> {
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
    let beyond = width - length;
    let base = match address {
        IpAddr::V4(four) => {
            let kept = u32::MAX.checked_shl(beyond).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(four.to_bits() & kept))
        }
        IpAddr::V6(six) => {
            let kept = u128::MAX.checked_shl(beyond).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & kept))
        }
    };
    Ok(format!("{base}/{length}"))
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
        for network in DENIED {
            assert_eq!(parse(network).as_deref(), Ok(*network));
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
}
