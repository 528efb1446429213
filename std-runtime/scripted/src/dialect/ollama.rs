//! Ollama's chat: one JSON object a line.

use super::{Turn, argument_text, error_object, quote};
use crate::script::{Part, Stop};
use zerostack_core::Dialect;

/// The lines of a streamed reply.
pub(super) fn lines(turn: &Turn<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for part in &turn.reply.parts {
        let message = match part {
            Part::Text(text) => format!(r#""content":{}"#, quote(text)),
            Part::Reasoning(text) => format!(r#""content":"","thinking":{}"#, quote(text)),
            Part::Call { name, arguments } => {
                format!(r#""content":"","tool_calls":[{}]"#, call(name, &argument_text(arguments)))
            }
            Part::Error(error) => {
                lines.push(format!("{}\n", error_object(Dialect::Ollama, 500, error)));
                return lines;
            }
        };
        lines.push(format!("{{{},{},\"done\":false}}\n", head(turn), said(&message)));
    }
    if turn.stop() != Stop::None {
        lines.push(format!("{{{},{},{}}}\n", head(turn), said(r#""content":"""#), end(turn)));
    }
    lines
}

/// The reply as one document.
pub(super) fn document(turn: &Turn<'_>) -> String {
    let (text, reasoning) = (turn.text(), turn.reasoning());
    let mut message = format!(r#""content":{}"#, quote(&text));
    if !reasoning.is_empty() {
        message.push_str(&format!(r#","thinking":{}"#, quote(&reasoning)));
    }
    let calls: Vec<String> =
        turn.calls().map(|(_, name, arguments)| call(name, &arguments)).collect();
    if !calls.is_empty() {
        message.push_str(&format!(r#","tool_calls":[{}]"#, calls.join(",")));
    }
    format!("{{{},{},{}}}", head(turn), said(&message), end(turn))
}

fn head(turn: &Turn<'_>) -> String {
    format!(r#""model":{},"created_at":"1970-01-01T00:00:00Z""#, turn.model())
}

fn said(message: &str) -> String {
    format!(r#""message":{{"role":"assistant",{message}}}"#)
}

fn call(name: &str, arguments: &str) -> String {
    format!(r#"{{"function":{{"name":{},"arguments":{arguments}}}}}"#, quote(name))
}

fn end(turn: &Turn<'_>) -> String {
    let reason = match turn.stop() {
        Stop::Length => "length",
        // It has no other words.
        _ => "stop",
    };
    let (input, output) = (turn.usage.input, turn.usage.output);
    format!(
        r#""done_reason":"{reason}","done":true,"total_duration":1,"load_duration":1,"prompt_eval_count":{input},"prompt_eval_duration":1,"eval_count":{output},"eval_duration":1"#
    )
}
