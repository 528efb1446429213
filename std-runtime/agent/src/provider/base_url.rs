//! Base URLs as people write them.

use std::net::IpAddr;

use ureq::http::Uri;

use super::Dialect;
use super::secret::begins_like_key;
use crate::{Error, ErrorKind, Result};

/// `text` as a base URL of `api`: the part before the dialect's own path. `source` is where it
/// was written, for the error.
///
/// Removes slashes at the end, a complete endpoint path, and the `/v1` that is part of Anthropic's paths and of none
/// of Ollama's. Adds the `/v1` of an OpenAI-compatible server on this machine, whose
/// base URL is often given as host and port.
pub(super) fn normalize(text: &str, api: Dialect, source: &str) -> Result<String> {
    let wrong = |reason: &str| {
        let message = format!("{source}: {reason}; a base URL looks like https://host/v1");
        Error::new(ErrorKind::Configuration, message)
    };
    let text = text.trim();
    let scheme = "the URL must begin with http:// or https://";
    if !text.contains("://") {
        return Err(wrong(scheme));
    }
    let uri: Uri = text.parse().map_err(|_| wrong("this is not a URL"))?;
    let host = match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => host,
        (Some("http" | "https"), _) => return Err(wrong("the URL names no host")),
        _ => return Err(wrong(scheme)),
    };
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(wrong("no user or password in the URL; the key goes into ZEROSTACK_API_KEY"));
    }
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if authority != host && uri.port_u16().is_none() {
        return Err(wrong("the port is not a number up to 65535"));
    }
    if uri.query().is_some() || text.contains('#') {
        return Err(wrong("no ? or # in the URL"));
    }
    // The scheme and the host have no case; the path has.
    let path = text.split_once("://").and_then(|(_, rest)| rest.strip_prefix(authority));
    let root = format!("{}://{}", uri.scheme_str().unwrap_or("https"), authority.to_lowercase());
    let path = without_endpoint(path.unwrap_or_default().trim_end_matches('/'));
    let path = match api {
        Dialect::Anthropic => path.strip_suffix("/v1").unwrap_or(path),
        Dialect::Ollama => {
            ["/v1", "/api"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path)
        }
        Dialect::Gemini if path.is_empty() && host.eq_ignore_ascii_case(GEMINI_HOST) => "/v1beta",
        Dialect::Gemini => path,
        _ if path.is_empty() && is_loopback(host) => "/v1",
        _ => path,
    };
    Ok(format!("{root}{path}"))
}

/// `path` without the endpoint of a dialect, which people copy from documentation.
fn without_endpoint(path: &str) -> &str {
    let ends = ["/chat/completions", "/responses", "/messages", "/api/chat"];
    let path = ends.iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path);
    match path.rsplit_once("/models/") {
        Some((before, method)) if method.contains(':') => before,
        _ => path,
    }
}

/// The base URL in `OLLAMA_HOST`, which is `host`, `host:port` or a URL, and may be the
/// address that the server listens on.
pub(super) fn from_ollama_host(value: &str, api: Dialect) -> Result<String> {
    let value = value.trim().trim_end_matches('/');
    if begins_like_key(value) {
        let message = "OLLAMA_HOST: this looks like a key; it is the address of a server";
        return Err(Error::new(ErrorKind::Configuration, message));
    }
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    let scheme = scheme.to_ascii_lowercase();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let is_bare_ipv6 = authority.matches(':').count() > 1 && !authority.starts_with('[');
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !is_bare_ipv6 && !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let host = match host.trim_matches(['[', ']']) {
        // The unspecified address: valid for listening, not for connecting.
        "" | "0.0.0.0" => "127.0.0.1".to_owned(),
        "::" => "[::1]".to_owned(),
        address if address.contains(':') => format!("[{address}]"),
        name => name.to_owned(),
    };
    let port = port.unwrap_or(match scheme.as_str() {
        "https" => "443",
        _ => "11434",
    });
    let path = if path.is_empty() { "v1" } else { path };
    normalize(&format!("{scheme}://{host}:{port}/{path}"), api, "OLLAMA_HOST")
}

