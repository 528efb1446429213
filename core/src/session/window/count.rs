//! The tokens of the window: the provider's count, and the additions since.

use super::Excess;
use crate::message::{Dialect, Part, ToolCall, ToolResult, Usage};
use crate::provider::profile::{InForce, Switched};
use crate::provider::{Config, Context, Limits, codec_of, sent_texts};
use crate::transcript::Entry;
use crate::transcript::log::FIRST_RECORD;
use crate::transcript::places::Table;
use crate::transcript::record::{FIRST, Kind, Record, Records};

/// Tokens of the next request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WindowTokens {
    /// Counted by the provider: everything up to its last reply, unless some of it was removed since.
    pub measured: u32,
    /// Counted by the configuration in addition: everything since.
    pub estimated: u32,
}

impl WindowTokens {
    /// Both together.
    #[must_use]
    pub const fn total(self) -> u32 {
        self.measured.saturating_add(self.estimated)
    }
}

/// The running count.
#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct WindowCount {
    window: WindowTokens,
    /// The configuration's count of all of it, so that removed parts can be scaled.
    all: u32,
    /// Everything before this offset is counted; 0: nothing is, not even the part before the messages.
    end: u32,
    /// The context from a refusal, or 0.
    context: u32,
    /// The machine's list of the fields that the server has refused: less is sent without them.
    switched: Switched,
}

impl WindowCount {
    pub const fn new() -> Self {
        Self::knowing(0, Switched::NONE)
    }

    const fn knowing(context: u32, switched: Switched) -> Self {
        let window = WindowTokens { measured: 0, estimated: 0 };
        Self { window, all: 0, end: 0, context, switched }
    }

    /// Nothing is counted yet, of the same model.
    pub const fn anew(&self) -> Self {
        Self::knowing(self.context, self.switched)
    }

    /// The server has refused a field: what was counted of `bytes` is sent without it from now on.
    #[cfg(feature = "profiles")]
    pub fn switch(&mut self, config: &dyn Config, bytes: &[u8], switched: Switched) {
        let counted = bytes.get(..self.end as usize).unwrap_or(bytes);
        let before = self.tokens_between(config, counted, FIRST_RECORD, counted.len());
        self.switched = switched;
        let after = self.tokens_between(config, counted, FIRST_RECORD, counted.len());
        if after < before {
            self.drop(before - after, 0);
        }
    }

    /// Whether the counted window can have this many tokens for the provider.
    pub const fn may_be(&self, tokens: u32) -> bool {
        tokens >= self.all / 4 && tokens <= most_tokens(self.all)
    }

    /// The provider reported the context of the model.
    pub const fn learn(&mut self, context: u32) {
        self.context = context;
    }

    /// The limits of the configuration, with the context that the provider reported, if that is less.
    pub fn limits(&self, config: &dyn Config) -> Limits {
        let limits = *config.limits();
        match (self.context, limits.context_tokens) {
            (0, _) => limits,
            (told, known) if known > 0 && known <= told => limits,
            (told, _) => Limits { context_tokens: told, ..limits },
        }
    }

    /// The count of `bytes`, which continue those of the last time.
    pub fn up_to(mut self, config: &dyn Config, bytes: &[u8]) -> Self {
        if self.end == 0 {
            self.add(fixed_tokens(config));
            self.end = FIRST_RECORD as u32;
        }
        if bytes.len() > self.end as usize {
            self.add(self.tokens_between(config, bytes, self.end as usize, bytes.len()));
            self.end = bytes.len() as u32;
        }
        self
    }

    pub const fn window(&self) -> WindowTokens {
        self.window
    }

    /// All tokens that were counted.
    pub const fn total(&self) -> u32 {
        self.window.total()
    }

    /// Counts the new part, and returns by how much the window is too long.
    pub fn excess(&mut self, config: &dyn Config, bytes: &[u8]) -> Excess {
        let (limits, dialect) = (self.limits(config), config.dialect());
        if !is_limited(&limits) {
            return Excess::NONE;
        }
        *self = self.up_to(config, bytes);
        let total = self.total();
        let context = total.saturating_sub(limits.window_tokens(dialect));
        let marks = if total > limits.high_water(dialect) {
            total.saturating_sub(limits.low_water(dialect)).max(1)
        } else {
            0
        };
        Excess { marks, context }
    }

    /// Whether `text` may be sent after the counted part.
    pub fn fits(&self, config: &dyn Config, text: &str) -> bool {
        let (limits, total) = (self.limits(config), self.total());
        let more = config.count_tokens(text).saturating_add(WRAPPING_TOKENS);
        let most = limits.window_tokens(config.dialect());
        !is_limited(&limits) || total.saturating_add(more) <= most
    }

