//! The words for why a model stopped.
//!
//! One table for all dialects: gateways forward the words of their providers, so the words of one
//! dialect appear in another. The case does not matter, nor do the separators in a word
//! (`max_tokens`, `maxTokens`, `max-tokens`), nor what follows a colon
//! (`function_call_filter: MALFORMED_FUNCTION_CALL`).
//!
//! Sources: the API references of OpenAI, Anthropic, Gemini, Mistral, Cohere, Bedrock (including its
//! models' own words), watsonx, Qianfan, DeepSeek and Z.ai, and the words of vLLM, SGLang, TGI, Ollama,
//! llama.cpp, LM Studio, OpenRouter and the AI SDK's gateway.

use crate::message::StopReason;
use crate::wire::hash::{START, add};

/// The meaning of `word`. A word for a failure is not a stop reason: it is `Other`, like an unknown
/// word; see [`is_failure`].
pub(super) fn reason(word: &[u8]) -> StopReason {
    let known = fold(word);
    let group = GROUPS.iter().find(|(_, words)| words.contains(&known));
    group.map_or(StopReason::Other, |(reason, _)| *reason)
}

/// Whether `word` is the reason, after a word that meant `known`. Servers repeat the reason, or send one with
/// each piece: the first stays, unless it means a whole reply and a later one does not. Some write that
/// there is none yet as a word.
pub(super) fn counts(word: &[u8], known: Option<StopReason>) -> bool {
    let is_whole = |reason| {
        use StopReason::{EndTurn, Pause, StopSequence, ToolUse};
        matches!(reason, EndTurn | ToolUse | StopSequence | Pause)
    };
    !NO_REASON.contains(&fold(word))
        && known.is_none_or(|it| is_whole(it) && !is_whole(reason(word)))
}

/// Whether `word` means that the provider failed, so that another attempt may succeed.
pub(crate) fn is_failure(word: &[u8]) -> bool {
    FAILURES.contains(&fold(word))
}

/// The hash of the letters and digits of `text` in lower case, up to a colon.
pub(crate) const fn fold(text: &[u8]) -> u32 {
    let (mut hash, mut rest) = (START, text);
    while let [byte, after @ ..] = rest {
        match byte {
            b':' => break,
            b'_' | b'-' | b' ' => {}
            _ => hash = add(hash, byte.to_ascii_lowercase()),
        }
        rest = after;
    }
    hash
}

/// The words that mean each reason, in one of their spellings. Some clients that forward Gemini's replies
/// write its words as the numbers of the enumeration; numbers whose meaning differs between its two APIs
/// are left out.
static GROUPS: [(StopReason, &[u32]); 7] = [
    (
        StopReason::EndTurn,
        &[
            fold(b"stop"),
            fold(b"end_turn"),
            fold(b"eos"),
            fold(b"eos_token"),
            fold(b"complete"),
            fold(b"completed"),
            fold(b"eos_found"),
            fold(b"finish"),
            fold(b"finished"),
            fold(b"normal"),
            fold(b"1"),
        ],
    ),
    (
        StopReason::ToolUse,
        &[fold(b"tool_calls"), fold(b"tool_use"), fold(b"tool_call"), fold(b"function_call")],
    ),
    (
        StopReason::MaxTokens,
        &[
            fold(b"length"),
            fold(b"max_tokens"),
            fold(b"max_output_tokens"),
            fold(b"max_completion_tokens"),
            fold(b"max_length"),
            fold(b"model_length"),
            fold(b"model_context_window_exceeded"),
            fold(b"context_length_exceeded"),
            fold(b"error_limit"),
            fold(b"token_limit"),
            fold(b"limit"),
            fold(b"max_new_tokens"),
            fold(b"context_window_exceeded"),
            fold(b"context_length_reached"),
            fold(b"max_predicted_tokens_reached"),
            fold(b"2"),
        ],
    ),
    (
        StopReason::StopSequence,
        &[fold(b"stop_sequence"), fold(b"stop_string_found"), fold(b"stop_criteria_met")],
    ),
    (StopReason::Refusal, &[fold(b"refusal")]),
    (
        StopReason::ContentFilter,
        &[
            fold(b"content_filter"),
            fold(b"content_filtered"),
            fold(b"guardrail_intervened"),
            fold(b"sensitive"),
            fold(b"error_toxic"),
            fold(b"safety"),
            fold(b"recitation"),
            fold(b"language"),
            fold(b"blocklist"),
            fold(b"prohibited_content"),
            fold(b"spii"),
            fold(b"model_armor"),
            fold(b"image_safety"),
            fold(b"image_prohibited_content"),
            fold(b"image_recitation"),
            fold(b"3"),
            fold(b"4"),
        ],
    ),
    (StopReason::Pause, &[fold(b"pause_turn")]),
];

