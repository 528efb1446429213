//! The transcript, entry by entry.

#[cfg(feature = "attachments")]
use zerostack_core::AttachmentSource;
use zerostack_core::{Entry, EntryPlace, Part, Role};

use crate::borrowed_config::number;
use crate::boundary::promised;
use crate::handle::zs_session;
use crate::status::Fault;
use crate::status::zs_status::{self, *};
use crate::text::zs_str;

/// Who speaks.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_role {
    /// The person, or the program that stands for one.
    ZS_ROLE_USER = 1,
    /// The model.
    ZS_ROLE_ASSISTANT = 2,
    /// A tool that answers a call.
    ZS_ROLE_TOOL = 3,
}

/// The kind of a part of a message, and the fields of zs_entry that it uses.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_part {
    /// Plain text: `text`.
    ZS_PART_TEXT = 1,
    /// The model's reasoning: `text`.
    ZS_PART_THINKING = 2,
    /// The model wants a tool to run: `call`, `name`, `provider_id`, and `text` has its arguments.
    ZS_PART_TOOL_CALL = 3,
    /// The answer to a call: `call`, `is_error`, `text`.
    ZS_PART_TOOL_RESULT = 4,
    /// Text that only its provider understands: `dialect`, `subtype`, `text`.
    ZS_PART_OPAQUE = 5,
    /// An instruction of the program in addition to the user's text, by zs_session_instruct:
    /// `text`.
    ZS_PART_INSTRUCTION = 6,
    /// A file attached to the preceding text or result: `text` has its media type, `name` its name,
    /// and `provider_id` the address or the provider's id of it; `call` is its number, `subtype`
    /// its length.
    ZS_PART_ATTACHMENT = 7,
    /// Something that this version of the library has no number for.
    ZS_PART_OTHER = 1000,
}

/// One part of the transcript. The fields that its part does not name are 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_entry {
    /// Its author.
    pub role: zs_role,
    /// What it is.
    pub part: zs_part,
    /// 1 if it begins a message, 0 if it continues the previous one.
    pub starts_message: u32,
    /// 1 when it is kept in part only.
    pub is_cut: u32,
    /// 1 for the result of a call that failed.
    pub is_error: u32,
    /// The id of a call.
    pub call: u32,
    /// Who made an opaque text: a zs_dialect.
    pub dialect: u32,
    /// Its kind among the opaque data of this provider.
    pub subtype: u32,
    /// What was said.
    pub text: zs_str,
    /// The tool's name.
    pub name: zs_str,
    /// The provider's own id of the call.
    pub provider_id: zs_str,
    /// 0 in this version.
    pub reserved: [usize; 2],
}

/// tests/firmware/main.c checks the same for the header.
const _: () = assert!(size_of::<zs_entry>() == size_of::<[u32; 8]>() + size_of::<[usize; 8]>());

/// The part of the transcript that has this index, counted from 0, the oldest first; in
/// ZS_STEP_RECEIVE also the part of the reply received so far. Going through them in order takes linear time.
///
/// Any step.
/// Errors: ZS_NOT_FOUND after the last, ZS_NULL.
/// Lifetime: until the next call that changes the session.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_session_entry(
    session: *mut zs_session,
    index: usize,
    entry: *mut zs_entry,
) -> zs_status {
    promised!(caller);
    caller.change(session, |session| {
        let place = caller.out(entry)?;
        let (known, start) = match session.entry {
            (known, start) if known <= index => (known, start),
            _ => (0, EntryPlace::START),
        };
        let mut entries = session.chat.transcript().entries_from(start);
        let found = entries.nth(index - known).ok_or(Fault::new(ZS_NOT_FOUND))?;
        session.entry = (index + 1, entries.place());
        place.put(found.into());
        Ok(())
    })
}

impl From<Entry<'_>> for zs_entry {
    fn from(entry: Entry<'_>) -> Self {
        let role = match entry.role {
            Role::User => zs_role::ZS_ROLE_USER,
            Role::Assistant => zs_role::ZS_ROLE_ASSISTANT,
            Role::Tool => zs_role::ZS_ROLE_TOOL,
        };
        let mut written = Self {
            role,
            part: zs_part::ZS_PART_OTHER,
            starts_message: entry.starts_message.into(),
            is_cut: entry.is_cut.into(),
            is_error: 0,
            call: 0,
            dialect: 0,
            subtype: 0,
            text: zs_str::EMPTY,
            name: zs_str::EMPTY,
            provider_id: zs_str::EMPTY,
            reserved: [0; 2],
        };
        match entry.part {
            Part::Text(text) => {
                written.part = zs_part::ZS_PART_TEXT;
                written.text = text.into();
            }
            Part::Thinking(text) => {
                written.part = zs_part::ZS_PART_THINKING;
                written.text = text.into();
            }
            Part::ToolCall(call) => {
                written.part = zs_part::ZS_PART_TOOL_CALL;
                written.call = call.id.number();
                written.text = call.arguments.into();
                written.name = call.name.into();
                written.provider_id = call.provider_id.into();
            }
            Part::ToolResult(result) => {
                written.part = zs_part::ZS_PART_TOOL_RESULT;
                written.call = result.id.number();
                written.is_error = result.is_error.into();
                written.text = result.content.into();
            }
            Part::Instruction(text) => {
                written.part = zs_part::ZS_PART_INSTRUCTION;
                written.text = text.into();
            }
            Part::Opaque { dialect, subtype, text } => {
                written.part = zs_part::ZS_PART_OPAQUE;
                written.dialect = number(dialect);
                written.subtype = subtype.into();
                written.text = text.into();
            }
            #[cfg(feature = "attachments")]
            Part::Attachment(attachment) => {
                written.part = zs_part::ZS_PART_ATTACHMENT;
                written.text = attachment.media_type.into();
                written.name = attachment.name.into();
                written.subtype = attachment.bytes;
                match attachment.source {
                    AttachmentSource::Number(number) => written.call = number,
                    AttachmentSource::Url(text) | AttachmentSource::FileId(text) => {
                        written.provider_id = text.into();
                    }
                }
            }
            _ => {}
        }
        written
    }
}
