//! The options of a request, as C lends them.

use core::mem::offset_of;

use zerostack_core::RequestOption;

use crate::boundary::{Caller, promised};
use crate::handle::zs_session;
use crate::status::{Fault, zs_status};
use crate::text::zs_str;
use crate::versioned::{Versioned, init, known_part};

#[cfg(feature = "options")]
mod enabled;
#[cfg(feature = "options")]
pub(crate) use enabled::LentOptions;

#[cfg(not(feature = "options"))]
mod disabled;
#[cfg(not(feature = "options"))]
pub(crate) use disabled::LentOptions;

/// A number of zs_options that is not set.
pub const ZS_UNSET: i32 = i32::MIN;

/// An option, as the detail of ZS_BAD_OPTION and ZS_UNSUPPORTED_OPTION names it.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_option {
    /// temperature
    ZS_OPTION_TEMPERATURE = 1,
    /// top_p
    ZS_OPTION_TOP_P = 2,
    /// top_k
    ZS_OPTION_TOP_K = 3,
    /// frequency_penalty
    ZS_OPTION_FREQUENCY_PENALTY = 4,
    /// presence_penalty
    ZS_OPTION_PRESENCE_PENALTY = 5,
    /// seed
    ZS_OPTION_SEED = 6,
    /// stop
    ZS_OPTION_STOP = 7,
    /// reasoning_effort
    ZS_OPTION_REASONING_EFFORT = 8,
    /// tool_choice
    ZS_OPTION_TOOL_CHOICE = 9,
    /// parallel_tool_calls
    ZS_OPTION_PARALLEL_TOOL_CALLS = 10,
    /// service_tier
    ZS_OPTION_SERVICE_TIER = 11,
    /// user
    ZS_OPTION_USER = 12,
    /// cache_ttl
    ZS_OPTION_CACHE_TTL = 13,
    /// response_schema, its name, mode and max_repairs
    ZS_OPTION_RESPONSE_SCHEMA = 14,
    /// extra
    ZS_OPTION_EXTRA = 15,
}

/// How long the model reasons before it answers.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(not(feature = "options"), allow(dead_code, reason = "the header has them"))]
pub enum zs_reasoning_effort {
    /// Not set: as the provider likes.
    ZS_EFFORT_UNSET = 0,
    /// Not at all.
    ZS_EFFORT_NONE = 1,
    /// As little as it can.
    ZS_EFFORT_MINIMAL = 2,
    /// A little.
    ZS_EFFORT_LOW = 3,
    /// As much as most tasks need.
    ZS_EFFORT_MEDIUM = 4,
    /// Much.
    ZS_EFFORT_HIGH = 5,
    /// More than that.
    ZS_EFFORT_XHIGH = 6,
    /// As much as it can.
    ZS_EFFORT_MAX = 7,
}

/// How long the provider keeps the conversation in its cache.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(not(feature = "options"), allow(dead_code, reason = "the header has them"))]
pub enum zs_cache_ttl {
    /// Not set: as the provider likes.
    ZS_CACHE_UNSET = 0,
    /// Five minutes: Anthropic.
    ZS_CACHE_FIVE_MINUTES = 1,
    /// An hour: Anthropic.
    ZS_CACHE_HOUR = 2,
    /// A day: OpenAI.
    ZS_CACHE_DAY = 3,
}

/// How a response schema reaches the model.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(not(feature = "options"), allow(dead_code, reason = "the header has them"))]
pub enum zs_schema_mode {
    /// In the request's field for it if the dialect and the model accept it together with the tools
    /// of the session; else as text.
    ZS_SCHEMA_AUTO = 0,
    /// In the request's field. ZS_UNSUPPORTED_OPTION if it cannot be used.
    ZS_SCHEMA_NATIVE = 1,
    /// As text, after each text of the user.
    ZS_SCHEMA_WORDS = 2,
}

