//! What a prompt promises about its result, and whether the model's last text keeps the promise.

pub mod commands;
mod commit_message;
pub mod findings;
mod sarif;

use std::path::Path;

use zerostack_core::prompt::Output;
use zerostack_core::tool::answer::{self, AnswerCheck};

use super::instructions::Instructions;
use crate::error::quote;
use crate::{Error, ErrorKind, Result};
use commands::Plan;

/// A narrower promise than that of [`Output::Text`]: the field `result` of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// None.
    #[default]
    Plain,
    /// The message of a commit, for `git commit -F -`.
    CommitMessage,
    /// Commands, each with its effect. They run only if the user agrees.
    Commands,
}

/// The form of findings and commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Lines for people, editors and readers of compiler output; a script for commands.
    #[default]
    Lines,
    /// One JSON array.
    Json,
    /// SARIF 2.1.0, for findings.
    Sarif,
}

/// A result that keeps its promise.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub text: String,
    pub notes: Vec<String>,
    pub plan: Option<Plan>,
}

impl Form {
    /// All forms with their names in prompts.
    pub const ALL: [(&'static str, Self); 3] = [
        ("plain", Self::Plain),
        ("commit-message", Self::CommitMessage),
        ("commands", Self::Commands),
    ];
}

/// The instruction to the model about the form of its last text.
pub(super) fn told(instructions: &Instructions) -> String {
    match (instructions.output, instructions.form) {
        (Output::Findings, _) => findings::TOLD.to_owned(),
        (Output::Json, _) => match &instructions.schema {
            None => JSON.to_owned(),
            Some(schema) => format!("{JSON} It must fit this JSON Schema:\n{}", schema.trim()),
        },
        (Output::Text, Form::CommitMessage) => commit_message::TOLD.to_owned(),
        (Output::Text, Form::Commands) => commands::TOLD.to_owned(),
        _ => String::new(),
    }
}

const JSON: &str = "\n\nEnd with one JSON value alone, without a fence around it.";

/// The request to the model to correct a last text that breaks the promise, if it can do so without
/// new work; `None` if the text is right, or if asking would not help.
pub(super) fn repair(instructions: &Instructions, text: &str) -> Option<String> {
    let why = match (instructions.output, instructions.form) {
        _ if text.trim().is_empty() => return None,
        (Output::Json, _) => json(instructions.schema.as_deref(), text).err()?,
        (Output::Text, Form::CommitMessage) => commit_message::checked(text).err()?,
        (Output::Text, Form::Commands) if commands::refusal(text).is_none() => {
            commands::parse(text).err()?
        }
        _ => return None,
    };
    Some(format!("This is not the requested result: {why}. Answer with the result alone."))
}

/// How often the model is asked to correct its result.
pub(super) const REPAIRS: u32 = 2;

/// The result in `text`, for a run in `folder`.
///
/// # Errors
/// `NoResult` if it is empty, or breaks the promise.
pub(super) fn checked(
    instructions: &Instructions,
    format: Format,
    folder: &Path,
    text: &str,
) -> Result<Answer> {
    let none = |why: &str| {
        let said = quote(text.trim());
        let text = format!("{why}; try again or use another model; it answered: {said}");
        Error::new(ErrorKind::NoResult, text)
    };
    if text.trim().is_empty() {
        let text = "the model ended without an answer; try again or use another model";
        return Err(Error::new(ErrorKind::NoResult, text));
    }
    let plain = |text: String| Answer { text, ..Answer::default() };
    match (instructions.output, instructions.form) {
        (Output::Json, _) => json(instructions.schema.as_deref(), text)
            .map(|json| plain(json.to_owned()))
            .map_err(|why| none(&format!("the model's answer is not the result: {why}"))),
        (Output::Findings, _) => {
            let found = findings::parse(text).ok_or_else(|| {
                none(
                    "the model's answer is no list of findings: `path:line:column: severity: \
                     message [rule]`, or `no findings`",
                )
            })?;
            let (found, wrong) = findings::validated(found, folder);
            if let (true, Some(first)) = (found.is_empty(), wrong.first()) {
                return Err(none(&format!("no finding names a line that exists: {first}")));
            }
            let text = match format {
                Format::Lines => findings::lines(&found),
                Format::Json => findings::json(&found),
                Format::Sarif => sarif::sarif(&found),
            };
            Ok(Answer { text, notes: wrong, plan: None })
        }
        (Output::Text, Form::CommitMessage) => commit_message::checked(text)
            .map(plain)
            .map_err(|why| none(&format!("the model's answer is not a commit message: {why}"))),
        (Output::Text, Form::Commands) => {
            if let Some(why) = commands::refusal(text) {
                let text = format!("there is no plan: {}", quote(why));
                return Err(Error::new(ErrorKind::NoResult, text));
            }
            let plan = commands::parse(text)
                .map_err(|why| none(&format!("the model's answer is not a plan: {why}")))?;
            let text = match format {
                Format::Json => plan.json(),
                Format::Lines | Format::Sarif => plan.script(),
            };
            Ok(Answer { text, notes: Vec::new(), plan: Some(plan) })
        }
        _ => Ok(plain(text.to_owned())),
    }
}

/// The JSON value in `text`, which fits the schema. Keywords of the schema that are not implemented
/// are not checked.
fn json<'a>(schema: Option<&str>, text: &'a str) -> Result<&'a str, String> {
    let json = answer::json_in(text);
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(json) {
        return Err(format!("it is not JSON: {error}"));
    }
    let Some(schema) = schema else { return Ok(json) };
    let mut room = [0; answer::SENTENCE_BYTES];
    match answer::check(schema, json, &mut room) {
        Ok(AnswerCheck::Fits(json)) => Ok(json),
        Ok(AnswerCheck::Misfit { why, .. }) => {
            Err(format!("it does not fit the prompt's schema: {why}"))
        }
        // The model got an unreadable schema too, but nothing can be checked against it.
        Err(error) if error.kind() == zerostack_core::ErrorKind::BadSchema => Ok(json),
        Err(error) => Err(format!("it does not fit the prompt's schema: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_fits_its_schema() {
        let schema = Some(r#"{"type":"object","required":["name"]}"#);
        assert_eq!(json(schema, "```json\n{\"name\":1}\n```"), Ok("{\"name\":1}"));
        for text in ["{\"other\":1}", "[]", "name", "", "{\"name\":1} and more"] {
            assert!(json(schema, text).is_err(), "{text}");
        }
        let why = json(schema, "{\"other\":1}").unwrap_err();
        assert!(why.contains("name") && why.contains("schema"), "{why}");
        assert_eq!(json(None, "{\"other\":1}"), Ok("{\"other\":1}"));
    }
}
