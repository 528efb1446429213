//! The `zerostack` command: arguments in, exit code out.

mod args;
mod help;
mod history;
mod permissions;
mod sample;
mod signals;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use zerostack_core::RoomPolicy;
use zerostack_core::prompt::Output;

use crate::agent::AgentEvent;
use crate::error::{listed, unwritable};
use crate::plumbing::{decode, encode, prefix, step};
use crate::run::contract::{Form, Format, findings};
use crate::run::events::EventWriter;
use crate::run::input::{self, Given, Patience};
use crate::run::progress::Progress;
use crate::run::{
    self, Delivery, Instructions, Observer, Outcome, PromptFiles, RunOptions, Start, Stop, tape,
};
use crate::sandbox::ToolHost;
use crate::visible::visible;
use crate::{Error, ErrorKind, Result, commit, own_process, tool};
use args::{Command, RunArgs};

/// Runs the command with the arguments of the process, and its tools by `tools`: only a program
/// whose `main` is this may give [`ToolHost::ThisProgram`].
pub fn main(tools: ToolHost) -> ExitCode {
    own_process::settle();
    if STDOUT_IS_CLOSED.load(Ordering::Relaxed) {
        return fail(&unwritable(&"it is closed; open it, or send it to /dev/null"));
    }
    match args::parse(std::env::args_os().skip(1)).and_then(|command| execute(command, tools)) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// Remembers for [`main`] whether stdout is closed. To be called before anything of Rust's own
/// runs, which opens it.
#[doc(hidden)]
pub fn notice_closed_stdout() {
    let is_closed = rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err();
    STDOUT_IS_CLOSED.store(is_closed, Ordering::Relaxed);
}

static STDOUT_IS_CLOSED: AtomicBool = AtomicBool::new(false);

fn execute(command: Command, tools: ToolHost) -> Result<ExitCode> {
    let done = |result: Result<()>| result.map(|()| ExitCode::SUCCESS);
    match command {
        Command::Help => done(print(help::HELP)),
        Command::Version => done(print(concat!("zerostack ", env!("CARGO_PKG_VERSION"), "\n"))),
        Command::Prompts => {
            let files =
                PromptFiles::load(&std::env::current_dir().unwrap_or_default(), args::COMMANDS);
            files.warnings().iter().for_each(|warning| tell(warning));
            let lines = files.list();
            let lines = lines.iter().map(|(name, what)| format!("{name:<12} {what}\n"));
            // A project names and describes prompts as it likes.
            done(print(&visible(&lines.collect::<String>())))
        }
        Command::Tool { name } => Ok(tool::main(&name, io::stdin().lock(), io::stdout().lock())),
        Command::Call => done(step::call(&mut io::stdin().lock(), &mut io::stdout().lock())),
        Command::Decode { api, chunks, form } => {
            let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
            done(decode::run(api, chunks, form, &mut input, &mut output))
        }
        Command::Encode { config, prefix_report } => {
            let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
            done(if prefix_report {
                prefix::run(&config, &mut input, &mut output)
            } else {
                encode::run(*config, &mut input, &mut output)
            })
        }
        Command::Step => done(step::run(&mut io::stdin().lock(), &mut io::stdout().lock())),
        Command::Answer => done(step::answer(&mut io::stdin().lock(), &mut io::stdout().lock())),
        Command::Begin { system, tools, text } => {
            done(step::begin(&system, &tools, &text, &mut io::stdout().lock()))
        }
        Command::Tokens(options) => {
            let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
            done(crate::tokens::run(&options, &mut input, &mut output, &mut io::stderr()))
        }
        Command::Permissions(check) => done(permissions::run(&check)),
        Command::History(history) => done(history::run(&history)),
        Command::Replay { path, requests } => done(replay(&path, requests)),
        Command::Run(run) => Ok(transaction(*run, tools, None)),
        Command::Try(run) => {
            let sample = sample::Sample::create()?;
            Ok(transaction(*run, tools, Some(&sample)))
        }
    }
}

/// A run, from arguments to the result on stdout and the exit code.
fn transaction(args: RunArgs, tools: ToolHost, sample: Option<&sample::Sample>) -> ExitCode {
    let stop = Stop::new();
    signals::stop_on_signals(&stop);
    if let Some(limit) = args.time_limit {
        end_after(&stop, limit);
    }
    let events = args.events;
    let mut screen = Screen {
        events: events.then(|| EventWriter::new(io::stdout())),
        progress: (!args.quiet).then(|| Progress::new(io::stderr())),
    };
    let output_file = args.output_file.clone();
    let yes = args.yes;
    let prepared = prepare(args, tools, sample, &stop).and_then(|prepared| {
        let folder = match &prepared {
            Prepared::Run(options) => options.folder.clone(),
            Prepared::Done(_) => std::path::PathBuf::from("."),
        };
        Ok((prepared, Delivery::new(output_file, folder)?))
    });
    let (prepared, delivery) = match prepared.map_err(|error| stop.reason(error)) {
        Ok(prepared) => prepared,
        Err(error) => {
            let result = Err(error);
            if let Some(writer) = &mut screen.events {
                // The error itself is told below.
                let _ = writer.result(&result);
            }
            return result.map_or_else(|error| fail(&error), |_| ExitCode::SUCCESS);
        }
    };
    let result = match prepared {
        Prepared::Done(outcome) => Ok(*outcome),
        Prepared::Run(options) => {
            run::run(&options, &stop, &mut screen).and_then(|outcome| match &outcome.plan {
                Some(plan) if yes => {
                    let done = run::carry_out(plan, &options, &stop, &mut |line| tell(&line));
                    done.map(|()| outcome)
                }
                _ => Ok(outcome),
            })
        }
    };
    if let (Ok(outcome), Some(progress)) = (&result, &mut screen.progress) {
        progress.end(outcome);
    }
    let written = match (&mut screen.events, &result) {
        (Some(writer), _) => match (writer.result(&result), &result) {
            (Err(error), Ok(outcome)) => Err(delivery.keep(error, outcome)),
            (Ok(()), Ok(outcome)) if delivery.is_to_file() => delivery.write(outcome),
            (written, _) => written,
        },
        (None, Ok(outcome)) => delivery.write(outcome),
        (None, Err(_)) => Ok(()),
    };
    match (result, written) {
        (Err(error), _) | (Ok(_), Err(error)) => fail(&error),
        (Ok(_), Ok(())) => ExitCode::SUCCESS,
    }
}

/// What the arguments and stdin ask for.
fn prepare(
    args: RunArgs,
    tools: ToolHost,
    sample: Option<&sample::Sample>,
    stop: &Stop,
) -> Result<Prepared> {
    let folder = match (sample, args.folder) {
        (Some(sample), _) => sample.folder().to_owned(),
        (None, Some(folder)) => folder,
        (None, None) => std::env::current_dir().map_err(|error| {
            Error::new(ErrorKind::Input, format!("the current folder cannot be used: {error}"))
        })?,
    };
    // Its entries are read first, so that what is wrong is said of the folder, not of a file in it.
    let usable = folder.canonicalize().and_then(|path| std::fs::read_dir(&path).map(|_| path));
    let folder = usable.map_err(|error| {
        Error::new(ErrorKind::Input, format!("cannot use the folder {}: {error}", folder.display()))
    })?;
    let mut files = PromptFiles::load(&folder, args::COMMANDS);
    let mut words = args.words;
    let dash = words.last().is_some_and(|word| word == "-");
    if dash {
        words.pop();
    }
    let prompt = match args.prompt {
        Some(name) => name,
        None if words.first().is_some_and(|word| files.has(word)) => words.remove(0),
        None => "code".to_owned(),
    };
    let task = match sample {
        Some(_) if words.is_empty() => sample::TASK.to_owned(),
        _ => words.join(" "),
    };
    let patience = match (dash, args.stdin_limit) {
        (true, _) => Patience::Forever,
        (false, Some(limit)) => Patience::Until(limit),
        (false, None) if task.is_empty() => Patience::Until(NEEDED_INPUT),
        (false, None) => Patience::Until(OPTIONAL_INPUT),
    };
    let input = match sample.is_some() && !dash {
        true => Given::Nothing,
        false => input::read(patience, stop.cancel())?,
    };
    let input = match input {
        Given::Text(input) => Some(input),
        // A command that failed gives nothing, and a run without it would do something else.
        Given::Empty if task.is_empty() && !dash && prompt != "code" => {
            let text = "stdin is empty: the command before it gave nothing; give an instruction, \
                        or `</dev/null` to go on without";
            return Err(Error::new(ErrorKind::Input, text));
        }
        Given::Empty | Given::Nothing => None,
    };
    if input.as_ref().is_some_and(|input| input.is_repaired) {
        tell(&"stdin is not UTF-8; what is wrong in it is replaced by U+FFFD");
    }
    let input = input.map(|input| input.text);
    // The other prompts know what to do without a word.
    if task.is_empty() && input.is_none() && prompt == "code" {
        let text = "nothing to do: say what to change, as in `zerostack \"make the test pass\"`";
        return Err(Error::new(ErrorKind::Usage, text));
    }
    let found = files.find(&prompt, &task);
    files.warnings().iter().for_each(|warning| tell(warning));
    let instructions = found?.ok_or_else(|| {
        let names: Vec<String> = files.list().into_iter().map(|(name, _)| name).collect();
        let text = format!("there is no prompt {prompt:?}; there are {}", names.join(", "));
        Error::new(ErrorKind::Usage, text)
    })?;
    let mut instructions = instructions.with_context(&folder)?;
    let notes = instructions.context.as_mut().map(run::Context::take_notes);
    notes.into_iter().flatten().for_each(|note| tell(&note));
    instructions.skills.warnings().iter().for_each(|warning| tell(warning));
    if let Some(output) = args.output {
        instructions.output = output;
        instructions.form = Form::Plain;
    }
    check_form((args.format, args.yes, args.dry_run), &instructions)?;
    let mut model = args.model;
    if crate::agent::variable("ZEROSTACK_MODEL").is_none() {
        model.model = model.model.or_else(|| instructions.model.clone());
    }
    if let Some(sample) = sample {
        model = sample.model(model, &folder)?;
    }
    if args.write && args.output_file.is_some() {
        let text = "--write and --output-file do not go together: `zerostack show RUN --patch` \
                    prints the patch of a run that was written";
        return Err(Error::new(ErrorKind::Usage, text));
    }
    if args.write && instructions.output != Output::Patch {
        let (name, output) = (&instructions.name, run::events::output_name(instructions.output));
        let text = format!("--write: the prompt {name} gives {output}, not a patch");
        return Err(Error::new(ErrorKind::Usage, text));
    }
    if args.write {
        // Better told before the model is asked.
        drop(commit::Lock::take()?);
    }
    let mut scope = None;
    if let Some(found) = input.as_deref().filter(|_| instructions.keeps_to_findings) {
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
    let format = args.format.unwrap_or_default();
    let RunArgs { sandbox, record, permissions, mut limits, idle_limit, room, write, .. } = args;
    limits.room = room.unwrap_or(RoomPolicy::Summarise);
    Ok(Prepared::Run(Box::new(RunOptions {
        folder,
        model,
        instructions,
        input,
        sandbox,
        tools,
        record,
        permissions,
        limits,
        idle_limit,
        write,
        format,
        scope,
    })))
}

/// What there is to do.
enum Prepared {
    Run(Box<RunOptions>),
    /// Nothing: this is the result.
    Done(Box<Outcome>),
}

/// Whether the options for some results go with the prompt's.
fn check_form(
    (format, yes, dry_run): (Option<Format>, bool, bool),
    instructions: &Instructions,
) -> Result<()> {
    let is_plan = instructions.output == Output::Text && instructions.form == Form::Commands;
    let fits = match format {
        None | Some(Format::Lines) => true,
        Some(Format::Json) => is_plan || instructions.output == Output::Findings,
        Some(Format::Sarif) => instructions.output == Output::Findings,
    };
    let name = &instructions.name;
    if !fits {
        let text = format!("--json and --sarif are for findings, which {name} does not give");
        return Err(Error::new(ErrorKind::Usage, text));
    }
    if (yes || dry_run) && !is_plan {
        let text = format!("--yes and --dry-run are for commands, which {name} does not give");
        return Err(Error::new(ErrorKind::Usage, text));
    }
    if yes && dry_run {
        let text = "--yes and --dry-run do not go together";
        return Err(Error::new(ErrorKind::Usage, text));
    }
    Ok(())
}

/// The files that findings name, of which one at least exists.
fn scope_of(found: &[findings::Finding], folder: &std::path::Path) -> Result<BTreeSet<String>> {
    let (files, missing) = findings::files_of(found, folder);
    let names: Vec<String> = missing.into_iter().collect();
    if files.is_empty() {
        let text = format!(
            "no file that the findings on stdin name exists: {}; run it in their folder",
            listed(&names)
        );
        return Err(Error::new(ErrorKind::Input, text));
    }
    if !names.is_empty() {
        tell(&format_args!("findings for files that do not exist: {}", listed(&names)));
    }
    Ok(files)
}

/// Plays a tape: its events, or its requests, on stdout.
fn replay(path: &std::path::Path, requests: bool) -> Result<()> {
    let file = std::fs::File::open(path).map_err(|error| {
        Error::new(ErrorKind::Input, format!("cannot read the tape {}: {error}", path.display()))
    })?;
    let stdout = || io::stdout().lock();
    let failed = |error: io::Error| unwritable(&error);
    let mut writer = EventWriter::new(io::stdout());
    let mut show = |event: &AgentEvent| if requests { Ok(()) } else { writer.event(event) };
    let mut request = |mut request: zerostack_core::Request<'_>| {
        if !requests {
            return Ok(());
        }
        let mut buffer = [0; 4096];
        loop {
            let count = request.read(&mut buffer);
            if count == 0 {
                return stdout().write_all(b"\n").map_err(failed);
            }
            stdout().write_all(&buffer[..count]).map_err(failed)?;
        }
    };
    tape::replay(file, &mut show, &mut request)
}

/// Both ways to watch a run.
struct Screen {
    events: Option<EventWriter<io::Stdout>>,
    progress: Option<Progress<io::Stderr>>,
}

impl Observer for Screen {
    fn asks_for_models(&mut self, endpoint: &crate::provider::Endpoint) -> Result<()> {
        self.progress.as_mut().map_or(Ok(()), |progress| progress.asks_for_models(endpoint))
    }

    fn recovered(&mut self, line: &str) {
        tell(&line);
    }

    fn start(&mut self, start: &Start<'_>) -> Result<()> {
        if let Some(progress) = &mut self.progress {
            progress.start(start)?;
        }
        self.events.as_mut().map_or(Ok(()), |events| events.start(start))
    }

    fn event(&mut self, event: &AgentEvent) -> Result<()> {
        if let Some(progress) = &mut self.progress {
            progress.event(event)?;
        }
        self.events.as_mut().map_or(Ok(()), |events| events.event(event))
    }
}

fn end_after(stop: &Arc<Stop>, limit: Duration) {
    let stop = Arc::clone(stop);
    std::thread::spawn(move || {
        std::thread::sleep(limit);
        stop.stop(ErrorKind::Limit);
    });
}

fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| unwritable(&error))
}

/// Tells a person something.
fn tell(text: &dyn std::fmt::Display) {
    // Nothing can be told where stderr is closed.
    let _ = writeln!(io::stderr(), "zerostack: {}", visible(&text.to_string()));
}

fn fail(error: &Error) -> ExitCode {
    tell(error);
    ExitCode::from(error.kind().exit_code())
}

/// How long a pipe may be silent that a run can do without.
const OPTIONAL_INPUT: Duration = Duration::from_secs(5);

/// How long a pipe may be silent that a run needs.
const NEEDED_INPUT: Duration = Duration::from_secs(600);
