//! The servers that are known: a row each, with where it is written.
//!
//! A row says only what a source says. Where none was found, the cell stays at the dialect's
//! default, and a refusal that names the field switches it off.

use super::{
    CacheControl, CallIdForm, InstructionRole, Profile, ProfileField, ReasoningForm, SchemaForm,
    SystemRole,
};
use crate::error::PROFILE_NUMBER;
use crate::message::Dialect;
use crate::provider::OutputLimitKey;
use crate::{Error, ErrorKind};

/// A server known by its host, with what it refuses or demands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownHost {
    /// The name that files and documents use.
    pub name: &'static str,
    /// Its hosts, in which a `*` matches any part. On this machine servers are known by their usual
    /// port: `:8000`.
    pub hosts: &'static [&'static str],
    /// What it refuses or demands, whatever the dialect: see [`Profile::for_dialect`].
    pub profile: Profile,
    /// The key under which OpenAI chat sends the limit of a reply.
    pub output_limit_key: OutputLimitKey,
    /// The sources.
    pub sources: &'static [&'static str],
}

impl KnownHost {
    /// All of them.
    pub const ALL: &[Self] = HOSTS;

    /// The server at `host`, in lower case and without its port; `local_port` is the port where the
    /// host is this machine.
    #[must_use]
    pub fn of(host: &str, local_port: Option<u16>) -> Option<&'static Self> {
        HOSTS.iter().find(|known| known.hosts.iter().any(|one| is_at(one, host, local_port)))
    }

    /// The server with this [`name`](Self::name).
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        HOSTS.iter().find(|known| known.name == name)
    }
}

impl Profile {
    /// Parses a profile in the form of flags and other languages: entries separated by commas, each
    /// `FIELD=VALUE`, or the name or the host of a known server, of which the fields that `dialect`
    /// has are taken. Later entries override earlier ones. Also returns the [`OutputLimitKey`], if one is named.
    ///
    /// ```
    /// use zerostack_core::{Dialect, OutputLimitKey, Profile};
    ///
    /// let text = "api.mistral.ai,stream_options=true,output_limit_key=max_tokens";
    /// let (profile, key) = Profile::parse(text, Dialect::OpenAiChat).unwrap();
    /// assert_eq!((profile.stream_options, key), (Some(true), Some(OutputLimitKey::MaxTokens)));
    /// assert!(profile.call_ids.is_some());
    /// assert!(Profile::parse("mistral,stream=maybe", Dialect::OpenAiChat).is_err());
    /// ```
    ///
    /// # Errors
    /// `BadOption` with 63 for any other entry.
    pub fn parse(text: &str, dialect: Dialect) -> Result<(Self, Option<OutputLimitKey>), Error> {
        let bad = Error::new(ErrorKind::BadOption, PROFILE_NUMBER);
        let (mut profile, mut key) = (Self::DIALECT, None);
        let mut rest = text;
        while !rest.is_empty() {
            let (entry, after) = cut(rest, b',');
            rest = after;
            let entry = entry.trim_ascii();
            let (name, value) = cut(entry, b'=');
            if entry.is_empty() {
                continue;
            }
            if name.len() == entry.len() {
                let known = KnownHost::named(entry).or_else(|| KnownHost::of(entry, None));
                let known = known.ok_or(bad)?;
                profile = known.profile.for_dialect(dialect).over(profile);
                key = Some(known.output_limit_key);
                continue;
            }
            match ProfileField::from_name(name).ok_or(bad)? {
                ProfileField::OutputLimitKey => {
                    key = Some(OutputLimitKey::from_name(value).ok_or(bad)?);
                }
                field if profile.set(field, value) => {}
                _ => return Err(bad),
            }
        }
        Ok((profile, key))
    }
}

/// The text before and after the first `byte`.
fn cut(text: &str, byte: u8) -> (&str, &str) {
    let at = text.bytes().position(|it| it == byte);
    match at.and_then(|at| text.split_at_checked(at)) {
        Some((before, after)) => (before, after.get(1..).unwrap_or_default()),
        None => (text, ""),
    }
}

/// Whether `pattern` matches the host.
fn is_at(pattern: &str, host: &str, local_port: Option<u16>) -> bool {
    if let Some(port) = pattern.strip_prefix(':') {
        let digits =
            |text: &str| text.bytes().fold(0, |sum: u16, digit| sum * 10 + u16::from(digit & 15));
        return local_port == Some(digits(port));
    }
    let (before, after) = cut(pattern, b'*');
    if before.len() == pattern.len() {
        return host == pattern;
    }
    host.strip_prefix(before).is_some_and(|rest| rest.len() > after.len() && rest.ends_with(after))
}

