//! The members of a body for the options, one per step.

use super::fields::{Fields, Group, first_of, is_set, tells_schema, tool_choice};
use super::members::{Member, ObjectMembers};
use super::{RequestOption, Thousandths, ToolChoice};
use crate::provider::{Codec, Context};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;

/// The position of the writer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OptionCursor {
    /// The members of the group are written; then those beside it.
    is_in_group: bool,
    /// The group was begun.
    is_open: bool,
    /// The index of the option.
    option: u8,
    /// Which of its strings or members is next.
    item: u8,
}

/// Where it begins.
pub(crate) fn begin(context: &Context<'_>) -> Option<OptionCursor> {
    let fields = crate::provider::codec_of(context.config.dialect()).ok()?.options;
    let is_open = fields.group.as_ref().is_some_and(|group| (group.is_open)(context));
    Some(OptionCursor { is_in_group: fields.group.is_some(), is_open, option: 0, item: 0 })
}

/// Writes the next member; returns what follows it.
pub(crate) fn write<'a>(
    codec: &Codec,
    context: &Context<'a>,
    place: OptionCursor,
    out: &mut Pieces<'a>,
) -> Option<OptionCursor> {
    let fields = codec.options;
    let Some(&option) = RequestOption::ALL.get(usize::from(place.option)) else {
        let group = fields.group.as_ref().filter(|_| place.is_in_group)?;
        let [_, close] = group.around;
        pieces!(out: if place.is_open { close } else { "" });
        return Some(OptionCursor { is_in_group: false, is_open: false, option: 0, item: 0 });
    };
    let next = OptionCursor { option: place.option + 1, item: 0, ..place };
    let config = context.config;
    if !is_set(config, option) || is_beside(context, fields, option) {
        return Some(next);
    }
    if option == RequestOption::Extra {
        let group = fields.group.as_ref();
        let Some((name, value)) = extra(context, group, place) else { return Some(next) };
        open(codec, place, out);
        pieces!(out: name, "\":", value);
        close(codec, place, out);
        return Some(OptionCursor { item: place.item + 1, is_open: true, ..place });
    }
    let path = match fields.path_in_group(option) {
        Some(path) if place.is_in_group => path,
        None if !place.is_in_group && !(fields.is_merged)(&config.options(), option) => {
            fields.path(option)
        }
        _ => return Some(next),
    };
    if option == RequestOption::Stop {
        return Some(stop(codec, context, place, path, out));
    }
    open(codec, place, out);
    let (mut rest, mut depth) = (path, 0);
    loop {
        let (name, after) = first_of(rest);
        pieces!(out: name, if after.is_empty() { "\":" } else { "\":{\"" });
        if after.is_empty() {
            break;
        }
        (rest, depth) = (after, depth + 1);
    }
    if !(fields.value)(context, option, out) {
        value(context, option, out);
    }
    pieces!(out: if depth > 0 { "}" } else { "" }, if depth > 1 { "}" } else { "" });
    close(codec, place, out);
    Some(OptionCursor { is_open: true, ..next })
}

/// Whether the option does not matter in this request.
fn is_beside(context: &Context<'_>, fields: &Fields, option: RequestOption) -> bool {
    match option {
        // Servers refuse a choice among no tools.
        RequestOption::ToolChoice | RequestOption::ParallelToolCalls => {
            context.config.tool(0).is_none() || context.is_summary
        }
        // It is written at the cache marks.
        RequestOption::CacheTtl => context.config.dialect() == crate::Dialect::Anthropic,
        RequestOption::ResponseSchema => context.is_summary || tells_schema(context.config, fields),
        RequestOption::Stop => context.is_summary,
        _ => false,
    }
}

/// The text before the name of a member: a comma, or what begins the group, and a quote.
fn open<'a>(codec: &Codec, place: OptionCursor, out: &mut Pieces<'a>) {
    let is_comma_first = !codec.options.is_comma_last;
    pieces!(out: match &codec.options.group {
        Some(Group { around: [open, _], .. }) if place.is_in_group && !place.is_open => open,
        _ if place.is_in_group || is_comma_first => ",\"",
        _ => "\"",
    });
}

