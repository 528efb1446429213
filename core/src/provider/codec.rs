//! What each dialect implements: one [`Codec`] each.

#[cfg(all(feature = "outline", target_pointer_width = "64"))]
use super::Reply;
use super::profile::InForce;
use super::{Config, Sink};
use crate::Error;
use crate::transcript::places::{FEW, Table, call_behind};
#[cfg(feature = "local-models")]
use crate::transcript::record::FIRST;
use crate::transcript::record::{Kind, MARKED, PARTS, REPEATED, RESULTS, Record, Records};
use crate::wire::json_read::{Node, Token};
use crate::wire::json_write::{CallIdRule, IdUse, NAME_BYTES, Pieces, is_name_byte};

/// One wire format, both ways.
#[derive(Debug)]
pub(crate) struct Codec {
    /// Path under the base URL, for a model: three pieces, of which the middle one is the model if
    /// the path contains it.
    pub path: for<'a> fn(model: &'a str) -> [&'a str; 3],
    /// Headers besides the key.
    pub headers: &'static [(&'static str, &'static str)],
    /// The kind of a body that begins like JSON.
    pub body: Body,
    /// The keys that matter in a response.
    pub places: &'static [Node],
    /// Handles a token of a response whose tag does not determine its use.
    pub token: fn(&mut Sink<'_, '_>, &Token<'_>) -> Result<(), Error>,
    /// A document (an SSE event, or the whole body) is over.
    pub document_end: fn(&mut Sink<'_, '_>) -> Result<(), Error>,
    /// When the strings at a place change nothing.
    #[cfg(all(feature = "outline", target_pointer_width = "64"))]
    pub ignores: fn(&Reply, place: u8) -> Ignores,
    /// The ids of calls that the provider takes, for a model.
    pub ids: fn(model: &str) -> CallIdRule,
    /// The fields for the options.
    #[cfg(feature = "options")]
    pub options: &'static super::options::Fields,
    /// How it sends attachments.
    #[cfg(feature = "attachments")]
    pub attachments: &'static super::attach::AttachmentCodec,
    /// Writes the part before the options and the tools.
    pub head: for<'a> fn(&Context<'a>, &mut Pieces<'a>),
    /// Writes tool `index`.
    pub tool: for<'a> fn(&Context<'a>, usize, &mut Pieces<'a>),
    /// Writes the part between the tools and the messages.
    pub messages: for<'a> fn(&Context<'a>, &mut Pieces<'a>),
    /// Writes the next piece of the messages; false if there is none.
    pub message: for<'a> fn(&Context<'a>, &mut Cursor, &mut Pieces<'a>) -> bool,
    /// Writes everything after the messages.
    pub tail: for<'a> fn(&Context<'a>, &mut Pieces<'a>),
}

/// Whether the strings at a place of a document change anything, in the current state of the reply.
#[cfg(all(feature = "outline", target_pointer_width = "64"))]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ignores {
    Nothing,
    /// They change nothing, whatever they are.
    All,
    /// They change nothing in a document with an index.
    IfNumbered,
}

/// The kind of a body that begins with `{` or `[`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Body {
    /// One document: the whole reply.
    Whole,
    /// Documents one after another: a stream.
    Lines,
}

/// The source of a request.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub config: &'a dyn Config,
    /// The transcript.
    pub bytes: &'a [u8],
    /// Tokens that the reply may have; 0 is as the provider likes.
    pub reply_tokens: u32,
    /// The profile of its server.
    pub profile: InForce,
    /// The places of its calls and results, recorded so far.
    pub places: Table<'a>,
    /// It asks for a summary, which needs no schema and no choice of tools.
    #[cfg(feature = "options")]
    pub is_summary: bool,
}

/// The position of an encoder in the transcript. The fields other than `offset` belong to the dialect.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor {
    /// The record that is next.
    pub offset: usize,
    /// The first record of the message that is written.
    pub message: usize,
    /// The record of the message before that, or 0.
    pub previous: usize,
    /// Which of the message's parts is written.
    pub stage: u8,
    /// Something was written at this stage, so a comma is due.
    pub comma: bool,
    /// Some message was written, so a comma is due before the next.
    pub messages: bool,
    /// The string of the last user's text is still open, see [`Cursor::joins`].
    pub is_joined: bool,
    /// The first call of the last reply.
    pub reply: usize,
    /// The call that the last result answered, and its index: results are mostly in order.
    pub answered: (u32, usize),
}

