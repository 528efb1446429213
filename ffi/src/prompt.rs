//! Prompts: Markdown with front matter, read in place.

use zerostack_core::prompt::{BUILT_IN, Fault as PromptFault, Output, Prompt, Value};
use zerostack_core::{Error, ErrorKind};

use crate::boundary::{fill_by, promised};
use crate::status::{
    Fault,
    zs_status::{self, *},
};
use crate::text::{zs_pair, zs_str};

/// The most values that zs_prompt_render takes.
pub const ZS_PROMPT_VALUES_MAX: usize = 32;

/// The kind of a prompt's result.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_output {
    /// The prompt does not set it.
    ZS_OUTPUT_UNSAID = 0,
    /// The model's last text.
    ZS_OUTPUT_TEXT = 1,
    /// The changes to the files.
    ZS_OUTPUT_PATCH = 2,
    /// A list of places with their faults.
    ZS_OUTPUT_FINDINGS = 3,
    /// One JSON value that fits the prompt's schema.
    ZS_OUTPUT_JSON = 4,
    /// Something that this version of the library has no number for.
    ZS_OUTPUT_OTHER = 1000,
}

/// A prompt, read.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_prompt {
    /// The text after the front matter, placeholders not filled.
    pub body: zs_str,
    /// The kind of its result.
    pub output: zs_output,
    /// 1 if it is offered to the model, which may ask for it.
    pub is_model_invocable: u32,
    /// 1 when the body shows the caller's arguments anywhere. If not, they are a separate
    /// instruction.
    pub uses_arguments: u32,
    /// 0 in this version.
    pub reserved: u32,
}

/// The fault of a prompt, and its place.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_prompt_fault {
    /// The line of the file, from 1; 0 when nothing is wrong.
    pub line: u32,
    /// The character in the line, from 1.
    pub column: u32,
    /// A sentence for people: the fault and what to write. It is static.
    pub message: zs_str,
}

/// A place in a prompt's body that a value fills.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_placeholder {
    /// The name of the value: a name, `ARGUMENTS`, or the number of an argument.
    pub name: zs_str,
    /// The default value; its `ptr` is NULL if there is none.
    pub fallback: zs_str,
    /// Offset of its first byte in the prompt's text.
    pub offset: usize,
}

/// The prompt of the built-in library that has this index, counted from 0.
///
/// Any step; no session is needed.
/// Errors: ZS_NOT_FOUND after the last, ZS_NULL.
/// Lifetime: static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_prompt_built_in(
    index: usize,
    name: *mut zs_str,
    prompt: *mut zs_str,
) -> zs_status {
    promised!(caller);
    caller.answer(core::ptr::null_mut(), || {
        let (name, prompt) = (caller.out(name)?, caller.out(prompt)?);
        let source = BUILT_IN.get(index).ok_or(Fault::new(ZS_NOT_FOUND))?;
        name.put(source.name.into());
        prompt.put(source.text.into());
        Ok(())
    })
}

/// The prompt of the built-in library that has this name.
///
/// Any step; no session is needed.
/// Errors: ZS_UNKNOWN_PROMPT, ZS_NOT_UTF8, ZS_NULL.
/// Lifetime: static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_prompt_find(name: zs_str, prompt: *mut zs_str) -> zs_status {
    promised!(caller);
    caller.answer(core::ptr::null_mut(), || {
        let (prompt, name) = (caller.out(prompt)?, caller.text(name)?);
        let mut sources = BUILT_IN.iter();
        let source = sources.find(|source| source.name == name);
        prompt.put(source.ok_or(Fault::new(ZS_UNKNOWN_PROMPT))?.text.into());
        Ok(())
    })
}

/// Reads a prompt: the whole text of its file. `fault` is the fault; it may be NULL.
///
/// Any step; no session is needed.
/// Errors: ZS_BAD_PROMPT, ZS_NOT_UTF8, ZS_NULL.
/// Lifetime: the body is a part of the text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_prompt_parse(
    file: zs_str,
    prompt: *mut zs_prompt,
    fault: *mut zs_prompt_fault,
) -> zs_status {
    promised!(caller);
    caller.answer(core::ptr::null_mut(), || {
        let (place, fault) = (caller.out(prompt)?, caller.optional(fault)?);
        let prompt = Prompt::parse("", caller.text(file)?);
        if let Some(fault) = fault {
            fault.put(fault_of(prompt.err()));
        }
        place.put(prompt?.into());
        Ok(())
    })
}

/// Decodes a field of the front matter that is one string (`name`, `description`, `mode`, `model`,
/// `argument-hint`, `schema`, any other) into `len` bytes at `bytes`; `*written` is its
/// length.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_NOT_FOUND, ZS_OTHER_KIND for a list or a map; ZS_FULL: `*written` is the length that
/// is enough; ZS_BAD_PROMPT, ZS_NOT_UTF8, ZS_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_prompt_field(
    file: zs_str,
    key: zs_str,
    bytes: *mut u8,
    len: usize,
    written: *mut usize,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    caller.answer(detail, || {
        let (written, bytes) = (caller.out(written)?, caller.buffer(bytes, len)?);
        let (prompt, key) = (Prompt::parse("", caller.text(file)?)?, caller.text(key)?);
        let field = match key {
            "schema" => prompt.schema(),
            "argument-hint" => prompt.argument_hint(),
            _ => match prompt.field(key) {
                Some(Value::Text(text)) => Some(text),
                Some(Value::Null) | None => None,
                Some(_) => return Err(Fault::new(ZS_OTHER_KIND)),
            },
        };
        fill_by(bytes, field.ok_or(Fault::new(ZS_NOT_FOUND))?.chars(), written)
    })
}

