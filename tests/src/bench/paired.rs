//! The command and another agent, in turns: a busy machine slows both alike.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use zerostack_scripted::{Request, Script, Scripted};

use super::Table;
use super::process;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// An agent, and how it is asked to do what the script says.
pub struct Contestant {
    /// Its name in the table.
    pub name: &'static str,
    /// Its program.
    pub program: PathBuf,
    /// Its arguments; `{url}` in them stands for the base URL of the provider.
    pub arguments: Vec<String>,
    /// What its home folder holds; `{url}` in a file stands for the same.
    pub home: Option<PathBuf>,
}

impl Contestant {
    /// The command `program` of this project.
    pub fn ours(program: PathBuf) -> Self {
        let arguments = ["--base-url", "{url}", "--model", "scripted", "--write", TASK];
        let arguments = arguments.map(str::to_owned).to_vec();
        Self { name: "ours", program, arguments, home: None }
    }
}

/// What a run took.
struct Sample {
    cpu_ms: f64,
    wall_ms: f64,
    request_bytes: f64,
    connections: f64,
}

/// Measures both, `runs` times each in turns, and as often again for memory.
///
/// # Errors
/// When one of them does not do what the script says.
pub fn measure(runs: usize, pair: &[Contestant; 2]) -> Result<Table> {
    let mut table = Table::new("one tool call, in turns");
    let write = ("write", json!({ "path": "greeting.txt", "content": "hello\n" }));
    let bash = ("bash", json!({ "command": "echo hello >greeting.txt" }));
    for (tool, arguments) in [write, bash] {
        let mut samples: [Vec<Sample>; 2] = Default::default();
        let mut peaks: [Vec<f64>; 2] = Default::default();
        for _ in 0..runs {
            for (contestant, samples) in pair.iter().zip(&mut samples) {
                samples.push(contestant.run(tool, &arguments)?);
            }
        }
        for _ in 0..runs {
            for (contestant, peaks) in pair.iter().zip(&mut peaks) {
                peaks.push(contestant.peak(tool, &arguments)?);
            }
        }
        let median_of = |of: fn(&Sample) -> f64| {
            samples.each_ref().map(|samples| median(samples.iter().map(of).collect()))
        };
        for (what, [ours, theirs], goal) in [
            ("CPU, ms", median_of(|it| it.cpu_ms), "≤ 33 %"),
            ("wall, ms", median_of(|it| it.wall_ms), "≤ 33 %"),
            ("peak PSS of the tree, MiB", peaks.map(median), "≤ 4 MiB"),
            ("first request, bytes", median_of(|it| it.request_bytes), "≤ 4000"),
            ("connections", median_of(|it| it.connections), "1"),
        ] {
            let figure = format!("{ours:.1} · {theirs:.1}");
            let share = format!("{:.0} % of it", 100.0 * ours / theirs);
            let what = format!("{tool}: {what}, {} · {}", pair[0].name, pair[1].name);
            table.row(&what, &figure, &share, goal);
        }
    }
    Ok(table)
}

impl Contestant {
    fn run(&self, tool: &str, arguments: &Value) -> Result<Sample> {
        let (run, provider) = self.play(tool, arguments, process::run)?;
        Ok(Sample {
            cpu_ms: run.cpu.as_secs_f64() * 1000.0,
            wall_ms: run.wall.as_secs_f64() * 1000.0,
            request_bytes: asked(&provider).first().map_or(0, |it| it.body.len()) as f64,
            connections: provider.connections() as f64,
        })
    }

    fn peak(&self, tool: &str, arguments: &Value) -> Result<f64> {
        let ((_, peak), _) = self.play(tool, arguments, process::peak)?;
        Ok(peak.kib as f64 / 1024.0)
    }

    /// One run in a project and a home of its own; `watch` is how it is run.
    fn play<T>(
        &self,
        tool: &str,
        arguments: &Value,
        watch: impl FnOnce(&mut Command) -> std::io::Result<T>,
    ) -> Result<(T, Scripted)> {
        let script = Script::new().call(tool, arguments.clone()).text("I wrote the greeting.");
        let provider = Scripted::start(script)?;
        let url = provider.base_url();
        let place = tempfile::tempdir()?;
        let (project, home) = (place.path().join("project"), place.path().join("home"));
        fs::create_dir(&project)?;
        fs::create_dir(&home)?;
        if let Some(from) = &self.home {
            fill(from, &home, &url)?;
        }
        let mut command = Command::new(&self.program);
        command.args(self.arguments.iter().map(|argument| argument.replace("{url}", &url)));
        command.env_clear().env("HOME", &home).env("OPENAI_API_KEY", "none");
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        let ran = watch(command.current_dir(&project))?;
        let written = fs::read_to_string(project.join("greeting.txt")).unwrap_or_default();
        let rounds = asked(&provider).len();
        if written != "hello\n" || rounds != 2 {
            let what = format!("{}: {rounds} requests, and the file holds {written:?}", self.name);
            return Err(what.into());
        }
        Ok((ran, provider))
    }
}

/// Copies the files of `from` with `{url}` filled in.
fn fill(from: &Path, to: &Path, url: &str) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            fs::create_dir(&to)?;
            fill(&from, &to, url)?;
        } else {
            fs::write(&to, fs::read_to_string(&from)?.replace("{url}", url))?;
        }
    }
    Ok(())
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}

/// What both are asked for.
pub const TASK: &str = "Do what the script says.";

/// The requests for an answer; some agents ask for a list of the models too.
fn asked(provider: &Scripted) -> Vec<Request> {
    provider.requests().into_iter().filter(|request| request.method == "POST").collect()
}