    /// The provider counted all of `bytes`, of which the reply begins at `reply`. Some servers
    /// leave out cached tokens, some count tokens that were never sent: a count that the bytes
    /// cannot have is not trusted. Neither are counts of a reply with reasoning, which mostly is not sent back.
    pub fn measure(&mut self, config: &dyn Config, usage: Usage, bytes: &[u8], reply: usize) {
        let before = self.up_to(config, bytes.get(..reply).unwrap_or_default());
        *self = before.up_to(config, bytes);
        let input = usage.input_tokens;
        let sent = before.all;
        let visible = self.all.saturating_sub(sent);
        let least = self.all / 4;
        let is_enough = input.saturating_add(usage.output_tokens.min(visible)) >= least;
        if usage.input_tokens == 0 || !is_enough || input > most_tokens(sent) {
            return;
        }
        let mut records = Records::from(bytes, reply);
        let is_all_visible = usage.reasoning_tokens == 0
            && usage.output_tokens <= most_tokens(visible)
            && !records.any(|record| record.header.is_of(HIDDEN));
        self.window = if is_all_visible {
            WindowTokens { measured: input.saturating_add(usage.output_tokens), estimated: 0 }
        } else {
            WindowTokens { measured: input, estimated: visible }
        };
    }

    /// The probable usage of a request and its reply, which begins at `reply`.
    pub fn guess(&mut self, config: &dyn Config, bytes: &[u8], reply: usize) -> Usage {
        *self = self.up_to(config, bytes.get(..reply).unwrap_or_default());
        let output = Self { end: reply as u32, ..self.anew() }.up_to(config, bytes);
        Usage { input_tokens: self.total(), output_tokens: output.all, ..Usage::default() }
    }

    /// The records from `start` to `end` are about to be removed.
    pub fn forget(&mut self, config: &dyn Config, bytes: &[u8], start: usize, end: usize) {
        let counted = end.min(self.end as usize);
        if start < counted {
            self.drop(self.tokens_between(config, bytes, start, counted), counted - start);
        }
    }

    /// Removes this many tokens, in the configuration's count, and bytes. The rest is scaled to the
    /// provider's count.
    pub fn drop(&mut self, tokens: u32, bytes: usize) {
        let estimated = self.window.total().saturating_sub(self.worth(tokens));
        self.window = WindowTokens { measured: 0, estimated };
        self.all = self.all.saturating_sub(tokens);
        self.end = self.end.saturating_sub(bytes as u32);
    }

    /// `tokens` of the configuration's count, scaled to the provider's count of the whole.
    pub fn worth(&self, tokens: u32) -> u32 {
        let (total, all) = (u64::from(self.total()), u64::from(self.all));
        if total == all {
            return tokens;
        }
        u32::try_from((u64::from(tokens) * total).checked_div(all).unwrap_or(0)).unwrap_or(u32::MAX)
    }

    /// `record` was put between counted ones.
    pub fn insert(&mut self, config: &dyn Config, record: &Record<'_>) {
        if record.offset < self.end as usize {
            self.add(record_tokens(config, self.switched, record));
            self.end = self.end.saturating_add((record.end() - record.offset) as u32);
        }
    }

    /// Tokens of the sent part of the records from `start` to `end`, which are whole messages.
    pub(super) fn tokens_between(
        &self,
        config: &dyn Config,
        bytes: &[u8],
        start: usize,
        end: usize,
    ) -> u32 {
        let bytes = bytes.get(..end).unwrap_or(bytes);
        let mut tokens = 0_u32;
        let mut has_hidden = false;
        for record in Records::from(bytes, start) {
            tokens = tokens.saturating_add(record_tokens(config, self.switched, &record));
            has_hidden |= record.header.is_of(HIDDEN);
        }
        if !has_hidden {
            return tokens;
        }
        tokens.saturating_add(hidden_tokens(config, self.switched, bytes, start))
    }

    const fn add(&mut self, tokens: u32) {
        self.window.estimated = self.window.estimated.saturating_add(tokens);
        self.all = self.all.saturating_add(tokens);
    }
}

/// Whether anything depends on the tokens of the window.
pub(super) const fn is_limited(limits: &Limits) -> bool {
    limits.context_tokens > 0 || limits.high_water_tokens > 0
}

/// The most tokens of a text that the configuration counts as `estimated`, including what a server
/// may put around it.
const fn most_tokens(estimated: u32) -> u32 {
    estimated.saturating_mul(4).saturating_add(SERVER_TOKENS)
}

