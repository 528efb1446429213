//! The request options that a run can use.

use zerostack_core::{Dialect, OwnedConfig, ToolMode};

/// Removes the response schema if it would keep the model from calling tools. The answer is still
/// checked against it, and the prompt describes it to the model.
pub(super) fn keep_sayable(config: &mut OwnedConfig) {
    let takes_both = match config.dialect {
        // The server forces every reply to fit the schema, and a call does not.
        Dialect::Ollama => false,
        // Refused before Gemini 3.
        Dialect::Gemini => !["gemini-1", "gemini-2"].iter().any(|it| config.model.contains(it)),
        _ => true,
    };
    let is_taken = config.tool_mode == ToolMode::Schema;
    if !config.tools.is_empty() && (is_taken || !takes_both) {
        config.options.response_schema = None;
    }
}

/// Removes options that concern the answer of the run itself, not that of a subagent.
pub(super) fn for_subagent(config: &mut OwnedConfig) {
    (config.options.response_schema, config.options.tool_choice) = (None, None);
}
