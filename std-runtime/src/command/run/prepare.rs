//! What a run needs, from its arguments, stdin and the prompts on disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use zerostack_core::prompt::Output;

use super::flags::RunArgs;
use super::form::{check_attempts, check_form, scope_of, strategies};
use super::signals;
use super::task::{self, Task, Words};
use super::terminal::person;
use crate::agent::File;
use crate::command::entry::Invocation;
use crate::command::options;
use crate::command::print::tell;
use crate::command::sample::{self, Sample};
use crate::command::sessions;
use crate::command::trust;
use crate::command::usage::{unknown_prompt, usage};
use crate::run::contract::{Form, findings};
use crate::run::front::events::EventFormat;
use crate::run::input::{self, Given, Patience};
use crate::run::{self, Filling, Outcome, PromptFiles, RunOptions, Stop};
use crate::worktree::Repository;
use crate::{Error, ErrorKind, Result, commit};

/// What the arguments and stdin ask for.
///
/// # Errors
/// `Usage`, or `Input` for a folder or stdin that cannot be used, `Configuration` for a prompt.
pub(super) fn prepared(
    mut args: RunArgs,
    invocation: &Invocation<'_>,
    sample: Option<&Sample>,
    stop: &Stop,
) -> Result<Prepared> {
    let folder = match sample {
        Some(sample) => Some(sample.folder().to_owned()),
        None => args.folder.take(),
    };
    let folder = usable_folder(folder)?;
    let folder = match &args.worktree {
        Some(name) => {
            let repository = Repository::of(&folder)?;
            let worktree = repository.find_or_add(name)?;
            tell(&format_args!("in the worktree {}", worktree.path.display()));
            repository.same_folder(&worktree, &folder)
        }
        None => folder,
    };
    let mut files = PromptFiles::load(&folder, &invocation.names());
    let fork = args.fork.take();
    let goes_on = args.session.goes_on || fork.is_some();
    let words = Words {
        prompt: args.prompt.take(),
        words: std::mem::take(&mut args.words),
        instruction: std::mem::take(&mut args.instruction),
        // To continue a session, a single word such as "yes" is enough.
        follow_name: invocation.is_named || goes_on,
    };
    let Task { mut prompt, is_named, text, waits_for_stdin } =
        words.task(&mut files, invocation.table)?;
    let mut session = std::mem::take(&mut args.session);
    sessions::check(&session)?;
    // Runs that another command starts are part of its work.
    let takes_answer = args.events.is_some_and(EventFormat::takes_answers);
    let call_deltas = args.events.is_some_and(EventFormat::has_call_deltas);
    let has_parent = crate::agent::variable(signals::PARENT).is_some();
    // A run of `sdk` is a turn, and the next one continues it.
    let is_part = sample.is_some() || (has_parent && !takes_answer);
    session.is_off = is_part && !session.is_asked();
    // A session keeps its prompt.
    let last = fork.as_ref().map(|fork| fork.prompt.clone());
    let last =
        last.or_else(|| session.last_prompt(&folder)).filter(|last| !is_named && files.has(last));
    prompt = last.unwrap_or(prompt);
    let task = match sample {
        Some(_) if text.is_empty() => sample::TASK.to_owned(),
        _ => text,
    };
    let goes_on_without = task.is_empty() && goes_on && !waits_for_stdin;
    let patience = match (waits_for_stdin, args.stdin_limit) {
        (true, _) => Patience::Forever,
        (false, Some(limit)) => Patience::Until(limit),
        (false, None) if task.is_empty() => Patience::Until(NEEDED_INPUT),
        (false, None) => Patience::Until(OPTIONAL_INPUT),
    };
    let input = match sample.is_some() && !waits_for_stdin {
        true => Given::Nothing,
        false => input::read(patience, stop.cancel())?,
    };
    let mut input = match input {
        Given::Text(input) => Some(input),
        // A failed command prints nothing, and a run without its output would do something else.
        Given::Empty if task.is_empty() && !waits_for_stdin && prompt != task::DEFAULT => {
            let text = "stdin is empty: the command before it gave nothing; give an instruction, \
                        or `</dev/null` to go on without";
            return Err(Error::new(ErrorKind::Input, text));
        }
        Given::Empty | Given::Nothing => None,
    };
    if input.as_ref().is_some_and(|input| input.is_repaired) {
        tell(&"stdin is not UTF-8; invalid bytes are replaced by U+FFFD");
    }
    let large_input = input.as_mut().and_then(|input| input.large.take()).map(Arc::new);
    let mut input = input.map(|input| input.text);
    // The other prompts need no instruction.
    if task.is_empty() && input.is_none() && prompt == task::DEFAULT && !goes_on {
        let text = "nothing to do: give an instruction, as in `zerostack \"make the test pass\"`";
        return Err(Error::new(ErrorKind::Usage, text));
    }
    let values = std::mem::take(&mut args.values)
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect();
    let mut filling = Filling { task: task.clone(), values, stdin: input.clone() };
    // For a prompt with arguments, an object has their values.
    if large_input.is_none() && files.takes_values(&prompt) && filling.take_object() {
        input = None;
    }
    let wishes = trust::wishes(&folder, &files, &prompt)?;
    trust::ask(&wishes, |text| person(stop.cancel())?.confirms(text));
    let found = files.find(&prompt, &mut filling);
    files.warnings().iter().for_each(|warning| tell(warning));
    let instructions = found?.ok_or_else(|| unknown_prompt(&prompt, &files))?;
    if instructions.uses_stdin {
        input = None;
    }
    let mut instructions = instructions.with_context(&folder)?;
    if let Some(path) = &args.add_system {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::new(ErrorKind::Input, format!("cannot read {}: {error}", path.display()))
        })?;
        instructions.text.push_str("\n\n");
        instructions.text.push_str(text.trim());
    }
    if goes_on_without && input.is_none() {
        GO_ON.clone_into(&mut instructions.task);
    }
    let notes = instructions.context.as_mut().map(run::Context::take_notes);
    notes.into_iter().flatten().for_each(|note| tell(&note));
    instructions.skills.warnings().iter().for_each(|warning| tell(warning));
    if let Some(output) = args.output {
        instructions.output = output;
        instructions.form = Form::Plain;
    }
    let mut model = args.model.clone();
    if let Some(path) = &args.output_schema {
        if args.output.is_some_and(|output| output != Output::Json) {
            let text = "--output-schema gives JSON; leave out --output";
            return Err(Error::new(ErrorKind::Usage, text));
        }
        let schema = options::read_schema(path)?;
        (instructions.output, instructions.form) = (Output::Json, Form::Plain);
        instructions.schema = Some(schema.schema.clone());
        model.options.response_schema = Some(schema);
    }
    check_form((args.format, args.yes), &instructions)?;
    check_attempts(&args, &session, &instructions)?;
    if fork.is_some() && (session.is_asked() || args.best_of > 1 || args.record.is_some()) {
        return Err(usage(
            "fork makes its own session: leave out --continue, --session, --best-of and --record",
        ));
    }
    if crate::agent::variable("ZEROSTACK_MODEL").is_none() {
        model.model = model.model.or_else(|| instructions.model.clone());
    }
    if let Some(sample) = sample {
        model = sample.model(model, &folder)?;
    }
    // The changes go to the worktree.
    let write = args.write || (args.worktree.is_some() && instructions.output == Output::Patch);
    if args.write && args.output_file.is_some() {
        let text = "--write and --output-file cannot be combined: `zerostack show RUN --patch` \
                    prints the patch of a run that was written";
        return Err(Error::new(ErrorKind::Usage, text));
    }
    if args.write && instructions.output != Output::Patch {
        let (name, output) =
            (&instructions.name, run::front::json::output_name(instructions.output));
        let text = format!("--write: the prompt {name} gives {output}, not a patch");
        return Err(Error::new(ErrorKind::Usage, text));
    }
    if write {
        // Report it before the model is asked.
        drop(commit::Lock::take()?);
    }
    let mut scope = None;
    let is_whole = large_input.is_none();
    if let Some(found) = input.as_deref().filter(|_| is_whole && instructions.keeps_to_findings) {
        scope = match findings::given(found) {
            Some(found) if found.is_empty() && task.is_empty() => {
                let note = "no findings were given, so there is nothing to do".to_owned();
                let outcome = Outcome::nothing_to_do(instructions.output, note);
                return Ok(Prepared::Done(Box::new(outcome)));
            }
            Some(found) => Some(scope_of(&found, &folder)?),
            None => None,
        };
    }
    let is_plan = instructions.form == Form::Commands;
    let strategies = strategies(&mut files, &args.strategies)?;
    let format = args.format.unwrap_or_default();
    let is_dry = args.dry_run && !is_plan;
    let attached = opened(&args.attached)?;
    let RunArgs { check, attempts, best_of, prove_prefix, .. } = args;
    let RunArgs { sandbox, access, record, record_attachments, .. } = args;
    let RunArgs { limits, idle_limit, subagents, permissions, .. } = args;
    let options = Box::new(RunOptions {
        folder,
        model,
        instructions,
        input,
        attached,
        large_input,
        sandbox,
        access,
        tools: invocation.tools.clone(),
        record,
        record_attachments,
        permissions,
        limits,
        idle_limit,
        write,
        takes_answer,
        call_deltas,
        format,
        subagents,
        prompts: files,
        scope,
        check,
        attempts,
        best_of,
        strategies,
        session,
        prove_prefix,
        kept: None,
        fork,
        attempt: 1,
    });
    Ok(if is_dry { Prepared::DryRun(options) } else { Prepared::Run(options) })
}

