//! The options of a dialect: one table each.

use super::RequestOption;
use super::given::{RequestOptions, ResponseSchema, SchemaMode, ToolChoice};
use super::subset::Subset;
use crate::provider::profile::streams_arguments;
use crate::provider::{Config, Context, ToolMode};
use crate::transcript::log::MAGIC;
use crate::transcript::record::{Kind, Records};
use crate::wire::json_write::Pieces;

pub(crate) const ENABLED: bool = true;

/// The fields of a dialect for the options, and the values that it accepts.
#[derive(Debug)]
pub(crate) struct Fields {
    /// The path of each option, with dots, in the order of the numbers; empty if there is none.
    pub paths: [&'static str; RequestOption::ALL.len()],
    /// The member that holds most of them.
    pub group: Option<Group>,
    /// Members before the tools end with their comma, and do not begin with it.
    pub is_comma_last: bool,
    /// In thousandths.
    pub max_temperature: i32,
    /// How many stop sequences it takes.
    pub max_stops: u8,
    /// Members of the body that the session writes: no `extra` may replace them.
    pub owned: &'static [&'static str],
    /// Whether a value in range cannot be expressed.
    pub refuses: fn(&dyn Config, RequestOption) -> bool,
    /// Whether the model accepts a response schema together with the tools of the session.
    pub takes_schema: fn(&dyn Config) -> bool,
    /// The part of JSON Schema that it takes, if not all of it.
    pub subset: fn(&ResponseSchema<'_>) -> Option<&'static Subset>,
    /// Whether another option that is set writes this one with it.
    pub is_merged: fn(&RequestOptions<'_>, RequestOption) -> bool,
    /// Writes the value of an option, if it is not written as every dialect does.
    pub value: for<'a> fn(&Context<'a>, RequestOption, &mut Pieces<'a>) -> bool,
}

/// A member of the body that holds options.
#[derive(Debug)]
pub(crate) struct Group {
    /// Its name.
    pub name: &'static str,
    /// How it begins, with the quote of its first member, and how it ends.
    pub around: [&'static str; 2],
    /// Whether the head of the request began it.
    pub is_open: fn(&Context<'_>) -> bool,
    /// Its members that the session writes.
    pub owned: &'static [&'static str],
}

impl Fields {
    /// The path of `option`.
    pub fn path(&self, option: RequestOption) -> &'static str {
        self.paths.get(option as usize - 1).copied().unwrap_or_default()
    }

    /// The path of `option` within the group; `None` if it is elsewhere.
    pub fn path_in_group(&self, option: RequestOption) -> Option<&'static str> {
        let group = self.group.as_ref()?;
        let (first, rest) = first_of(self.path(option));
        (first == group.name && !rest.is_empty()).then_some(rest)
    }
}

/// Whether `option` is set.
pub(super) fn is_set(config: &dyn Config, option: RequestOption) -> bool {
    let given = config.options();
    match option {
        RequestOption::Temperature => given.temperature.is_some(),
        RequestOption::TopP => given.top_p.is_some(),
        RequestOption::TopK => given.top_k.is_some(),
        RequestOption::FrequencyPenalty => given.frequency_penalty.is_some(),
        RequestOption::PresencePenalty => given.presence_penalty.is_some(),
        RequestOption::Seed => given.seed.is_some(),
        RequestOption::Stop => config.stop_sequence(0).is_some(),
        RequestOption::ReasoningEffort => given.reasoning_effort.is_some(),
        // The same object asks for streamed arguments.
        RequestOption::ToolChoice => given.tool_choice.is_some() || streams_arguments(config),
        RequestOption::ParallelToolCalls => given.parallel_tool_calls.is_some(),
        RequestOption::ServiceTier => given.service_tier.is_some(),
        RequestOption::User => given.user.is_some(),
        RequestOption::CacheTtl => given.cache_ttl.is_some(),
        RequestOption::ResponseSchema => given.response_schema.is_some(),
        RequestOption::Extra => given.extra.is_some(),
    }
}

/// Whether the model gets the response schema as text, and not in the field for it.
pub(crate) fn tells_schema(config: &dyn Config, fields: &Fields) -> bool {
    match config.options().response_schema.map(|it| it.mode) {
        None | Some(SchemaMode::Native) => false,
        Some(SchemaMode::Words) => true,
        Some(SchemaMode::Auto) => {
            let is_taken = config.tool_mode() == ToolMode::Schema && config.tool(0).is_some();
            // A strict schema is never put into words: the caller gets an error that names the part.
            let is_outside = || outside(config, fields).is_some_and(|(_, it)| !it.is_closed);
            is_taken || !(fields.takes_schema)(config) || is_outside()
        }
    }
}

/// The offset of the first part of the response schema that is outside of the subset which the field
/// for it takes, and that subset.
pub(super) fn outside(config: &dyn Config, fields: &Fields) -> Option<(u32, &'static Subset)> {
    let it = config.options().response_schema?;
    let subset = (fields.subset)(&it)?;
    let part = subset.first_outside(it.schema.trim_ascii())?;
    let offset = part.as_ptr().addr().saturating_sub(it.schema.as_ptr().addr());
    Some((u32::try_from(offset).unwrap_or(u32::MAX), subset))
}

/// The first name of a path, and what follows its dot. The search of the standard library can panic
/// as far as the linker can see.
pub(super) fn first_of(path: &'static str) -> (&'static str, &'static str) {
    let dot = path.bytes().position(|byte| byte == b'.');
    let Some((first, rest)) = dot.and_then(|dot| path.split_at_checked(dot)) else {
        return (path, "");
    };
    (first, rest.get(1..).unwrap_or_default())
}

/// The tool choice of this request. A model that must call a tool in every request would never
/// answer, so it must only in the first of a turn.
pub(crate) fn tool_choice<'a>(context: &Context<'a>) -> Option<ToolChoice<'a>> {
    let choice = context.config.options().tool_choice?;
    let last = Records::from(context.bytes, MAGIC.len()).last();
    let is_free = last.is_some_and(|last| !last.is(Kind::User) && !last.is_users_attachment());
    Some(match choice {
        ToolChoice::Required | ToolChoice::Tool(_) if is_free => ToolChoice::Auto,
        choice => choice,
    })
}

/// The members of Anthropic's cache marks besides their type.
#[cfg_attr(not(feature = "anthropic"), allow(dead_code, reason = "it alone has cache marks"))]
pub(crate) fn cache_ttl(config: &dyn Config) -> &'static str {
    match config.options().cache_ttl {
        Some(super::CacheTtl::FiveMinutes) => r#","ttl":"5m""#,
        Some(super::CacheTtl::Hour) => r#","ttl":"1h""#,
        _ => "",
    }
}

/// The text between the name of a schema and the schema at OpenAI.
#[cfg_attr(
    not(any(feature = "openai-chat", feature = "openai-responses")),
    allow(dead_code, reason = "the others have no such word")
)]
pub(crate) const fn strict(schema: &super::ResponseSchema<'_>) -> &'static str {
    if schema.is_strict { r#"","strict":true,"schema":"# } else { r#"","strict":false,"schema":"# }
}
