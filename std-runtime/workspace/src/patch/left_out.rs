//! What changed and is not in the patch.

/// A changed file that is not in the patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The path from the folder of the run, as bytes.
    pub path: Vec<u8>,
    /// Why.
    pub reason: Reason,
}

/// Why a changed file is not in the patch.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// An ignore rule excludes it.
    Ignored,
    /// A build made it.
    Built,
    /// It is a socket, a FIFO or a device.
    Special,
    /// It belongs to the repository in this folder of the checkout.
    Nested(Vec<u8>),
    /// It belongs to the submodule in this folder.
    Submodule(Vec<u8>),
    /// git takes no such name.
    Name,
    /// The run may change other files only.
    OutOfScope,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ignored => f.write_str("ignored"),
            Self::Built => f.write_str("made by a build"),
            Self::Special => f.write_str("not a file"),
            Self::Nested(folder) => {
                write!(f, "in the nested repository {}", String::from_utf8_lossy(folder))
            }
            Self::Submodule(folder) => {
                write!(f, "in the submodule {}", String::from_utf8_lossy(folder))
            }
            Self::Name => f.write_str("a name that git refuses"),
            Self::OutOfScope => f.write_str("no finding names it"),
        }
    }
}
