//! A provider that refuses a request because its window is too long for the model: room is made
//! once, by the policy, and the request is sent again.

use super::RoomAttempts;
use super::policy::Needed;
use super::shorten::can_shorten;
use crate::message::{Dropped, Event};
use crate::provider::stop::fold;
use crate::provider::{Config, RoomPolicy};
use crate::session::machine::Machine;
use crate::session::room::{LastResort, can_drop};
use crate::transcript::log::Log;
use crate::{Error, ErrorKind};

impl RoomAttempts {
    /// The provider finds the window too long, and room is to be made for that.
    pub const REFUSED: Self = Self(2);
    /// It was made. It is not made again: that would not help.
    pub const SHORTER: Self = Self(4);
    /// The reply was not a summary; it is requested once more.
    pub const AGAIN: Self = Self(8);
    /// A text of the model precedes the request for a summary.
    pub const BRIDGED: Self = Self(16);

    pub const fn has(self, what: Self) -> bool {
        self.0 & what.0 != 0
    }

    pub const fn add(&mut self, what: Self) {
        self.0 |= what.0;
    }

    pub const fn remove(&mut self, what: Self) {
        self.0 &= !what.0;
    }
}

impl Machine {
    /// Whether room is made for the request that `error` refused, so that it can be sent again.
    pub fn makes_room_for(&mut self, log: &Log<'_>, config: &dyn Config, error: Error) -> bool {
        let policy = config.limits().room;
        let may = error.kind() == ErrorKind::Status
            && !self.room_attempts.has(RoomAttempts::REFUSED)
            && policy != RoomPolicy::Ask
            // A summary that cannot be had leads to room without one.
            && self.summary().is_none()
            && self.is_too_long(log, error.detail())
            && (can_drop(log, self.turn as usize, LastResort::Summary)
                || can_shorten(log)
                || policy != RoomPolicy::DropOldest && self.can_elide(log));
        if may {
            self.room_attempts.add(RoomAttempts::REFUSED);
        }
        may
    }

