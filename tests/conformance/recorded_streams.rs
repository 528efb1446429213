//! Recorded answers of real providers decode to what an independent decoder read in them,
//! however they are cut.

use serde_json::Value;
use zerostack::plumbing::decode::{Chunks, Decoded, decode};
use zerostack_core::Dialect;
use zerostack_tests::shared;

#[test]
fn recorded_answers_decode_as_expected_in_any_chunking() {
    let Some(folder) = shared::folder("streams") else { return };
    let mut counts = (0, 0, 0);
    let mut wrong = Vec::new();
    for row in shared::json_lines(&folder.join("index.jsonl")) {
        let dialect = match row["api"].as_str() {
            Some("openai-chat") => Dialect::OpenAiChat,
            Some("anthropic-messages") => Dialect::Anthropic,
            Some("openai-responses") => Dialect::OpenAiResponses,
            Some("gemini") => Dialect::Gemini,
            Some("ollama-chat") => Dialect::Ollama,
            _ => continue,
        };
        let body = std::fs::read(folder.join(row["file"].as_str().unwrap())).unwrap();
        let whole = decode(dialect, &body, Chunks::AsRead, |_| {}).unwrap();
        for chunks in [Chunks::Of(1), Chunks::Of(2), Chunks::Of(7), Chunks::Random(counts.0)] {
            let pieces = decode(dialect, &body, chunks, |_| {}).unwrap();
            assert_eq!(pieces, whole, "{} in {chunks:?}", row["id"]);
        }
        counts.0 += 1;
        match explained(row["id"].as_str().unwrap()) {
            Some(_) => counts.2 += 1,
            None => match difference(&row, &whole) {
                None => counts.1 += 1,
                Some(difference) => wrong.push(format!("{}: {difference}", row["id"])),
            },
        }
    }
    println!(
        "recorded answers: {} read, {} as expected, {} explained",
        counts.0, counts.1, counts.2
    );
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Rows that are rightly read otherwise than the independent decoder did, and why.
fn explained(id: &str) -> Option<&'static str> {
    let cut_call = "the token limit cut the call off, so it is no call";
    let no_reply = "the body is no reply of a model, so it is an error";
    let no_arguments = "`null` for arguments is a call without arguments, as an empty text is";
    let name = id.split_once('/').map_or(id, |(_, name)| name);
    Some(match name {
        "rig__groq_agent_tool_sessions_parallel_tool_calls_single_turn_nonstreaming__0"
        | "rig__groq_agent_tool_sessions_parallel_tool_calls_single_turn_streaming__0" => {
            no_arguments
        }
        "rig__deepseek_truncation_matrix_blocking_budget_20_empty_arguments_are_dropped_on_length__0"
        | "rig__mistral_tool_truncation_matrix_streaming_ministral_3b_low_model__0" => cut_call,
        "vercel-ai__anthropic_skills_anthropic-skill-create_json"
        | "vercel-ai__anthropic_skills_anthropic-skill-version-create_json"
        | "vercel-ai__openai_skills_openai-skill-create_json"
        | "vercel-ai__togetherai_reranking_togetherai-reranking.1_json" => no_reply,
        "vercel-ai__google_google-vertex-stream-tool-call-arguments-nested.1" => {
            "one call whose arguments come in pieces by path, a mode that is never asked for, so \
             it is an error; the other decoder takes each piece for a call without a name"
        }
        "rig__openai_error_identity_edge_auth_rejection_carries_identity__0" => {
            "401 is the HTTP status beside the error; there is no reply that could stop"
        }
        "pydantic-ai__models_test_deepseek_responses_test_deepseek_responses_reasoning_effort___0"
        | "pydantic-ai__models_test_deepseek_responses_test_deepseek_responses_structured_output___0"
        | "pydantic-ai__models_test_deepseek_responses_test_deepseek_responses_replay_unsent_item_ids__0" => {
            "a part of type reasoning_text is reasoning; the other decoder reads summaries only"
        }
        "vercel-ai__openai_responses_openai-reasoning-encrypted-content.1" => {
            "four responses are glued together; the other decoder reads the last one, we begin \
             with the first"
        }
        "vercel-ai__openai_responses_openai-shell-container.1" => {
            "written by hand: its last event has another text than its deltas, which were shown"
        }
        "pydantic-ai__models_test_multimodal_tool_returns_test_multimodal_tool_ret-136f7b9a-ntent-uploaded_file-video-google_vertex___0" => {
            "UNEXPECTED_TOOL_CALL is a failure, not a way to end"
        }
        "llm__test_tools_streaming_test_tools_streaming_variant_b__0" => {
            "a stream that never says how the reply ended is cut, [DONE] or not"
        }
        _ => return None,
    })
}

