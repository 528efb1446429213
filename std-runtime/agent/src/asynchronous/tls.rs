//! TLS over a connection, with the built-in roots or with named ones.

use std::io;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::stream::NetStream;
use crate::transport::RootCertificates;
use crate::transport::roots;
use crate::{Error, ErrorKind, Result};

/// Whom to trust. The configuration for the built-in roots is made when it is first needed.
pub(super) struct Tls(OnceLock<Arc<ClientConfig>>);

impl Tls {
    /// Trusts the certificates of `named`, or the built-in roots if there are none.
    ///
    /// # Errors
    /// `Configuration` if one of them cannot be read.
    pub fn new(named: &[RootCertificates]) -> Result<Self> {
        let tls = Self(OnceLock::new());
        if !named.is_empty() {
            let mut roots = RootCertStore::empty();
            let certificates = roots::read(named)?;
            // One that cannot be read is left out, as with the blocking client.
            roots.add_parsable_certificates(
                certificates.iter().map(|certificate| certificate.der().to_vec().into()),
            );
            let _ = tls.0.set(config(roots)?);
        }
        Ok(tls)
    }

    /// Who checks the certificates for `host`.
    ///
    /// # Errors
    /// `Configuration` for a host that no certificate can name.
    pub fn connector(&self, host: &str) -> Result<Connector> {
        let config = match self.0.get() {
            Some(config) => config,
            None => {
                let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
                let made = config(roots.collect())?;
                self.0.get_or_init(|| made)
            }
        };
        let name = ServerName::try_from(host.trim_matches(['[', ']'])).map_err(|_| {
            let text = format!("no certificate can name the host {host:?}; check the base URL");
            Error::new(ErrorKind::Configuration, text)
        })?;
        Ok(Connector { config: Arc::clone(config), name: name.to_owned() })
    }
}

/// Begins TLS with one host.
pub(super) struct Connector {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Connector {
    /// TLS over `stream`, after the handshake.
    pub async fn connect(self, stream: NetStream) -> io::Result<NetStream> {
        let connected = TlsConnector::from(self.config).connect(self.name, stream).await?;
        Ok(NetStream::Tls(Box::new(connected)))
    }
}

fn config(roots: RootCertStore) -> Result<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Internal, format!("TLS cannot be used: {error}")))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
