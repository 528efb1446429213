//! Shell scripts: the parser returns, and says the same of a script in other surroundings.

use zerostack_policy::shell::{Command, parse};
use zerostack_policy::{Mode, Policy, Verdict};

/// Parses and judges a script; a subshell around it, or a line end, hides none of its commands.
pub fn shell(input: &[u8]) {
    let Ok(script) = std::str::from_utf8(input) else { return };
    let policies = Mode::ALL.map(Policy::new);
    for policy in &policies {
        let _ = policy.check_command(script);
    }
    let Ok(parsed) = parse(script) else {
        // What is not understood is never allowed where that matters.
        let verdict = Policy::new(Mode::Standard).check_command(script).verdict;
        assert_ne!(verdict, Verdict::Allow);
        return;
    };
    let again = parse(script).expect("the same text");
    assert_eq!(parsed, again);
    // A line that goes on after the end of the text is another one here.
    if script.ends_with('\\') {
        return;
    }
    // A comment, an escape or a here-document may go on to the end of the text.
    let Ok(grouped) = parse(&format!("( {script}\n\n)")) else { return };
    let simple = |commands: &[Command]| {
        commands.iter().filter(|it| matches!(it, Command::Simple(_))).count()
    };
    assert!(simple(&grouped.commands) >= simple(&parsed.commands));
}