/// Whether `host`, in the form of a URL, is this machine.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// The host of a normalized base URL, in lower case.
pub(super) fn host_of(base_url: &str) -> String {
    base_url
        .parse::<Uri>()
        .ok()
        .and_then(|uri| uri.host().map(str::to_ascii_lowercase))
        .unwrap_or_default()
}

/// The port that a base URL names.
pub(super) fn port_of(base_url: &str) -> Option<u16> {
    base_url.parse::<Uri>().ok()?.port_u16()
}

/// Whether both are the same server: host and port. The default ports of both schemes count as
/// one, so that `http://` in the place of `https://` is refused for the key, not sent without one.
pub(super) fn is_same_server(one: &str, other: &str) -> bool {
    let server = |url: &str| {
        let uri = url.trim().parse::<Uri>().ok()?;
        let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let host = uri.host()?.trim_end_matches('.').to_ascii_lowercase();
        Some((host, uri.port_u16().filter(|port| *port != default)))
    };
    server(one).is_some_and(|one| server(other) == Some(one))
}

/// The path of a normalized base URL.
pub(super) fn path_of(base_url: &str) -> String {
    base_url.parse::<Uri>().map(|uri| uri.path().to_owned()).unwrap_or_default()
}

/// Host and port of a normalized base URL.
pub(super) fn authority_of(base_url: &str) -> String {
    base_url
        .parse::<Uri>()
        .ok()
        .and_then(|uri| uri.authority().map(|authority| authority.as_str().to_ascii_lowercase()))
        .unwrap_or_default()
}

/// Google's own host, whose base URL includes the version.
const GEMINI_HOST: &str = "generativelanguage.googleapis.com";

#[cfg(test)]
mod tests {
    use super::*;

    const GEMINI_BASE: &str = "https://generativelanguage.googleapis.com/v1beta";