/// The comma after a member.
fn close<'a>(codec: &Codec, place: OptionCursor, out: &mut Pieces<'a>) {
    let is_comma_last = codec.options.is_comma_last && !place.is_in_group;
    pieces!(out: if is_comma_last { "," } else { "" });
}

/// One of the stop sequences, with the text before and after the list.
fn stop<'a>(
    codec: &Codec,
    context: &Context<'a>,
    place: OptionCursor,
    name: &'static str,
    out: &mut Pieces<'a>,
) -> OptionCursor {
    let Some(stop) = context.config.stop_sequence(place.item.into()) else {
        pieces!(out: "]");
        close(codec, place, out);
        return OptionCursor { option: place.option + 1, item: 0, is_open: true, ..place };
    };
    if place.item == 0 {
        open(codec, place, out);
        pieces!(out: name, "\":[");
    } else {
        pieces!(out: ",");
    }
    pieces!(out: "\"", Piece::Escaped(stop), "\"");
    OptionCursor { item: place.item + 1, ..place }
}

/// The next of the further members, of the group or beside it.
fn extra<'a>(
    context: &Context<'a>,
    group: Option<&Group>,
    place: OptionCursor,
) -> Option<Member<'a>> {
    let extra = context.config.options().extra?;
    let is_group = |name: &str| group.is_some_and(|group| group.name == name);
    if !place.is_in_group {
        let mut beside = ObjectMembers::of(extra).filter(|(name, _)| !is_group(name));
        return beside.nth(place.item.into());
    }
    let (_, inner) = ObjectMembers::of(extra).find(|(name, _)| is_group(name))?;
    ObjectMembers::of(inner).nth(place.item.into())
}

/// The value of an option as most dialects write it.
fn value<'a>(context: &Context<'a>, option: RequestOption, out: &mut Pieces<'a>) {
    let given = context.config.options();
    match option {
        RequestOption::Temperature => decimal(given.temperature, out),
        RequestOption::TopP => decimal(given.top_p, out),
        RequestOption::FrequencyPenalty => decimal(given.frequency_penalty, out),
        RequestOption::PresencePenalty => decimal(given.presence_penalty, out),
        RequestOption::TopK => pieces!(out: Piece::Number(given.top_k.unwrap_or_default())),
        RequestOption::Seed => pieces!(out: Piece::Number(given.seed.unwrap_or_default())),
        RequestOption::ParallelToolCalls => {
            pieces!(out: if given.parallel_tool_calls == Some(true) { "true" } else { "false" });
        }
        RequestOption::ToolChoice => text(
            match tool_choice(context) {
                Some(ToolChoice::Required) => "required",
                Some(ToolChoice::None) => "none",
                _ => "auto",
            },
            out,
        ),
        RequestOption::ReasoningEffort => {
            text(given.reasoning_effort.map_or("", |effort| effort.name()), out);
        }
        RequestOption::CacheTtl => text(given.cache_ttl.map_or("", |ttl| ttl.name()), out),
        RequestOption::ServiceTier => text(given.service_tier.unwrap_or_default(), out),
        RequestOption::User => text(given.user.unwrap_or_default(), out),
        RequestOption::ResponseSchema => {
            pieces!(out: given.response_schema.map_or("{}", |it| it.schema));
        }
        RequestOption::Stop | RequestOption::Extra => {}
    }
}

fn text<'a>(text: &'a str, out: &mut Pieces<'a>) {
    pieces!(out: "\"", Piece::Escaped(text), "\"");
}

fn decimal<'a>(number: Option<Thousandths>, out: &mut Pieces<'a>) {
    let (sign, whole, zeros, fraction) = number.unwrap_or(Thousandths(0)).parts();
    pieces!(out: sign, Piece::Number(whole), zeros);
    if !zeros.is_empty() {
        pieces!(out: Piece::Number(fraction));
    }
}
