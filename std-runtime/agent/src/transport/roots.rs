//! Which certificates are trusted in place of the built-in roots.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use ureq::tls::{Certificate, PemItem};

use crate::provider::Env;
use crate::{Error, ErrorKind, Result};

/// A PEM file with certificates of authorities, or a folder of such files. Of a folder that
/// `openssl rehash` was run in, the files with hashes as names are read, else all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootCertificates {
    /// The file or folder.
    pub path: PathBuf,
    /// What named it, for errors.
    pub named_by: &'static str,
}

impl From<&Path> for RootCertificates {
    fn from(path: &Path) -> Self {
        Self { path: path.to_owned(), named_by: "root_certificates" }
    }
}

/// What the variables of OpenSSL and of Python's requests name. What all of them name is trusted.
pub(super) fn from_env(env: &Env<'_>) -> Vec<RootCertificates> {
    let mut roots = Vec::new();
    for (named_by, is_list) in
        [("SSL_CERT_FILE", false), (FOLDERS, true), ("REQUESTS_CA_BUNDLE", false)]
    {
        let Some(value) = env(named_by) else { continue };
        let paths = match is_list {
            true => std::env::split_paths(&value).collect(),
            false => vec![PathBuf::from(value)],
        };
        let paths: Vec<_> = paths.into_iter().filter(|path| !path.as_os_str().is_empty()).collect();
        // As with OpenSSL, some folders of a list may be missing.
        let is_any = paths.iter().any(|path| path.exists());
        let paths = paths.into_iter().filter(|path| !(is_list && is_any) || path.exists());
        roots.extend(paths.map(|path| RootCertificates { path, named_by }));
    }
    roots
}

/// The certificates of all of them, each once.
///
/// # Errors
/// `Configuration` for a path that holds none.
pub(crate) fn read(roots: &[RootCertificates]) -> Result<Vec<Certificate<'static>>> {
    let (mut certificates, mut seen) = (Vec::new(), BTreeSet::new());
    for root in roots {
        for certificate in root.read()? {
            if seen.insert(certificate.der().to_vec()) {
                certificates.push(certificate);
            }
        }
    }
    Ok(certificates)
}

impl RootCertificates {
    fn read(&self) -> Result<Vec<Certificate<'static>>> {
        match (self.path.is_dir(), self.named_by) {
            (true, "SSL_CERT_FILE") => Err(self.wrong("it is a folder; name it in SSL_CERT_DIR")),
            (true, _) => self.read_folder(),
            (false, FOLDERS) if self.path.exists() => {
                Err(self.wrong("it is no folder; name it in SSL_CERT_FILE"))
            }
            (false, _) => certificates_of(&self.path).map_err(|why| self.wrong(&why)),
        }
    }

    fn read_folder(&self) -> Result<Vec<Certificate<'static>>> {
        let entries =
            std::fs::read_dir(&self.path).map_err(|error| self.wrong(&error.to_string()))?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        if files.iter().any(|file| is_hash(file)) {
            files.retain(|file| is_hash(file));
        }
        // What else is in it is none of our business.
        let files = files.iter().filter(|file| file.is_file());
        let all: Vec<_> = files.filter_map(|file| certificates_of(file).ok()).flatten().collect();
        if all.is_empty() {
            return Err(self.wrong("no file with a PEM certificate in this folder"));
        }
        Ok(all)
    }

    fn wrong(&self, reason: &str) -> Error {
        let message = format!("{}={}: {reason}", self.named_by, self.path.display());
        Error::new(ErrorKind::Configuration, message)
    }
}

fn certificates_of(path: &Path) -> std::result::Result<Vec<Certificate<'static>>, String> {
    let told = |error: std::io::Error| error.to_string();
    let mut pem = Vec::new();
    let file = std::fs::File::open(path).map_err(told)?;
    file.take(FILE_BYTES + 1).read_to_end(&mut pem).map_err(told)?;
    if pem.len() as u64 > FILE_BYTES {
        return Err(format!("it is longer than {FILE_BYTES} bytes"));
    }
    let mut certificates = Vec::new();
    for item in ureq::tls::parse_pem(&pem) {
        // Bundles may hold keys too; none of our business.
        if let PemItem::Certificate(certificate) = item.map_err(|error| error.to_string())? {
            certificates.push(certificate);
        }
    }
    match certificates.is_empty() {
        true => Err("no PEM certificate in this file".to_owned()),
        false => Ok(certificates),
    }
}

/// Whether the file has the name that `openssl rehash` gives: `5d3033c5.0`.
fn is_hash(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some((hash, number)) = name.split_once('.') else { return false };
    let is_hex = hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

const FOLDERS: &str = "SSL_CERT_DIR";

/// The most of one file; the bundle of all public authorities has a quarter of a megabyte.
const FILE_BYTES: u64 = 16 << 20;
