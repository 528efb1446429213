//! The settings of a session, as C lends it.

use core::mem::offset_of;

use zerostack_core::Limits;

use crate::boundary::{Caller, promised};
use crate::options::zs_options;
use crate::status::{Fault, zs_status};
use crate::text::zs_str;
use crate::versioned::{Versioned, init, known_part};

/// A service, by the dialect it speaks.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_dialect {
    /// OpenAI chat completions, and the many servers compatible with it.
    ZS_OPENAI_CHAT = 1,
    /// Anthropic messages.
    ZS_ANTHROPIC = 2,
    /// OpenAI responses.
    ZS_OPENAI_RESPONSES = 3,
    /// Google Gemini.
    ZS_GEMINI = 4,
    /// Ollama's own chat.
    ZS_OLLAMA = 5,
}

/// What happens to a turn that fails.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_failed_turn {
    /// All of it is removed, including the user's text, as if it had never begun.
    ZS_TAKE_OUT = 0,
    /// The rounds that were complete stay.
    ZS_KEEP = 1,
}

/// How room is made when the window passes its high mark, or memory is missing.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_room {
    /// The caller makes it, by zs_session_compact or zs_session_drop_oldest.
    ZS_ROOM_ASK = 0,
    /// zs_session_make_room replaces old tool results by a line that describes them; if that is not
    /// enough, as ZS_ROOM_DROP_OLDEST.
    ZS_ROOM_ELIDE_RESULTS = 1,
    /// zs_session_make_room drops the oldest exchanges.
    ZS_ROOM_DROP_OLDEST = 2,
    /// zs_session_make_room asks the model for a summary that replaces the oldest messages.
    ZS_ROOM_SUMMARISE = 3,
}

/// How the tools are described to the model, and how it calls them.
///
/// All but the first want the feature
/// `local-models`.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_tool_mode {
    /// By the fields that the dialect has for it.
    ZS_TOOLS_NATIVE = 0,
    /// The same; where the model writes its calls into the text, they are found there.
    ZS_TOOLS_LENIENT = 1,
    /// In text: the tools are in the system text, calls and results are text.
    ZS_TOOLS_TEXT = 2,
    /// The same, and the server holds the model to a JSON Schema of its reply.
    ZS_TOOLS_SCHEMA = 3,
}

/// The key under which OpenAI chat receives max_output_tokens.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_output_limit_key {
    /// `max_tokens`, which compatible servers know.
    ZS_MAX_TOKENS = 0,
    /// `max_completion_tokens`, which OpenAI's own reasoning models want.
    ZS_MAX_COMPLETION_TOKENS = 1,
}

/// How the tokens of the window are counted. All but the first need the feature `counting`.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_counting {
    /// A token for each four bytes.
    ZS_COUNT_ROUGH = 0,
    /// The estimate of zs_tokens_estimate.
    ZS_COUNT_ESTIMATE = 1,
    /// The configuration's `vocabulary`, exactly.
    ZS_COUNT_VOCABULARY = 2,
}

/// A tool that the model may call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_tool {
    /// `[a-zA-Z0-9_-]`, 64 bytes at most.
    pub name: zs_str,
    /// Its description for the model.
    pub description: zs_str,
    /// JSON Schema of the arguments: one JSON object.
    pub parameters: zs_str,
}