/// The options of a request. Fill them by zs_options_init, which leaves all of them to the
/// provider, then set those that you need. Texts are lent as those of zs_config; an empty one is
/// not set.
///
/// It grows at its end, as zs_config does. It wants the feature `options`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_options {
    /// sizeof(zs_options), as the caller knows it.
    pub size: usize,
    /// Texts that end the reply where the model writes them.
    pub stop: *const zs_str,
    /// How many there are.
    pub stop_count: usize,
    /// Whether the model must call a tool: `auto`, `none`, `required`, or the name of one.
    pub tool_choice: zs_str,
    /// The class of service that is paid for, as the provider names it.
    pub service_tier: zs_str,
    /// The end user of the request: an id that does not identify a person to the provider.
    pub user: zs_str,
    /// Further members of the body: one JSON object.
    pub extra: zs_str,
    /// The JSON Schema of the answer: one JSON object.
    pub response_schema: zs_str,
    /// Its name, `[a-zA-Z0-9_-]`, 64 bytes at most; `answer` if it is empty.
    pub response_schema_name: zs_str,
    /// How it reaches the model: a zs_schema_mode.
    pub response_schema_mode: u32,
    /// 1: OpenAI holds the answer to the schema in every case.
    pub response_schema_is_strict: u32,
    /// How often an answer that does not fit is asked for again in one turn, 255 at most; then the
    /// turn ends with ZS_BAD_ANSWER. ZS_UNSET: the session does not check answers.
    pub max_repairs: i32,
    /// How much the model varies its words, in thousandths: 0 to 2000, at Anthropic to 1000.
    pub temperature: i32,
    /// The share of the likely tokens that it chooses from, in thousandths: 0 to 1000.
    pub top_p: i32,
    /// How many of the likely tokens it chooses from: 1 or more.
    pub top_k: i32,
    /// How much it avoids words that it used often, in thousandths: -2000 to 2000.
    pub frequency_penalty: i32,
    /// How much it avoids words that it used at all, in thousandths: -2000 to 2000.
    pub presence_penalty: i32,
    /// The seed of its random choices: 0 or more.
    pub seed: i32,
    /// How long it reasons before it answers: a zs_reasoning_effort.
    pub reasoning_effort: u32,
    /// Whether one reply may have several calls: 0 or 1.
    pub parallel_tool_calls: i32,
    /// How long the provider keeps the conversation in its cache: a zs_cache_ttl.
    pub cache_ttl: u32,
}

impl Default for zs_options {
    fn default() -> Self {
        Self {
            size: size_of::<Self>(),
            stop: core::ptr::null(),
            stop_count: 0,
            tool_choice: zs_str::EMPTY,
            service_tier: zs_str::EMPTY,
            user: zs_str::EMPTY,
            extra: zs_str::EMPTY,
            response_schema: zs_str::EMPTY,
            response_schema_name: zs_str::EMPTY,
            response_schema_mode: zs_schema_mode::ZS_SCHEMA_AUTO as u32,
            response_schema_is_strict: 0,
            max_repairs: ZS_UNSET,
            temperature: ZS_UNSET,
            top_p: ZS_UNSET,
            top_k: ZS_UNSET,
            frequency_penalty: ZS_UNSET,
            presence_penalty: ZS_UNSET,
            seed: ZS_UNSET,
            reasoning_effort: zs_reasoning_effort::ZS_EFFORT_UNSET as u32,
            parallel_tool_calls: ZS_UNSET,
            cache_ttl: zs_cache_ttl::ZS_CACHE_UNSET as u32,
        }
    }
}

/// Fills options so that all is left to the provider. `size` is sizeof(zs_options); bytes after what
/// this library knows become 0.
///
/// Any step; no session is needed.
/// Errors: ZS_NULL; ZS_OUT_OF_RANGE for a size that no version had.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_options_init(options: *mut zs_options, size: usize) -> zs_status {
    promised!(caller);
    init(caller, options, size, &zs_options { size, ..zs_options::default() })
}

