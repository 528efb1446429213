//! The options of a request in the terms of Gemini.
//!
//! Source: the Gemini API reference, `GenerationConfig`, `ToolConfig` and "Thinking"; the numbers
//! of tokens are those that Google's own OpenAI-compatible server takes for the same words.

use crate::provider::options::{Fields, GEMINI, Group, RequestOption, ToolChoice, tool_choice};
use crate::provider::{Context, ReasoningEffort};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;
use crate::wire::scan::contains;

pub(super) static FIELDS: Fields = Fields {
    paths: [
        "generationConfig.temperature",
        "generationConfig.topP",
        "generationConfig.topK",
        "generationConfig.frequencyPenalty",
        "generationConfig.presencePenalty",
        "generationConfig.seed",
        "generationConfig.stopSequences",
        "generationConfig.thinkingConfig",
        "toolConfig.functionCallingConfig",
        "",
        "serviceTier",
        "",
        "",
        "generationConfig.responseJsonSchema",
        "(any)",
    ],
    group: Some(Group {
        name: "generationConfig",
        around: [r#""generationConfig":{""#, "},"],
        is_open: |context| context.reply_tokens > 0,
        owned: &[
            "maxOutputTokens",
            "max_output_tokens",
            // Several answers at once are not read.
            "candidateCount",
            "candidate_count",
            // It is sent with the schema.
            "responseMimeType",
            "response_mime_type",
        ],
    }),
    is_comma_last: true,
    max_temperature: 2000,
    max_stops: 5,
    owned: &[
        "contents",
        "tools",
        "systemInstruction",
        "system_instruction",
        // The other spelling would duplicate the first.
        "generation_config",
        "tool_config",
    ],
    refuses: |config, option| match (option, config.options().reasoning_effort) {
        (RequestOption::ReasoningEffort, Some(effort)) => match is_by_budget(config.model()) {
            true => effort > ReasoningEffort::High,
            false => matches!(effort, ReasoningEffort::None | ReasoningEffort::Max),
        },
        _ => false,
    },
    // Models before the third generation refuse it together with tools.
    takes_schema: |config| config.tool(0).is_none() || !is_by_budget(config.model()),
    subset: |_| Some(&GEMINI),
    is_merged: |_, _| false,
    value,
};

fn value<'a>(context: &Context<'a>, option: RequestOption, out: &mut Pieces<'a>) -> bool {
    let given = context.config.options();
    match option {
        RequestOption::ToolChoice => {
            match tool_choice(context).unwrap_or(ToolChoice::Auto) {
                ToolChoice::Auto => out.fill(r#"{"mode":"AUTO""#),
                ToolChoice::None => out.fill(r#"{"mode":"NONE""#),
                ToolChoice::Required => out.fill(r#"{"mode":"ANY""#),
                ToolChoice::Tool(name) => {
                    out.blanks.name = name;
                    out.fill(r#"{"mode":"ANY","allowedFunctionNames":["%n"]"#);
                }
            }
            let streams = context.profile.streams_arguments();
            out.fill(if streams { STREAM_ARGUMENTS } else { "}" });
        }
        RequestOption::ReasoningEffort => {
            let effort = given.reasoning_effort.unwrap_or(ReasoningEffort::None);
            if is_by_budget(context.config.model()) {
                let tokens = match effort {
                    ReasoningEffort::None => 0,
                    ReasoningEffort::Minimal | ReasoningEffort::Low => 1024,
                    ReasoningEffort::Medium => 8192,
                    _ => 24_576,
                };
                pieces!(out: r#"{"thinkingBudget":"#, Piece::Number(tokens), "}");
            } else {
                pieces!(out: r#"{"thinkingLevel":""#, effort.name(), r#""}"#);
            }
        }
        RequestOption::ResponseSchema => {
            let schema = given.response_schema.map_or("{}", |it| it.schema);
            pieces!(out: schema, r#","responseMimeType":"application/json""#);
        }
        _ => return false,
    }
    true
}

/// Asks for the arguments of calls as the model writes them, and ends the object of the choice.
const STREAM_ARGUMENTS: &str = r#","streamFunctionCallArguments":true}"#;

/// Whether it is a Gemini that takes a number of tokens to think: those before the third.
fn is_by_budget(model: &str) -> bool {
    ["gemini-1", "gemini-2"].iter().any(|old| contains(model, old))
}