/// The files of `--attach`.
///
/// # Errors
/// `Usage` for stdin, `Input` for a file that cannot be read or is of no known kind.
pub(crate) fn opened(paths: &[PathBuf]) -> Result<Vec<File>> {
    let open = |path: &PathBuf| {
        if path.as_os_str() == "-" {
            let text = "--attach -: stdin is text for the model; give the path of a file";
            return Err(Error::new(ErrorKind::Usage, text));
        }
        let file = File::open(path).map_err(Error::from)?;
        if file.media_type().is_empty() {
            let text = format!(
                "--attach {}: neither its first bytes nor its name tell what it is; give it a name \
                 with an extension, or its text on stdin",
                path.display()
            );
            return Err(Error::new(ErrorKind::Input, text));
        }
        Ok(file)
    };
    paths.iter().map(open).collect()
}

/// The folder to work on: the current one unless it is named.
///
/// # Errors
/// `Input` when it cannot be read.
pub(crate) fn usable_folder(named: Option<PathBuf>) -> Result<PathBuf> {
    let folder = named.map_or_else(std::env::current_dir, Ok).map_err(|error| {
        Error::new(ErrorKind::Input, format!("the current folder cannot be used: {error}"))
    })?;
    // Its entries are read first, so that an error names the folder, not a file in it.
    let usable = folder.canonicalize().and_then(|path| std::fs::read_dir(&path).map(|_| path));
    usable.map_err(|error| {
        Error::new(ErrorKind::Input, format!("cannot use the folder {}: {error}", folder.display()))
    })
}

/// What there is to do.
pub(super) enum Prepared {
    Run(Box<RunOptions>),
    /// Print the first request only.
    DryRun(Box<RunOptions>),
    /// Nothing: this is the result.
    Done(Box<Outcome>),
}

/// The instruction for a session that is continued without one.
const GO_ON: &str = "Go on.";

/// How long a pipe may be silent if the run does not need it.
const OPTIONAL_INPUT: Duration = Duration::from_secs(5);

/// How long a pipe may be silent if the run needs it.
const NEEDED_INPUT: Duration = Duration::from_secs(600);
