//! The providers that need no configuration except a key.

use super::Dialect;

/// The known facts about a provider.
pub(super) struct Known {
    pub name: &'static str,
    pub api: Dialect,
    pub base_url: &'static str,
    /// The other dialects that it speaks, and their base URL if it does not follow from `base_url`.
    pub also: &'static [(Dialect, Option<&'static str>)],
    /// The variable of its key; `None` for servers on this machine.
    pub key_env: Option<&'static str>,
    /// The variable that replaces its base URL.
    pub base_url_env: Option<&'static str>,
    /// A good default model; `None` if the user must choose.
    pub model: Option<&'static str>,
}

impl Known {
    /// Whether it is known to speak `api`.
    pub fn speaks(&self, api: Dialect) -> bool {
        self.api == api || self.also.iter().any(|(other, _)| *other == api)
    }

    /// The base URL for `api`, before `normalize`.
    pub fn base_url_of(&self, api: Dialect) -> &'static str {
        let other = self.also.iter().find(|(other, _)| *other == api);
        other.and_then(|(_, base_url)| *base_url).unwrap_or(self.base_url)
    }
}

/// The provider with the name `name`.
pub(super) fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

const fn cloud(
    name: &'static str,
    base_url: &'static str,
    key_env: &'static str,
    model: Option<&'static str>,
) -> Known {
    Known { key_env: Some(key_env), model, ..local(name, base_url) }
}

const fn local(name: &'static str, base_url: &'static str) -> Known {
    Known {
        name,
        api: Dialect::OpenAiChat,
        base_url,
        also: &[],
        key_env: None,
        base_url_env: None,
        model: None,
    }
}

/// All of them, in the order in which an error names them.
pub(super) const KNOWN: &[Known] = &[
    Known {
        base_url_env: Some("OPENAI_BASE_URL"),
        also: &[(Dialect::OpenAiResponses, None)],
        ..cloud("openai", "https://api.openai.com/v1", "OPENAI_API_KEY", Some("gpt-5.2"))
    },
    Known {
        api: Dialect::Anthropic,
        base_url_env: Some("ANTHROPIC_BASE_URL"),
        also: &[(Dialect::OpenAiChat, Some("https://api.anthropic.com/v1"))],
        ..cloud(
            "anthropic",
            "https://api.anthropic.com",
            "ANTHROPIC_API_KEY",
            Some("claude-sonnet-4-6"),
        )
    },
    Known {
        also: &[(Dialect::OpenAiResponses, None), (Dialect::Anthropic, None)],
        ..cloud(
            "openrouter",
            "https://openrouter.ai/api/v1",
            "OPENROUTER_API_KEY",
            Some("openrouter/auto"),
        )
    },
    Known {
        base_url_env: Some("OLLAMA_HOST"),
        also: &[
            (Dialect::Ollama, None),
            (Dialect::OpenAiResponses, None),
            (Dialect::Anthropic, None),
        ],
        ..local("ollama", "http://127.0.0.1:11434/v1")
    },
    Known { also: LOCAL_DIALECTS, ..local("llamacpp", "http://127.0.0.1:8080/v1") },
    Known { also: LOCAL_DIALECTS, ..local("lmstudio", "http://127.0.0.1:1234/v1") },
    Known { also: LOCAL_DIALECTS, ..local("vllm", "http://127.0.0.1:8000/v1") },
    cloud("cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY", None),
    Known {
        also: &[(Dialect::Anthropic, Some("https://api.deepseek.com/anthropic"))],
        ..cloud(
            "deepseek",
            "https://api.deepseek.com/v1",
            "DEEPSEEK_API_KEY",
            Some("deepseek-chat"),
        )
    },
    Known {
        also: &[(Dialect::Gemini, Some("https://generativelanguage.googleapis.com/v1beta"))],
        ..cloud(
            "gemini",
            "https://generativelanguage.googleapis.com/v1beta/openai",
            "GEMINI_API_KEY",
            Some("gemini-flash-latest"),
        )
    },
    Known {
        also: &[(Dialect::OpenAiResponses, None)],
        ..cloud("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", None)
    },
    cloud("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", Some("mistral-large-latest")),
    cloud("together", "https://api.together.xyz/v1", "TOGETHER_API_KEY", None),
    Known {
        also: &[(Dialect::OpenAiResponses, None), (Dialect::Anthropic, None)],
        ..cloud("xai", "https://api.x.ai/v1", "XAI_API_KEY", None)
    },
];

/// llama.cpp, LM Studio and vLLM serve all three on one port.
const LOCAL_DIALECTS: &[(Dialect, Option<&str>)] =
    &[(Dialect::OpenAiResponses, None), (Dialect::Anthropic, None)];

/// Variables that choose a provider by being set, and the provider; the first one set wins.
pub(super) const CHOOSING_VARIABLES: &[(&str, &str)] = &[
    ("OPENAI_API_KEY", "openai"),
    ("OPENAI_BASE_URL", "openai"),
    ("ANTHROPIC_API_KEY", "anthropic"),
    ("ANTHROPIC_BASE_URL", "anthropic"),
    ("OPENROUTER_API_KEY", "openrouter"),
    ("OLLAMA_HOST", "ollama"),
];

/// Model servers to look for on this machine, by name.
pub(super) const LOCAL_SERVERS: &[&str] = &["ollama", "llamacpp", "lmstudio"];