/// Other options from the next turn on; NULL leaves all to the provider. They take the place of
/// those of the configuration.
///
/// ZS_STEP_IDLE.
/// Errors: ZS_BAD_OPTION and ZS_UNSUPPORTED_OPTION, whose detail is a zs_option; ZS_BAD_CONFIG;
/// ZS_NOT_UTF8; ZS_WRONG_STEP; ZS_UNSUPPORTED in a library without the feature `options`. Nothing
/// changed then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_set_options(
    session: *mut zs_session,
    options: *const zs_options,
) -> zs_status {
    promised!(caller);
    let act = |session: &mut zs_session| {
        let options = LentOptions::read(caller, options)?;
        let config = session.chat.config().with_options(options);
        session.chat.set_config(config)?;
        Ok(())
    };
    caller.change(session, act)
}

/// The JSON of the answer at the end of the conversation, without white space and a fence around
/// it, for a response schema. Empty if there is none.
///
/// Any step.
/// Lifetime: until the next call that changes the session.
/// Errors: empty when there is no session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_answer_json(session: *const zs_session) -> zs_str {
    promised!(caller);
    caller.look(session, |session| session.chat.answer_json().into()).unwrap_or(zs_str::EMPTY)
}

/// The options that the caller knows, and the defaults.
#[cfg_attr(not(feature = "options"), allow(dead_code, reason = "there are none"))]
fn known(caller: Caller<'_>, options: *const zs_options) -> Result<zs_options, Fault> {
    known_part(caller, options, zs_options::default())
}

// SAFETY: numbers and pointers; no padding, see `HAS_NO_GAP`; the first is `size`.
unsafe impl Versioned for zs_options {
    const FIRST_VERSION_BYTES: usize = offset_of!(zs_options, cache_ttl) + size_of::<u32>();
}

/// A field that is added later must not fall into what was padding before.
const HAS_NO_GAP: () =
    assert!(size_of::<zs_options>() == size_of::<[usize; 15]>() + size_of::<[u32; 12]>());
const _: () = HAS_NO_GAP;

/// The numbers are those of the core.
const OPTIONS: [(zs_option, RequestOption); 15] = [
    (zs_option::ZS_OPTION_TEMPERATURE, RequestOption::Temperature),
    (zs_option::ZS_OPTION_TOP_P, RequestOption::TopP),
    (zs_option::ZS_OPTION_TOP_K, RequestOption::TopK),
    (zs_option::ZS_OPTION_FREQUENCY_PENALTY, RequestOption::FrequencyPenalty),
    (zs_option::ZS_OPTION_PRESENCE_PENALTY, RequestOption::PresencePenalty),
    (zs_option::ZS_OPTION_SEED, RequestOption::Seed),
    (zs_option::ZS_OPTION_STOP, RequestOption::Stop),
    (zs_option::ZS_OPTION_REASONING_EFFORT, RequestOption::ReasoningEffort),
    (zs_option::ZS_OPTION_TOOL_CHOICE, RequestOption::ToolChoice),
    (zs_option::ZS_OPTION_PARALLEL_TOOL_CALLS, RequestOption::ParallelToolCalls),
    (zs_option::ZS_OPTION_SERVICE_TIER, RequestOption::ServiceTier),
    (zs_option::ZS_OPTION_USER, RequestOption::User),
    (zs_option::ZS_OPTION_CACHE_TTL, RequestOption::CacheTtl),
    (zs_option::ZS_OPTION_RESPONSE_SCHEMA, RequestOption::ResponseSchema),
    (zs_option::ZS_OPTION_EXTRA, RequestOption::Extra),
];
const _: () = {
    assert!(OPTIONS.len() == RequestOption::ALL.len());
    let mut rest = OPTIONS.as_slice();
    while let [(ours, core), tail @ ..] = rest {
        assert!(*ours as u32 == *core as u32);
        rest = tail;
    }
};