/// The settings of a session. Fill it by zs_config_init, then set at least dialect and model.
/// The struct itself is copied; the texts and the array of tools are lent: they must
/// outlive the session, unchanged.
///
/// It grows at its end. A program that was compiled with a shorter one works with a newer library,
/// because `size` tells which fields it has; missing fields have their defaults.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_config {
    /// sizeof(zs_config), as the caller knows it.
    pub size: usize,
    /// The model, as the provider names it.
    pub model: zs_str,
    /// The system prompt; may be empty.
    pub system: zs_str,
    /// The tools that it may call.
    pub tools: *const zs_tool,
    /// How many there are.
    pub tool_count: usize,
    /// The dialect to speak: a zs_dialect.
    pub dialect: u32,
    /// Tokens of one reply; 0 leaves it to the provider.
    pub max_output_tokens: u32,
    /// Tokens of the request and the reply together; 0 leaves it to the provider.
    pub context_tokens: u32,
    /// Bytes of one tool result; a longer one is cut in the middle, with a note of the cut.
    pub max_result_bytes: u32,
    /// Bytes of the memory that must be free before a request is sent.
    pub reply_bytes: u32,
    /// Requests of one turn, 65535 at most.
    pub max_rounds: u32,
    /// Times that one request is sent, the first included; 255 at most.
    pub max_attempts: u32,
    /// The wait before the first retry; it doubles with each further one.
    pub retry_base_ms: u32,
    /// The longest wait, even if the provider asks for a longer one.
    pub retry_max_ms: u32,
    /// The seed of the jitter of the waits.
    pub seed: u32,
    /// What happens to a turn that fails: a zs_failed_turn.
    pub failed_turn: u32,
    /// 1: the arguments of calls are reported while they arrive, by ZS_EVENT_TOOL_CALL_DELTA; 0: they are not.
    pub call_deltas: u32,
    /// Bytes of one response body, stored or not: a server that never ends.
    pub max_response_bytes: u32,
    /// Tokens of the request above which room is made; 0 is four fifths of the part of
    /// context_tokens that the reply leaves.
    pub high_water_tokens: u32,
    /// Tokens of the request down to which room is made; 0 is two thirds of the high mark.
    pub low_water_tokens: u32,
    /// How room is made: a zs_room.
    pub room: u32,
    /// Tokens of all requests and replies of one turn; 0 is no limit.
    pub max_turn_tokens: u32,
    /// The cost limit of one turn by the prices, in millionths of their currency; 0 is no limit.
    pub max_turn_cost_micros: u32,
    /// The time limit of one turn in milliseconds, see zs_session_set_turn_elapsed_ms; 0 is no
    /// limit.
    pub max_turn_ms: u32,
    /// How many times the model may make the same call in a row, at most 65535; 0 is no limit.
    pub max_repeats: u32,
    /// The price of a million tokens of the request, in millionths of a currency.
    pub input_price: u32,
    /// The price of a million tokens of the reply.
    pub output_price: u32,
    /// The price of a million tokens from the provider's cache.
    pub cache_read_price: u32,
    /// The price of a million tokens that are written to the provider's cache.
    pub cache_write_price: u32,
    /// The key under which OpenAI chat receives max_output_tokens: a zs_output_limit_key.
    pub output_limit_key: u32,
    /// How tools are described to the model, and how it calls them: a zs_tool_mode.
    pub tool_mode: u32,
    /// How the tokens of the window are counted until the provider has counted it: a zs_counting.
    pub counting: u32,
    /// Calls of one reply, 65535 at most; a reply with more fails the turn.
    pub max_calls: u32,
    /// The packed vocabulary of ZS_COUNT_VOCABULARY; lent.
    pub vocabulary: zs_str,
    /// The options of a request; NULL leaves all of them to the provider. The struct
    /// is copied, its texts are lent.
    pub options: *const zs_options,
    /// What the server refuses or demands beyond its dialect; lent until the session is made. Entries
    /// separated by commas, each FIELD=VALUE, or the name or the host of a known server:
    /// "mistral,stream=false". Empty leaves all to the dialect.
    pub profile: zs_str,
}

/// Fills a configuration with the defaults: no system prompt, no tools, no dialect, no model.
/// `size` is sizeof(zs_config); bytes after what this library knows become 0.
///
/// Any step; no session is needed.
/// Errors: ZS_NULL; ZS_OUT_OF_RANGE for a size that no version had.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_config_init(config: *mut zs_config, size: usize) -> zs_status {
    promised!(caller);
    init(caller, config, size, &zs_config { size, ..zs_config::default() })
}

impl Default for zs_config {
    fn default() -> Self {
        let limits = Limits::DEFAULT;
        Self {
            size: size_of::<Self>(),
            model: zs_str::EMPTY,
            system: zs_str::EMPTY,
            tools: core::ptr::null(),
            tool_count: 0,
            dialect: 0,
            max_output_tokens: limits.max_output_tokens,
            context_tokens: limits.context_tokens,
            max_result_bytes: limits.max_result_bytes,
            reply_bytes: limits.reply_bytes,
            max_rounds: limits.max_rounds.into(),
            max_attempts: limits.max_attempts.into(),
            retry_base_ms: limits.retry_base_ms,
            retry_max_ms: limits.retry_max_ms,
            seed: limits.seed,
            failed_turn: zs_failed_turn::ZS_TAKE_OUT as u32,
            call_deltas: 0,
            max_response_bytes: limits.max_response_bytes,
            high_water_tokens: limits.high_water_tokens,
            low_water_tokens: limits.low_water_tokens,
            room: zs_room::ZS_ROOM_ASK as u32,
            max_turn_tokens: limits.max_turn_tokens,
            max_turn_cost_micros: limits.max_turn_cost_micros,
            max_turn_ms: limits.max_turn_ms,
            max_repeats: limits.max_repeats.into(),
            input_price: limits.prices.input,
            output_price: limits.prices.output,
            cache_read_price: limits.prices.cache_read,
            cache_write_price: limits.prices.cache_write,
            output_limit_key: zs_output_limit_key::ZS_MAX_TOKENS as u32,
            tool_mode: zs_tool_mode::ZS_TOOLS_NATIVE as u32,
            counting: zs_counting::ZS_COUNT_ROUGH as u32,
            max_calls: limits.max_calls.into(),
            vocabulary: zs_str::EMPTY,
            options: core::ptr::null(),
            profile: zs_str::EMPTY,
        }
    }
}

/// The fields that the caller knows, and the defaults.
pub(crate) fn known(caller: Caller<'_>, config: *const zs_config) -> Result<zs_config, Fault> {
    known_part(caller, config, zs_config::default())
}

// SAFETY: numbers and pointers; no padding, see `HAS_NO_GAP`; the first is `size`.
unsafe impl Versioned for zs_config {
    const FIRST_VERSION_BYTES: usize = offset_of!(zs_config, call_deltas) + size_of::<u32>();
}

/// A field that is added later must not fall into what was padding before.
const HAS_NO_GAP: () =
    assert!(size_of::<zs_config>() == size_of::<[usize; 12]>() + size_of::<[u32; 28]>());
const _: () = HAS_NO_GAP;
