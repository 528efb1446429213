//! The options of a request in chat completions.
//!
//! Source: the OpenAI API reference, "Create chat completion". Further fields of compatible
//! servers, such as `top_k`, are for `extra`.

use crate::provider::options::{Fields, RequestOption, STRICT, ToolChoice, strict, tool_choice};
use crate::provider::{CacheTtl, Context};
use crate::wire::json_write::Pieces;
use crate::wire::pieces;

pub(super) static FIELDS: Fields = Fields {
    paths: [
        "temperature",
        "top_p",
        "",
        "frequency_penalty",
        "presence_penalty",
        "seed",
        "stop",
        "reasoning_effort",
        "tool_choice",
        "parallel_tool_calls",
        "service_tier",
        "user",
        "prompt_cache_retention",
        "response_format",
        "(any)",
    ],
    group: None,
    is_comma_last: false,
    max_temperature: 2000,
    max_stops: 4,
    owned: &[
        "model",
        "messages",
        "tools",
        "stream",
        "stream_options",
        "max_tokens",
        "max_completion_tokens",
        // Several answers at once are not read.
        "n",
    ],
    refuses: |config, option| match option {
        RequestOption::CacheTtl => config.options().cache_ttl != Some(CacheTtl::Day),
        _ => false,
    },
    takes_schema: |_| true,
    subset: |schema| schema.is_strict.then_some(&STRICT),
    is_merged: |_, _| false,
    value,
};

fn value<'a>(context: &Context<'a>, option: RequestOption, out: &mut Pieces<'a>) -> bool {
    let given = context.config.options();
    match (option, given.response_schema) {
        (RequestOption::ToolChoice, _) => {
            let Some(ToolChoice::Tool(name)) = tool_choice(context) else { return false };
            out.blanks.name = name;
            out.fill(r#"{"type":"function","function":{"name":"%n"}}"#);
        }
        (RequestOption::ResponseSchema, Some(it)) => {
            out.blanks.name = it.name;
            out.fill(r#"{"type":"json_schema","json_schema":{"name":"%n"#);
            pieces!(out: strict(&it), it.schema, "}}");
        }
        _ => return false,
    }
    true
}
