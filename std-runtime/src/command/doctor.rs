//! `doctor`: what this machine allows, and what that means for a run.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::{Command as Process, ExitCode};

use clap::Command;
use serde_json::json;

use super::entry::{Entry, Group, Invocation};
use super::flag;
use super::print::print;
use crate::provider::{self, Config, Endpoint, Flags};
use crate::sandbox::State;
use crate::visible::visible;
use crate::{Error, ErrorKind, Result, state_folder, view};

/// See the module.
pub(crate) const ENTRY: Entry = Entry {
    name: "doctor",
    group: Group::Inspect,
    about: "Check what this machine allows: sandbox, git, configuration",
    usage: "[--network] [--json]",
    arguments,
    run,
};

fn arguments(command: Command) -> Command {
    command
        .arg(flag::switch("network", "Also ask the provider for its models"))
        .arg(flag::switch("json", "Print a line of JSON for each check"))
}

/// One check.
struct Finding {
    name: &'static str,
    state: &'static str,
    detail: String,
    /// Its consequence, if it has one.
    meaning: String,
}

fn run(Invocation { matches, .. }: Invocation<'_>) -> Result<ExitCode> {
    let mut findings = vec![system()];
    let mut failed = None;
    let mut note = |error: Error| {
        let kind = error.kind();
        failed.get_or_insert(kind);
        error.message().to_owned()
    };
    match view::probe() {
        Ok(layers) => findings.extend(layers.iter().map(|layer| {
            let (state, meaning) = match &layer.state {
                State::InForce => ("ok", format!("protects {}", layer.protects)),
                State::Replaced(why) => ("replaced", why.clone()),
                State::Partly(why) => ("partly", why.clone()),
                State::Missing(why) => ("missing", why.clone()),
                _ => ("unknown", String::new()),
            };
            Finding { name: "sandbox", state, detail: layer.name.to_owned(), meaning }
        })),
        Err(error) => findings.push(Finding {
            name: "sandbox",
            state: "error",
            detail: note(error.into()),
            meaning: "runs end with code 44, unless --sandbox off lets tools run without one"
                .to_owned(),
        }),
    }
    findings.push(cgroup());
    findings.push(git());
    findings.push(state());
    findings.push(terminal());
    findings.extend(model(matches.get_flag("network")).unwrap_or_else(|error| {
        let meaning = "runs end with this error".to_owned();
        vec![Finding { name: "model", state: "error", detail: note(error), meaning }]
    }));
    let lines = findings.iter().map(|it| match matches.get_flag("json") {
        true => it.json(),
        false => it.text(),
    });
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    print(visible(&text).as_bytes())?;
    Ok(failed.map_or(ExitCode::SUCCESS, |kind: ErrorKind| ExitCode::from(kind.exit_code())))
}

impl Finding {
    fn ok(name: &'static str, detail: String) -> Self {
        Self { name, state: "ok", detail, meaning: String::new() }
    }

    fn text(&self) -> String {
        let meaning = match self.meaning.as_str() {
            "" => String::new(),
            meaning => format!(": {meaning}"),
        };
        format!("{:<9} {:<8} {}{meaning}", self.name, self.state, self.detail)
    }

    fn json(&self) -> String {
        let Self { name, state, detail, meaning } = self;
        json!({ "name": name, "state": state, "detail": detail, "meaning": meaning }).to_string()
    }
}

fn system() -> Finding {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    Finding::ok("system", format!("{os} {} {arch}", release.trim()))
}

fn cgroup() -> Finding {
    let detail = match Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
        true => "version 2".to_owned(),
        false => "no version 2".to_owned(),
    };
    // The limits of tools are those of processes.
    Finding::ok("cgroup", detail)
}

fn git() -> Finding {
    // Run it outside of any project: a project's settings must not run anything.
    let output = Process::new("git").arg("--version").current_dir("/").output();
    match output {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            Finding::ok("git", text)
        }
        _ => Finding {
            name: "git",
            state: "missing",
            detail: "git is not installed".to_owned(),
            meaning: "patches are not checked, and ignore files are read without git".to_owned(),
        },
    }
}

fn state() -> Finding {
    match state_folder::folder("kept") {
        Ok(path) => {
            let place = path.parent().unwrap_or(&path).display().to_string();
            Finding::ok("state", place)
        }
        Err(error) => Finding {
            name: "state",
            state: "error",
            detail: format!("the state folder cannot be used: {error}"),
            meaning: "--write and undo do not work, and no result is kept".to_owned(),
        },
    }
}

fn terminal() -> Finding {
    let is = |name: &str, is: bool| is.then(|| name.to_owned());
    let streams = [
        is("stdin", io::stdin().is_terminal()),
        is("stdout", io::stdout().is_terminal()),
        is("stderr", io::stderr().is_terminal()),
    ];
    let streams: Vec<String> = streams.into_iter().flatten().collect();
    let streams = if streams.is_empty() { "none".to_owned() } else { streams.join(", ") };
    let term = std::env::var("TERM").unwrap_or_else(|_| "not set".to_owned());
    Finding::ok("terminal", format!("{streams}; TERM is {term}"))
}

/// The model of a run without flags, and the profile of its server.
fn model(asks: bool) -> Result<Vec<Finding>> {
    let env = crate::agent::variable;
    let folder = std::env::current_dir().unwrap_or_default();
    let config = Config::load(&env, &folder)?;
    let flags = Flags::default();
    if !provider::is_configured(&flags, &env, &config.providers)? && !asks {
        return Ok(vec![Finding {
            name: "model",
            state: "missing",
            detail: "no provider is configured".to_owned(),
            meaning: "a run uses a server on the usual ports of this machine, if there is one"
                .to_owned(),
        }]);
    }
    let http = crate::transport::HttpOptions::from_env(&env)?;
    let mut is_asked = false;
    let found = provider::resolve_with(&flags, &env, &config.providers, &mut |endpoint| {
        is_asked = true;
        match asks {
            true => provider::served_models(endpoint, http.clone()),
            false => Ok(vec!["(its only one)".into()]),
        }
    });
    let endpoint = found?;
    let detail = endpoint.to_string();
    let profile = profile(&endpoint);
    if !asks {
        let mut finding = Finding::ok("model", detail);
        finding.meaning = "not asked; --network does".to_owned();
        return Ok(vec![finding, profile]);
    }
    let models = match is_asked {
        true => None,
        false => Some(provider::served_models(&endpoint, http)?),
    };
    let mut finding = Finding::ok("model", detail);
    finding.meaning = "it answers".to_owned();
    let lists =
        |models: Vec<provider::ServedModel>| models.iter().any(|it| it.name == endpoint.model);
    if models.is_some_and(|models| !lists(models)) {
        finding.state = "partly";
        finding.meaning = format!("it answers, and does not list {}", endpoint.model);
    }
    Ok(vec![finding, profile])
}

/// What the server refuses or demands beyond its dialect, and the origin of each field.
fn profile(endpoint: &Endpoint) -> Finding {
    let key = endpoint.output_limit_key.name();
    let mut fields: Vec<String> = endpoint
        .profile
        .fields(endpoint.api)
        .map(|(field, value, host)| {
            let origin = host.map_or("its table", |_| "a known server");
            format!("{} = {value} ({origin})", field.name())
        })
        .collect();
    if endpoint.api == provider::Dialect::OpenAiChat {
        fields.push(format!("output_limit_key = {key}"));
    }
    let name = endpoint.profile.host.map_or("no known server", |host| host.name);
    let fields = if fields.is_empty() { "as its dialect".to_owned() } else { fields.join(", ") };
    Finding::ok("profile", format!("{name}: {fields}"))
}