/// Words that mean that there is no reason yet: DashScope's `null`, Python's `None`, and Gemini's.
static NO_REASON: [u32; 6] = [
    fold(b""),
    fold(b"0"),
    fold(b"null"),
    fold(b"none"),
    fold(b"finish_reason_unspecified"),
    fold(b"block_reason_unspecified"),
];

/// The words for a provider that failed.
static FAILURES: [u32; 24] = [
    fold(b"error"),
    fold(b"network_error"),
    fold(b"abort"),
    fold(b"aborted"),
    fold(b"cancelled"),
    fold(b"canceled"),
    fold(b"user_cancel"),
    fold(b"failed"),
    fold(b"server_error"),
    fold(b"internal_error"),
    fold(b"overloaded"),
    fold(b"model_unloaded"),
    fold(b"timeout"),
    fold(b"time_limit"),
    fold(b"insufficient_system_resource"),
    fold(b"engine_overloaded"),
    fold(b"malformed_function_call"),
    fold(b"function_call_filter"),
    fold(b"unexpected_tool_call"),
    fold(b"missing_thought_signature"),
    fold(b"malformed_response"),
    fold(b"malformed_tool_use"),
    fold(b"malformed_model_output"),
    fold(b"too_many_tool_calls"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_all_providers_are_known_in_any_case() {
        let known: [(&str, StopReason); 20] = [
            ("stop", StopReason::EndTurn),
            ("STOP", StopReason::EndTurn),
            ("COMPLETE", StopReason::EndTurn),
            ("tool_calls", StopReason::ToolUse),
            ("TOOL_CALL", StopReason::ToolUse),
            ("max_tokens", StopReason::MaxTokens),
            ("MAX_TOKENS", StopReason::MaxTokens),
            ("ERROR_LIMIT", StopReason::MaxTokens),
            ("sensitive", StopReason::ContentFilter),
            ("content_filter: RECITATION", StopReason::ContentFilter),
            ("stop_sequence", StopReason::StopSequence),
            ("refusal", StopReason::Refusal),
            ("pause_turn", StopReason::Pause),
            ("tool-calls", StopReason::ToolUse),
            ("contentFilter", StopReason::ContentFilter),
            ("Content Filtered", StopReason::ContentFilter),
            ("maxTokens", StopReason::MaxTokens),
            ("token_limit", StopReason::MaxTokens),
            ("contextLengthReached", StopReason::MaxTokens),
            ("", StopReason::Other),
        ];
        assert!(counts(b"stop", None) && !counts(b"", None) && !counts(b"None", None));
        for (word, meaning) in known {
            assert_eq!(reason(word.as_bytes()), meaning, "{word}");
            assert!(!is_failure(word.as_bytes()), "{word}");
        }
        let failures = [
            "error",
            "ERROR",
            "network_error",
            "abort",
            "insufficient_system_resource",
            "MALFORMED_FUNCTION_CALL",
            "function_call_filter: MALFORMED_FUNCTION_CALL",
            "server-error",
            "modelUnloaded",
        ];
        for word in failures {
            assert_eq!(reason(word.as_bytes()), StopReason::Other, "{word}");
            assert!(is_failure(word.as_bytes()), "{word}");
        }
        assert_eq!(reason(b"tired"), StopReason::Other);
        assert!(!is_failure(b"tired"));
    }
}