/// Decodes an item of a field of the front matter that is a list (`tools`, `disallowed-tools`,
/// `arguments`, `includes`, `check`) into `len` bytes at `bytes`; `*written` is its length.
/// Items are counted from 0.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_NOT_FOUND after the last, and if there is no such list: without `tools` all tools are
/// allowed except the disallowed ones, which switches may also name. ZS_FULL: `*written` is the
/// length that is enough; ZS_BAD_PROMPT, ZS_NOT_UTF8, ZS_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_prompt_item(
    file: zs_str,
    key: zs_str,
    index: usize,
    bytes: *mut u8,
    len: usize,
    written: *mut usize,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    caller.answer(detail, || {
        let (written, bytes) = (caller.out(written)?, caller.buffer(bytes, len)?);
        let (prompt, key) = (Prompt::parse("", caller.text(file)?)?, caller.text(key)?);
        let item = match key {
            "tools" | "allowed-tools" => prompt.tools().and_then(|mut list| list.nth(index)),
            "disallowed-tools" => prompt.excluded_tools().nth(index),
            "includes" => prompt.includes().and_then(|mut list| list.nth(index)),
            "check" => prompt.check().and_then(|mut list| list.nth(index)),
            "arguments" => prompt.argument_names().and_then(|mut names| names.nth(index)),
            _ => None,
        };
        fill_by(bytes, item.ok_or(Fault::new(ZS_NOT_FOUND))?.chars(), written)
    })
}

/// The placeholder of the body that has this index, counted from 0; a name can occur more than
/// once.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_NOT_FOUND after the last, ZS_BAD_PROMPT, ZS_NOT_UTF8, ZS_NULL.
/// Lifetime: the texts are parts of the prompt's text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_prompt_placeholder(
    file: zs_str,
    index: usize,
    placeholder: *mut zs_placeholder,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    caller.answer(detail, || {
        let place = caller.out(placeholder)?;
        let prompt = Prompt::parse("", caller.text(file)?)?;
        let placeholder = prompt.placeholders().nth(index).ok_or(Fault::new(ZS_NOT_FOUND))?;
        place.put(zs_placeholder {
            name: placeholder.name.into(),
            fallback: placeholder.default.map_or(zs_str::EMPTY, zs_str::from),
            offset: placeholder.offset,
        });
        Ok(())
    })
}

/// Fills the placeholders of a prompt's body with `count` values and writes the text to `len` bytes at
/// `bytes`; `*written` is its length. Arguments are one value `ARGUMENTS`, or one by one
/// as `1`, `2`, and so on. Bodies of prompts that it includes precede it and are rendered by
/// separate calls.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_MISSING_PLACEHOLDER with its offset; ZS_FULL: `*written` is the length that is enough;
/// ZS_OUT_OF_RANGE for more than ZS_PROMPT_VALUES_MAX values; ZS_BAD_PROMPT, ZS_NOT_UTF8, ZS_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_prompt_render(
    file: zs_str,
    given: *const zs_pair,
    count: usize,
    bytes: *mut u8,
    len: usize,
    written: *mut usize,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    caller.answer(detail, || {
        let (written, bytes) = (caller.out(written)?, caller.buffer(bytes, len)?);
        let given = caller.values(given, count)?;
        let mut pairs = [("", ""); ZS_PROMPT_VALUES_MAX];
        for (index, pair) in given.iter().enumerate() {
            let place = pairs.get_mut(index).ok_or(Fault::new(ZS_OUT_OF_RANGE))?;
            *place = (caller.text(pair.name)?, caller.text(pair.value)?);
        }
        let pairs = pairs.get(..given.len()).unwrap_or_default();
        let prompt = Prompt::parse("", caller.text(file)?)?;
        let length = prompt.rendered_len(pairs)?;
        written.put(length);
        if length > len {
            return Err(Fault::with(ZS_FULL, length));
        }
        prompt.render(pairs, bytes)?;
        Ok(())
    })
}

impl From<Prompt<'_>> for zs_prompt {
    fn from(prompt: Prompt<'_>) -> Self {
        let output = match prompt.output() {
            None => zs_output::ZS_OUTPUT_UNSAID,
            Some(Output::Text) => zs_output::ZS_OUTPUT_TEXT,
            Some(Output::Patch) => zs_output::ZS_OUTPUT_PATCH,
            Some(Output::Findings) => zs_output::ZS_OUTPUT_FINDINGS,
            Some(Output::Json) => zs_output::ZS_OUTPUT_JSON,
            Some(_) => zs_output::ZS_OUTPUT_OTHER,
        };
        Self {
            body: prompt.body().into(),
            output,
            is_model_invocable: prompt.is_model_invocable().into(),
            uses_arguments: prompt.uses_arguments().into(),
            reserved: 0,
        }
    }
}

/// The place and the sentence of an error of a prompt's text.
fn fault_of(error: Option<Error>) -> zs_prompt_fault {
    match error.filter(|error| error.kind() == ErrorKind::BadPrompt).and_then(PromptFault::of) {
        Some(fault) => zs_prompt_fault {
            line: fault.line,
            column: fault.column,
            message: fault.reason.message().into(),
        },
        None => zs_prompt_fault { line: 0, column: 0, message: zs_str::EMPTY },
    }
}
