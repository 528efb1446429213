//! The version of the kernel, which tells what calls do that have no probe of their own.

/// Whether Linux is at least of the version `major`.`minor`.
pub(crate) fn is_linux(major: u32, minor: u32) -> bool {
    is_at_least(&release(), major, minor)
}

/// What the kernel calls its release.
pub(crate) fn release() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

fn is_at_least(release: &str, major: u32, minor: u32) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(first)), Some(Ok(second))) => (first, second) >= (major, minor),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_tells_the_version() {
        for (release, is) in [
            ("6.14.0", true),
            ("6.18.44-fc-v669", true),
            ("7.0-rc1", true),
            ("6.13.9", false),
            ("5.10.0-35-amd64", false),
            ("unknown", false),
            ("", false),
        ] {
            assert_eq!(is_at_least(release, 6, 14), is, "{release}");
        }
    }
}
