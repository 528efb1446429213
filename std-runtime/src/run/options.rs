//! Which options of a request a run can use.

use zerostack_core::{Dialect, OwnedConfig, ToolMode};

/// Takes out the response schema where it would keep the model from calling tools. The answer is
/// checked against it all the same, and the model is told of it in words.
pub(super) fn keep_sayable(config: &mut OwnedConfig) {
    let takes_both = match config.dialect {
        // The server holds every reply to the schema, and a call is none.
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

/// Takes out what is about the answer of the run itself, and not about that of a subagent.
pub(super) fn for_subagent(config: &mut OwnedConfig) {
    (config.options.response_schema, config.options.tool_choice) = (None, None);
}
