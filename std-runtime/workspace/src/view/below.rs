//! Whether one path is below another, for loops that compare thousands.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Whether `path` is `folder` or in it. Both are normalized, so comparing their bytes is enough. Every
/// relative path is below the empty one.
pub(super) fn is_below(path: &Path, folder: &Path) -> bool {
    let (path, folder) = (path.as_os_str().as_bytes(), folder.as_os_str().as_bytes());
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
}

/// Whether one of the two is below the other.
pub(super) fn is_one_below_other(path: &Path, other: &Path) -> bool {
    let (path, other) = (path.as_os_str(), other.as_os_str());
    let (long, short) = if path.len() > other.len() { (path, other) } else { (other, path) };
    is_below(Path::new(long), Path::new(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_whole() {
        let is = |path: &str, folder: &str| is_below(Path::new(path), Path::new(folder));
        for (path, folder) in [("/a/b", "/a"), ("/a", "/a"), ("a/b", "a"), ("a", "")] {
            assert!(is(path, folder), "{path} {folder}");
        }
        for (path, folder) in [("/ab", "/a"), ("/a", "/a/b"), ("a.b", "a"), ("", "a")] {
            assert!(!is(path, folder), "{path} {folder}");
        }
        let either = |a: &str, b: &str| is_one_below_other(Path::new(a), Path::new(b));
        assert!(either("a/b", "a") && either("a", "a/b") && either("a", "a") && either("", "a"));
        assert!(!either("a", "ab") && !either("a/b", "a/c") && !either("ab", "a"));
    }
}
