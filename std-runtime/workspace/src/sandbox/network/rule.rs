//! Which hosts tools may connect to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The network access of tools.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Network {
    /// Nothing but themselves.
    #[default]
    Off,
    /// Everything that the user can reach.
    On,
    /// These hosts, through a proxy that this process is.
    Hosts(Vec<Host>),
}

/// A host that may be connected to: `HOST`, `HOST:PORT`, `*.DOMAIN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// In lower case, without a dot at the end.
    name: Name,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Exact(String),
    /// All names below this one.
    Below(String),
    Address(IpAddr),
}

/// The requested target of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// A name, or an address as text.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Ports of a host that is named without one.
const USUAL_PORTS: [u16; 2] = [80, 443];

impl FromStr for Network {
    type Err = String;

    /// Reads `off`, `on` or a list of hosts.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "on" => Ok(Self::On),
            list => list
                .split(',')
                .map(str::trim)
                .map(Host::from_str)
                .collect::<Result<_, _>>()
                .map(Self::Hosts),
        }
    }
}

impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is not a host: use HOST, HOST:PORT or *.DOMAIN, without http://");
        let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, "")) => (address, None),
            Some((address, rest)) => (address, Some(rest.strip_prefix(':').ok_or_else(wrong)?)),
            // An IPv6 address has more than one colon.
            None if text.matches(':').count() == 1 => {
                text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)))
            }
            None => (text, None),
        };
        let port = port.map(|port| port.parse().map_err(|_| wrong())).transpose()?;
        let lower = host.trim_end_matches('.').to_ascii_lowercase();
        let is_name = |name: &str| {
            let label = |label: &str| {
                !label.is_empty()
                    && label
                        .bytes()
                        .all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
            };
            name.len() < 254 && name.split('.').all(label)
        };
        let name = match (lower.parse(), lower.strip_prefix("*.")) {
            (Ok(address), _) => Name::Address(address),
            (_, Some(domain)) if is_name(domain) => Name::Below(domain.to_owned()),
            (_, None) if is_name(&lower) => Name::Exact(lower),
            _ => return Err(wrong()),
        };
        Ok(Self { name, port })
    }
}

impl Host {
    /// Whether it allows a connection to `target` by its name.
    fn allows(&self, target: &Target) -> bool {
        let host = target.host.trim_end_matches('.').to_ascii_lowercase();
        let named = match &self.name {
            Name::Exact(name) => *name == host,
            Name::Below(domain) => host
                .strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            Name::Address(address) => host.parse() == Ok(*address),
        };
        named && self.port.map_or(USUAL_PORTS.contains(&target.port), |port| port == target.port)
    }

    /// Whether it names exactly this host, and not all of a domain.
    fn is_exact(&self) -> bool {
        !matches!(self.name, Name::Below(_))
    }
}

/// Whether one of `hosts` allows `target`, and whether it names exactly this one, so that a
/// private address is meant.
pub(super) fn allowed(hosts: &[Host], target: &Target) -> Option<bool> {
    let allowing = || hosts.iter().filter(|host| host.allows(target));
    allowing().next()?;
    Some(allowing().any(Host::is_exact))
}

/// Whether an address is of no network that everyone reaches: this machine, the local network, a
/// service of the cloud for its machines.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_private_v4(inner),
            None => is_private_v6(address),
        },
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let first = address.segments()[0];
    // Global addresses begin with 001.
    first & 0xe000 != 0x2000
        || address.is_multicast()
        || (first == 0x2001 && address.segments()[1] == 0xdb8)
}

/// The IPv4 address that a translator would make of one.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0 | 0xffff]
            if address != Ipv6Addr::LOCALHOST && address != Ipv6Addr::UNSPECIFIED =>
        {
            Some(v4(g, h))
        }
        [0x64, 0xff9b, ..] => Some(v4(g, h)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(rules: &str, host: &str, port: u16) -> Option<bool> {
        let Network::Hosts(hosts) = rules.parse().unwrap() else { panic!("{rules}") };
        allowed(&hosts, &Target { host: host.to_owned(), port })
    }

    #[test]
    fn hosts_are_allowed_by_name_and_port() {
        assert_eq!("off".parse(), Ok(Network::Off));
        assert_eq!("on".parse(), Ok(Network::On));
        let rules = "crates.io, *.npmjs.org,db.test:5432,10.0.0.1,[::1]:80";
        for (host, port, expected) in [
            ("crates.io", 443, Some(true)),
            ("CRATES.io.", 80, Some(true)),
            ("crates.io", 22, None),
            ("x.crates.io", 443, None),
            ("evilcrates.io", 443, None),
            ("registry.npmjs.org", 443, Some(false)),
            ("npmjs.org", 443, None),
            ("evilnpmjs.org", 443, None),
            ("db.test", 5432, Some(true)),
            ("db.test", 443, None),
            ("10.0.0.1", 80, Some(true)),
            ("10.0.0.2", 80, None),
            ("::1", 80, Some(true)),
        ] {
            assert_eq!(allows(rules, host, port), expected, "{host}:{port}");
        }
        for wrong in
            ["", "http://a", "a/b", "a:b", "a,,b", "*", "*.", "a b", "[::1", "[::1]x", "a:99999"]
        {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn private_addresses_are_recognised_in_every_form() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(is_private(private.parse().unwrap()), "{private}");
        }
        for public in
            ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "100.128.0.1"]
        {
            assert!(!is_private(public.parse().unwrap()), "{public}");
        }
    }
}
