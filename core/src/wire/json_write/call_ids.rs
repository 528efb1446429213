//! The call ids that are sent to a provider unchanged.

use crate::wire::scan::contains;

/// The treatment of the id of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum IdUse {
    /// It stays where the provider takes it.
    #[default]
    IfTaken,
    /// The receiver made it itself.
    AsItIs,
    /// Another call has the same.
    Never,
}

/// The call ids that a provider accepts. Others are replaced by ids made from the position of the
/// call, so the call and its result have the same one in every request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum CallIdRule {
    /// Of any form and length.
    #[default]
    Any,
    /// To 40 bytes, and longer ones of LiteLLM, which puts signatures there.
    Chat,
    /// Letters, digits, `_` and `-`, to 64.
    Words,
    /// Nine letters and digits.
    Nine,
}

impl CallIdRule {
    /// Whether all providers take `id` but those that want nine letters.
    pub fn all_take(id: &str) -> bool {
        id.len() <= CHAT_ID_BYTES && Self::Words.take(id)
    }

    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(super) fn take(self, id: &str) -> bool {
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric();
        let is_word = |byte: &u8| is_letter(byte) || matches!(byte, b'_' | b'-');
        match self {
            Self::Any => true,
            Self::Chat => id.len() <= CHAT_ID_BYTES || contains(id, "__thought__"),
            Self::Words => id.len() <= 64 && id.as_bytes().iter().all(is_word),
            Self::Nine => id.len() == 9 && id.as_bytes().iter().all(is_letter),
        }
    }
}

/// The most bytes of an id that OpenAI takes.
const CHAT_ID_BYTES: usize = 40;

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn ids_that_a_provider_refuses_are_replaced() {
        let long = "x".repeat(65);
        let litellm = std::format!("call_1__thought__{long}");
        let rows = [
            ("call_1", [true, true, true, false]),
            ("functions.read:0", [true, true, false, false]),
            ("abcDEF123", [true, true, true, true]),
            (&long[..64], [true, false, true, false]),
            (&long, [true, false, false, false]),
            (&litellm, [true, true, false, false]),
        ];
        for (id, taken) in rows {
            let kinds = [CallIdRule::Any, CallIdRule::Chat, CallIdRule::Words, CallIdRule::Nine];
            assert_eq!(kinds.map(|ids| ids.take(id)), taken, "{id}");
        }
    }
}