/// Tokens of the thoughts that go back to the provider, from `start` on. Which do is the dialect's
/// affair, so its own encoder is asked.
#[inline(never)]
fn hidden_tokens(config: &dyn Config, switched: Switched, bytes: &[u8], start: usize) -> u32 {
    let Ok(codec) = codec_of(config.dialect()) else { return 0 };
    let base = bytes.as_ptr().addr();
    let (mut tokens, mut at, mut message) = (0_u32, start, start);
    let context = Context {
        config,
        bytes,
        reply_tokens: 0,
        profile: InForce::new(config, switched),
        places: Table::BLIND,
        #[cfg(feature = "options")]
        is_summary: false,
    };
    sent_texts(codec, context, start, &mut |text| {
        let Some(offset) = text.as_ptr().addr().checked_sub(base) else { return };
        if offset < start || offset >= bytes.len() || text.is_empty() {
            return;
        }
        // A message is read once for each kind of part.
        if offset < at {
            at = message;
        }
        let mut records = Records::from(bytes, at).inspect(|record| {
            if record.header.has(FIRST) {
                message = record.offset;
            }
        });
        let Some(record) = records.find(|record| record.end() > offset) else { return };
        at = record.offset;
        let more = match record.header.kind() {
            Kind::Thinking => config.count_tokens(text),
            // It is base64 of the model's reasoning.
            Kind::Opaque => (text.len() / 4) as u32,
            _ => 0,
        };
        tokens = tokens.saturating_add(more);
    });
    tokens
}

/// Tokens of one sent record, and of its wrapping on the wire.
#[cfg_attr(
    not(feature = "attachments"),
    allow(unused_variables, reason = "only what is sent of attachments depends on it")
)]
fn record_tokens(config: &dyn Config, switched: Switched, record: &Record<'_>) -> u32 {
    let tokens = match record.header.kind() {
        Kind::User | Kind::Text | Kind::Result => config.count_tokens(record.text()),
        Kind::Call => {
            let (_, name, arguments) = record.call();
            config.count_tokens(name).saturating_add(config.count_tokens(arguments))
        }
        #[cfg(feature = "attachments")]
        Kind::Attachment => crate::provider::attach::tokens(config, switched, record),
        #[cfg(not(feature = "attachments"))]
        Kind::Attachment => 0,
        Kind::Thinking | Kind::Opaque => return 0,
    };
    tokens.saturating_add(WRAPPING_TOKENS)
}

/// Tokens of an entry, and of its wrapping on the wire.
#[cfg_attr(
    not(feature = "attachments"),
    allow(unused_variables, reason = "only what is sent of attachments depends on it")
)]
pub(super) fn entry_tokens(config: &dyn Config, switched: Switched, entry: &Entry<'_>) -> u32 {
    let tokens = match entry.part {
        Part::Text(text) | Part::Instruction(text) | Part::Thinking(text) => {
            config.count_tokens(text)
        }
        Part::ToolCall(ToolCall { name, arguments, .. }) => {
            config.count_tokens(name).saturating_add(config.count_tokens(arguments))
        }
        Part::ToolResult(ToolResult { content, .. }) => config.count_tokens(content),
        #[cfg(feature = "attachments")]
        Part::Attachment(attachment) => {
            crate::provider::attach::tokens_of(config, switched, &attachment, entry.is_cut)
        }
        Part::Opaque { dialect, text, .. } => {
            opaque_tokens(config.dialect(), dialect as u8, text.len())
        }
    };
    tokens.saturating_add(WRAPPING_TOKENS)
}

/// Opaque data is not text: it is base64 of the model's reasoning.
const fn opaque_tokens(dialect: Dialect, maker: u8, bytes: usize) -> u32 {
    if maker == dialect as u8 { (bytes / 4) as u32 } else { 0 }
}

/// Tokens of the part before the messages.
fn fixed_tokens(config: &dyn Config) -> u32 {
    let mut tokens = config.count_tokens(config.system()).saturating_add(WRAPPING_TOKENS);
    let mut index = 0;
    while let Some(tool) = config.tool(index) {
        for text in [tool.name, tool.description, tool.parameters] {
            tokens = tokens.saturating_add(config.count_tokens(text));
        }
        tokens = tokens.saturating_add(WRAPPING_TOKENS);
        index += 1;
    }
    tokens
}

/// The kinds that most dialects do not send back.
const HIDDEN: u8 = Kind::Thinking.bit() | Kind::Opaque.bit();

/// What a server may add itself: its template's description of tools, an instruction.
const SERVER_TOKENS: u32 = 2048;

/// Role, marks and separators around a message, a part or a tool.
const WRAPPING_TOKENS: u32 = 4;
