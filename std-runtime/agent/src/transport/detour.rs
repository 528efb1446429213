//! Responses that come from something that is not the API.

use ureq::http::{HeaderMap, HeaderValue, Uri, header};

use super::failure::host_of;
use crate::{Error, ErrorKind, Result};

/// Refuses a redirect, which could send the key to another host; a web page, which is not from a
/// provider; and a body in an encoding that was not requested.
///
/// Temporary failures, such as the page of an overloaded gateway, are left to the session.
pub(crate) fn refuse(host: &str, status: u16, headers: &HeaderMap, uri: &Uri) -> Result<()> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let lasting = |kind: ErrorKind, message: String| Err(Error::new(kind, message).lasting());
    if (300..400).contains(&status) {
        let target = match text(header::LOCATION).map(|location| location.parse::<Uri>()) {
            Some(Ok(location)) if location.host().is_some() => {
                format!("{}://{}", location.scheme_str().unwrap_or("https"), host_of(&location))
            }
            _ => "another path".into(),
        };
        let message = format!(
            "{host} answers {status} and points to {target}; redirects are not followed, so set \
             the base URL to where the API is"
        );
        return lasting(ErrorKind::Provider, message);
    }
    let is_page = text(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"));
    let encoding = text(header::CONTENT_ENCODING).map(str::trim).unwrap_or_default();
    match status {
        401 | 403 | 407 if is_page => {
            let message = format!(
                "{host} answers {status} with a web page; check the key, and whether a gateway \
                 before the API wants another one"
            );
            lasting(ErrorKind::Authentication, message)
        }
        413 if is_page => {
            let message = format!(
                "the request is too large for {host} (status 413); raise the limit of the server \
                 or gateway, or lower --context"
            );
            lasting(ErrorKind::Provider, message)
        }
        _ if is_page && !may_pass(status) => {
            let message = format!(
                "{host} answers {} with a web page (status {status}), not with an API's response; \
                 check the base URL (for OpenAI-compatible servers it usually ends in /v1)",
                uri.path()
            );
            lasting(ErrorKind::Provider, message)
        }
        // Other words, such as the character set, change nothing in the body.
        _ if encoding.split(',').any(is_encoding) => {
            let message = format!(
                "{host} answers in the content encoding {}, which was not asked for; switch it \
                 off in the server or gateway",
                zerostack_text::quote(encoding)
            );
            lasting(ErrorKind::Provider, message)
        }
        _ => Ok(()),
    }
}

/// Whether it names an encoding of HTTP that is not the body itself.
fn is_encoding(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    let name = name.strip_prefix("x-").unwrap_or(&name);
    matches!(name, "gzip" | "deflate" | "compress" | "br" | "zstd" | "dcb" | "dcz" | "exi")
}

fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 425 | 429) || status >= 500
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_that_are_not_from_an_api_are_lasting_errors() {
        let refused = |status: u16, name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
            let uri = "https://h/v1/chat".parse().unwrap();
            let error = refuse("h", status, &headers, &uri).err()?;
            assert!(error.is_lasting(), "{error}");
            Some((error.kind(), error.to_string()))
        };
        for (status, name, value, kind, part) in [
            (302, "location", "https://e/x?key=hunter2", ErrorKind::Provider, "https://e;"),
            (200, "content-type", "text/html; charset=utf-8", ErrorKind::Provider, "web page"),
            (404, "content-type", " Text/HTML", ErrorKind::Provider, "base URL"),
            (401, "content-type", "text/html", ErrorKind::Authentication, "check the key"),
            (403, "content-type", "text/html", ErrorKind::Authentication, "check the key"),
            (413, "content-type", "text/html", ErrorKind::Provider, "too large"),
            (200, "content-encoding", "gzip", ErrorKind::Provider, "gzip"),
            (500, "content-encoding", "br", ErrorKind::Provider, "br"),
            (200, "content-encoding", "identity, X-GZip", ErrorKind::Provider, "X-GZip"),
        ] {
            let (found, message) = refused(status, name, value).unwrap();
            assert_eq!(found, kind, "{message}");
            assert!(message.contains(part) && !message.contains("hunter2"), "{message}");
        }
        for (status, name, value) in [
            (200, "content-type", "text/event-stream"),
            (200, "content-encoding", "identity"),
            (200, "content-encoding", "utf-8"),
            (200, "content-encoding", "none"),
            (401, "content-type", "application/json"),
            (429, "content-type", "text/html"),
            (502, "content-type", "text/html"),
        ] {
            assert_eq!(refused(status, name, value), None, "{status} {value}");
        }
    }
}
