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
    }
}
