//! Running the commands of a plan, after the user agreed to it.

use std::process::{Command, Stdio};

use zerostack_policy::{Policy, Verdict};

use super::contract::commands::Plan;
use super::{RunOptions, Stop};
use crate::error::quote;
use crate::permissions::Wished;
use crate::{Error, ErrorKind, Result, provider, sandbox};

/// Runs the commands of `plan` in the user's folder, with the user's rights and one after the
/// other, until one fails. Their output goes to stderr; they do not see the keys of providers.
/// `tell` gets a line before each.
///
/// # Errors
/// `Denied`, before any of them runs, if a rule denies one; `Tool` if one fails.
pub fn carry_out(
    plan: &Plan,
    options: &RunOptions,
    stop: &Stop,
    tell: &mut dyn FnMut(&str),
) -> Result<()> {
    let config = provider::Config::load(&crate::agent::variable, &options.folder)?;
    let permissions = &options.permissions;
    let mode = permissions.mode(config.permissions.wished(), Wished::default(), sandbox::Mode::Off);
    let rules = permissions.rules.iter().chain(&config.permissions.rules).cloned();
    let policy =
        rules.fold(Policy::new(mode), |policy, (verdict, rule)| policy.with_rule(verdict, rule));
    let home = std::env::var("HOME").ok().filter(|home| home.starts_with('/'));
    let policy = policy.with_folders(options.folder.to_str().map(str::to_owned), home);
    for step in &plan.steps {
        let decision = policy.check_command(&step.command);
        // The user has already agreed to what a rule would ask about.
        if decision.verdict == Verdict::Deny {
            let (command, why) = (quote(&step.command), decision.reason);
            let text = format!("not permitted: {command}: {why}; no command was run");
            return Err(Error::new(ErrorKind::Denied, text));
        }
    }
    let endpoint = provider::resolve(&options.model, &crate::agent::variable, &config.providers)?;
    let keys = provider::key_variables(std::env::vars_os(), &config.providers, &endpoint);
    let count = plan.steps.len();
    for (index, step) in plan.steps.iter().enumerate() {
        if stop.why().is_some() {
            return Err(crate::transport::Cancel::error().into());
        }
        tell(&format!("{}/{count}: {} ({})", index + 1, step.changes, step.command));
        let mut command = Command::new("sh");
        command.args(["-c", &step.command]).current_dir(&options.folder).stdin(Stdio::null());
        for key in &keys {
            command.env_remove(key);
        }
        // Stdout has only the result.
        let stderr = rustix::io::dup(rustix::stdio::stderr()).map_err(std::io::Error::from);
        let ended = stderr.and_then(|stderr| command.stdout(stderr).status());
        let failed = |why: String| {
            let done = match index {
                0 => "no earlier command was run".to_owned(),
                1 => "the earlier command was run".to_owned(),
                _ => format!("the {index} earlier commands were run"),
            };
            let text = format!("{}: {why}; {done}", quote(&step.command));
            Err(Error::new(ErrorKind::Tool, text))
        };
        match ended {
            Ok(status) if status.success() => {}
            Ok(status) => return failed(format!("it ended with {status}")),
            Err(error) => return failed(error.to_string()),
        }
    }
    Ok(())
}
