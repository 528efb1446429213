//! The flags of a chat, and the options of a run that they set.

use std::time::Duration;

use clap::{Arg, Command};

use crate::command::color;
use crate::command::entry::Invocation;
use crate::command::flag::{self, given_rules, value, values};
use crate::command::print::tell;
use crate::command::run::{
    attach, folder, limit_flags, limits_of, model_flags, model_of, opened, permission_flags,
    person, usable_folder,
};
use crate::command::usage::unknown_prompt;
use crate::command::{options, sandboxed, sessions, trust};
use crate::permissions::Permissions;
use crate::run::contract::Format;
use crate::run::{Context, Filling, PromptFiles, RunOptions};
use crate::transport::Cancel;
use crate::{Result, commit};

/// Adds the flags of a chat.
pub(super) fn arguments(command: Command) -> Command {
    // A person decides how long a chat lasts.
    let limits = limit_flags()
        .into_iter()
        .filter(|arg| !["time-limit", "stdin-limit"].iter().any(|it| arg.get_id() == it));
    let output =
        vec![flag::switch("write", "Apply the changes after each turn").short('w'), color::color()];
    let prompt = flag::option("prompt", "NAME", "The prompt (code)").short('p');
    let files = vec![folder(), prompt, attach()];
    let requests = options::arguments().into_iter().chain([options::header()]).collect();
    let groups: [(&'static str, Vec<Arg>); 8] = [
        ("Model", model_flags()),
        ("Requests", requests),
        ("Files", files),
        ("Session", sessions::flags()),
        ("Sandbox", sandboxed::flags()),
        ("Permissions", permission_flags()),
        ("Output", output),
        ("Limits", limits.collect()),
    ];
    let command = groups.into_iter().fold(command, |command, (heading, args)| {
        command.args(args.into_iter().map(|arg| arg.help_heading(heading)))
    });
    let words = Arg::new("words").value_name("INSTRUCTION").num_args(0..);
    command.arg(words.help("The first message"))
}

/// The options, and the available prompts.
///
/// # Errors
/// `Usage`, or `Input` for a folder that cannot be used, `Configuration` for a prompt.
pub(super) fn read(invocation: &Invocation<'_>) -> Result<(RunOptions, PromptFiles)> {
    let matches = &invocation.matches;
    let folder = usable_folder(value(matches, "folder"))?;
    let session = sessions::given(matches);
    sessions::check(&session)?;
    let mut files = PromptFiles::load(&folder, &invocation.names());
    let last = session.last_prompt(&folder).filter(|last| files.has(last));
    let prompt = value(matches, "prompt").or(last).unwrap_or_else(|| "code".to_owned());
    let wishes = trust::wishes(&folder, &files, &prompt)?;
    trust::ask(&wishes, |text| person(&Cancel::new())?.confirms(text));
    let found = files.find(&prompt, &mut Filling::default())?;
    files.warnings().iter().for_each(|warning| tell(warning));
    let instructions = found.ok_or_else(|| unknown_prompt(&prompt, &files))?;
    let mut instructions = instructions.with_context(&folder)?;
    let notes = instructions.context.as_mut().map(Context::take_notes);
    notes.into_iter().flatten().for_each(|note| tell(&note));
    instructions.skills.warnings().iter().for_each(|warning| tell(warning));
    let mut model = model_of(matches);
    if crate::agent::variable("ZEROSTACK_MODEL").is_none() {
        model.model = model.model.or_else(|| instructions.model.clone());
    }
    let write = matches.get_flag("write");
    if write {
        // Report it before the model is asked.
        drop(commit::Lock::take()?);
    }
    let (sandbox, access) = sandboxed::given(matches);
    let (mode, rules) = (value(matches, "mode"), given_rules(matches));
    let permissions = Permissions { mode, rules, ..Permissions::default() };
    let idle_limit = value::<u32>(matches, "idle-limit");
    let options = RunOptions {
        folder,
        model,
        instructions,
        input: None,
        attached: opened(&values(matches, "attach"))?,
        large_input: None,
        sandbox,
        access,
        tools: invocation.tools.clone(),
        record: None,
        record_attachments: false,
        permissions,
        limits: limits_of(matches),
        idle_limit: idle_limit.map(|it| Duration::from_secs(it.into())),
        write,
        takes_answer: true,
        call_deltas: false,
        format: Format::default(),
        subagents: matches.get_flag("subagents"),
        prompts: files.clone(),
        scope: None,
        check: None,
        attempts: 1,
        best_of: 1,
        strategies: Vec::new(),
        session,
        prove_prefix: false,
        kept: None,
        fork: None,
        attempt: 1,
    };
    Ok((options, files))
}
