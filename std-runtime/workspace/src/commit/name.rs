//! Paths of files in the runtime's JSON.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The path of a file relative to its folder, as bytes. In JSON it is a string, in which bytes that
/// are not UTF-8, and `%`, are `%` and two digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub Vec<u8>);

impl Name {
    /// The folders above it, the outermost first.
    pub fn folders(&self) -> impl Iterator<Item = &[u8]> {
        let slashes = self.0.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        slashes.filter_map(|(at, _)| self.0.get(..at))
    }

    /// The name of the folder `path` from the root.
    pub(super) fn from_root(path: &Path) -> Self {
        let bytes = path.as_os_str().as_bytes();
        Self(bytes.strip_prefix(b"/").unwrap_or(bytes).to_vec())
    }

    /// The path that has this name from the root.
    pub(super) fn below_root(&self) -> PathBuf {
        Path::new("/").join(OsStr::from_bytes(&self.0))
    }

    /// Whether it leads from its folder to something below it.
    fn is_proper(&self) -> bool {
        let mut parts = self.0.split(|&byte| byte == b'/');
        parts.all(|part| !matches!(part, b"" | b"." | b"..")) && !self.0.contains(&0)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::new();
        for chunk in self.0.utf8_chunks() {
            text.push_str(&chunk.valid().replace('%', "%25"));
            chunk.invalid().iter().for_each(|byte| text.push_str(&format!("%{byte:02x}")));
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut parts = text.split('%');
        let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            let (digits, rest) = part.split_at_checked(2).unwrap_or_default();
            let byte = u8::from_str_radix(digits, 16).map_err(serde::de::Error::custom)?;
            bytes.push(byte);
            bytes.extend_from_slice(rest.as_bytes());
        }
        let name = Self(bytes);
        match name.0.is_empty() || name.is_proper() {
            true => Ok(name),
            false => Err(serde::de::Error::custom("a path leads out of its folder")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_survives_and_none_leads_out() {
        for bytes in [&b"a/b"[..], b"", b"100%", "ö/ü".as_bytes(), b"\xff\xfe%41", b"a\xf0\x9f"] {
            let text = serde_json::to_string(&Name(bytes.to_vec())).unwrap();
            assert_eq!(serde_json::from_str::<Name>(&text).unwrap().0, bytes, "{text}");
        }
        for text in ["/etc/passwd", "../x", "a/../../x", "a/", "a//b", "a%00", "%2", "%zz"] {
            let json = serde_json::to_string(text).unwrap();
            assert!(serde_json::from_str::<Name>(&json).is_err(), "{text}");
        }
    }
}
