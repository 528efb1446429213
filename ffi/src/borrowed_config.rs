//! A configuration as the core reads it: checked once, lent for as long as the session.

use zerostack_core::{
    Config, Dialect, FailedTurn, Limits, OutputLimitKey, Prices, RoomPolicy, ToolMode, ToolSpec,
};

use crate::boundary::{Caller, checked_text};
use crate::config::{
    known, zs_config, zs_counting, zs_dialect, zs_failed_turn, zs_output_limit_key, zs_room,
    zs_tool, zs_tool_mode,
};
use crate::options::LentOptions;
use crate::status::Fault;
use crate::status::zs_status::*;
use crate::window_count::WindowCount;

/// The configuration of a session, checked. Everything it points to is lent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BorrowedConfig {
    dialect: Dialect,
    model: &'static str,
    system: &'static str,
    /// Their texts were checked.
    tools: &'static [zs_tool],
    limits: Limits,
    output_limit_key: OutputLimitKey,
    #[cfg(feature = "profiles")]
    profile: zerostack_core::Profile,
    tool_mode: ToolMode,
    #[cfg(feature = "call-deltas")]
    call_deltas: bool,
    count: WindowCount,
    #[cfg_attr(not(feature = "options"), expect(dead_code, reason = "there are none to read"))]
    options: LentOptions,
}

impl BorrowedConfig {
    /// Reads what the caller knows of a configuration, and takes the defaults for the rest.
    pub fn read(caller: Caller<'_>, config: *const zs_config) -> Result<Self, Fault> {
        // SAFETY: what a configuration is lent stays there as long as it is used.
        let caller = unsafe { caller.lasting() };
        let known = known(caller, config)?;
        let tools: &'static [zs_tool] = caller.values(known.tools, known.tool_count)?;
        for (index, tool) in tools.iter().enumerate() {
            for part in [tool.name, tool.description, tool.parameters] {
                caller.text(part).map_err(|_| Fault::with(ZS_BAD_CONFIG, index))?;
            }
        }
        let limits = limits(&known)?;
        let output_limit_key = choose(known.output_limit_key, OUTPUT_LIMIT_KEYS)?;
        let said = caller.text(known.profile)?;
        let tool_mode = choose(known.tool_mode, TOOL_MODES)?;
        let vocabulary = caller.values(known.vocabulary.ptr, known.vocabulary.len)?;
        let count = match choose(known.counting, COUNTINGS)? {
            zs_counting::ZS_COUNT_ROUGH => WindowCount::rough(),
            zs_counting::ZS_COUNT_ESTIMATE => WindowCount::estimate()?,
            zs_counting::ZS_COUNT_VOCABULARY => WindowCount::vocabulary(vocabulary)?,
        };
        let (model, system) = (caller.text(known.model)?, caller.text(known.system)?);
        let dialect = choose(known.dialect, DIALECTS)?;
        let call_deltas = choose(known.call_deltas, &[(0, false), (1, true)])?;
        #[cfg(not(feature = "call-deltas"))]
        if call_deltas {
            return Err(Fault::new(ZS_UNSUPPORTED));
        }
        #[cfg(not(feature = "profiles"))]
        if !said.is_empty() {
            return Err(Fault::new(ZS_UNSUPPORTED));
        }
        #[cfg(feature = "profiles")]
        let (profile, key) = zerostack_core::Profile::parse(said, dialect)?;
        #[cfg(feature = "profiles")]
        let output_limit_key = key.unwrap_or(output_limit_key);
        let options = LentOptions::read(caller, known.options)?;
        Ok(Self {
            dialect,
            model,
            system,
            tools,
            limits,
            output_limit_key,
            #[cfg(feature = "profiles")]
            profile,
            tool_mode,
            #[cfg(feature = "call-deltas")]
            call_deltas,
            count,
            options,
        })
    }

    /// The same with other options.
    pub const fn with_options(self, options: LentOptions) -> Self {
        Self { options, ..self }
    }

    /// For a body that is decoded once and stays, whatever it is.
    pub fn for_one_response(number: u32) -> Result<Self, Fault> {
        let failed_turn = FailedTurn::Keep;
        let limits = Limits { max_attempts: 1, failed_turn, ..Limits::DEFAULT };
        Ok(Self {
            dialect: choose(number, DIALECTS)?,
            model: "decode",
            system: "",
            tools: &[],
            limits,
            output_limit_key: OutputLimitKey::MaxTokens,
            #[cfg(feature = "profiles")]
            profile: zerostack_core::Profile::DIALECT,
            tool_mode: ToolMode::Native,
            #[cfg(feature = "call-deltas")]
            call_deltas: false,
            count: WindowCount::rough(),
            options: LentOptions::none(),
        })
    }
}

impl Config for BorrowedConfig {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn model(&self) -> &str {
        self.model
    }

    fn system(&self) -> &str {
        self.system
    }

    fn tool(&self, index: usize) -> Option<ToolSpec<'_>> {
        // SAFETY: `read` checked them, and they stay unchanged: the promise of `Caller`.
        self.tools.get(index).map(|tool| unsafe {
            ToolSpec {
                name: checked_text(tool.name),
                description: checked_text(tool.description),
                parameters: checked_text(tool.parameters),
            }
        })
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn output_limit_key(&self) -> OutputLimitKey {
        self.output_limit_key
    }

