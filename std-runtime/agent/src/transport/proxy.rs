//! Which proxy an HTTPS request goes through, by the variables that curl reads.

use std::net::IpAddr;

use ureq::http::Uri;
use ureq::{Proxy, ProxyProtocol};

use super::failure::host_of;
use crate::provider::{Secret, is_loopback};
use crate::{Error, ErrorKind, Result};

/// The proxy of `proxy` for requests to `uri`; `None` if `no_proxy` covers it, or for this machine,
/// even if `no_proxy` does not list it.
///
/// # Errors
/// `Configuration` if `proxy` is not the URL of an HTTP proxy; the error does not show it, because
/// it may contain a password.
pub(crate) fn proxy_for(
    uri: &Uri,
    proxy: &Secret,
    no_proxy: Option<&str>,
) -> Result<Option<Proxy>> {
    let host = uri.host().unwrap_or_default();
    let port = uri.port_u16().unwrap_or(443);
    if is_loopback(host) || no_proxy.is_some_and(|list| covers(list, host, port)) {
        return Ok(None);
    }
    let wrong = |reason: &str| {
        let message = format!("HTTPS_PROXY or ALL_PROXY {reason}; give it as http://host:port");
        Error::new(ErrorKind::Configuration, message)
    };
    let text = proxy.expose().trim();
    let parsed = Proxy::new(text).map_err(|_| wrong("is not the URL of a proxy"))?;
    if !matches!(parsed.protocol(), ProxyProtocol::Http | ProxyProtocol::Https) {
        return Err(wrong("names a SOCKS proxy, which is not supported"));
    }
    // ureq takes the default port in place of one that is not a number.
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let port = place.rsplit_once(']').map_or(place, |(_, after)| after).split_once(':');
    if port.is_some_and(|(_, port)| !port.parse::<u16>().is_ok_and(|port| port > 0)) {
        return Err(wrong("has a port that is not a number up to 65535"));
    }
    Ok(Some(parsed))
}

/// Host and port of a proxy, for people.
pub(crate) fn name_of(proxy: &Proxy) -> String {
    host_of(proxy.uri())
}

/// Whether `list`, the value of `NO_PROXY`, covers the host: separated by commas or blanks; a name
/// covers its subdomains, with or without a dot before it; `*` covers all; an address may have a
/// prefix length, and each entry a port.
fn covers(list: &str, host: &str, port: u16) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
    let address = host.parse::<IpAddr>().ok();
    let entries = list.split(|it: char| it == ',' || it.is_whitespace());
    entries.filter(|entry| !entry.is_empty()).any(|entry| {
        let (entry, wanted) = split_port(entry);
        if wanted.is_some_and(|wanted| wanted != port) {
            return false;
        }
        if entry == "*" {
            return true;
        }
        match address {
            Some(address) => covers_address(entry, address),
            None => covers_name(entry, &host),
        }
    })
}

/// An entry without its port, and the port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    if let Some((address, rest)) = entry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (address, rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match entry.rsplit_once(':') {
        // More than one colon: an IPv6 address without brackets.
        Some((host, port)) if !host.contains(':') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

fn covers_name(entry: &str, host: &str) -> bool {
    let entry = entry.strip_prefix('*').unwrap_or(entry);
    let entry = entry.trim_matches('.').to_ascii_lowercase();
    let before = host.strip_suffix(&entry).filter(|_| !entry.is_empty());
    before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

fn covers_address(entry: &str, address: IpAddr) -> bool {
    let (network, length) = match entry.split_once('/') {
        Some((network, length)) => (network, length.parse::<u32>().ok()),
        None => (entry, Some(128)),
    };
    let bits = |address: IpAddr| match address.to_canonical() {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let (Ok(network), Some(length)) = (network.parse::<IpAddr>(), length) else { return false };
    let ((network, width), (address, other_width)) = (bits(network), bits(address));
    let mask = u128::MAX.checked_shl(128 - length.min(width)).unwrap_or(0);
    width == other_width && network & mask == address & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_is_read_as_curl_reads_it() {
        for (list, host) in [
            ("corp.test", "corp.test"),
            ("corp.test", "llm.corp.test"),
            (".corp.test", "llm.corp.test"),
            (".corp.test", "corp.test"),
            ("*.corp.test", "llm.corp.test"),
            ("CORP.test.", "llm.Corp.TEST."),
            ("a.test, corp.test", "corp.test"),
            ("a.test corp.test", "corp.test"),
            ("*", "anything.test"),
            ("corp.test:8443", "corp.test"),
            ("10.0.0.5", "10.0.0.5"),
            ("10.0.0.0/8", "10.200.0.5"),
            ("0.0.0.0/0", "8.8.8.8"),
            ("10.0.0.5:8443", "10.0.0.5"),
            ("fd00::/8", "[fd12::1]"),
            ("[fd12::1]", "[fd12::1]"),
            ("[fd12::1]:8443", "[fd12::1]"),
            ("fd12::1", "[fd12:0::1]"),
        ] {
            assert!(covers(list, host, 8443), "{list} {host}");
        }
        for (list, host) in [
            ("", "corp.test"),
            (",", "corp.test"),
            (".", "corp.test"),
            ("corp.test", "notcorp.test"),
            ("corp.test", "corp.test.evil"),
            ("llm.corp.test", "corp.test"),
            ("corp.test:443", "corp.test"),
            ("10.0.0.0/8", "11.0.0.5"),
            ("10.0.0.0/8", "10.corp.test"),
            ("10.0.0.5/x", "10.0.0.5"),
            ("0.5", "10.0.0.5"),
            ("fd00::/8", "[fe80::1]"),
            ("0.0.0.0/0", "[fd12::1]"),
        ] {
            assert!(!covers(list, host, 8443), "{list} {host}");
        }
    }

    #[test]
    fn a_proxy_is_checked_whole_and_its_password_never_shown() {
        let target: Uri = "https://llm.test/v1".parse().unwrap();
        let find = |url: &str| proxy_for(&target, &Secret::new(url), None);
        for url in ["http://p:3128", "p:3128", "http://user:hunter2@p:3128/", "http://[::1]:3128"] {
            assert!(find(url).unwrap().is_some(), "{url}");
        }
        for url in [
            "http://user:hunter2@p:8o80",
            "http://user:hunter2@p:70000",
            "http://user:hunter2@p:",
            "socks5://user:hunter2@p:1",
            "ftp://user:hunter2@p",
        ] {
            let error = find(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{url}");
            assert!(error.to_string().contains("HTTPS_PROXY"), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