    /// Makes room for a refused request: removes a third of the conversation, or the excess that
    /// the provider reports. A request for a summary would be refused as well.
    pub fn shorten(&mut self, log: &mut Log<'_>, config: &dyn Config) -> Event<'static> {
        let used = log.used();
        let told = self.too_much(log);
        let context = told.filter(|(_, sent)| self.count.may_be(*sent)).map(|(context, _)| context);
        let shares = told.unwrap_or((2, 3));
        let bytes = (used / 3).max(used - part(used, shares));
        let elided = match config.limits().room {
            RoomPolicy::DropOldest => 0,
            _ => self.elide(log, config, Needed { bytes, tokens: 0 }),
        };
        let (mut what, mut freed) = (Dropped::OldResults, elided);
        if freed < bytes {
            let needed = Needed { bytes: bytes - freed, tokens: 0 };
            let dropped = self.drop_until(log, config, needed, LastResort::Summary);
            if dropped > 0 {
                (what, freed) = (Dropped::OldExchanges, elided + dropped);
            }
        }
        if freed < bytes {
            let cut = self.shorten_results(log, config, bytes - freed);
            if cut > freed {
                what = Dropped::ToolResult;
            }
            freed += cut;
        }
        self.room_attempts.add(RoomAttempts::SHORTER);
        self.attempt = 0;
        self.enter_send(log, config);
        // It applies from the next round on: this request is as short as the provider demands.
        if let Some(context) = context {
            self.count.learn(context);
        }
        Event::Truncated { what, bytes: freed as u32 }
    }

    /// Whether the provider's code or message means that. A status alone does not.
    fn is_too_long(&self, log: &Log<'_>, status: u32) -> bool {
        let message = self.message(log);
        // 2xx: it was reported in the stream.
        let failure = &self.reply.failure;
        CODES.contains(&fold(&failure.code))
            || (1..failure.sent_tokens).contains(&failure.context_tokens)
            // Whatever is too large for a server, a third less may not be.
            || status == 413
            // llama-cpp-python answers 500, Azure's gateway passes on what it received as 424.
            || matches!(status, 200..=299 | 400 | 422 | 424 | 500) && is_about_length(message)
    }

    /// Tokens that a request may have, and those that this one had, if the refusal has them: in
    /// separate members, or in its message.
    fn too_much(&self, log: &Log<'_>) -> Option<(u32, u32)> {
        let failure = &self.reply.failure;
        match (failure.context_tokens, failure.sent_tokens) {
            (context @ 1.., sent) if sent > context => Some((context, sent)),
            _ => too_much(self.message(log)),
        }
    }

    /// The provider's error message.
    fn message<'a>(&self, log: &'a Log<'_>) -> &'a [u8] {
        let failure = &self.reply.failure;
        let (start, length) = (failure.start as usize, failure.length as usize);
        // After the reply was removed, it follows the end.
        log.bytes().get(start..start + length).unwrap_or_else(|| log.after(length))
    }
}

/// Whether a refusal is about the length of the request: a known one, or one with two token counts
/// of which one is too large.
fn is_about_length(message: &[u8]) -> bool {
    let has = |phrases: &[&str]| phrases.iter().any(|it| find(message, it.as_bytes()).is_some());
    let is_sent = has(&SENT);
    if has(&RATES) || has(&REPLIES) && !is_sent {
        return false;
    }
    has(&PHRASES) || is_sent && has(&UNITS) && too_much(message).is_some()
}

/// The largest two numbers of a message that can be token counts: the limit, and the request's.
fn too_much(message: &[u8]) -> Option<(u32, u32)> {
    let (mut less, mut most) = (0, 0);
    let mut number = 0_u32;
    // A number inside a name, such as that of a model, is not a count.
    let mut is_name = false;
    for byte in message.iter().chain(b" ") {
        match byte {
            b'0'..=b'9' if !is_name => {
                number = number.saturating_mul(10).saturating_add(u32::from(byte - b'0'));
            }
            // As in 131,072 or 131_072.
            b',' | b'_' if number > 0 => {}
            _ => {
                if number > most {
                    (less, most) = (most, number);
                } else if number < most && number > less {
                    less = number;
                }
                number = 0;
                is_name = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            }
        }
    }
    let is_likely = less >= LEAST_TOKENS && most / MOST_TIMES <= less;
    is_likely.then_some((less, most))
}

/// The part of `bytes` that may stay, with some to spare.
fn part(bytes: usize, (less, most): (u32, u32)) -> usize {
    let stays = (bytes as u64 * u64::from(less)).checked_div(most.into()).unwrap_or(0);
    (stays - stays / 8) as usize
}

/// Where `phrase` is in `text`, ignoring case.
// The search of `str` is large, and may panic as far as the compiler can tell.
#[inline(never)]
pub(super) fn find(text: &[u8], phrase: &[u8]) -> Option<usize> {
    text.windows(phrase.len().max(1)).position(|part| part.eq_ignore_ascii_case(phrase))
}

/// A context has at least this many tokens.
const LEAST_TOKENS: u32 = 512;

/// No request exceeds its limit by more than this factor.
const MOST_TIMES: u32 = 1000;

/// The codes for it.
static CODES: [u32; 6] = [
    // OpenAI and many others.
    fold(b"context_length_exceeded"),
    // llama.cpp.
    fold(b"exceed_context_size_error"),
    // Anthropic, for bytes.
    fold(b"request_too_large"),
    // Copilot.
    fold(b"model_max_prompt_tokens_exceeded"),
    // GitHub Models.
    fold(b"tokens_limit_reached"),
    // Z.ai.
    fold(b"1261"),
];

/// The messages of servers that have no code for it.
static PHRASES: [&str; 36] = [
    // Anthropic, Bedrock, Fireworks; the second where the reply would not fit.
    "prompt is too long",
    "exceed context limit",
    // Ollama's cloud.
    "prompt too long",
    // Bedrock.
    "input is too long",
    "too many input tokens",
    "input tokens exceeded",
    // Gemini.
    "maximum number of tokens allowed",
    // vLLM, DeepSeek, Mistral, LM Studio, Ollama.
    "context length",
    // OpenAI's Responses in a stream, llama-cpp-python, MiniMax.
    "context window",
    // llama.cpp.
    "context size",
    // xAI.
    "maximum prompt length",
    // Moonshot.
    "token length too long",
    // AI Studio.
    "cannot truncate to",
    // Copilot.
    "prompt token count",
    // Moonshot.
    "model token limit",
    // SiliconFlow.
    "maximum input token",
    // OpenRouter; Replicate.
    "maximum allowed input length",
    "maximum input length",
    // Gateways of DeepSeek.
    "tokens in request more than max tokens allowed",
    // Z.ai; Baichuan.
    "exceeds max length",
    "exceeds the model's max",
    // Gateways in China: the input's length, the context's length, too long.
    "输入长度",
    "上下文长度",
    "超长",
    // Groq, OpenAI, Cerebras.
    "reduce the length of the messages",
    // Vertex.
    "input token count",
    // DashScope.
    "range of input length",
    // Text Generation Inference.
    "`inputs` must have less than",
    // Gateways that pass on the code as the message; LiteLLM.
    "context_length",
    "ContextWindowExceeded",
    // Qianfan, Yi.
    "tokens too long",
    "max input characters",
    // Cohere.
    "size limit exceeded",
    // llama.cpp before it had a code.
    "context shift is disabled",
    // Volcengine.
    "exceed max message tokens",
    // AI21, Palmyra.
    "maximum token limit",
];

/// The subjects of such a refusal.
static SENT: [&str; 6] =
    ["prompt", "input", "message", "request contains", "conversation", "exceed context"];

/// The units of such a refusal.
static UNITS: [&str; 2] = ["token", "length"];

/// Phrases about the reply alone: a shorter conversation would be refused as well.
static REPLIES: [&str; 6] = [
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "maxOutputTokens",
    "completion tokens",
    "output tokens",
];

/// Phrases about a rate.
static RATES: [&str; 5] = ["per min", "per day", "a minute", "rate limit", "quota"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_as_too_long_is_distinguished_from_others() {
        for message in [
            "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
            "prompt token count of 132000 exceeds the limit of 128000",
            "Invalid request: Your request exceeded model token limit: 131072 (requested: 150000)",
            "Input is too long for requested model.",
            "Input length 131393 exceeds the maximum allowed input length of 131040 tokens.",
            "tokens in request more than max tokens allowed",
            "Invalid request: Input token length too long",
            "INVALID_ARGUMENT: Cannot truncate to 89998, required 355220: text:355351",
            "Input length (5000 tokens) exceeds the maximum allowed length (4096 tokens).",
            "Prompt exceeds max length",
            "Please reduce the length of the messages or completion.",
            "The input token count is 40000 but model only supports up to 32768.",
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000",
            "max_tokens is too large: 2048. This model's maximum context length is 4096 tokens and \
             your request has 3000 input tokens",
            "Range of input length should be [1, 30720]",
            "context_length_exceeded",
            "litellm.ContextWindowExceededError: OpenAIException",
            "prompt tokens too long",
            "Total tokens of image and text exceed max message tokens.",
            "The request exceeds the model's maximum token limit",
            "The maximum input token limit is 32768",
            "E1002 PromptTooLong: Prompt length exceeds maximum input length",
            "the max input characters is 20000",
            "size limit exceeded: max tokens is 128000 and requested is 130000",
            "The length of input messages exceeds the model's max length",
            "context shift is disabled",
            "输入长度超出限制: 40000 > 32768",
            "Provider returned error: {\"error\":{\"message\":\"prompt is too long: 208310 tokens > \
             200000 maximum\"}}",
            "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 512 \
             `max_new_tokens`",
            "The sum of prompt length (9000.0), query length (0) should not exceed max_num_tokens \
             (8192)",
            "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
            "Request prompt has 9000 tokens in total, larger than the model input length limit 8192.",
            "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 6000",
            "the number of input tokens 9000 cannot exceed the total tokens limit 8192 for this model",
            "5021: The estimated number of input and maximum output tokens (9000) exceeded this \
             model context window limit (8192).",
            "Malformed input request: expected maxLength: 20480, actual: 30000",
            "The number of tokens to keep from the initial prompt is greater than the context length",
            "The maximum context length is 8192. However, answering your request will take 12000 \
             tokens. Please reduce the length of the prompt or the max_completion_tokens value.",
            "Invalid 'messages[1].content': string too long. Expected a string with maximum length \
             1048576, but got a string with length 1200000 instead.",
            // Of an unknown provider.
            "The prompt has 70,123 tokens, which is above 65,536.",
        ] {
            assert!(is_about_length(message.as_bytes()), "{message}");
        }
        for message in [
            "max_tokens is too large: 32000. This model supports at most 4096 completion tokens; \
             its context length is 128000.",
            "max_tokens: 64000 > 8192, which is the maximum allowed number of output tokens",
            "Unable to submit request because it has a maxOutputTokens value of 99999 but the \
             supported range is from 1 (inclusive) to 65537 (exclusive).",
            "Rate limit reached: input tokens per minute: limit 30000, requested 38000",
            "Invalid 'messages[1].tool_calls[0].id': maximum length 40, but got length 64",
            "the name of a tool is too long",
            "Too many tokens, please wait before trying again.",
            "Request too large for gpt-4o: Limit 30000, Requested 38000 tokens per min",
            "You exceeded your current quota of 1000000 input tokens, used 1000500",
        ] {
            assert!(!is_about_length(message.as_bytes()), "{message}");
        }
    }

    #[test]
    fn the_excess_is_read_from_the_refusal() {
        let numbers = |text: &str| too_much(text.as_bytes());
        assert_eq!(numbers("request (9012 tokens) exceeds 4096 tokens"), Some((4096, 9012)));
        assert_eq!(numbers("131,072 of 140,000"), Some((131_072, 140_000)));
        assert_eq!(numbers("at most 4096"), None);
        assert_eq!(numbers("claude-20241022: 210000 > 200000"), Some((200_000, 210_000)));
        assert_eq!(numbers("64 of 4096"), None);
        assert_eq!(numbers("99999999999 of 4096"), None);
        assert_eq!(part(9000, (4096, 9012)), 3579);
    }
}