    fn count_tokens(&self, text: &str) -> u32 {
        self.count.tokens(text)
    }

    fn tool_mode(&self) -> ToolMode {
        self.tool_mode
    }

    #[cfg(feature = "call-deltas")]
    fn shows_call_deltas(&self) -> bool {
        self.call_deltas
    }

    #[cfg(feature = "profiles")]
    fn profile(&self) -> zerostack_core::Profile {
        self.profile
    }

    #[cfg(feature = "options")]
    fn options(&self) -> zerostack_core::RequestOptions<'_> {
        self.options.options()
    }

    #[cfg(feature = "options")]
    fn stop_sequence(&self, index: usize) -> Option<&str> {
        self.options.stop_sequence(index)
    }
}

fn limits(known: &zs_config) -> Result<Limits, Fault> {
    Ok(Limits {
        max_output_tokens: known.max_output_tokens,
        context_tokens: known.context_tokens,
        high_water_tokens: known.high_water_tokens,
        low_water_tokens: known.low_water_tokens,
        room: choose(known.room, ROOMS)?,
        max_result_bytes: known.max_result_bytes,
        max_response_bytes: known.max_response_bytes,
        reply_bytes: known.reply_bytes,
        max_rounds: u16::try_from(known.max_rounds).map_err(|_| BAD)?,
        max_turn_tokens: known.max_turn_tokens,
        max_turn_cost_micros: known.max_turn_cost_micros,
        max_turn_ms: known.max_turn_ms,
        max_repeats: u16::try_from(known.max_repeats).map_err(|_| BAD)?,
        max_calls: u16::try_from(known.max_calls).map_err(|_| BAD)?,
        prices: Prices {
            input: known.input_price,
            output: known.output_price,
            cache_read: known.cache_read_price,
            cache_write: known.cache_write_price,
        },
        max_attempts: u8::try_from(known.max_attempts).map_err(|_| BAD)?,
        retry_base_ms: known.retry_base_ms,
        retry_max_ms: known.retry_max_ms,
        seed: known.seed,
        failed_turn: choose(known.failed_turn, FAILED_TURNS)?,
    })
}

/// What a number of the header means.
fn choose<T: Copy>(number: u32, meanings: &[(u32, T)]) -> Result<T, Fault> {
    let found = meanings.iter().find(|(known, _)| *known == number);
    found.map(|(_, meaning)| *meaning).ok_or(BAD)
}

const BAD: Fault = Fault { status: ZS_BAD_CONFIG, detail: u32::MAX };

const DIALECTS: &[(u32, Dialect)] = &[
    (zs_dialect::ZS_OPENAI_CHAT as u32, Dialect::OpenAiChat),
    (zs_dialect::ZS_ANTHROPIC as u32, Dialect::Anthropic),
    (zs_dialect::ZS_OPENAI_RESPONSES as u32, Dialect::OpenAiResponses),
    (zs_dialect::ZS_GEMINI as u32, Dialect::Gemini),
    (zs_dialect::ZS_OLLAMA as u32, Dialect::Ollama),
];

const FAILED_TURNS: &[(u32, FailedTurn)] = &[
    (zs_failed_turn::ZS_TAKE_OUT as u32, FailedTurn::TakeOut),
    (zs_failed_turn::ZS_KEEP as u32, FailedTurn::Keep),
];

const ROOMS: &[(u32, RoomPolicy)] = &[
    (zs_room::ZS_ROOM_ASK as u32, RoomPolicy::Ask),
    (zs_room::ZS_ROOM_ELIDE_RESULTS as u32, RoomPolicy::ElideResults),
    (zs_room::ZS_ROOM_DROP_OLDEST as u32, RoomPolicy::DropOldest),
    (zs_room::ZS_ROOM_SUMMARISE as u32, RoomPolicy::Summarise),
];

const TOOL_MODES: &[(u32, ToolMode)] = &[
    (zs_tool_mode::ZS_TOOLS_NATIVE as u32, ToolMode::Native),
    (zs_tool_mode::ZS_TOOLS_LENIENT as u32, ToolMode::Lenient),
    (zs_tool_mode::ZS_TOOLS_TEXT as u32, ToolMode::Text),
    (zs_tool_mode::ZS_TOOLS_SCHEMA as u32, ToolMode::Schema),
];

const OUTPUT_LIMIT_KEYS: &[(u32, OutputLimitKey)] = &[
    (zs_output_limit_key::ZS_MAX_TOKENS as u32, OutputLimitKey::MaxTokens),
    (zs_output_limit_key::ZS_MAX_COMPLETION_TOKENS as u32, OutputLimitKey::MaxCompletionTokens),
];

const COUNTINGS: &[(u32, zs_counting)] = &[
    (zs_counting::ZS_COUNT_ROUGH as u32, zs_counting::ZS_COUNT_ROUGH),
    (zs_counting::ZS_COUNT_ESTIMATE as u32, zs_counting::ZS_COUNT_ESTIMATE),
    (zs_counting::ZS_COUNT_VOCABULARY as u32, zs_counting::ZS_COUNT_VOCABULARY),
];

/// The number of a dialect in the header; 0 for one that it does not have.
pub(crate) fn number(dialect: Dialect) -> u32 {
    let found = DIALECTS.iter().find(|(_, known)| *known == dialect);
    found.map_or(0, |(number, _)| *number)
}
