//! The part of a loop's command line that each round gets.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// The arguments without the word `loop`, its own flags, and those that the loop decides.
pub(crate) fn forwarded(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut out = Vec::new();
    let mut arguments = arguments.peekable();
    let (mut is_named, mut is_over) = (false, false);
    while let Some(argument) = arguments.next() {
        let text = argument.to_str().unwrap_or_default();
        if is_over {
            out.push(argument);
            continue;
        }
        let name = text.split('=').next().unwrap_or_default();
        match name {
            "--" => {
                is_over = true;
                out.push(argument);
            }
            "loop" if !is_named => is_named = true,
            name if WITH_VALUE.contains(&name) => {
                if !text.contains('=') {
                    arguments.next();
                }
            }
            "-w" | "--write" | "--merge" => {}
            _ if text.len() > 2 && text.starts_with("-C") => {}
            _ => out.push(argument),
        }
    }
    out
}

/// The identity of a loop: its folder and its whole command line.
pub(super) fn key(
    folder: &Path,
    writes: bool,
    until: Option<&str>,
    plan: Option<&str>,
    forwarded: &[OsString],
) -> String {
    let mut sum = sha1_smol::Sha1::new();
    sum.update(folder.as_os_str().as_bytes());
    sum.update(format!("\0{writes}\0{until:?}\0{plan:?}").as_bytes());
    for argument in forwarded {
        sum.update(b"\0");
        sum.update(argument.as_bytes());
    }
    sum.digest().to_string()
}

/// The bytes of a hexadecimal text.
pub(super) fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Flags with a value that a round does not get.
const WITH_VALUE: [&str; 9] = [
    "--until",
    "--max",
    "--plan",
    "-C",
    "--folder",
    "--max-total-tokens",
    "--max-cost",
    "--parallel",
    "--worktree",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_do_not_get_what_the_loop_decides() {
        let given = |line: &str| {
            let words = forwarded(line.split(' ').map(OsString::from));
            words.iter().map(|it| it.to_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(given("loop --until true -m x fix it"), "-m x fix it");
        assert_eq!(
            given("-q loop --max=3 --plan p -C d -Cd -w fix -- --max loop"),
            "-q fix -- --max loop"
        );
        assert_eq!(from_hex("00ff10"), [0, 255, 16]);
    }
}
