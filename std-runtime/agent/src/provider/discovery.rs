//! The models of a server, requested in its dialect.

use std::time::Duration;

use serde::Deserialize;

use super::base_url::{authority_of, host_of, is_loopback};
use super::{Dialect, Endpoint};
use crate::transport::{Cancel, Http, HttpOptions};
use crate::{Error, ErrorKind, Result};

/// A model that a server has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedModel {
    /// The server's name for it.
    pub name: String,
    /// Tokens that it can read and write in one request; 0 if the server does not report it.
    pub context_tokens: u32,
}

impl From<&str> for ServedModel {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), context_tokens: 0 }
    }
}

/// The models of the server of `endpoint`, requested with its key; its `model` does not matter.
///
/// The time-outs are short, and shortest on this machine, where perhaps no server is running.
///
/// # Errors
/// `Configuration` if it has no list of models, `Authentication` if it refuses the key, `Provider`
/// if it cannot be reached or fails.
pub fn served_models(endpoint: &Endpoint, options: HttpOptions) -> Result<Vec<ServedModel>> {
    let base_url = &endpoint.base_url;
    let connect_ms = if is_loopback(&host_of(base_url)) { 50 } else { 3_000 };
    let options = HttpOptions {
        connect_timeout: Duration::from_millis(connect_ms),
        idle_timeout: Duration::from_secs(3),
        ..options
    };
    let mut http = Http::new(options, Cancel::new());
    let mut headers = endpoint.headers();
    if endpoint.api == Dialect::Anthropic {
        headers.push(("anthropic-version", super::Secret::new("2023-06-01")));
    }
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (*name, value.expose())).collect();
    let (status, document) =
        http.fetch(&endpoint.url(path(endpoint.api)), &headers, MAX_LIST_BYTES)?;
    let no_list = |kind: ErrorKind, reason: String| {
        let host = authority_of(base_url);
        let advice = "name a model with --model or ZEROSTACK_MODEL";
        Error::new(kind, format!("{host} has no list of models: {reason}; {advice}"))
    };
    match status {
        200 => {}
        401 | 403 => {
            let reason = format!("status {status}, it needs a key or another one");
            return Err(no_list(ErrorKind::Authentication, reason));
        }
        500.. => return Err(no_list(ErrorKind::Provider, format!("status {status}"))),
        // It has no list, so the user must name a model.
        _ => return Err(no_list(ErrorKind::Configuration, format!("status {status}"))),
    }
    chat_models(&document).map_err(|reason| no_list(ErrorKind::Configuration, reason))
}

fn path(api: Dialect) -> &'static str {
    match api {
        Dialect::Anthropic => "/v1/models",
        Dialect::Ollama => "/api/tags",
        _ => "/models",
    }
}

/// The models in `document` that can hold a conversation: servers also list others.
fn chat_models(document: &[u8]) -> Result<Vec<ServedModel>, String> {
    let list: List = serde_json::from_slice(document).map_err(|error| error.to_string())?;
    let models = list.data.or(list.models).ok_or("it has neither `data` nor `models`")?;
    Ok(models.into_iter().filter(Model::is_for_chat).filter_map(Model::served).collect())
}

#[derive(Deserialize)]
struct List {
    /// The dialects of OpenAI and Anthropic.
    data: Option<Vec<Model>>,
    /// Those of Gemini and Ollama.
    models: Option<Vec<Model>>,
}

/// The servers' descriptions of a model; each has other fields.
#[derive(Deserialize)]
struct Model {
    id: Option<String>,
    name: Option<String>,
    /// LM Studio, Together.
    #[serde(rename = "type")]
    kind: Option<serde_json::Value>,
    #[serde(rename = "supportedGenerationMethods")]
    methods: Option<Vec<String>>,
    /// vLLM and SGLang; LM Studio, as it is loaded; OpenRouter, Together and others; Groq; Mistral.
    max_model_len: Option<serde_json::Value>,
    loaded_context_length: Option<serde_json::Value>,
    context_length: Option<serde_json::Value>,
    context_window: Option<serde_json::Value>,
    max_context_length: Option<serde_json::Value>,
    /// llama.cpp. The context of its training (`n_ctx_train`) may be larger than the one it was started with.
    meta: Option<serde_json::Value>,
    /// OpenRouter: the provider that answers may accept less than the model could.
    top_provider: Option<serde_json::Value>,
}

impl Model {
    fn is_for_chat(&self) -> bool {
        let kind = self.kind.as_ref().and_then(|kind| kind.as_str());
        let methods = self.methods.as_ref();
        kind.is_none_or(|kind| CHAT_KINDS.contains(&kind))
            && methods.is_none_or(|all| all.iter().any(|method| method == "generateContent"))
    }

    /// Servers write anything here; a value that is not a number of tokens is ignored.
    fn context_tokens(&self) -> u32 {
        let nested = |value: &Option<serde_json::Value>, key| value.as_ref()?.get(key)?.as_u64();
        let own = [
            &self.loaded_context_length,
            &self.max_model_len,
            &self.context_length,
            &self.context_window,
            &self.max_context_length,
        ];
        let own = own.into_iter().flatten().find_map(serde_json::Value::as_u64);
        nested(&self.meta, "n_ctx")
            .or_else(|| nested(&self.top_provider, "context_length"))
            .or(own)
            .and_then(|tokens| u32::try_from(tokens).ok())
            .unwrap_or_default()
    }

