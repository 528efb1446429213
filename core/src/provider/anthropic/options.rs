//! The options of a request in the terms of messages.
//!
//! Source: the Anthropic API reference, "Create a message", and "Adaptive thinking", "Effort",
//! "Extended thinking" and "Structured outputs"; for sampling, the notes on version 2026-10-21.

use crate::provider::model::is_claude;
use crate::provider::options::{Fields, RequestOption, ToolChoice, tells_schema, tool_choice};
use crate::provider::{CacheTtl, Config, Context, ReasoningEffort, RequestOptions};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;
use crate::wire::scan::contains;

pub(super) static FIELDS: Fields = Fields {
    paths: [
        "temperature",
        "top_p",
        "top_k",
        "",
        "",
        "",
        "stop_sequences",
        "thinking",
        "tool_choice",
        "tool_choice",
        "service_tier",
        "metadata.user_id",
        "cache_control",
        "output_config",
        "(any)",
    ],
    group: None,
    is_comma_last: false,
    max_temperature: 1000,
    max_stops: u8::MAX,
    owned: &[
        "model",
        "messages",
        "system",
        "tools",
        "stream",
        "max_tokens",
        "cache_control",
        "output_config",
    ],
    refuses,
    // Models before 4.5, and Opus before 4.1, have no structured outputs.
    takes_schema: |config| {
        let old = ["claude-3", "-4-0", "-4-2025", "-4.0"];
        !old.iter().any(|old| contains(config.model(), old))
    },
    subset: |_| None,
    is_merged,
    value,
};

fn refuses(config: &dyn Config, option: RequestOption) -> bool {
    match option {
        RequestOption::CacheTtl => config.options().cache_ttl == Some(CacheTtl::Day),
        RequestOption::Temperature | RequestOption::TopP | RequestOption::TopK => {
            !takes_sampling(config.model())
        }
        RequestOption::ReasoningEffort => {
            let effort = config.options().reasoning_effort;
            let by_budget = thinks_by_budget(config.model());
            match effort {
                // A budget has to leave room for an answer.
                Some(effort) if by_budget && effort != ReasoningEffort::None => {
                    (1..=BUDGET_MIN).contains(&config.limits().reply_tokens(config.dialect()))
                }
                effort => !by_budget && effort == Some(ReasoningEffort::Minimal),
            }
        }
        _ => false,
    }
}

/// Effort and schema share one member, and so do both choices of tools.
fn is_merged(given: &RequestOptions<'_>, option: RequestOption) -> bool {
    match option {
        RequestOption::ParallelToolCalls => given.tool_choice.is_some(),
        _ => false,
    }
}

fn value<'a>(context: &Context<'a>, option: RequestOption, out: &mut Pieces<'a>) -> bool {
    let given = context.config.options();
    match option {
        RequestOption::ToolChoice | RequestOption::ParallelToolCalls => {
            match tool_choice(context).unwrap_or(ToolChoice::Auto) {
                ToolChoice::None => {
                    out.fill(r#"{"type":"none"}"#);
                    return true;
                }
                ToolChoice::Auto => out.fill(r#"{"type":"auto""#),
                ToolChoice::Required => out.fill(r#"{"type":"any""#),
                ToolChoice::Tool(name) => {
                    out.blanks.name = name;
                    out.fill(r#"{"type":"tool","name":"%n""#);
                }
            }
            out.fill(match given.parallel_tool_calls {
                Some(true) => r#","disable_parallel_tool_use":false}"#,
                Some(false) => r#","disable_parallel_tool_use":true}"#,
                None => "}",
            });
        }
        RequestOption::ReasoningEffort => {
            let effort = given.reasoning_effort.unwrap_or(ReasoningEffort::None);
            match budget(context, effort) {
                _ if effort == ReasoningEffort::None => out.fill(r#"{"type":"disabled"}"#),
                Some(tokens) => {
                    pieces!(out:
                        r#"{"type":"enabled","budget_tokens":"#, Piece::Number(tokens), "}"
                    );
                }
                None => out.fill(r#"{"type":"adaptive"}"#),
            }
            // With a schema, the effort is next to it.
            let has_schema = given.response_schema.is_some()
                && !context.is_summary
                && !tells_schema(context.config, &FIELDS);
            if !has_schema && has_effort(context) {
                pieces!(out: r#","output_config":{"effort":""#, effort.name(), r#""}"#);
            }
        }
        RequestOption::ResponseSchema => {
            out.fill("{");
            if has_effort(context) {
                let effort = given.reasoning_effort.map_or("", |effort| effort.name());
                pieces!(out: r#""effort":""#, effort, r#"","#);
            }
            let schema = given.response_schema.map_or("{}", |it| it.schema);
            pieces!(out: r#""format":{"type":"json_schema","schema":"#, schema, "}}");
        }
        _ => return false,
    }
    true
}

/// Whether the effort is sent by name.
fn has_effort(context: &Context<'_>) -> bool {
    let effort = context.config.options().reasoning_effort;
    effort.is_some_and(|it| it != ReasoningEffort::None)
        && !thinks_by_budget(context.config.model())
}

/// Whether the model takes a temperature and the like: Claude does to 4.6, and refuses them since.
/// The version of the API that is spoken, 2023-06-01, is the last that has them.
fn takes_sampling(model: &str) -> bool {
    let sampled =
        ["claude-3", "-4-0", "-4-1", "-4-2", "-4-5", "-4-6", "-4.0", "-4.1", "-4.5", "-4.6"];
    !is_claude(model) || sampled.iter().any(|old| contains(model, old))
}

/// Whether it is a Claude that takes no effort, but a number of tokens to think: those before
/// 4.6. Their number does not grow.
fn thinks_by_budget(model: &str) -> bool {
    ["claude-3", "-4-0", "-4-1", "-4-2", "-4-5", "-4.0", "-4.1", "-4.5"]
        .iter()
        .any(|old| contains(model, old))
}

/// The tokens that such a model may think, less than it may write in all.
fn budget(context: &Context<'_>, effort: ReasoningEffort) -> Option<u32> {
    let tokens = match effort {
        _ if !thinks_by_budget(context.config.model()) => return None,
        ReasoningEffort::None => return None,
        ReasoningEffort::Minimal => BUDGET_MIN,
        ReasoningEffort::Low => 2048,
        ReasoningEffort::Medium => 8192,
        ReasoningEffort::High => 16_384,
        ReasoningEffort::XHigh | ReasoningEffort::Max => 24_576,
    };
    Some(tokens.min(context.reply_tokens.saturating_sub(1)).max(BUDGET_MIN))
}

/// Anthropic takes no smaller one.
const BUDGET_MIN: u32 = 1024;
