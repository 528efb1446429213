//! The message of a commit.

use zerostack_core::tool::answer::json_in;

/// The instruction for the model.
pub(super) const TOLD: &str = "\n\nEnd with the message alone: no fence, no words before or after \
    it. If it has more than one line, the second is empty.";

/// The message, for `git commit -F -`.
///
/// # Errors
/// Why it is not a message.
pub(super) fn checked(text: &str) -> Result<String, String> {
    let lines: Vec<&str> = json_in(text).trim().lines().map(str::trim_end).collect();
    let subject = lines.first().copied().unwrap_or_default();
    let length = subject.chars().count();
    if length > SUBJECT_CHARS {
        return Err(format!(
            "its first line has {length} characters, and at most {SUBJECT_CHARS} are allowed"
        ));
    }
    if subject.starts_with("```") || subject.ends_with(':') {
        return Err("its first line introduces a message instead of being one".to_owned());
    }
    if lines.get(1).is_some_and(|line| !line.is_empty()) {
        return Err("its second line is not empty".to_owned());
    }
    if lines.iter().any(|line| line.starts_with("```")) {
        return Err("it contains a code fence".to_owned());
    }
    Ok(lines.join("\n"))
}

/// Longer than any style permits; git and forges truncate it.
const SUBJECT_CHARS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_subject_an_empty_line_and_a_body() {
        for (text, message) in [
            ("Fix it", "Fix it"),
            ("```\nfix(a): b\n\nWhy.  \nMore.\n```\n", "fix(a): b\n\nWhy.\nMore."),
        ] {
            assert_eq!(checked(text).as_deref(), Ok(message));
        }
        let long = "x".repeat(101);
        for bad in [
            "Here is the message:\n\nFix it",
            "Fix it\nand that",
            "Here it is\n\n```\nFix it\n```",
            &long,
        ] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }
}
