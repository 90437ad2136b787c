//! Decides whether an egress policy permits an address. The engine chooses the policy.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hookwright_engine::ports::EgressPolicy;
use ipnet::IpNet;

/// A parsed egress policy.
#[derive(Debug)]
pub(crate) struct Rules {
    allow: Vec<IpNet>,
    deny: Vec<IpNet>,
}

impl Rules {
    /// Parses a policy. The error names the network that is not in CIDR form.
    pub(crate) fn parse(policy: &EgressPolicy) -> Result<Rules, String> {
        Ok(Rules { allow: networks(&policy.allow)?, deny: networks(&policy.deny)? })
    }

    /// Returns true if a connection to this address is permitted. If the address embeds an IPv4 address, both must be
    /// permitted, because a gateway may deliver to the embedded one.
    pub(crate) fn permit(&self, address: IpAddr) -> bool {
        let inner = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(six) => embedded(six),
        };
        self.permit_as(address) && inner.is_none_or(|four| self.permit_as(IpAddr::V4(four)))
    }

    fn permit_as(&self, address: IpAddr) -> bool {
        !contains(&self.deny, address) || contains(&self.allow, address)
    }
}

fn networks(texts: &[String]) -> Result<Vec<IpNet>, String> {
    texts.iter().map(|text| text.parse().map_err(|_| format!("`{text}` is not a network in CIDR form"))).collect()
}

fn contains(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// Returns the IPv4 address that an IPv6 address embeds, if it has one of the forms that `wit/http.wit` lists.
fn embedded(six: Ipv6Addr) -> Option<Ipv4Addr> {
    let bytes = six.octets();
    let at = |start: usize| Some(Ipv4Addr::new(bytes[start], bytes[start + 1], bytes[start + 2], bytes[start + 3]));
    match six.segments() {
        // :: and ::1 are not IPv4-compatible addresses.
        [0, 0, 0, 0, 0, 0, 0, _] => None,
        // ::ffff:a.b.c.d, mapped, and ::a.b.c.d, compatible (RFC 4291, 2.5.5); ::ffff:0:a.b.c.d, translated (RFC 2765)
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] | [0, 0, 0, 0, 0xffff, 0, _, _] => at(12),
        // 2002:a.b.c.d::, 6to4 (RFC 3056)
        [0x2002, ..] => at(2),
        // 64:ff9b::a.b.c.d (RFC 6052) and 64:ff9b:1:x:y:z:a.b.c.d (RFC 8215), NAT64
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] | [0x64, 0xff9b, 1, ..] => at(12),
        // 2001:0:.., Teredo, with all bits inverted (RFC 4380)
        [0x2001, 0, ..] => at(12).map(|four| Ipv4Addr::from_bits(!four.to_bits())),
        // ..:0:5efe:a.b.c.d and ..:200:5efe:a.b.c.d, ISATAP under any prefix (RFC 5214)
        [_, _, _, _, 0 | 0x200, 0x5efe, _, _] => at(12),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allow: &[&str], deny: &[&str], address: &str, permitted: bool) {
        let list = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let rules = Rules::parse(&EgressPolicy { allow: list(allow), deny: list(deny) }).unwrap();
        assert_eq!(rules.permit(address.parse().unwrap()), permitted, "{address} allow {allow:?} deny {deny:?}");
    }

    #[test]
    fn addresses_are_checked_in_every_form() {
        let private = &["127.0.0.0/8", "10.0.0.0/8", "::1/128", "fc00::/7"];
        check(&[], private, "127.0.0.1", false);
        check(&[], private, "93.184.216.34", true);
        check(&[], &[], "127.0.0.1", true);
        check(&["127.0.0.0/8"], private, "127.9.9.9", true);
        check(&["127.0.0.0/8"], private, "10.0.0.1", false);
        check(&["10.1.0.0/16"], private, "10.2.0.1", false);
        check(&[], private, "::1", false);
        check(&[], private, "fd00::1", false);
        check(&[], private, "2606:4700::1", true);
        check(&[], private, "::ffff:127.0.0.1", false);
        check(&["127.0.0.0/8"], &["127.0.0.0/8", "::ffff:0:0/96"], "::ffff:127.0.0.1", false);
        check(&["127.0.0.0/8"], private, "::ffff:127.0.0.1", true);
        check(&[], private, "::ffff:8.8.8.8", true);
        check(&[], private, "2002:7f00:1::1", false);
        check(&[], private, "2002:808:808::1", true);
        check(&[], &["2002::/16"], "2002:808:808::1", false);
        check(&[], private, "64:ff9b::10.0.0.1", false);
        check(&[], private, "64:ff9b::8.8.8.8", true);
        check(&[], private, "64:ff9b:1::10.0.0.1", false);
        check(&[], private, "::127.0.0.1", false);
        check(&["::1/128"], &["0.0.0.0/8", "::/3"], "::1", true);
        check(&[], private, "::ffff:0:127.0.0.1", false);
        check(&[], private, "2001:0:808:808::80ff:fffe", false);
        check(&[], private, "2001:0:808:808::7f00:1", true);
        check(&[], private, "2606:4700::5efe:10.0.0.1", false);
        check(&[], private, "2606:4700::200:5efe:10.0.0.1", false);
        check(&[], private, "2606:4700::200:5efe:8.8.8.8", true);
        check(&["::ffff:0:0/96"], &["127.0.0.0/8", "::/3"], "::ffff:127.0.0.1", false);
        check(&["::ffff:0:0/96"], &["127.0.0.0/8", "::/3"], "::ffff:8.8.8.8", true);
    }

    #[test]
    fn network_not_in_cidr_form_is_refused() {
        let policy = EgressPolicy { allow: vec![], deny: vec!["10.0.0.1".to_owned()] };
        assert_eq!(Rules::parse(&policy).unwrap_err(), "`10.0.0.1` is not a network in CIDR form");
    }
}