impl Cursor {
    /// The reply at `offset` is written next.
    pub fn begin_reply(&mut self) {
        self.message = self.offset;
        self.reply = self.offset;
        self.previous = 0;
        self.answered = (0, 0);
        self.comma = false;
    }

    /// Goes through the records of the message once more, for another stage.
    #[allow(dead_code, reason = "not every dialect writes a message in stages")]
    pub fn restart(&mut self, stage: u8) {
        self.offset = self.message;
        self.stage = stage;
        self.comma = false;
    }

    /// The next record of the reply that is wanted. `None`: the reply is over.
    #[cfg(feature = "local-models")]
    pub fn next_part<'a>(
        &mut self,
        bytes: &'a [u8],
        is_wanted: impl Fn(&Record<'_>) -> bool,
    ) -> Option<Record<'a>> {
        loop {
            let record = self.next_of(bytes, PARTS)?;
            if is_wanted(&record) {
                return Some(record);
            }
        }
    }

    /// The next record of the reply of one of `kinds`. `None`: the reply is over.
    pub fn next_of<'a>(&mut self, bytes: &'a [u8], kinds: u8) -> Option<Record<'a>> {
        loop {
            let record = Record::find_part(bytes, self.offset, self.message, PARTS)?;
            self.offset = record.end();
            if record.header.is_of(kinds) {
                return Some(record);
            }
        }
    }

    /// Fills the blanks with a user's text, or with a result and the call that it answers.
    pub fn about_result<'a>(
        &mut self,
        context: &Context<'a>,
        record: &Record<'a>,
        out: &mut Pieces<'a>,
    ) {
        about(context, record, out);
        if record.is(Kind::Result)
            && let Some(call) = self.call_of(context, record)
        {
            about(context, &call, out);
        }
    }

    /// The call that `result` answers. Results in the order of their calls, the usual case, are
    /// found in one step.
    fn call_of<'a>(&mut self, context: &Context<'a>, result: &Record<'_>) -> Option<Record<'a>> {
        let wanted = result.header.call_index();
        let (index, offset) = self.answered;
        let (start, steps) = match wanted.checked_sub(index) {
            Some(steps) if offset != 0 => (offset, steps),
            _ => (self.reply, wanted),
        };
        let Context { bytes, places, .. } = *context;
        let noted = if steps > FEW { places.call(bytes, self.reply, wanted) } else { None };
        let call = noted.or_else(|| match places.is_blind() {
            false => call_behind(bytes, self.reply, start, steps),
            true => None,
        })?;
        self.answered = (wanted, call.offset);
        Some(call)
    }

    /// Whether another text of the user follows `record`, which ends at `offset`: a summary and the
    /// task after it, or text after a turn without an answer. Templates that require alternating
    /// roles refuse two messages, so both are put in one.
    #[cfg(any(feature = "openai-chat", feature = "ollama"))]
    pub fn joins(&self, bytes: &[u8], record: &Record<'_>) -> bool {
        Record::at(bytes, self.offset).is_some_and(|next| may_join(record, &next))
    }

    /// Whether an attachment belongs to `record` or to a text of the user that is joined to it: then
    /// the message is a list of parts.
    #[cfg(feature = "openai-chat")]
    pub fn joins_attachments(bytes: &[u8], record: &Record<'_>) -> bool {
        let mut last = *record;
        while let Some(next) = Record::at(bytes, last.end()).filter(|_| super::attach::ENABLED) {
            if next.is(Kind::Attachment) {
                return last.is(Kind::User);
            }
            if !may_join(&last, &next) {
                break;
            }
            last = next;
        }
        false
    }

    /// The results at `offset` are written next, in the order of their calls.
    pub fn begin_results(&mut self) {
        self.message = self.offset;
        self.answered = (0, self.reply);
    }

    /// The next result in the order of the calls, for providers that identify a call by its
    /// position only, and that call. `None`: all are written, and the cursor is after them.
    pub fn next_result<'a>(&mut self, context: &Context<'a>) -> Option<(Record<'a>, Record<'a>)> {
        let Context { bytes, places, .. } = *context;
        let results = Records::from(bytes, self.message).take_while(|it| it.header.is_of(RESULTS));
        loop {
            let (index, start) = self.answered;
            let call = Record::find_part(bytes, start, self.reply, Kind::Call.bit());
            let Some(call) = call.filter(|_| !places.is_blind()) else {
                self.offset = results.last().map_or(self.offset, |last| last.end());
                return None;
            };
            self.answered = (index + 1, call.end());
            let answers = |it: &Record<'_>| it.is(Kind::Result) && it.header.call_index() == index;
            // Results are mostly in this order already.
            let expected = Record::at(bytes, self.offset).filter(answers);
            let result = expected
                .or_else(|| places.result(bytes, self.reply, index))
                .or_else(|| results.clone().find(answers));
            if let Some(result) = result {
                self.offset = result.end();
                return Some((call, result));
            }
        }
    }
}

