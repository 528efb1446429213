//! The result of a run: its patch or its text, as promised.

use zerostack_core::Usage;
use zerostack_core::prompt::Output;

use super::Checked;
use crate::error::quote;
use crate::run::contract::{self, Answer};
use crate::run::{LeftOut, Outcome, RunOptions};
use crate::sandbox::Layer;
use crate::{Error, ErrorKind, Result};

/// The complete result, or none.
pub(in crate::run) fn outcome(
    options: &RunOptions,
    checked: Option<&mut Checked>,
    text: String,
    usage: Usage,
    layers: Vec<Layer>,
) -> Result<Outcome> {
    let output = options.instructions.output;
    let mut outcome = Outcome {
        output,
        patch: Vec::new(),
        files: Vec::new(),
        left_out: Vec::new(),
        notes: Vec::new(),
        text,
        usage,
        layers,
        connections: Vec::new(),
        written: None,
        plan: None,
        checked: None,
    };
    if let Some(Checked { patch, changes, notes, how_to_apply, .. }) = checked {
        (outcome.patch, outcome.notes) = (std::mem::take(patch), std::mem::take(notes));
        // With --write there is nothing to apply.
        outcome.notes.extend(how_to_apply.take().filter(|_| !options.write));
        let name = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
        outcome.files = changes.files().iter().map(|change| name(change.path())).collect();
        outcome.left_out = changes.left_out().iter().map(LeftOut::of).collect();
    }
    if output != Output::Patch {
        let (instructions, folder) = (&options.instructions, &options.folder);
        let Answer { text, notes, plan } =
            contract::checked(instructions, options.format, folder, &outcome.text)?;
        (outcome.text, outcome.plan) = (text, plan);
        outcome.notes.extend(notes);
    } else if outcome.patch.is_empty() && !is_answer(options, &outcome) {
        let said = outcome.text.trim();
        let said = if said.is_empty() { "nothing".to_owned() } else { quote(said) };
        let mut text = "no file was changed".to_owned();
        if let Some(first) = outcome.left_out.first() {
            text = format!("no file that belongs in the patch was changed; left out: {first}");
            if outcome.left_out.len() > 1 {
                text.push_str(&format!(" and {} more", outcome.left_out.len() - 1));
            }
        }
        for note in &outcome.notes {
            text.push_str(&format!("; {note}"));
        }
        let text = format!("{text}; the model said: {said}");
        return Err(Error::new(ErrorKind::NoResult, text));
    }
    Ok(outcome)
}

/// Whether an outcome without a patch is a result: the model answered, and changed nothing.
fn is_answer(options: &RunOptions, outcome: &Outcome) -> bool {
    let Outcome { text, left_out, .. } = outcome;
    options.takes_answer && left_out.is_empty() && !text.trim().is_empty()
}
