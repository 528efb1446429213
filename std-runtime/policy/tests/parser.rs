//! The parser on anything: it returns, and a command cannot hide in what it understands.

use proptest::prelude::*;
use zerostack_policy::shell::parse;
use zerostack_policy::{Mode, Policy, Verdict};

/// Ways to put a command into a script, `@` in its place.
const PLACES: [&str; 34] = [
    "@",
    "true; @",
    "true && @",
    "false || @",
    "true | @",
    "true & @",
    "@ &",
    "( @ )",
    "{ @; }",
    "! @",
    "time @",
    "echo $( @ )",
    "echo `@`",
    "echo \"$( @ )\"",
    "echo \"a `@` b\"",
    "cat <( @ )",
    "x=$( @ )",
    "x=$( @ ) true",
    "a=(1 $( @ ))",
    "echo ${x:-$( @ )}",
    "echo \"${x:-$( @ )}\"",
    "echo $((1 + $( @ )))",
    "if @; then true; fi",
    "if true; then @; fi",
    "if true; then true; else @; fi",
    "while @; do true; done",
    "for i in a b; do @; done",
    "for i in $( @ ); do true; done",
    "case a in a) @;; esac",
    "case $( @ ) in a) true;; esac",
    "cat <<EOF\n$( @ )\nEOF",
    "[[ -n $( @ ) ]]",
    "f() { @; }; f",
    "echo a > $( @ )",
];

/// The same command, written in other ways.
const COMMANDS: [&str; 9] = [
    "rm -rf /",
    "'rm' -rf /",
    "\"rm\" -rf /",
    "\\rm -rf /",
    "/bin/rm -rf /",
    "env rm -rf /",
    "sh -c 'rm -rf /'",
    "command rm -rf /",
    "x=1 rm -rf /",
];

#[test]
fn a_command_is_found_at_every_place() {
    let policy = Policy::new(Mode::Standard);
    for outer in PLACES {
        for inner in PLACES {
            for command in COMMANDS {
                // A quote or a back quote within another ends it.
                let quoted = ['\'', '"', '`'].iter().any(|c| {
                    [outer, inner].iter().filter(|place| place.contains(*c)).count()
                        + usize::from(command.contains(*c))
                        > 1
                });
                if quoted || (outer.contains("<<") && inner.contains('\n')) {
                    continue;
                }
                let script = outer.replace('@', &inner.replace('@', command));
                let decision = policy.check_command(&script);
                assert_ne!(decision.verdict, Verdict::Allow, "{script:?}");
            }
        }
    }
}

#[test]
fn a_command_is_denied_where_the_script_is_plain() {
    let policy = Policy::new(Mode::Standard);
    for place in PLACES {
        let script = place.replace('@', "rm -rf /");
        assert_eq!(policy.check_command(&script).verdict, Verdict::Deny, "{script:?}");
    }
}

#[test]
fn deep_nesting_is_refused_without_a_fault() {
    for (open, close) in [("$( ", ")"), ("( ", ")"), ("{ ", "; }"), ("${x:-", "}"), ("\"$(", ")\"")]
    {
        for depth in [10, 100, 10_000] {
            let script = format!("{}ls{}", open.repeat(depth), close.repeat(depth));
            let verdict = Policy::new(Mode::Standard).check_command(&script).verdict;
            assert!(depth < 100 || verdict == Verdict::Ask, "{open} {depth}");
        }
    }
}

#[test]
fn a_long_script_takes_linear_time() {
    // It would not end in a time that a test may take if the time grew with the square.
    for piece in ["a ", "'a' ", "$(a) ", "a; ", "{a,b} ", "<<x\n", "`a` ", "{", "[", "$((", "a=("] {
        let _ = parse(&piece.repeat(250_000 / piece.len()));
    }
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in "(\\PC|[\n\t;&|(){}<>$`'\"\\\\*?#=~!]){0,60}") {
        let _ = Policy::new(Mode::Standard).check_command(&text);
    }

    #[test]
    fn a_word_before_it_does_not_hide_a_command(text in "[a-z '\"$(){};|&<>`#\\\\]{0,20}") {
        // Whatever is in the line before, the next line is read by bash too, or not valid.
        let script = format!("{text}\nrm -rf /");
        let verdict = Policy::new(Mode::Standard).check_command(&script).verdict;
        let is_text = text.contains(['\'', '"', '<', '#', '\\', '`', '(']);
        prop_assert!(is_text || verdict != Verdict::Allow, "{script:?}");
    }
}
