//! What the name of a model tells about its server.
//!
//! Servers of one dialect refuse what others want. A name may have its vendor before it
//! (`google/gemini-3-pro`, `us.anthropic.claude-…`).

use super::Config;
use crate::wire::hash::{add, hash};
use crate::wire::scan::contains;

/// Who makes the calls, as a number that is not 0: the dialect and the model. Two of them collide
/// in one case of 255; then the other server gets an unchanged id that it may refuse.
pub(crate) fn maker(config: &dyn Config) -> u8 {
    let [low, ..] = add(hash(config.model().as_bytes()), config.dialect() as u8).to_le_bytes();
    low.max(1)
}

/// Whether it is one of Anthropic's, whoever serves it.
pub(super) fn is_claude(model: &str) -> bool {
    contains(model, "claude")
}

/// Whether it is one of Anthropic's on a cloud that uses another name than Anthropic, and refuses
/// unknown fields: Bedrock (`anthropic.claude-…`) or Vertex (`claude-…@date`).
pub(super) fn is_claude_of_cloud(model: &str) -> bool {
    is_claude(model) && (contains(model, "anthropic.") || contains(model, "@"))
}

/// Whether it is one of Mistral's: its servers and templates require ids of nine letters and digits.
pub(super) fn is_mistral(model: &str) -> bool {
    ["mistral", "ministral", "mixtral", "pixtral", "codestral", "devstral", "magistral"]
        .iter()
        .any(|name| contains(model, name))
}

/// Whether it is a Gemini that requires the signature of each call: all from the third on.
pub(super) fn wants_signatures(model: &str) -> bool {
    let name = model.as_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let version = name.strip_prefix(b"gemini-");
    version.is_some_and(|version| !matches!(version, [b'1' | b'2', ..]))
}

/// The signature that Google documents for a call without one, because another model made it.
pub(super) const NO_SIGNATURE: &str = "skip_thought_signature_validator";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendor_is_known_by_the_name_of_a_model() {
        assert!(is_claude("claude-sonnet-4-5") && is_claude("anthropic/claude-opus-4.5"));
        assert!(!is_claude_of_cloud("claude-sonnet-4-5"));
        assert!(is_claude_of_cloud("us.anthropic.claude-sonnet-4-5-20250929-v1:0"));
        assert!(is_claude_of_cloud("claude-sonnet-4-5@20250929"));
        assert!(is_mistral("devstral-medium-latest") && is_mistral("mistralai/mixtral-8x7b"));
        assert!(!is_mistral("gpt-5") && !is_mistral("deepseek-v4-pro"));
        assert!(wants_signatures("gemini-3-pro-preview"));
        assert!(wants_signatures("google/gemini-3-flash") && wants_signatures("gemini-pro-latest"));
        assert!(!wants_signatures("gemini-2.5-pro") && !wants_signatures("gemma-3"));
    }
}
