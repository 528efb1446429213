//! The calls of a conversation with files.

use zerostack_core::{Attachment, AttachmentReader, Error, Request, ToolResult, WantedBytes};

use crate::Chat;

pub static CALLS: Calls = Calls {
    user_with: Chat::user_with,
    tool_result_with: Chat::tool_result_with,
    request_with_attachments: Chat::request_with_attachments,
    read_from: Request::read_from,
    wanted: Request::wanted,
    supply: Request::supply,
    leave_out_attachments: Chat::leave_out_attachments,
};

#[allow(dead_code, reason = "it is linked, not called")]
pub struct Calls {
    user_with: fn(&mut Chat, &str, &[Attachment<'_>]) -> Result<(), Error>,
    tool_result_with: fn(&mut Chat, ToolResult<'_>, &[Attachment<'_>]) -> Result<u32, Error>,
    request_with_attachments: fn(&Chat) -> Result<Request<'_>, Error>,
    read_from:
        fn(&mut Request<'static>, &mut [u8], &mut dyn AttachmentReader) -> Result<usize, Error>,
    wanted: fn(&Request<'static>) -> Option<WantedBytes>,
    supply: fn(&mut Request<'static>, &[u8], &mut [u8]) -> usize,
    leave_out_attachments: fn(&mut Chat) -> Result<usize, Error>,
}
