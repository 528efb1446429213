//! The checks before anything is sent.

use super::fields::{Fields, first_of, is_set, outside, tells_schema};
use super::members::{Member, ObjectMembers};
use super::{RequestOption, RequestOptions, ResponseSchema, Thousandths, ToolChoice};
use crate::provider::{Codec, Config, ToolMode};
use crate::wire::json_read::is_object;
use crate::{Error, ErrorKind};

/// Refuses options that are out of range or malformed, and those that the dialect does not have.
pub(crate) fn check(config: &dyn Config, codec: &Codec) -> Result<(), Error> {
    let fields = codec.options;
    for &option in RequestOption::ALL {
        if !is_set(config, option) {
            continue;
        }
        let error = |kind| Err(Error::new(kind, option as u32));
        if fields.path(option).is_empty() {
            return error(ErrorKind::UnsupportedOption);
        }
        if !is_good(config, fields, option) {
            return error(ErrorKind::BadOption);
        }
        let is_by_words = matches!(config.tool_mode(), ToolMode::Text | ToolMode::Schema)
            && config.tool(0).is_some();
        if option == RequestOption::ResponseSchema
            && let Some((offset, _)) = outside(config, fields)
            && (!STRUCTURED || !tells_schema(config, fields))
        {
            return Err(Error::new(ErrorKind::BadSchema, offset));
        }
        // There, the tools and the cache marks are in the text.
        let is_taken = is_by_words
            && matches!(
                option,
                RequestOption::ToolChoice
                    | RequestOption::ParallelToolCalls
                    | RequestOption::CacheTtl
            );
        let is_unsaid = option == RequestOption::ResponseSchema && !can_tell(config, fields);
        if is_taken || is_unsaid || (fields.refuses)(config, option) {
            return error(ErrorKind::UnsupportedOption);
        }
    }
    Ok(())
}

/// Whether the value of an option is valid in some dialect.
fn is_good(config: &dyn Config, fields: &Fields, option: RequestOption) -> bool {
    let RequestOptions {
        temperature,
        top_p,
        top_k,
        frequency_penalty,
        presence_penalty,
        seed,
        tool_choice,
        service_tier,
        user,
        response_schema,
        extra,
        ..
    } = config.options();
    let within = |number: Option<Thousandths>, low, high| {
        number.is_none_or(|Thousandths(number)| (low..=high).contains(&number))
    };
    let is_text = |text: Option<&str>| text.is_none_or(|text| !text.trim_ascii().is_empty());
    match option {
        RequestOption::Temperature => within(temperature, 0, fields.max_temperature),
        RequestOption::TopP => within(top_p, 0, 1000),
        RequestOption::TopK => top_k.is_none_or(|count| count > 0),
        RequestOption::FrequencyPenalty => within(frequency_penalty, -2000, 2000),
        RequestOption::PresencePenalty => within(presence_penalty, -2000, 2000),
        RequestOption::Seed => seed.is_none_or(|seed| seed <= i32::MAX as u32),
        RequestOption::Stop => are_stops(config, fields),
        RequestOption::ToolChoice => match tool_choice {
            Some(ToolChoice::Tool(name)) => has_tool(config, name),
            Some(ToolChoice::Required) => config.tool(0).is_some(),
            _ => true,
        },
        RequestOption::ServiceTier => is_text(service_tier),
        RequestOption::User => is_text(user),
        RequestOption::ResponseSchema => response_schema.is_none_or(|it| {
            is_name(it.name)
                && it.schema.len() <= ResponseSchema::MAX_BYTES
                && is_object(it.schema.as_bytes())
                && is_schema(it.schema)
        }),
        RequestOption::Extra => extra.is_none_or(|extra| is_extra(config, fields, extra)),
        RequestOption::ReasoningEffort
        | RequestOption::ParallelToolCalls
        | RequestOption::CacheTtl => true,
    }
}

fn are_stops(config: &dyn Config, fields: &Fields) -> bool {
    let mut index = 0;
    while let Some(stop) = config.stop_sequence(index) {
        // Anthropic refuses those with only blanks.
        let is_seen =
            !stop.is_empty() && (fields.max_temperature > 1000 || !stop.trim_ascii().is_empty());
        if !is_seen || index >= fields.max_stops.into() {
            return false;
        }
        index += 1;
    }
    true
}

fn has_tool(config: &dyn Config, name: &str) -> bool {
    let mut index = 0;
    while let Some(tool) = config.tool(index) {
        if tool.name == name {
            return true;
        }
        index += 1;
    }
    false
}

/// Whether the response schema can be sent to the model, and the session supports its settings.
fn can_tell(config: &dyn Config, fields: &Fields) -> bool {
    let Some(schema) = config.options().response_schema else { return true };
    let in_words = tells_schema(config, fields);
    let is_free = config.tool_mode() != ToolMode::Schema || config.tool(0).is_none();
    let is_taken = in_words || is_free && (fields.takes_schema)(config);
    is_taken && (STRUCTURED || !in_words && schema.max_repairs.is_none())
}

/// Whether answers can be checked and corrected, and the schema sent as text.
const STRUCTURED: bool = cfg!(feature = "structured");

/// Whether an answer could be checked against it: of no more depth than that has.
#[cfg(feature = "structured")]
fn is_schema(schema: &str) -> bool {
    crate::tool::answer::check_schema(schema).is_ok()
}

#[cfg(not(feature = "structured"))]
const fn is_schema(_: &str) -> bool {
    true
}

fn is_name(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=64).contains(&name.len()) && name.bytes().all(is_word)
}

/// Whether it is one object, and replaces no member that the session or an option writes.
fn is_extra(config: &dyn Config, fields: &Fields, extra: &str) -> bool {
    are_free(config, fields, extra, false)
}

/// The same of the members of an object, in the group or beside it.
fn are_free(config: &dyn Config, fields: &Fields, object: &str, is_in_group: bool) -> bool {
    let group = fields.group.as_ref();
    let owned = match group {
        Some(group) if is_in_group => group.owned,
        _ => fields.owned,
    };
    let is_given = |option: RequestOption, name: &str| {
        let path = match fields.path_in_group(option) {
            Some(path) if is_in_group => path,
            None if !is_in_group => fields.path(option),
            _ => "",
        };
        let (first, _) = first_of(path);
        first == name && is_set(config, option)
    };
    let is_free = |(name, value): Member<'_>| {
        if !is_in_group && group.is_some_and(|group| group.name == name) {
            return are_free(config, fields, value, true);
        }
        // A name with escapes could be any.
        !name.bytes().any(|byte| byte == b'\\')
            && !owned.contains(&name)
            && !RequestOption::ALL.iter().any(|option| is_given(*option, name))
    };
    is_object(object.as_bytes())
        && ObjectMembers::of(object).zip(0..).all(|(it, index)| index < MAX_EXTRA && is_free(it))
}

/// Members that `extra` may have: they are compared one by one.
const MAX_EXTRA: usize = 64;
