//! `zerostack-scaling [WORD]`: counts the instructions of each series, or of those whose name has
//! the word in it, and fails when one is not linear. `zerostack-scaling --ends` counts them at the
//! least and the largest size alone, which decide that. `zerostack-scaling SERIES SIZE` does the
//! work of one, for valgrind.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use zerostack_tests::scaling::{Growth, Series, has_valgrind};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ended = match arguments.as_slice() {
        [name, size] => one(name, size),
        [option] if option == "--ends" => all("", true),
        [word] => all(word, false),
        _ => all("", false),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("zerostack-scaling: {error}");
        ExitCode::FAILURE
    })
}

fn one(name: &str, size: &str) -> Result<ExitCode, Box<dyn Error>> {
    let series = Series::named(name).ok_or_else(|| format!("no series is called {name}"))?;
    (series.run)(size.parse()?);
    Ok(ExitCode::SUCCESS)
}

fn all(word: &str, only_ends: bool) -> Result<ExitCode, Box<dyn Error>> {
    if !has_valgrind() {
        eprintln!("NOT RUN: valgrind is missing: the growth of costs is not checked");
        return Ok(ExitCode::from(NOT_RUN));
    }
    let program = std::env::current_exe()?;
    let left = Mutex::new(Series::all().filter(|series| series.name.contains(word)));
    let next = || left.lock().map_or(None, |mut left| left.next());
    let work = || -> std::io::Result<bool> {
        let mut are_linear = true;
        while let Some(series) = next() {
            let [least, middle, most] = series.sizes;
            let sizes: &[usize] = if only_ends { &[least, most] } else { &[least, middle, most] };
            let growth = Growth::measure(&program, series, sizes)?;
            println!("{growth}");
            are_linear &= growth.is_linear();
        }
        Ok(are_linear)
    };
    let count = thread::available_parallelism().map_or(1, usize::from);
    let ended: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let mut are_linear = true;
    for thread in ended {
        are_linear &= thread.map_err(|_| "a thread panicked")??;
    }
    if are_linear {
        return Ok(ExitCode::SUCCESS);
    }
    Err("ten times the work takes more than twelve times as much".into())
}

/// As `test.sh` knows it.
const NOT_RUN: u8 = 77;
