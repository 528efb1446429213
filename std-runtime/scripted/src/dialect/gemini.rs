//! Gemini's content.

use super::{Turn, argument_text, error_object, quote};
use crate::script::{Part, Stop};
use zerostack_core::Dialect;

/// The responses of a stream, each a whole object.
pub(super) fn responses(turn: &Turn<'_>) -> Vec<String> {
    let mut responses = Vec::new();
    for part in &turn.reply.parts {
        match part {
            Part::Error(error) => {
                responses.push(error_object(Dialect::Gemini, 500, error));
                return responses;
            }
            part => responses.push(response(turn, &said(part), "")),
        }
    }
    if turn.stop() != Stop::None {
        responses.push(response(turn, r#"{"text":""}"#, &end(turn)));
    }
    responses
}

/// The reply as one document.
pub(super) fn document(turn: &Turn<'_>) -> String {
    let parts = turn.reply.parts.iter().filter(|part| !matches!(part, Part::Error(_)));
    let parts: Vec<String> = parts.map(said).collect();
    response(turn, &parts.join(","), &end(turn))
}

fn said(part: &Part) -> String {
    match part {
        Part::Text(text) => format!(r#"{{"text":{}}}"#, quote(text)),
        Part::Reasoning(text) => format!(r#"{{"text":{},"thought":true}}"#, quote(text)),
        Part::Call { name, arguments } => {
            let (name, arguments) = (quote(name), argument_text(arguments));
            format!(r#"{{"functionCall":{{"name":{name},"args":{arguments}}}}}"#)
        }
        Part::Error(_) => String::new(),
    }
}

fn response(turn: &Turn<'_>, parts: &str, end: &str) -> String {
    let (input, output, cached) = (turn.usage.input, turn.usage.output, turn.usage.cached);
    let total = input + output;
    format!(
        r#"{{"candidates":[{{"content":{{"parts":[{parts}],"role":"model"}}{end},"index":0}}],"usageMetadata":{{"promptTokenCount":{input},"candidatesTokenCount":{output},"totalTokenCount":{total},"cachedContentTokenCount":{cached}}},"modelVersion":{},"responseId":"resp_{}"}}"#,
        turn.model(),
        turn.number
    )
}

fn end(turn: &Turn<'_>) -> String {
    let reason = match turn.stop() {
        Stop::End | Stop::ToolCalls => "STOP",
        Stop::Length => "MAX_TOKENS",
        Stop::Refusal => "SAFETY",
        Stop::None => return String::new(),
    };
    format!(r#","finishReason":"{reason}""#)
}