/// Whether `next`, which follows `record`, is in the same user message.
#[cfg(any(feature = "openai-chat", feature = "ollama"))]
fn may_join(record: &Record<'_>, next: &Record<'_>) -> bool {
    // A text that was sent alone stays unchanged, and an instruction goes before the next one.
    let may_follow = record.is_instruction() || !next.is_instruction();
    record.is(Kind::User) && next.is(Kind::User) && may_follow
}

/// The records from `offset` to the end of its reply.
#[cfg(feature = "local-models")]
pub(crate) fn reply_parts(bytes: &[u8], offset: usize) -> impl Iterator<Item = Record<'_>> + Clone {
    Records::from(bytes, offset).take_while(move |record| {
        let begins = record.header.has(FIRST);
        record.is_reply() && (record.offset == offset || !begins)
    })
}

/// The tags around an instruction in the role `user`, in dialects without another role for it.
pub(crate) fn user_tags<'a>(record: &Record<'_>) -> [&'a str; 2] {
    if record.is_instruction() {
        [r"<system-reminder>\n", r"\n</system-reminder>"]
    } else {
        [""; 2]
    }
}

/// Fills the blanks with the fields of `record`.
#[inline(never)]
pub(crate) fn about<'a>(context: &Context<'a>, record: &Record<'a>, out: &mut Pieces<'a>) {
    if !record.is(Kind::Call) {
        out.blanks.text = record.text();
        return;
    }
    (out.blanks.id, out.blanks.name, out.blanks.arguments) = record.call();
    out.blanks.place = record.offset as u32;
    out.blanks.is_malformed = record.header.has(MARKED);
    out.blanks.is_foreign_name =
        !is_accepted_name(out.blanks.name) && !has_tool(context.config, out.blanks.name);
    let [.., maker] = record.header.info;
    out.blanks.id_use = match maker {
        _ if record.header.has(REPEATED) => IdUse::Never,
        1.. if maker == out.blanks.receiver => IdUse::AsItIs,
        _ => IdUse::IfTaken,
    };
}

/// Whether every provider accepts `name` as that of a tool.
fn is_accepted_name(name: &str) -> bool {
    (1..=NAME_BYTES).contains(&name.len()) && name.bytes().all(is_name_byte)
}

fn has_tool(config: &dyn Config, name: &str) -> bool {
    (0..).map_while(|index| config.tool(index)).any(|tool| tool.name == name)
}

/// Fills the blanks with tool `index`: its description is the text, its parameters are the
/// arguments. False if there is none.
pub(crate) fn about_tool<'a>(context: &Context<'a>, index: usize, out: &mut Pieces<'a>) -> bool {
    let Some(tool) = context.config.tool(index) else { return false };
    (out.blanks.name, out.blanks.text) = (tool.name, tool.description);
    (out.blanks.arguments, out.blanks.is_malformed) = (tool.parameters, false);
    true
}
