//! `zerostack-scripted --script FILE [--port N] [--record FILE]`: the scripted provider for tests
//! in any language.
//!
//! It prints its address (`http://127.0.0.1:PORT`) as one line on stdout and serves until every
//! reply of the script was played, or until it is killed. The form of a script is described in the
//! documentation of `zerostack_scripted`; the record has one line of JSON for each request.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use zerostack::{Error, ErrorKind, Result};
use zerostack_scripted::{Script, Scripted, ScriptedOptions};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("zerostack-scripted: {error}");
            ExitCode::from(error.kind().exit_code())
        }
    }
}

fn run() -> Result<()> {
    let Arguments { script, port, record } = Arguments::parse(std::env::args_os().skip(1))?;
    let record = record.map(|path| {
        File::create(&path).map_err(|error| {
            Error::new(ErrorKind::Input, format!("cannot write {}: {error}", path.display()))
        })
    });
    let record = record.transpose()?.map(|file| Box::new(file) as Box<dyn Write + Send>);
    let options = ScriptedOptions { port, record };
    let provider = Scripted::start_with(Script::load(&script)?, options)?;
    println!("http://{}", provider.address());
    provider.wait_until_played();
    Ok(())
}

struct Arguments {
    script: PathBuf,
    port: u16,
    record: Option<PathBuf>,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> Result<Self> {
        let (mut script, mut port, mut record) = (None, 0, None);
        while let Some(name) = arguments.next() {
            let name = name.to_string_lossy().into_owned();
            let value = arguments.next().ok_or_else(|| usage(&format!("{name} has no value")))?;
            match name.as_str() {
                "--script" => script = Some(value.into()),
                "--record" => record = Some(value.into()),
                "--port" => {
                    let number = value.to_str().and_then(|value| value.parse().ok());
                    port = number.ok_or_else(|| usage("--port takes a number up to 65535"))?;
                }
                _ => return Err(usage(&format!("there is no option {name}"))),
            }
        }
        Ok(Self { script: script.ok_or_else(|| usage("--script is missing"))?, port, record })
    }
}

fn usage(reason: &str) -> Error {
    let usage = "zerostack-scripted --script FILE [--port N] [--record FILE]";
    Error::new(ErrorKind::Usage, format!("{reason}; usage: {usage}"))
}
