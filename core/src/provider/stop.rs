//! The words for why a model stopped.
//!
//! One table for all dialects: gateways pass on the words of the provider they stand in front of,
//! so the words of one dialect come in another. The case does not matter, nor does what follows
//! a colon (`function_call_filter: MALFORMED_FUNCTION_CALL`).
//!
//! Sources: the API references of OpenAI, Anthropic, Gemini, Mistral, Cohere, Bedrock, DeepSeek
//! and Z.ai, and the words of vLLM, SGLang, TGI, Ollama and OpenRouter.

use crate::message::StopReason;
use crate::wire::hash::{START, add, hash};

/// What `word` means. A word that means a failure is no reason that a model has: it is `Other`,
/// as a word that nobody knows; see [`is_failure`].
pub(super) fn reason(word: &[u8]) -> StopReason {
    let known = fold(word);
    let group = GROUPS.iter().find(|(_, words)| words.contains(&known));
    group.map_or(StopReason::Other, |(reason, _)| *reason)
}

/// Whether `word` says that the provider failed, which may be otherwise the next time.
pub(crate) fn is_failure(word: &[u8]) -> bool {
    FAILURES.contains(&fold(word))
}

/// The hash of `text` in lower case, up to a colon.
pub(crate) fn fold(text: &[u8]) -> u32 {
    let word = text.iter().take_while(|byte| **byte != b':');
    word.fold(START, |hash, byte| add(hash, byte.to_ascii_lowercase()))
}

/// The words that mean each reason, in lower case. Some clients that pass Gemini's replies on
/// write its words as the numbers of the enumeration; those of which its two APIs mean different
/// things are left out.
static GROUPS: [(StopReason, &[u32]); 7] = [
    (
        StopReason::EndTurn,
        &[
            hash(b"stop"),
            hash(b"end_turn"),
            hash(b"eos"),
            hash(b"eos_token"),
            hash(b"complete"),
            hash(b"completed"),
            hash(b"1"),
        ],
    ),
    (
        StopReason::ToolUse,
        &[hash(b"tool_calls"), hash(b"tool_use"), hash(b"tool_call"), hash(b"function_call")],
    ),
    (
        StopReason::MaxTokens,
        &[
            hash(b"length"),
            hash(b"max_tokens"),
            hash(b"max_output_tokens"),
            hash(b"max_completion_tokens"),
            hash(b"max_length"),
            hash(b"model_length"),
            hash(b"model_context_window_exceeded"),
            hash(b"context_length_exceeded"),
            hash(b"error_limit"),
            hash(b"2"),
        ],
    ),
    (StopReason::StopSequence, &[hash(b"stop_sequence")]),
    (StopReason::Refusal, &[hash(b"refusal")]),
    (
        StopReason::ContentFilter,
        &[
            hash(b"content_filter"),
            hash(b"content_filtered"),
            hash(b"guardrail_intervened"),
            hash(b"sensitive"),
            hash(b"error_toxic"),
            hash(b"safety"),
            hash(b"recitation"),
            hash(b"language"),
            hash(b"blocklist"),
            hash(b"prohibited_content"),
            hash(b"spii"),
            hash(b"model_armor"),
            hash(b"image_safety"),
            hash(b"image_prohibited_content"),
            hash(b"image_recitation"),
            hash(b"3"),
            hash(b"4"),
        ],
    ),
    (StopReason::Pause, &[hash(b"pause_turn")]),
];

/// The words for a provider that failed, in lower case.
static FAILURES: [u32; 19] = [
    hash(b"error"),
    hash(b"network_error"),
    hash(b"abort"),
    hash(b"aborted"),
    hash(b"cancelled"),
    hash(b"canceled"),
    hash(b"user_cancel"),
    hash(b"failed"),
    hash(b"timeout"),
    hash(b"insufficient_system_resource"),
    hash(b"engine_overloaded"),
    hash(b"malformed_function_call"),
    hash(b"function_call_filter"),
    hash(b"unexpected_tool_call"),
    hash(b"missing_thought_signature"),
    hash(b"malformed_response"),
    hash(b"malformed_tool_use"),
    hash(b"malformed_model_output"),
    hash(b"too_many_tool_calls"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_all_providers_are_known_in_any_case() {
        let known: [(&str, StopReason); 14] = [
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
            ("", StopReason::Other),
        ];
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
        ];
        for word in failures {
            assert_eq!(reason(word.as_bytes()), StopReason::Other, "{word}");
            assert!(is_failure(word.as_bytes()), "{word}");
        }
        assert_eq!(reason(b"tired"), StopReason::Other);
        assert!(!is_failure(b"tired"));
    }
}