const fn row(name: &'static str, hosts: &'static [&'static str]) -> KnownHost {
    KnownHost {
        name,
        hosts,
        profile: Profile::DIALECT,
        output_limit_key: OutputLimitKey::MaxTokens,
        sources: &[],
    }
}

static HOSTS: &[KnownHost] = &[
    KnownHost {
        output_limit_key: OutputLimitKey::MaxCompletionTokens,
        sources: &["https://github.com/simonw/llm/issues/724"],
        ..row("openai", &["api.openai.com"])
    },
    KnownHost {
        output_limit_key: OutputLimitKey::MaxCompletionTokens,
        sources: &["https://learn.microsoft.com/en-us/azure/foundry/openai/how-to/reasoning"],
        ..row("azure", &["*.openai.azure.com"])
    },
    // Its models refuse different fields: https://github.com/BerriAI/litellm/issues/11696
    row("azure-foundry", &["*.services.ai.azure.com", "*.models.ai.azure.com"]),
    row("anthropic", &["api.anthropic.com"]),
    KnownHost {
        profile: Profile { cache_control: Some(CacheControl::Blocks), ..Profile::DIALECT },
        sources: &["https://github.com/UKGovernmentBEIS/inspect_ai/pull/3851"],
        ..row("bedrock", &["bedrock-runtime.*.amazonaws.com"])
    },
    KnownHost {
        profile: Profile { cache_control: Some(CacheControl::Blocks), ..Profile::DIALECT },
        sources: &[
            "https://github.com/langchain-ai/langchain-google/issues/1612",
            "https://github.com/vercel/ai/pull/13986",
        ],
        ..row("vertex", &["aiplatform.googleapis.com", "*-aiplatform.googleapis.com"])
    },
    row("gemini", &["generativelanguage.googleapis.com"]),
    row("openrouter", &["openrouter.ai"]),
    KnownHost {
        profile: Profile {
            system_role: Some(SystemRole::System),
            instruction_role: Some(InstructionRole::User),
            reasoning: Some(ReasoningForm::ReasoningContent),
            ..Profile::DIALECT
        },
        sources: &[
            "https://api-docs.deepseek.com/guides/thinking_mode",
            "https://github.com/theopenco/llmgateway/pull/3462",
            "https://github.com/EKKOLearnAI/hermes-studio/issues/1926",
        ],
        ..row("deepseek", &["api.deepseek.com"])
    },
    KnownHost {
        profile: Profile { reasoning: Some(ReasoningForm::ReasoningContent), ..Profile::DIALECT },
        output_limit_key: OutputLimitKey::MaxCompletionTokens,
        sources: &[
            "https://java.agentscope.io/v2/en/integration/model/kimi",
            "https://www.librechat.ai/docs/configuration/librechat_yaml/ai_endpoints/moonshot",
        ],
        ..row("moonshot", &["api.moonshot.ai", "api.moonshot.cn"])
    },
    KnownHost {
        profile: Profile { reasoning: Some(ReasoningForm::ReasoningDetails), ..Profile::DIALECT },
        output_limit_key: OutputLimitKey::MaxCompletionTokens,
        sources: &[
            "https://platform.minimax.io/docs/api-reference/text-openai-api",
            "https://java.agentscope.io/v2/en/integration/model/minimax",
        ],
        ..row("minimax", &["api.minimax.io", "api.minimaxi.com"])
    },
    // Unknown fields are ignored.
    KnownHost {
        sources: &["https://help.aliyun.com/en/model-studio/qwen-api-via-openai-responses"],
        ..row("dashscope", &["dashscope.aliyuncs.com", "dashscope-*.aliyuncs.com"])
    },
    KnownHost {
        profile: Profile {
            stream_options: Some(false),
            call_ids: Some(CallIdForm::NineLetters),
            ..Profile::DIALECT
        },
        // The counts are sent without a request, and unknown fields are refused.
        sources: &[
            "https://docs.mistral.ai/resources/release-note/2024-01-16-token-usage-in-streaming-requests",
            "https://github.com/partITech/php-mistral/issues/76",
            "https://github.com/anomalyco/opencode/issues/1680",
        ],
        ..row("mistral", &["api.mistral.ai", "codestral.mistral.ai"])
    },
    KnownHost {
        profile: Profile { reasoning: Some(ReasoningForm::Reasoning), ..Profile::DIALECT },
        output_limit_key: OutputLimitKey::MaxCompletionTokens,
        sources: &[
            "https://github.com/groq/groq-python/pull/175",
            "https://github.com/janhq/jan/issues/8136",
        ],
        ..row("groq", &["api.groq.com"])
    },
    KnownHost {
        profile: Profile {
            system_role: Some(SystemRole::System),
            instruction_role: Some(InstructionRole::System),
            ..Profile::DIALECT
        },
        sources: &["https://github.com/dust-tt/dust/pull/17580"],
        ..row("xai", &["api.x.ai", "*.api.x.ai"])
    },
    row("together", &["api.together.xyz", "api.together.ai"]),
    row("fireworks", &["api.fireworks.ai"]),
    KnownHost {
        profile: Profile { schemas: Some(SchemaForm::Strict), ..Profile::DIALECT },
        output_limit_key: OutputLimitKey::MaxCompletionTokens,
        sources: &[
            "https://kestra.io/plugins/plugin-cerebras/io.kestra.plugin.cerebras.chatcompletion",
            "https://hexdocs.pm/req_llm/ReqLLM.Providers.Cerebras.html",
        ],
        ..row("cerebras", &["api.cerebras.ai"])
    },
    row("ollama", &["ollama.com", ":11434"]),
    row("llamacpp", &[":8080"]),
    row("lmstudio", &[":1234"]),
    // Templates of models refuse roles that they do not know.
    KnownHost {
        profile: Profile {
            system_role: Some(SystemRole::System),
            instruction_role: Some(InstructionRole::User),
            ..Profile::DIALECT
        },
        sources: &["https://github.com/ogx-ai/ogx/issues/6069"],
        ..row("vllm", &[":8000"])
    },
    KnownHost {
        profile: Profile {
            system_role: Some(SystemRole::System),
            instruction_role: Some(InstructionRole::User),
            ..Profile::DIALECT
        },
        sources: &["https://github.com/sgl-project/sglang/pull/14304"],
        ..row("sglang", &[":30000"])
    },
    row("litellm", &[":4000"]),
];
