//! The cached share of each request of a run.

use std::cell::RefCell;

use zerostack_core::Usage;

use crate::Result;
use crate::agent::AgentEvent;
use crate::record::Record;
use crate::run::tape::Sent;
use crate::run::{begins_with, tape};

/// One request with what the provider counted.
struct Row {
    bytes: usize,
    /// Whether it begins with the bytes of the previous one.
    grows: Option<bool>,
    usage: Usage,
}

/// A table of the requests of all attempts.
///
/// # Errors
/// As those of a replay.
pub(super) fn table(record: &Record) -> Result<String> {
    let mut text = String::from("request    bytes  grows   input  cached  share\n");
    let (mut number, mut all) = (0, Usage::default());
    for tape in record.tapes()? {
        for row in rows(tape)? {
            number += 1;
            let Row { bytes, grows, usage } = row;
            let grows = match grows {
                Some(true) => "yes",
                Some(false) => "no",
                None => "-",
            };
            let Usage { input_tokens, cache_read_tokens, .. } = usage;
            let share = share(usage);
            text.push_str(&format!(
                "{number:>7} {bytes:>8} {grows:>6} {input_tokens:>7} {cache_read_tokens:>7} {share:>6}\n"
            ));
            all = all.plus(usage);
        }
    }
    let (input, cached, share) = (all.input_tokens, all.cache_read_tokens, share(all));
    text.push_str(&format!("    all {:>8} {:>6} {input:>7} {cached:>7} {share:>6}\n", "", ""));
    Ok(text)
}

/// The share of the input that was in the cache.
pub(super) fn share(usage: Usage) -> String {
    let part = u64::from(usage.cache_read_tokens) * 100;
    part.checked_div(usage.input_tokens.into()).map_or("-".to_owned(), |part| format!("{part} %"))
}

fn rows(tape: std::fs::File) -> Result<Vec<Row>> {
    let rows: RefCell<Vec<Row>> = RefCell::default();
    let mut before: Option<Vec<u8>> = None;
    let mut show = |event: &AgentEvent| {
        if let (AgentEvent::Usage(usage), Some(row)) = (event, rows.borrow_mut().last_mut()) {
            row.usage = *usage;
        }
        Ok(())
    };
    let mut request = |Sent { body, bytes }: Sent<'_>| {
        let grows = before.as_ref().map(|before| begins_with(body, before).is_ok());
        rows.borrow_mut().push(Row { bytes, grows, usage: Usage::default() });
        before = Some(body.to_vec());
        Ok(())
    };
    tape::replay_record(tape, &mut show, &mut request)?;
    Ok(rows.into_inner())
}
