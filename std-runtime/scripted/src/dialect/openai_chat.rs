//! OpenAI's chat completions.

use super::{Turn, argument_text, error_object, fragments, quote};
use crate::script::{Part, Stop, Usage};
use zerostack_core::Dialect;

/// The events of a streamed reply.
pub(super) fn events(turn: &Turn<'_>) -> Vec<String> {
    let head = format!(
        r#""id":"chatcmpl-{}","object":"chat.completion.chunk","created":0,"model":{}"#,
        turn.number,
        turn.model()
    );
    let chunk = |delta: &str, finish: &str| {
        format!(
            "data: {{{head},\"choices\":[{{\"index\":0,\"delta\":{{{delta}}},\
             \"finish_reason\":{finish}}}]}}\n\n"
        )
    };
    let mut events = vec![chunk(r#""role":"assistant","content":"""#, "null")];
    let mut calls = 0;
    for part in &turn.reply.parts {
        match part {
            Part::Text(text) => {
                events.push(chunk(&format!(r#""content":{}"#, quote(text)), "null"));
            }
            Part::Reasoning(text) => {
                events.push(chunk(&format!(r#""reasoning_content":{}"#, quote(text)), "null"));
            }
            Part::Call { name, arguments } => {
                let (id, name) = (quote(&turn.call_id(calls)), quote(name));
                events.push(chunk(
                    &format!(
                        r#""tool_calls":[{{"index":{calls},"id":{id},"type":"function","function":{{"name":{name},"arguments":""}}}}]"#
                    ),
                    "null",
                ));
                for piece in fragments(&argument_text(arguments)) {
                    let piece = quote(&piece);
                    events.push(chunk(
                        &format!(
                            r#""tool_calls":[{{"index":{calls},"function":{{"arguments":{piece}}}}}]"#
                        ),
                        "null",
                    ));
                }
                calls += 1;
            }
            Part::Error(error) => {
                events.push(format!("data: {}\n\n", error_object(Dialect::OpenAiChat, 500, error)));
                return events;
            }
        }
    }
    if turn.stop() != Stop::None {
        events.push(chunk("", stop_reason(turn.stop())));
    }
    if turn.wish.includes_usage() {
        let usage = usage_object(turn.usage);
        events.push(format!("data: {{{head},\"choices\":[],\"usage\":{usage}}}\n\n"));
    }
    events.push("data: [DONE]\n\n".to_owned());
    events
}

/// The reply as one document.
pub(super) fn document(turn: &Turn<'_>) -> String {
    let (text, reasoning) = (turn.text(), turn.reasoning());
    let content = if text.is_empty() { "null".to_owned() } else { quote(&text) };
    let mut message = format!(r#""role":"assistant","content":{content}"#);
    if !reasoning.is_empty() {
        message.push_str(&format!(r#","reasoning_content":{}"#, quote(&reasoning)));
    }
    let calls: Vec<String> = turn
        .calls()
        .map(|(index, name, arguments)| {
            format!(
                r#"{{"id":{},"type":"function","function":{{"name":{},"arguments":{}}}}}"#,
                quote(&turn.call_id(index)),
                quote(name),
                quote(&arguments)
            )
        })
        .collect();
    if !calls.is_empty() {
        message.push_str(&format!(r#","tool_calls":[{}]"#, calls.join(",")));
    }
    format!(
        r#"{{"id":"chatcmpl-{}","object":"chat.completion","created":0,"model":{},"choices":[{{"index":0,"message":{{{message}}},"finish_reason":{}}}],"usage":{}}}"#,
        turn.number,
        turn.model(),
        stop_reason(turn.stop()),
        usage_object(turn.usage)
    )
}

fn stop_reason(stop: Stop) -> &'static str {
    match stop {
        Stop::End => r#""stop""#,
        Stop::ToolCalls => r#""tool_calls""#,
        Stop::Length => r#""length""#,
        Stop::Refusal => r#""content_filter""#,
        Stop::None => "null",
    }
}

fn usage_object(usage: Usage) -> String {
    let Usage { input, output, cached } = usage;
    let total = input + output;
    format!(
        r#"{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{total},"prompt_tokens_details":{{"cached_tokens":{cached}}}}}"#
    )
}
