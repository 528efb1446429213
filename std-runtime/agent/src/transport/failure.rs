//! The errors on the way to a provider, in one line: what, where, what to do.
//!
//! Nothing here prints a header's value or the query of a URL: the key may be in either.

use std::fmt;
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
pub(crate) enum Stage {
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
        let peer = Peer { host, proxy: self.proxy.as_deref() };
        let message = match error {
            ureq::Error::Other(inner) => match inner.downcast::<Error>() {
                Ok(ours) => return *ours,
                Err(inner) => format!("cannot reach {host}: {inner}"),
            },
            ureq::Error::Rustls(error) => return peer.tls(&error),
            ureq::Error::Tls(reason) => format!("no TLS connection to {host}: {reason}"),
            ureq::Error::Io(error) => return peer.io(&error, stage),
            ureq::Error::Timeout(Timeout::PerRead) => {
                return peer
                    .silent(self.idle_timeout, "try again, or allow more with --idle-limit");
            }
            ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
                return peer.no_connection(self.connect_timeout);
            }
            ureq::Error::Timeout(_) => return peer.accepts_nothing(self.idle_timeout),
            ureq::Error::Protocol(error) => return peer.no_http(&error, stage),
            ureq::Error::LargeResponseHeader(_, limit) => return peer.long_head(limit),
            ureq::Error::ConnectProxyFailed(reason) => {
                // The reason contains the status; an overloaded proxy may recover.
                let is_lasting = ["403", "407", "405", "401"].iter().any(|it| reason.contains(it));
                return peer.no_tunnel(&reason, is_lasting);
            }
            ureq::Error::Http(_) => {
                return Error::new(
                    ErrorKind::Configuration,
                    format!("the request to {host} has a header that HTTP does not allow"),
                );
            }
            error => format!("cannot reach {host}: {error}"),
        };
        Error::new(ErrorKind::Provider, message)
    }
}

/// The other side of a connection, for errors.
#[derive(Clone, Copy)]
pub(crate) struct Peer<'a> {
    /// Host and, where the URL names one, port.
    pub host: &'a str,
    /// The same of the proxy on the way. If it is the host too, the connection to it failed.
    pub proxy: Option<&'a str>,
}

impl Peer<'_> {
    /// Who answers, for people.
    fn server(self) -> String {
        match self.proxy {
            Some(proxy) => format!("{} or the proxy {proxy} before it", self.host),
            None => self.host.to_owned(),
        }
    }

    /// Who is connected to, for people, and what to check about it.
    fn dialed(self) -> (String, &'static str) {
        match self.proxy {
            Some(proxy) if proxy == self.host => {
                (format!("the proxy {proxy}"), "check HTTPS_PROXY and ALL_PROXY, or set NO_PROXY")
            }
            _ => (self.host.to_owned(), "check the base URL and the network connection"),
        }
    }

    /// Its name has no address.
    pub fn unknown(self, cause: &dyn fmt::Display) -> Error {
        let (name, advice) = self.dialed();
        provider(format!("cannot find the address of {name}: {cause}; {advice}"))
    }

    /// No address of it accepted the connection within `limit`.
    pub fn late(self, limit: Duration) -> Error {
        let (name, advice) = self.dialed();
        let advice = match self.proxy {
            Some(_) => advice,
            None => "check the base URL, the network connection and HTTPS_PROXY",
        };
        let limit = seconds(limit);
        provider(format!("{name} did not accept the connection within {limit}; {advice}"))
    }

    /// It did not accept the connection, which may take as long as `limit`.
    pub fn no_connect(self, error: &io::Error, limit: Duration) -> Error {
        let (name, advice) = self.dialed();
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => self.late(limit),
            io::ErrorKind::ConnectionRefused => {
                let advice = match self.proxy {
                    Some(_) => advice,
                    None => "start the server or check the base URL",
                };
                provider(format!("{name} refuses the connection; {advice}"))
            }
            _ => provider(format!("cannot connect to {name}: {error}; {advice}")),
        }
    }

    /// The name, the connection and TLS together took longer than `limit`.
    pub fn no_connection(self, limit: Duration) -> Error {
        provider(format!(
            "no connection to {} within {}; check the base URL, the network connection and \
             HTTPS_PROXY",
            self.host,
            seconds(limit)
        ))
    }

    /// The proxy refuses to connect to it.
    pub fn no_tunnel(self, reason: &str, is_lasting: bool) -> Error {
        let host = self.host;
        let text = format!("the proxy does not connect to {host}: {reason}; check HTTPS_PROXY");
        let error = provider(text);
        if is_lasting { error.lasting() } else { error }
    }

    /// It sent nothing for the whole of `limit`.
    pub fn silent(self, limit: Duration, advice: &str) -> Error {
        provider(format!("{} sent nothing for {}; {advice}", self.host, seconds(limit)))
    }

    /// It took nothing for the whole of `limit`.
    pub fn accepts_nothing(self, limit: Duration) -> Error {
        let limit = seconds(limit);
        provider(format!("{} accepted no part of the request for {limit}; try again", self.host))
    }

    /// It sent something that is not HTTP.
    pub fn no_http(self, reason: &dyn fmt::Display, stage: Stage) -> Error {
        provider(match stage {
            Stage::Head => format!(
                "{} did not answer in HTTP ({reason}); check the base URL, and use https:// if \
                 this is a TLS port",
                self.server()
            ),
            Stage::Body => format!(
                "{} broke the rules of HTTP in the middle of the response: {reason}",
                self.host
            ),
        })
    }

    /// The head of its response is longer than `limit`.
    pub fn long_head(self, limit: usize) -> Error {
        let host = self.host;
        let text = format!("{host} answered with more than {limit} bytes of headers");
        provider(format!("{text}; check the base URL"))
    }

    /// It closed the connection too early.
    pub fn closed(self, stage: Stage) -> Error {
        provider(match stage {
            Stage::Head => format!(
                "{} closed the connection before it answered; check that the base URL has the \
                 right scheme (http or https) and port, then try again",
                self.server()
            ),
            Stage::Body => {
                format!("{} ended the response before it was complete; try again", self.host)
            }
        })
    }

    /// TLS failed.
    pub fn tls(self, error: &TlsError) -> Error {
        let failed = provider(tls_failure(self.host, error));
        if is_lasting_tls(error) { failed.lasting() } else { failed }
    }

    /// Reading or writing failed.
    pub fn io(self, error: &io::Error, stage: Stage) -> Error {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
            Some(tls) => self.tls(tls),
            None if error.kind() == io::ErrorKind::UnexpectedEof => self.closed(stage),
            None => provider(format!("the connection to {} failed: {error}; try again", self.host)),
        }
    }
}

fn provider(text: String) -> Error {
    Error::new(ErrorKind::Provider, text)
}

/// Whether another attempt would find the same: the certificate, or what the server speaks.
fn is_lasting_tls(error: &TlsError) -> bool {
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

fn tls_failure(host: &str, error: &TlsError) -> String {
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
