//! Headers and query parameters that a provider's table adds to each request, for gateways.

use std::collections::BTreeMap;

use super::{Env, Secret, variable};
use crate::{Error, ErrorKind, Result};

/// A header or a query parameter.
#[derive(Debug, Clone)]
pub struct Extra {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Secret,
    /// Whether the value contains a variable; it then counts as a key.
    pub is_key: bool,
}

/// The entries of a table with their variables expanded. `place` is their place, for errors.
///
/// # Errors
/// `Authentication` for a variable that is not set, `Configuration` for one that is not closed or
/// not UTF-8.
pub(super) fn expand(
    entries: &BTreeMap<String, String>,
    place: &str,
    env: &Env<'_>,
) -> Result<Vec<Extra>> {
    let one = |(name, text): (&String, &String)| {
        let (mut value, mut rest, mut is_key) = (String::new(), text.as_str(), false);
        while let Some((before, after)) = rest.split_once("${") {
            let (variable_name, after) = after.split_once('}').ok_or_else(|| {
                let message = format!("{place}: {name}: a variable is written as ${{NAME}}");
                Error::new(ErrorKind::Configuration, message)
            })?;
            let text = variable(env, variable_name)?.ok_or_else(|| {
                let message = format!(
                    "{place}: {name} needs the variable {}; set it",
                    super::shown(variable_name)
                );
                Error::new(ErrorKind::Authentication, message)
            })?;
            value.push_str(before);
            value.push_str(&text);
            (rest, is_key) = (after, true);
        }
        value.push_str(rest);
        is_key |= CARRIES_KEY.contains(&name.to_ascii_lowercase().as_str());
        Ok(Extra { name: name.clone(), value: Secret::new(value), is_key })
    };
    entries.iter().map(one).collect()
}

/// `headers` of a table, overridden by those of the command line. Variables are expanded as in a
/// table, so that a key need not be among the arguments.
///
/// # Errors
/// As [`expand`] and [`check_headers`].
pub(super) fn over(
    mut headers: Vec<Extra>,
    given: &[(String, String)],
    env: &Env<'_>,
) -> Result<Vec<Extra>> {
    const FLAG: &str = "--header";
    let mut more = Vec::new();
    for (name, value) in given {
        let one = BTreeMap::from([(name.clone(), value.clone())]);
        more.extend(expand(&one, FLAG, env)?);
    }
    check_headers(&more, FLAG)?;
    headers.retain(|it| !more.iter().any(|new| new.name.eq_ignore_ascii_case(&it.name)));
    headers.extend(more);
    Ok(headers)
}

/// Refuses headers that HTTP itself, or the request, sets.
pub(super) fn check_headers(headers: &[Extra], place: &str) -> Result<()> {
    for Extra { name, value, .. } in headers {
        let reason = if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            "is set by the request itself"
        } else if ureq::http::HeaderName::try_from(name.as_str()).is_err() {
            "is not a valid header name"
        } else if ureq::http::HeaderValue::try_from(value.expose()).is_err() {
            "has a line break or another forbidden character in its value"
        } else {
            continue;
        };
        let message = format!("{place}: {} {reason}", super::shown(name));
        return Err(Error::new(ErrorKind::Configuration, message));
    }
    Ok(())
}

/// The variables that `text` names.
pub(super) fn variables_in(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// Appends the parameters to `url`, which may already have some.
pub(super) fn with_query(mut url: String, query: &[Extra]) -> String {
    for Extra { name, value, .. } in query {
        url.push(if url.contains('?') { '&' } else { '?' });
        escape(name, &mut url);
        url.push('=');
        escape(value.expose(), &mut url);
    }
    url
}

fn escape(text: &str, to: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                to.push(char::from(byte));
            }
            _ => to.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// The values of these are keys, even if they were written into the file.
const CARRIES_KEY: &[&str] = &["authorization", "api-key", "x-api-key", "x-goog-api-key", "key"];

const RESERVED: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    fn expanded(name: &str, value: &str) -> Result<(String, bool)> {
        let env = |name: &str| (name == "A").then(|| "sk-hunter2".into());
        let extra = expand(&table(&[(name, value)]), "the file", &env)?.remove(0);
        Ok((extra.value.expose().to_owned(), extra.is_key))
    }

    #[test]
    fn variables_are_expanded_and_count_as_keys() {
        assert_eq!(expanded("x", "plain $5 {A}").unwrap(), ("plain $5 {A}".into(), false));
        assert_eq!(expanded("x", "a ${A} ${A}").unwrap(), ("a sk-hunter2 sk-hunter2".into(), true));
        assert!(expanded("Api-Key", "in-the-file").unwrap().1);
        let error = expanded("x", "${B}").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(error.to_string().contains("\"B\""), "{error}");
        assert_eq!(expanded("x", "${A").unwrap_err().kind(), ErrorKind::Configuration);
    }

    #[test]
    fn a_query_is_escaped_and_appended() {
        let query =
            expand(&table(&[("api-version", "2024-10-21"), ("k&", "ä ")]), "", &|_| None).unwrap();
        let with = |url: &str| with_query(url.to_owned(), &query);
        assert_eq!(with("https://h/p"), "https://h/p?api-version=2024-10-21&k%26=%C3%A4%20");
        assert_eq!(
            with("https://h/p?a=b"),
            "https://h/p?a=b&api-version=2024-10-21&k%26=%C3%A4%20"
        );
    }

    #[test]
    fn headers_of_the_request_itself_are_refused() {
        for (name, value) in
            [("Host", "evil"), ("content-length", "1"), ("a b", "c"), ("x", "a\nb")]
        {
            let headers = expand(&table(&[(name, value)]), "", &|_| None).unwrap();
            let error = check_headers(&headers, "headers of work").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{name}");
        }
        let headers = expand(&table(&[("x-portkey-provider", "openai")]), "", &|_| None).unwrap();
        check_headers(&headers, "").unwrap();
    }
}
