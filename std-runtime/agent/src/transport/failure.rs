//! The errors on the way to a provider, in one line: what, where, what to do.
//!
//! Nothing here prints a header's value or the query of a URL: the key may be in either.

use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, Error as TlsError};
use ureq::Timeout;
use ureq::http::Uri;

use super::Cancel;
use crate::{Error, ErrorKind};

/// Where a request went and which limits it had.
pub(super) struct Place {
    pub host: String,
    /// The proxy on the way, which may be the one that answers.
    pub proxy: Option<String>,
    pub connect_timeout: Duration,
    pub idle_timeout: Duration,
    pub cancel: Cancel,
}

/// How far the exchange had proceeded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// No head of a response yet.
    Head,
    /// In the body of the response.
    Body,
}

impl Place {
    /// Converts ureq's error.
    pub fn failure(&self, error: ureq::Error, stage: Stage) -> Error {
        if self.cancel.is_cancelled() {
            return Cancel::error();
        }
        let host = &self.host;
        let mut is_lasting = false;
        let message = match error {
            ureq::Error::Other(inner) => match inner.downcast::<Error>() {
                Ok(ours) => return *ours,
                Err(inner) => format!("cannot reach {host}: {inner}"),
            },
            ureq::Error::Rustls(error) => {
                is_lasting = is_lasting_tls(&error);
                tls_failure(host, &error)
            }
            ureq::Error::Tls(reason) => format!("no TLS connection to {host}: {reason}"),
            ureq::Error::Io(error) => return self.io_failure(error, stage),
            ureq::Error::Timeout(Timeout::PerRead) => format!(
                "{host} sent nothing for {}; try again, or allow more with --idle-limit",
                seconds(self.idle_timeout)
            ),
            ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => format!(
                "no connection to {host} within {}; check the base URL, the network connection \
                 and HTTPS_PROXY",
                seconds(self.connect_timeout)
            ),
            ureq::Error::Timeout(_) => format!(
                "{host} accepted no part of the request for {}; try again",
                seconds(self.idle_timeout)
            ),
            ureq::Error::Protocol(error) if stage == Stage::Head => format!(
                "{} did not answer in HTTP ({error}); check the base URL, and use https:// \
                 if this is a TLS port",
                self.server()
            ),
            ureq::Error::Protocol(error) => {
                format!("{host} broke the rules of HTTP in the middle of the response: {error}")
            }
            ureq::Error::LargeResponseHeader(_, limit) => format!(
                "{host} answered with more than {limit} bytes of headers; check the base URL"
            ),
            ureq::Error::ConnectProxyFailed(reason) => {
                // The reason contains the status; an overloaded proxy may recover.
                is_lasting = ["403", "407", "405", "401"].iter().any(|it| reason.contains(it));
                format!("the proxy does not connect to {host}: {reason}; check HTTPS_PROXY")
            }
            ureq::Error::Http(_) => {
                return Error::new(
                    ErrorKind::Configuration,
                    format!("the request to {host} has a header that HTTP does not allow"),
                );
            }
            error => format!("cannot reach {host}: {error}"),
        };
        let error = Error::new(ErrorKind::Provider, message);
        if is_lasting { error.lasting() } else { error }
    }

    /// Who answers, for people.
    fn server(&self) -> String {
        match &self.proxy {
            Some(proxy) => format!("{} or the proxy {proxy} before it", self.host),
            None => self.host.clone(),
        }
    }

    fn io_failure(&self, error: io::Error, stage: Stage) -> Error {
        let host = &self.host;
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
        let message = match (tls, error.kind(), stage) {
            (Some(tls), ..) => tls_failure(host, tls),
            (None, io::ErrorKind::UnexpectedEof, Stage::Head) => format!(
                "{} closed the connection before it answered; check that the base URL has \
                 the right scheme (http or https) and port, then try again",
                self.server()
            ),
            (None, io::ErrorKind::UnexpectedEof, Stage::Body) => {
                format!("{host} ended the response before it was complete; try again")
            }
            _ => format!("the connection to {host} failed: {error}; try again"),
        };
        let error = Error::new(ErrorKind::Provider, message);
        if tls.is_some_and(is_lasting_tls) { error.lasting() } else { error }
    }
}

/// Whether another attempt would find the same: the certificate, or what the server speaks.
pub(crate) fn is_lasting_tls(error: &TlsError) -> bool {
    matches!(
        error,
        TlsError::InvalidCertificate(_)
            | TlsError::InvalidMessage(_)
            | TlsError::PeerIncompatible(_)
            | TlsError::AlertReceived(
                AlertDescription::ProtocolVersion
                    | AlertDescription::HandshakeFailure
                    | AlertDescription::CertificateRequired
                    | AlertDescription::UnrecognisedName
            )
    )
}

pub(crate) fn tls_failure(host: &str, error: &TlsError) -> String {
    match error {
        TlsError::InvalidCertificate(CertificateError::UnknownIssuer) => format!(
            "the certificate of {host} comes from an issuer that is not trusted; if it is your \
             own or your company's, name its PEM file in SSL_CERT_FILE"
        ),
        // The verifier has no name for it that can be matched.
        TlsError::InvalidCertificate(CertificateError::Other(reason))
            if format!("{reason:?}").contains("CaUsedAsEndEntity") =>
        {
            format!(
                "the certificate of {host} is one of an authority, as `openssl req -x509` makes \
                 it, and no server's; make it again with -addext basicConstraints=CA:FALSE, or \
                 sign one for the server with it, and name its PEM file in SSL_CERT_FILE"
            )
        }
        TlsError::InvalidCertificate(reason) => format!(
            "the certificate of {host} is not valid: {reason}; check the host name and the clock"
        ),
        TlsError::InvalidMessage(_) => format!(
            "{host} does not speak TLS on this port; check the port, or use http:// if the \
             server is plain"
        ),
        TlsError::AlertReceived(AlertDescription::ProtocolVersion)
        | TlsError::PeerIncompatible(_) => {
            format!("{host} offers neither TLS 1.2 nor TLS 1.3 with ciphers in use today: {error}")
        }
        _ => format!("no TLS connection to {host}: {error}"),
    }
}

/// Host and, where the URL names one, port. Never the user information, which may be a password.
pub(crate) fn host_of(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    match uri.port_u16() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// A time limit, for people.
pub(crate) fn seconds(limit: Duration) -> String {
    if limit.subsec_millis() == 0 {
        format!("{} s", limit.as_secs())
    } else {
        format!("{} ms", limit.as_millis())
    }
}
