//! Every command of the corpus gets the verdict that stands beside it.

use serde::Deserialize;
use zerostack_policy::{Mode, Policy};

#[derive(Deserialize)]
struct Case {
    kind: String,
    mode: String,
    verdict: String,
    command: String,
}

#[test]
fn the_corpus_has_its_verdicts() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/corpora/permissions/commands.jsonl");
    let text = std::fs::read_to_string(path).expect("the corpus is in the repository");
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in text.lines() {
        let case: Case = serde_json::from_str(line).expect("a case is a JSON object");
        let mode = Mode::from_name(&case.mode).expect("a mode");
        let decision = Policy::new(mode).check_command(&case.command);
        count += 1;
        if decision.verdict.name() != case.verdict {
            let got = decision.verdict.name();
            wrong.push(format!(
                "{}: {} for {}: {:?}: {} [{}]",
                case.kind, got, case.verdict, case.command, decision.reason, decision.part
            ));
        }
    }
    assert!(count >= 200, "{count} commands");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
