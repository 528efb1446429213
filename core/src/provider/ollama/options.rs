//! The options of a request in the terms of Ollama.
//!
//! Source: the Ollama API reference, "Generate a chat completion", and the parameters of a
//! Modelfile.

use crate::provider::options::{Fields, Group, RequestOption};
use crate::provider::{Context, ReasoningEffort};
use crate::wire::json_write::Pieces;

pub(super) static FIELDS: Fields = Fields {
    paths: [
        "options.temperature",
        "options.top_p",
        "options.top_k",
        "options.frequency_penalty",
        "options.presence_penalty",
        "options.seed",
        "options.stop",
        "think",
        "",
        "",
        "",
        "",
        "",
        "format",
        "(any)",
    ],
    group: Some(Group {
        name: "options",
        around: [r#","options":{""#, "}"],
        is_open: |context| context.reply_tokens > 0 || context.config.limits().context_tokens > 0,
        owned: &["num_ctx", "num_predict"],
    }),
    is_comma_last: false,
    max_temperature: 2000,
    max_stops: u8::MAX,
    owned: &["model", "messages", "tools", "stream"],
    refuses: |config, option| {
        let effort = config.options().reasoning_effort;
        let is_known = matches!(
            effort,
            Some(
                ReasoningEffort::None
                    | ReasoningEffort::Low
                    | ReasoningEffort::Medium
                    | ReasoningEffort::High
                    | ReasoningEffort::Max
            )
        );
        option == RequestOption::ReasoningEffort && !is_known
    },
    // The server forces every reply to fit the schema, and a call does not.
    takes_schema: |config| config.tool(0).is_none(),
    subset: |_| None,
    is_merged: |_, _| false,
    value,
};

fn value<'a>(context: &Context<'a>, option: RequestOption, out: &mut Pieces<'a>) -> bool {
    let is_off = option == RequestOption::ReasoningEffort
        && context.config.options().reasoning_effort == Some(ReasoningEffort::None);
    if is_off {
        out.fill("false");
    }
    is_off
}
