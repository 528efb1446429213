//! How many tokens the window has: what the provider counted, and what came since.

use super::{Excess, WindowTokens};
use crate::message::{Part, Provider, ToolCall, ToolResult, Usage};
use crate::provider::{Config, Limits};
use crate::transcript::Entry;
use crate::transcript::log::FIRST_RECORD;
use crate::transcript::record::{Kind, Record, Records};

/// The running count.
#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct Count {
    window: WindowTokens,
    /// All before this offset is counted; 0: nothing is, what stands before the messages neither.
    end: u32,
}

impl Count {
    pub const fn new() -> Self {
        Self { window: WindowTokens { measured: 0, estimated: 0 }, end: 0 }
    }

    /// The count of `bytes`, which go on from those of the last time.
    pub fn up_to(mut self, config: &dyn Config, bytes: &[u8]) -> Self {
        if self.end == 0 {
            self.add(fixed_tokens(config));
            self.end = FIRST_RECORD as u32;
        }
        for record in Records::from(bytes, self.end as usize) {
            self.add(record_tokens(config, &record));
            self.end = record.end() as u32;
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

    /// Counts what is new, and says by how much it is too long.
    pub fn excess(&mut self, config: &dyn Config, bytes: &[u8]) -> Excess {
        let (limits, provider) = (config.limits(), config.provider());
        if !is_limited(limits) {
            return Excess::NONE;
        }
        *self = self.up_to(config, bytes);
        let total = self.total();
        let context = total.saturating_sub(limits.window_tokens(provider));
        let marks = if total > limits.high_water(provider) {
            total.saturating_sub(limits.low_water(provider)).max(1)
        } else {
            0
        };
        Excess { marks, context }
    }

    /// Whether `text` may be sent behind what was counted.
    pub fn fits(&self, config: &dyn Config, text: &str) -> bool {
        let (limits, total) = (config.limits(), self.total());
        let more = config.count_tokens(text).saturating_add(WRAPPING_TOKENS);
        let most = limits.window_tokens(config.provider());
        !is_limited(limits) || total.saturating_add(more) <= most
    }

    /// The provider counted all of `bytes`. Some servers leave out what they had cached: a count
    /// that is far too small is not believed.
    pub fn measure(&mut self, config: &dyn Config, usage: Usage, bytes: &[u8]) {
        let tokens = usage.total(config.provider());
        let least = if is_limited(config.limits()) {
            *self = self.up_to(config, bytes);
            self.total() / 4
        } else {
            0
        };
        if usage.input_tokens > 0 && tokens >= least {
            self.window = WindowTokens { measured: tokens, estimated: 0 };
            self.end = bytes.len() as u32;
        }
    }

    /// The records from `start` to `end` are about to go. What is left is no longer what the
    /// provider counted.
    pub fn forget(&mut self, config: &dyn Config, bytes: &[u8], start: usize, end: usize) {
        let counted = end.min(self.end as usize);
        if start >= counted {
            return;
        }
        let gone = tokens_between(config, bytes, start, counted);
        let left = self.window.total().saturating_sub(gone);
        self.window = WindowTokens { measured: 0, estimated: left };
        self.end = self.end.saturating_sub((counted - start) as u32);
    }

    /// `record` was put between counted ones.
    pub fn insert(&mut self, config: &dyn Config, record: &Record<'_>) {
        if record.offset < self.end as usize {
            self.add(record_tokens(config, record));
            self.end = self.end.saturating_add((record.end() - record.offset) as u32);
        }
    }

    const fn add(&mut self, tokens: u32) {
        self.window.estimated = self.window.estimated.saturating_add(tokens);
    }
}

/// Whether anything depends on the tokens of the window.
pub(super) const fn is_limited(limits: &Limits) -> bool {
    limits.context_tokens > 0 || limits.high_water_tokens > 0
}

/// Tokens of the records from `start` to `end`.
fn tokens_between(config: &dyn Config, bytes: &[u8], start: usize, end: usize) -> u32 {
    Records::from(bytes, start)
        .take_while(|record| record.offset < end)
        .fold(0, |sum, record| sum.saturating_add(record_tokens(config, &record)))
}

/// Tokens of one record, and of what it is wrapped in on the wire.
fn record_tokens(config: &dyn Config, record: &Record<'_>) -> u32 {
    let tokens = match record.header.kind() {
        Kind::User | Kind::Text | Kind::Thinking | Kind::Result => {
            config.count_tokens(record.text())
        }
        Kind::Call => {
            let (_, name, arguments) = record.call();
            config.count_tokens(name).saturating_add(config.count_tokens(arguments))
        }
        Kind::Opaque => {
            let [maker, ..] = record.header.info;
            opaque_tokens(config.provider(), maker, record.payload.len())
        }
    };
    tokens.saturating_add(WRAPPING_TOKENS)
}

/// Tokens of an entry, and of what it is wrapped in on the wire.
pub(super) fn entry_tokens(config: &dyn Config, entry: &Entry<'_>) -> u32 {
    let tokens = match entry.part {
        Part::Text(text) | Part::Instruction(text) | Part::Thinking(text) => {
            config.count_tokens(text)
        }
        Part::ToolCall(ToolCall { name, arguments, .. }) => {
            config.count_tokens(name).saturating_add(config.count_tokens(arguments))
        }
        Part::ToolResult(ToolResult { content, .. }) => config.count_tokens(content),
        Part::Opaque { provider, text, .. } => {
            opaque_tokens(config.provider(), provider as u8, text.len())
        }
    };
    tokens.saturating_add(WRAPPING_TOKENS)
}

/// What only its provider reads is no text: it is base64 of what the model thought.
const fn opaque_tokens(provider: Provider, maker: u8, bytes: usize) -> u32 {
    if maker == provider as u8 { (bytes / 4) as u32 } else { 0 }
}

/// Tokens of what stands before the messages.
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

/// Role, marks and separators around a message, a part or a tool.
const WRAPPING_TOKENS: u32 = 4;