    fn served(self) -> Option<ServedModel> {
        let context_tokens = self.context_tokens();
        let name = self.id.or(self.name)?;
        let name = name.strip_prefix("models/").map(str::to_owned).unwrap_or(name);
        Some(ServedModel { name, context_tokens })
    }
}

/// The first of `models` whose name is not that of a model for something else.
pub(super) fn first_chat_model(models: &[ServedModel]) -> Option<&ServedModel> {
    models.iter().find(|model| {
        let name = model.name.to_ascii_lowercase();
        let mut words = name.split(|character: char| !character.is_ascii_alphanumeric());
        !name.trim().is_empty()
            && !OTHER_PARTS.iter().any(|part| name.contains(part))
            && !words.any(|word| {
                let stem = word.trim_end_matches(|character: char| character.is_ascii_digit());
                OTHER_WORDS.contains(&word) || OTHER_WORDS.contains(&stem)
            })
    })
}

/// The values of `type` for a conversation model.
const CHAT_KINDS: &[&str] = &["chat", "language", "llm", "model", "text", "vlm"];

/// Parts of the names of models for embeddings, speech, images and ranking.
const OTHER_PARTS: &[&str] = &[
    "dall-e",
    "diffusion",
    "embed",
    "minilm",
    "moderation",
    "parakeet",
    "rerank",
    "transcri",
    "whisper",
];

/// The same for words that are also parts of other words.
const OTHER_WORDS: &[&str] = &[
    "bge", "clip", "colbert", "e5", "flux", "gte", "guard", "imagen", "kokoro", "orpheus", "piper",
    "sdxl", "siglip", "sora", "tts", "veo",
];

/// Room for thousands of models, and a bound for a server of another kind.
const MAX_LIST_BYTES: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_has_its_own_list() {
        for (document, expected) in [
            (
                r#"{"object":"list","data":[{"id":"a","object":"model"},{"id":"b"}]}"#,
                &["a", "b"][..],
            ),
            (
                r#"{"data":[{"type":"model","id":"claude","display_name":"C"}],"has_more":false}"#,
                &["claude"],
            ),
            (
                r#"{"models":[{"name":"models/embedding","supportedGenerationMethods":["embedContent"]},
                   {"name":"models/gemini-flash","supportedGenerationMethods":["generateContent"]}]}"#,
                &["gemini-flash"],
            ),
            (r#"{"models":[{"name":"qwen3:4b","details":{}}]}"#, &["qwen3:4b"]),
            (r#"{"data":[{"id":"e","type":"embeddings"},{"id":"l","type":"llm"}]}"#, &["l"]),
            (r#"{"data":[]}"#, &[]),
        ] {
            let models = chat_models(document.as_bytes()).unwrap();
            let expected: Vec<ServedModel> = expected.iter().copied().map(Into::into).collect();
            assert_eq!(models, expected, "{document}");
        }
        for document in ["", "{}", "[]", r#"{"data":7}"#, "<html>"] {
            assert!(chat_models(document.as_bytes()).is_err(), "{document}");
        }
    }

    #[test]
    fn the_context_of_a_model_is_read_if_a_server_reports_it() {
        for (told, context_tokens) in [
            (r#""meta":{"n_ctx_train":8192,"n_ctx":4096}"#, 4096),
            (r#""meta":{"n_ctx_train":8192}"#, 0),
            (r#""meta":null"#, 0),
            (r#""max_model_len":32768"#, 32_768),
            (r#""max_context_length":131072,"loaded_context_length":8192"#, 8192),
            (r#""context_length":200000,"top_provider":{"context_length":128000}"#, 128_000),
            (r#""context_length":200000,"top_provider":{"context_length":null}"#, 200_000),
            (r#""context_window":131072"#, 131_072),
            (r#""max_context_length":32768"#, 32_768),
            (r#""context_length":"large""#, 0),
            (r#""context_length":-1"#, 0),
            (r#""context_length":99999999999"#, 0),
        ] {
            let document = format!(r#"{{"data":[{{"id":"m",{told}}}]}}"#);
            let models = chat_models(document.as_bytes()).unwrap();
            assert_eq!(models[0].context_tokens, context_tokens, "{told}");
        }
    }

    #[test]
    fn models_for_other_purposes_are_not_chosen() {
        let others = [
            "nomic-Embed-text:latest",
            "text-embedding-3-small",
            "bge-m3",
            "multilingual-e5-large",
            "whisper-1",
            "gpt-4o-mini-transcribe",
            "tts-1-hd",
            "dall-e-3",
            "jina-reranker-v2",
            "all-MiniLM-L6-v2",
            "stable-diffusion-xl",
            "llama-guard3:8b",
            "omni-moderation-latest",
            " ",
        ];
        for other in others {
            assert_eq!(first_chat_model(&[other.into()]), None, "{other}");
        }
        for chat in ["qwen3:4b", "gemma3", "SmolLM2-135M-Instruct", "phi4-mini", "eclipse-7b"] {
            let models = [others[0].into(), chat.into()];
            assert_eq!(first_chat_model(&models), Some(&chat.into()));
        }
    }
}
