//! What stays the same during a session, as C lends it.

use core::mem::offset_of;

use zerostack_core::{Config, FailedTurn, Limits, Provider, ToolSpec};

use crate::boundary::{answer, checked_text, out, text, values};
use crate::status::Fault;
use crate::status::zs_status::{self, *};
use crate::text::zs_str;

/// A service, by the dialect it speaks.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_provider {
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

/// What becomes of a turn that fails.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_failed_turn {
    /// All of it is taken out, the user's text too: as if it had never begun.
    ZS_TAKE_OUT = 0,
    /// The rounds that were complete stay.
    ZS_KEEP = 1,
}

/// A tool that the model may call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_tool {
    /// `[a-zA-Z0-9_-]`, 64 bytes at most.
    pub name: zs_str,
    /// What it does, for the model.
    pub description: zs_str,
    /// JSON Schema of the arguments: one JSON object.
    pub parameters: zs_str,
}

/// What stays the same during a session. Fill it by zs_config_init, then set provider and model
/// at least. The struct itself is copied; the texts and the array of tools are lent: they must
/// outlive the session, unchanged.
///
/// It grows at its end. A program that was compiled with a shorter one works with a newer library,
/// because `size` says what it has; what is missing has its default.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_config {
    /// sizeof(zs_config), as the caller knows it.
    pub size: usize,
    /// The model, as the provider names it.
    pub model: zs_str,
    /// What the model is told first; may be empty.
    pub system: zs_str,
    /// The tools that it may call.
    pub tools: *const zs_tool,
    /// How many there are.
    pub tool_count: usize,
    /// The dialect to speak: a zs_provider.
    pub provider: u32,
    /// Tokens of one reply; 0 leaves it to the provider.
    pub max_output_tokens: u32,
    /// Tokens of the request and the reply together; 0 leaves it to the provider.
    pub context_tokens: u32,
    /// Bytes of one tool result; a longer one is cut in the middle and says so.
    pub max_result_bytes: u32,
    /// Bytes of the memory that must be free before a request is sent.
    pub reply_bytes: u32,
    /// Requests of one turn, 65535 at most.
    pub max_rounds: u32,
    /// Times that one request is sent, the first included; 255 at most.
    pub max_attempts: u32,
    /// The wait before the first retry; it doubles with each further one.
    pub retry_base_ms: u32,
    /// The longest wait, whatever the provider asks for.
    pub retry_max_ms: u32,
    /// Where the jitter of the waits begins.
    pub seed: u32,
    /// What becomes of a turn that fails: a zs_failed_turn.
    pub failed_turn: u32,
    /// 0.
    pub reserved: u32,
}

/// Fills a configuration with the defaults: no system prompt, no tools, no provider, no model.
/// `size` is sizeof(zs_config); bytes behind what this library knows become 0.
///
/// Any step; no session is needed.
/// Errors: ZS_NULL; ZS_OUT_OF_RANGE for a size that no version had.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_config_init(config: *mut zs_config, size: usize) -> zs_status {
    let act = || {
        check_size(size)?;
        // SAFETY: the promise of `boundary`.
        unsafe { out(config) }?;
        let defaults = zs_config { size, ..zs_config::default() };
        let known = size.min(size_of::<zs_config>());
        // SAFETY: the promise of `boundary`: `size` bytes are the caller's. There is no padding,
        // see `HAS_NO_GAP`.
        unsafe {
            core::ptr::write_bytes(config.cast::<u8>(), 0, size);
            core::ptr::copy_nonoverlapping(
                (&raw const defaults).cast::<u8>(),
                config.cast::<u8>(),
                known,
            );
        }
        Ok(())
    };
    // SAFETY: the promise of `boundary`.
    unsafe { answer(core::ptr::null_mut(), act) }
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
            provider: 0,
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
            reserved: 0,
        }
    }
}

/// The configuration of a session, checked. Everything it points to is lent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LentConfig {
    provider: Provider,
    model: &'static str,
    system: &'static str,
    /// Their texts were checked.
    tools: &'static [zs_tool],
    limits: Limits,
}

