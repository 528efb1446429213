//! The inputs of a session, for a tape.

use zerostack_core::Request;

use crate::{File, Files, Result};

/// Receives all inputs of the session, for a tape. `()` records nothing.
pub trait Recorder {
    /// The user sent `text`.
    fn user(&mut self, _text: &str) -> Result<()> {
        Ok(())
    }
    /// A file that belongs to the following text or result. The transcript has it under `number`.
    fn attached(&mut self, _number: u32, _file: &File) -> Result<()> {
        Ok(())
    }
    /// A request is about to be sent; its bytes can be read from `request`, with those of `files`
    /// where it [wants](Request::wanted) them.
    fn request(&mut self, request: Request<'_>, files: &Files) -> Result<()>;
    /// The head of a response was received.
    fn response(&mut self, status: u16, retry_after_ms: Option<u32>) -> Result<()>;
    /// Bytes of its body were received.
    fn bytes(&mut self, bytes: &[u8]) -> Result<()>;
    /// The body ended, or there was no response.
    fn end(&mut self) -> Result<()>;
    /// A tool answered the call with this number.
    fn tool_result(&mut self, call: u32, content: &str, is_error: bool) -> Result<()>;
    /// Room was made: the next request does not begin with the bytes of the last one.
    fn made_room(&mut self) {}
}

impl Recorder for () {
    fn request(&mut self, _: Request<'_>, _: &Files) -> Result<()> {
        Ok(())
    }

    fn response(&mut self, _: u16, _: Option<u32>) -> Result<()> {
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        Ok(())
    }

    fn tool_result(&mut self, _: u32, _: &str, _: bool) -> Result<()> {
        Ok(())
    }
}

/// What points to a recorder is one.
macro_rules! forward {
    ($($of:ty),*) => {$(
        impl<T: Recorder + ?Sized> Recorder for $of {
            fn user(&mut self, text: &str) -> Result<()> {
                (**self).user(text)
            }

            fn attached(&mut self, number: u32, file: &File) -> Result<()> {
                (**self).attached(number, file)
            }

            fn request(&mut self, request: Request<'_>, files: &Files) -> Result<()> {
                (**self).request(request, files)
            }

            fn response(&mut self, status: u16, retry_after_ms: Option<u32>) -> Result<()> {
                (**self).response(status, retry_after_ms)
            }

            fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
                (**self).bytes(bytes)
            }

            fn end(&mut self) -> Result<()> {
                (**self).end()
            }

            fn tool_result(&mut self, call: u32, content: &str, is_error: bool) -> Result<()> {
                (**self).tool_result(call, content, is_error)
            }

            fn made_room(&mut self) {
                (**self).made_room();
            }
        }
    )*};
}

forward!(&mut T, Box<T>);
