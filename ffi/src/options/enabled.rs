//! The options of a session, checked. Everything they point to is lent.

use zerostack_core::{
    CacheTtl, ReasoningEffort, RequestOption, RequestOptions, ResponseSchema, SchemaMode,
    Thousandths, ToolChoice,
};

use super::{ZS_UNSET, known, zs_cache_ttl, zs_options, zs_reasoning_effort, zs_schema_mode};
use crate::boundary::{Caller, checked_text};
use crate::status::Fault;
use crate::status::zs_status::ZS_BAD_OPTION;
use crate::text::zs_str;

/// The options as the core reads them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LentOptions {
    options: RequestOptions<'static>,
    /// Their texts were checked.
    stop: &'static [zs_str],
}

impl LentOptions {
    /// All left to the provider.
    pub const fn none() -> Self {
        Self { options: RequestOptions::NONE, stop: &[] }
    }

    /// Reads what the caller knows of them; NULL is none.
    pub fn read(caller: Caller<'_>, options: *const zs_options) -> Result<Self, Fault> {
        // SAFETY: what a configuration is lent stays there as long as it is used.
        let caller = unsafe { caller.lasting() };
        if options.is_null() {
            return Ok(Self::none());
        }
        let known = known(caller, options)?;
        let stop: &'static [zs_str] = caller.values(known.stop, known.stop_count)?;
        for each in stop {
            caller.text(*each)?;
        }
        let given = |it: zs_str| {
            let it: &'static str = caller.text(it)?;
            Ok::<_, Fault>(Some(it).filter(|it| !it.is_empty()))
        };
        let options = RequestOptions {
            temperature: set(known.temperature).map(Thousandths),
            top_p: set(known.top_p).map(Thousandths),
            top_k: natural(known.top_k, RequestOption::TopK)?,
            frequency_penalty: set(known.frequency_penalty).map(Thousandths),
            presence_penalty: set(known.presence_penalty).map(Thousandths),
            seed: natural(known.seed, RequestOption::Seed)?,
            reasoning_effort: meaning(
                known.reasoning_effort,
                EFFORTS,
                RequestOption::ReasoningEffort,
            )?,
            tool_choice: given(known.tool_choice)?.map(|choice| match choice {
                "auto" => ToolChoice::Auto,
                "none" => ToolChoice::None,
                "required" => ToolChoice::Required,
                name => ToolChoice::Tool(name),
            }),
            parallel_tool_calls: match known.parallel_tool_calls {
                ZS_UNSET => None,
                0 => Some(false),
                1 => Some(true),
                _ => return Err(bad(RequestOption::ParallelToolCalls)),
            },
            service_tier: given(known.service_tier)?,
            user: given(known.user)?,
            cache_ttl: meaning(known.cache_ttl, CACHE_TTLS, RequestOption::CacheTtl)?,
            response_schema: match given(known.response_schema)? {
                Some(schema) => {
                    let name = given(known.response_schema_name)?.unwrap_or("answer");
                    Some(response_schema(&known, name, schema)?)
                }
                None => None,
            },
            extra: given(known.extra)?,
        };
        Ok(Self { options, stop })
    }

    pub const fn options(&self) -> RequestOptions<'_> {
        self.options
    }

    pub fn stop_sequence(&self, index: usize) -> Option<&str> {
        // SAFETY: `read` checked them, and they stay unchanged: the promise of `Caller`.
        self.stop.get(index).map(|stop| unsafe { checked_text(*stop) })
    }
}

fn response_schema(
    known: &zs_options,
    name: &'static str,
    schema: &'static str,
) -> Result<ResponseSchema<'static>, Fault> {
    let bad = || bad(RequestOption::ResponseSchema);
    let max_repairs = match known.max_repairs {
        ZS_UNSET => None,
        count => Some(u8::try_from(count).map_err(|_| bad())?),
    };
    let mode = meaning(known.response_schema_mode, MODES, RequestOption::ResponseSchema)?;
    let is_strict = match known.response_schema_is_strict {
        0 => false,
        1 => true,
        _ => return Err(bad()),
    };
    Ok(ResponseSchema { is_strict, mode, max_repairs, ..ResponseSchema::new(name, schema) })
}

fn set(number: i32) -> Option<i32> {
    Some(number).filter(|number| *number != ZS_UNSET)
}

fn natural(number: i32, option: RequestOption) -> Result<Option<u32>, Fault> {
    set(number).map(u32::try_from).transpose().map_err(|_| bad(option))
}

/// What a number of the header means.
fn meaning<T: Copy>(number: u32, all: &[(u32, T)], option: RequestOption) -> Result<T, Fault> {
    let found = all.iter().find(|(known, _)| *known == number);
    found.map(|(_, meaning)| *meaning).ok_or(bad(option))
}

const EFFORTS: &[(u32, Option<ReasoningEffort>)] = &[
    (zs_reasoning_effort::ZS_EFFORT_UNSET as u32, None),
    (zs_reasoning_effort::ZS_EFFORT_NONE as u32, Some(ReasoningEffort::None)),
    (zs_reasoning_effort::ZS_EFFORT_MINIMAL as u32, Some(ReasoningEffort::Minimal)),
    (zs_reasoning_effort::ZS_EFFORT_LOW as u32, Some(ReasoningEffort::Low)),
    (zs_reasoning_effort::ZS_EFFORT_MEDIUM as u32, Some(ReasoningEffort::Medium)),
    (zs_reasoning_effort::ZS_EFFORT_HIGH as u32, Some(ReasoningEffort::High)),
    (zs_reasoning_effort::ZS_EFFORT_XHIGH as u32, Some(ReasoningEffort::XHigh)),
    (zs_reasoning_effort::ZS_EFFORT_MAX as u32, Some(ReasoningEffort::Max)),
];

const CACHE_TTLS: &[(u32, Option<CacheTtl>)] = &[
    (zs_cache_ttl::ZS_CACHE_UNSET as u32, None),
    (zs_cache_ttl::ZS_CACHE_FIVE_MINUTES as u32, Some(CacheTtl::FiveMinutes)),
    (zs_cache_ttl::ZS_CACHE_HOUR as u32, Some(CacheTtl::Hour)),
    (zs_cache_ttl::ZS_CACHE_DAY as u32, Some(CacheTtl::Day)),
];

const MODES: &[(u32, SchemaMode)] = &[
    (zs_schema_mode::ZS_SCHEMA_AUTO as u32, SchemaMode::Auto),
    (zs_schema_mode::ZS_SCHEMA_NATIVE as u32, SchemaMode::Native),
    (zs_schema_mode::ZS_SCHEMA_WORDS as u32, SchemaMode::Words),
];

const fn bad(option: RequestOption) -> Fault {
    Fault { status: ZS_BAD_OPTION, detail: option as u32 }
}