impl LentConfig {
    /// Reads what the caller knows of a configuration, and takes the defaults for the rest.
    ///
    /// # Safety
    /// The promise of `boundary`; what it points to outlives the session.
    pub unsafe fn read(config: *const zs_config) -> Result<Self, Fault> {
        // SAFETY: the promise of `boundary`.
        let known = unsafe { known(config) }?;
        let tools: &'static [zs_tool] =
            // SAFETY: the promise of `boundary`.
            unsafe { values(known.tools, known.tool_count) }?;
        for (index, tool) in tools.iter().enumerate() {
            for part in [tool.name, tool.description, tool.parameters] {
                // SAFETY: the promise of `boundary`.
                unsafe { text(part) }.map_err(|_| Fault::with(ZS_BAD_CONFIG, index))?;
            }
        }
        let bad = Fault { status: ZS_BAD_CONFIG, detail: u32::MAX };
        let failed_turn = match known.failed_turn {
            number if number == zs_failed_turn::ZS_TAKE_OUT as u32 => FailedTurn::TakeOut,
            number if number == zs_failed_turn::ZS_KEEP as u32 => FailedTurn::Keep,
            _ => return Err(bad),
        };
        let limits = Limits {
            max_output_tokens: known.max_output_tokens,
            context_tokens: known.context_tokens,
            max_result_bytes: known.max_result_bytes,
            reply_bytes: known.reply_bytes,
            max_rounds: u16::try_from(known.max_rounds).map_err(|_| bad)?,
            max_attempts: u8::try_from(known.max_attempts).map_err(|_| bad)?,
            retry_base_ms: known.retry_base_ms,
            retry_max_ms: known.retry_max_ms,
            seed: known.seed,
            failed_turn,
            ..Limits::DEFAULT
        };
        // SAFETY: the promise of `boundary`.
        let (model, system) = unsafe { (text(known.model)?, text(known.system)?) };
        Ok(Self { provider: provider(known.provider)?, model, system, tools, limits })
    }

    /// For a body that is decoded once and stays, whatever it is.
    pub fn for_one_response(number: u32) -> Result<Self, Fault> {
        let failed_turn = FailedTurn::Keep;
        let limits = Limits { max_attempts: 1, failed_turn, ..Limits::DEFAULT };
        Ok(Self { provider: provider(number)?, model: "decode", system: "", tools: &[], limits })
    }
}

impl Config for LentConfig {
    fn provider(&self) -> Provider {
        self.provider
    }

    fn model(&self) -> &str {
        self.model
    }

    fn system(&self) -> &str {
        self.system
    }

    fn tool(&self, index: usize) -> Option<ToolSpec<'_>> {
        // SAFETY: `read` checked them, and they stay unchanged: the promise of `boundary`.
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
}

/// The provider that has this number in the header.
fn provider(wanted: u32) -> Result<Provider, Fault> {
    let found = Provider::ALL.iter().find(|provider| number(**provider) == wanted);
    found.copied().ok_or(Fault { status: ZS_BAD_CONFIG, detail: u32::MAX })
}

/// The number of a provider in the header.
pub(crate) const fn number(provider: Provider) -> u32 {
    (match provider {
        Provider::OpenAiChat => zs_provider::ZS_OPENAI_CHAT,
        Provider::Anthropic => zs_provider::ZS_ANTHROPIC,
        Provider::OpenAiResponses => zs_provider::ZS_OPENAI_RESPONSES,
        Provider::Gemini => zs_provider::ZS_GEMINI,
        Provider::Ollama => zs_provider::ZS_OLLAMA,
        _ => return 0,
    }) as u32
}

/// The fields that the caller knows, and the defaults.
///
/// # Safety
/// The promise of `boundary`.
unsafe fn known(config: *const zs_config) -> Result<zs_config, Fault> {
    if config.is_null() || !config.is_aligned() {
        return Err(Fault::new(ZS_NULL));
    }
    // SAFETY: the promise of `boundary`: there is a size at least.
    let size = unsafe { (&raw const (*config).size).read() };
    check_size(size)?;
    let mut known = zs_config::default();
    let copied = size.min(size_of::<zs_config>());
    // SAFETY: the promise of `boundary`: `size` bytes are there; any bytes make a valid struct.
    unsafe {
        core::ptr::copy_nonoverlapping(config.cast::<u8>(), (&raw mut known).cast::<u8>(), copied);
    }
    // SAFETY: as above; what a newer caller has behind is bytes too.
    let behind = unsafe { values(config.cast::<u8>().wrapping_add(copied), size - copied) }?;
    // A newer caller asks for what this library does not do.
    if behind.iter().any(|byte| *byte != 0) {
        return Err(Fault { status: ZS_BAD_CONFIG, detail: u32::MAX });
    }
    Ok(known)
}

/// A size that some version of this struct had or may have: whole words, from the first version
/// on.
fn check_size(size: usize) -> Result<(), Fault> {
    let is_known = (FIRST_VERSION_BYTES..=FURTHEST_BYTES).contains(&size);
    if is_known && size.is_multiple_of(size_of::<u32>()) {
        Ok(())
    } else {
        Err(Fault::new(ZS_OUT_OF_RANGE))
    }
}

/// The end of the last field that the first version had.
const FIRST_VERSION_BYTES: usize = offset_of!(zs_config, reserved) + size_of::<u32>();

/// No version will be longer.
const FURTHEST_BYTES: usize = 4096;

/// A field that is added later must not fall into what was padding before.
const HAS_NO_GAP: () = assert!(size_of::<zs_config>() == 7 * size_of::<usize>() + 12 * 4);
const _: () = HAS_NO_GAP;