fn difference(row: &Value, decoded: &Decoded) -> Option<String> {
    let expected = &row["expected"];
    let differs = |what: &str, ours: &str, theirs: &Value| {
        (Some(ours) != theirs.as_str().or(theirs.is_null().then_some("")))
            .then(|| format!("{what} {ours:?} for {theirs}"))
    };
    let error = decoded.error.as_ref().map(|error| format!("{}: {}", error.kind, error.message));
    let calls = expected["tool_calls"].as_array().unwrap();
    // The recorder did not know `function_call`, which is one call.
    let is_legacy = calls.is_empty() && expected["finish"] == "function_call";
    if calls.len() + usize::from(is_legacy) != decoded.tool_calls.len() {
        return Some(format!(
            "{} calls for {}; error {error:?}",
            decoded.tool_calls.len(),
            calls.len()
        ));
    }
    for (ours, theirs) in decoded.tool_calls.iter().zip(calls) {
        let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(text.into());
        let wanted = theirs["arguments"].as_str().unwrap();
        if ours.name != theirs["name"]
            || ours.id != theirs["id"].as_str().unwrap_or_default()
            || parsed(&ours.arguments) != parsed(wanted)
        {
            return Some(format!("call {ours:?} for {theirs}"));
        }
    }
    let usage = &expected["usage"];
    let count = |names: &[&str]| names.iter().find_map(|name| usage[*name].as_u64());
    let prompt = ["prompt_tokens", "input_tokens", "prompt_eval_count", "promptTokenCount"];
    if let Some(wanted) = count(&prompt) {
        let ours = decoded.usage.map(|usage| u64::from(usage.input_tokens));
        if ours != Some(wanted) {
            return Some(format!("input tokens {ours:?} for {wanted}"));
        }
    }
    // Gemini counts reasoning apart.
    let gemini = count(&["candidatesTokenCount"])
        .map(|tokens| tokens + count(&["thoughtsTokenCount"]).unwrap_or(0));
    // xAI as well: its total is that of three.
    let reasoning = usage["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap_or(0);
    let parts =
        ["prompt_tokens", "completion_tokens"].map(|name| usage[name].as_u64().unwrap_or(0));
    let is_apart = usage["total_tokens"].as_u64() == Some(parts[0] + parts[1] + reasoning);
    let apart = if is_apart { reasoning } else { 0 };
    let output = count(&["completion_tokens", "output_tokens", "eval_count"]);
    if let Some(wanted) = output.map(|tokens| tokens + apart).or(gemini) {
        let ours = decoded.usage.map(|usage| u64::from(usage.output_tokens));
        if ours != Some(wanted) {
            return Some(format!("output tokens {ours:?} for {wanted}"));
        }
    }
    if expected["errors"].as_array().unwrap().is_empty() != decoded.error.is_none() {
        return Some(format!("error {error:?} for {}", expected["errors"]));
    }
    differs("text", &decoded.text, &expected["text"])
        .or_else(|| differs("reasoning", &decoded.reasoning, &expected["reasoning"]))
        .or_else(|| {
            let finish = match &expected["finish"] {
                // Written as the number of the word.
                Value::Number(number) => Value::String(number.to_string()),
                finish => finish.clone(),
            };
            differs("stop", decoded.stop.as_deref().unwrap_or(""), &finish)
        })
}
