//! Where requests may go: the networks refused unless a host allows them. Decided here, enforced by every host alike.

use crate::Error;
use crate::host::EgressPolicy;

/// Networks that are not the public internet, from the IANA special-purpose registries (RFC 6890 and its successors).
const DENIED: &[&str] = &[
    "0.0.0.0/8",       // this network
    "10.0.0.0/8",      // private
    "100.64.0.0/10",   // carrier-grade NAT
    "127.0.0.0/8",     // loopback
    "169.254.0.0/16",  // link-local, cloud metadata
    "172.16.0.0/12",   // private
    "192.0.0.0/24",    // protocol assignments
    "192.0.2.0/24",    // documentation
    "192.88.99.0/24",  // 6to4 relays
    "192.168.0.0/16",  // private
    "198.18.0.0/15",   // benchmarks
    "198.51.100.0/24", // documentation
    "203.0.113.0/24",  // documentation
    "224.0.0.0/4",     // multicast
    "240.0.0.0/4",     // reserved, broadcast
    "::/128",          // unspecified
    "::1/128",         // loopback
    "::/96",           // IPv4-compatible
    "100::/64",        // discard
    "2001::/23",       // protocol assignments, Teredo
    "2001:db8::/32",   // documentation
    "3fff::/20",       // documentation
    "5f00::/16",       // segment routing
    "64:ff9b:1::/48",  // local NAT64
    "fc00::/7",        // unique local
    "fe80::/10",       // link-local
    "fec0::/10",       // site-local
    "ff00::/8",        // multicast
];

/// The policy for every request: the denied networks, and those of them that the host allows.
pub fn policy(allow: &[String]) -> EgressPolicy {
    let allow = allow.iter().map(|network| whole(network)).collect();
    EgressPolicy { allow, deny: DENIED.iter().map(|network| (*network).to_owned()).collect() }
}

/// A checked network in full: a single address gets its prefix length.
fn whole(network: &str) -> String {
    match network.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(address)) => format!("{address}/32"),
        Ok(std::net::IpAddr::V6(address)) => format!("{address}/128"),
        Err(_) => network.to_owned(),
    }
}

/// Checks a network in CIDR form. A single address counts as a network of one.
pub fn check_network(field: &str, text: &str) -> Result<(), Error> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let width = match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => {
            return Err(
                Error::invalid(field, format!("`{text}` is not a network")).hint("write 127.0.0.0/8 or fd00::/8")
            );
        }
    };
    match bits.map(str::parse::<u8>) {
        None => Ok(()),
        Some(Ok(length))
            if length <= width && bits.is_some_and(|bits| bits.bytes().all(|byte| byte.is_ascii_digit())) =>
        {
            Ok(())
        }
        Some(_) => Err(Error::invalid(field, format!("`{text}` has no prefix length of 0 to {width}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_checked() {
        for good in ["127.0.0.0/8", "10.1.2.3", "fd00::/8", "::1", "0.0.0.0/0"] {
            assert_eq!(check_network("allow", good), Ok(()), "{good}");
        }
        for bad in ["", "localhost", "127.0.0.0/33", "127.0.0.0/", "127.0.0/8", "127.0.0.0/+8", "::/129", "127.0.0.0/x"]
        {
            assert!(check_network("allow", bad).is_err(), "{bad}");
        }
        let policy = policy(&["127.0.0.1".to_owned(), "::1".to_owned(), "10.0.0.0/8".to_owned()]);
        assert_eq!(policy.allow, ["127.0.0.1/32", "::1/128", "10.0.0.0/8"], "every host may expect a prefix length");
        for network in DENIED {
            assert_eq!(check_network("deny", network), Ok(()), "{network}");
        }
    }
}