    #[test]
    fn which_urls_are_the_same_server() {
        let same = [
            ("https://h/v1", "https://H:443/other"),
            ("http://h/v1", "http://h:80"),
            ("http://h:8080", "https://h:8080"),
            ("https://h./v1", "https://h/v1"),
            ("http://h/v1", "https://h/v1"),
        ];
        for (one, other) in same {
            assert!(is_same_server(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("https://h/v1", "https://h:444/v1"),
            ("https://h/v1", "https://h.example/v1"),
            ("https://h:80/v1", "https://h/v1"),
            ("no URL", "no URL"),
        ] {
            assert!(!is_same_server(one, other), "{one} {other}");
        }
    }

    #[test]
    fn base_urls_as_people_write_them() {
        let cases = [
            (Dialect::OpenAiChat, "https://api.openai.com/v1", "https://api.openai.com/v1"),
            (Dialect::OpenAiChat, " https://api.openai.com/v1/ ", "https://api.openai.com/v1"),
            (Dialect::OpenAiChat, "https://h/v1/chat/completions", "https://h/v1"),
            (Dialect::OpenAiChat, "http://localhost:8080", "http://localhost:8080/v1"),
            (Dialect::OpenAiChat, "http://[::1]:8080/", "http://[::1]:8080/v1"),
            (Dialect::OpenAiChat, "http://localhost:8080/api", "http://localhost:8080/api"),
            (Dialect::OpenAiChat, "https://api.example.com", "https://api.example.com"),
            (Dialect::Anthropic, "https://api.anthropic.com", "https://api.anthropic.com"),
            (Dialect::Anthropic, "https://api.anthropic.com/v1/", "https://api.anthropic.com"),
            (Dialect::Anthropic, "https://h/anthropic/v1/messages", "https://h/anthropic"),
            (Dialect::Anthropic, "http://127.0.0.1:9", "http://127.0.0.1:9"),
            (Dialect::OpenAiResponses, "https://h/v1/responses", "https://h/v1"),
            (Dialect::OpenAiResponses, "http://localhost:8080", "http://localhost:8080/v1"),
            (Dialect::Gemini, "https://h/v1beta/", "https://h/v1beta"),
            (Dialect::Gemini, "http://127.0.0.1:9", "http://127.0.0.1:9"),
            (Dialect::Ollama, "http://127.0.0.1:11434/", "http://127.0.0.1:11434"),
            (Dialect::Ollama, "http://h/api/chat", "http://h"),
            (Dialect::Ollama, "http://h:1/v1/", "http://h:1"),
            (Dialect::Ollama, "http://h/proxy/v1", "http://h/proxy"),
            (Dialect::OpenAiChat, "HTTPS://LLM.Example/V1/", "https://llm.example/V1"),
            (Dialect::OpenAiChat, "HTTP://LocalHost:8080", "http://localhost:8080/v1"),
            (Dialect::OpenAiResponses, "https://h/v1/chat/completions", "https://h/v1"),
            (Dialect::Anthropic, "https://h/v1/chat/completions", "https://h"),
            (Dialect::OpenAiChat, "http://127.0.0.1:1/v1/messages", "http://127.0.0.1:1/v1"),
            (Dialect::Gemini, "https://generativelanguage.googleapis.com", GEMINI_BASE),
            (Dialect::Gemini, "https://h/v1beta/models/m:generateContent", "https://h/v1beta"),
        ];
        for (api, text, expected) in cases {
            assert_eq!(normalize(text, api, "test").unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn errors_of_base_urls_name_the_source_and_not_the_text() {
        for (text, part) in [
            ("", "must begin with http:// or https://"),
            ("http://", "not a URL"),
            ("localhost:8080", "must begin with http:// or https://"),
            ("ftp://host/v1", "must begin with http:// or https://"),
            ("https://user:hunter2@host/v1", "no user or password"),
            ("https://host/v1?key=hunter2", "no ? or #"),
            ("https://host/v1#hunter2", "no ? or #"),
            ("http://ho st/hunter2", "not a URL"),
            ("http://host:hunter2/v1", "the port is not a number"),
            ("http://host:70000/v1", "the port is not a number"),
        ] {
            let error = normalize(text, Dialect::OpenAiChat, "--base-url").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{text}");
            let message = error.to_string();
            assert!(message.starts_with("--base-url: "), "{message}");
            assert!(message.contains(part), "{text}: {message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn every_form_of_ollama_host() {
        for (value, expected) in [
            ("gpu", "http://gpu:11434/v1"),
            ("gpu:1", "http://gpu:1/v1"),
            (":1", "http://127.0.0.1:1/v1"),
            ("http://gpu", "http://gpu:11434/v1"),
            ("http://gpu:1/", "http://gpu:1/v1"),
            ("https://gpu", "https://gpu:443/v1"),
            ("https://gpu/ollama/v1", "https://gpu:443/ollama/v1"),
            ("0.0.0.0", "http://127.0.0.1:11434/v1"),
            ("0.0.0.0:1", "http://127.0.0.1:1/v1"),
            ("::", "http://[::1]:11434/v1"),
            ("[::]:1", "http://[::1]:1/v1"),
            ("[fe80::1]", "http://[fe80::1]:11434/v1"),
            ("fe80::1", "http://[fe80::1]:11434/v1"),
        ] {
            assert_eq!(from_ollama_host(value, Dialect::OpenAiChat).unwrap(), expected, "{value}");
        }
        let native = from_ollama_host("gpu:1", Dialect::Ollama).unwrap();
        assert_eq!(native, "http://gpu:1");
        for value in ["sk-hunter2", "gpu:port", "ftp://gpu", "a b"] {
            let error = from_ollama_host(value, Dialect::OpenAiChat).unwrap_err();
            assert!(error.to_string().starts_with("OLLAMA_HOST: "), "{error}");
        }
    }

    #[test]
    fn which_hosts_are_this_machine() {
        for host in ["localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "localhost.example.com", "128.0.0.1", "0.0.0.0", "[::2]", "10.0.0.1"] {
            assert!(!is_loopback(host), "{host}");
        }
        assert!(is_loopback("[::ffff:127.0.0.1]"));
    }
}
