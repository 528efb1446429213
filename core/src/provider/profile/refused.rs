//! Which field of the profile a refusal is about.
//!
//! Servers say it in words of their own. The sentences are those of OpenAI ("Unsupported
//! parameter: 'max_tokens'"), pydantic ("Extra inputs are not permitted"), serde ("unknown variant
//! `developer`"), Groq ("property 'reasoning_content' is unsupported"), Mistral ("Tool call id was
//! … but must be … with a length of 9") and the templates of models ("Unexpected message role.").
//! Refusals of images are from the public reports of their users, such as
//! <https://github.com/ggml-org/llama.cpp/issues/15377>, <https://github.com/ollama/ollama/issues/17301>,
//! <https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/908>,
//! <https://github.com/vercel/ai/issues/2837> and <https://github.com/rikkahub/rikkahub/issues/1433>.
//! DeepSeek names `reasoning_content` if it is missing, so a name alone is not a refusal.

use super::{
    AttachmentForm, CacheControl, InForce, InstructionRole, ProfileField, SchemaForm, SystemRole,
};
use crate::message::Dialect;
use crate::provider::Config;
use crate::wire::scan::contains;

/// The field that a server has refused in `message`, or named next to it, if the request had it and
/// works without it.
pub(crate) fn refused_field(
    config: &dyn Config,
    sent: &InForce,
    message: &str,
    named: Option<ProfileField>,
    status: u32,
) -> Option<ProfileField> {
    let has = |parts: &[&str]| parts.iter().any(|part| contains(message, part));
    ProfileField::ALL.iter().copied().find(|&field| {
        let is_about_request = match field {
            // OpenRouter has no endpoint for an image; to llama.cpp and Ollama it is a failure.
            ProfileField::Attachments => matches!(status, 400 | 404 | 422 | 500),
            _ => matches!(status, 400 | 422),
        };
        if !is_about_request {
            return false;
        }
        let (names, sentences): (&[&str], &[&str]) = match field {
            ProfileField::Stream => return false,
            ProfileField::StreamOptions => (&["stream_options", "include_usage"], UNKNOWN),
            ProfileField::CacheControl => (&["cache_control"], UNKNOWN),
            ProfileField::Include => {
                (&["ncrypted content is not", "reasoning.encrypted_content", "'include'"], UNKNOWN)
            }
            ProfileField::SystemRole | ProfileField::InstructionRole => (ROLES, ROLES),
            ProfileField::OutputLimitKey => (&[sent.output_limit_key(config)], UNKNOWN),
            ProfileField::Reasoning if config.dialect() == Dialect::OpenAiResponses => {
                (&["ncrypted content", "encrypted_content"], BAD_SEAL)
            }
            ProfileField::Reasoning => (REASONING, UNKNOWN),
            ProfileField::CallIds => (CALL_IDS, SHAPES),
            ProfileField::Schemas => (&["strict"], UNKNOWN),
            ProfileField::StreamArguments => {
                (&["tream_function_call_arg", "treamFunctionCallArg"], UNKNOWN)
            }
            ProfileField::Attachments => (ATTACHMENTS, ATTACHMENTS),
        };
        let is_named = named == Some(field) || has(names);
        is_named && has(sentences) && is_said(config, sent, field)
    })
}

/// The field named by a word next to the message.
pub(crate) fn named_field(word: &[u8]) -> Option<ProfileField> {
    Some(match word {
        b"stream_options" | b"include_usage" => ProfileField::StreamOptions,
        b"cache_control" => ProfileField::CacheControl,
        b"include" => ProfileField::Include,
        b"max_tokens" | b"max_completion_tokens" => ProfileField::OutputLimitKey,
        b"reasoning_content" | b"reasoning" | b"reasoning_details" | b"thinking_blocks" => {
            ProfileField::Reasoning
        }
        b"strict" => ProfileField::Schemas,
        _ => return None,
    })
}

/// Whether the request had it in a form that can be switched.
fn is_said(config: &dyn Config, sent: &InForce, field: ProfileField) -> bool {
    let dialect = config.dialect();
    field.is_in(dialect)
        && match field {
            ProfileField::Stream => false,
            ProfileField::StreamOptions => sent.has_stream_options(),
            ProfileField::CacheControl => sent.cache_control(config.model()) != CacheControl::None,
            ProfileField::Include => sent.profile.include != Some(false),
            ProfileField::SystemRole => {
                sent.profile.system_role == Some(SystemRole::Developer)
                    && !config.system().is_empty()
            }
            ProfileField::InstructionRole => {
                sent.instruction_role(dialect) != InstructionRole::User
            }
            ProfileField::OutputLimitKey => config.limits().reply_tokens(dialect) > 0,
            ProfileField::Reasoning => !sent.hides_reasoning(),
            ProfileField::CallIds => sent.profile.call_ids != Some(super::CallIdForm::NineLetters),
            ProfileField::Schemas => sent.profile.schemas == Some(SchemaForm::Strict),
            ProfileField::StreamArguments => sent.streams_arguments(),
            // The transcript tells.
            ProfileField::Attachments => sent.profile.attachments != Some(AttachmentForm::None),
        }
}

/// Phrases for an unknown name; without first letters, which may be capitals.
const UNKNOWN: &[&str] = &[
    "nsupported",
    "not support",
    "not permitted",
    "not allowed",
    "nknown",
    "nrecognized",
    "nexpected",
    "xtra inputs",
    "xtra fields",
    "orbidden",
    "id you mean",
];
const ROLES: &[&str] = &["developer", "message role", "'role'", "ust be at the beginning"];
const REASONING: &[&str] = &[
    "reasoning_content",
    "reasoning_details",
    "reasoning_text",
    "reasoning_opaque",
    "thinking_blocks",
    "'reasoning'",
];
const BAD_SEAL: &[&str] = &["could not be", "not support"];
const CALL_IDS: &[&str] = &["ool call id", "tool_call_id", "tool_calls", "call_id", "tool_use"];
const SHAPES: &[&str] = &["length", "too long", "pattern", "a-z"];
/// What servers of models that read text alone say of an image, and those of others of a file:
/// Ollama, LM Studio and Azure; llama.cpp; Gemini; OpenRouter; vLLM; Bedrock; DeepSeek; OpenAI; Groq;
/// DashScope; pydantic. A refusal of this one image, of its size or its format, has other words.
const ATTACHMENTS: &[&str] = &[
    "t support image",
    "t support vision",
    "mage input is not",
    "required for image input",
    "nput modality is not",
    "that support image input",
    "not a multimodal model",
    "At most 0 ",
    "support the image ",
    "variant `image_url",
    "variant image_url",
    "variant `input_image",
    "variant `file",
    "variant `image`",
    "image_url is only supported",
    "content part type",
    "nknown part type",
    "nexpected item type in content",
    "upported values are: 'text'",
    "either 'text' or 'image_url'",
    "content must be a string",
    "content' : value must be a string",
    "nput should be 'text'",
];
