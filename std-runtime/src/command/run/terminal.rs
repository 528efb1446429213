//! The person at the terminal, who is asked whether a call may run.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::os::fd::AsFd as _;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::ask::{Answer, Question};
use crate::transport::Cancel;

/// The terminal that the command was started from, whatever its stdin and stdout are.
pub(in crate::command) struct Person {
    cancel: Cancel,
}

/// The person at the terminal; `None` if there is none, or if this process may not read from it
/// because it is in the background.
pub(in crate::command) fn person(cancel: &Cancel) -> Option<Person> {
    let tty = open().ok().filter(|_| io::stderr().is_terminal())?;
    let foreground = rustix::termios::tcgetpgrp(&tty).ok()?;
    let is_foreground = foreground == rustix::process::getpgrp();
    is_foreground.then(|| Person { cancel: cancel.clone() })
}

fn open() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open("/dev/tty")
}

impl Person {
    /// Whether the call may run; `within` names the scope of `always`.
    pub(in crate::command) fn ask(&self, question: &Question, within: &str) -> Answer {
        open().and_then(|tty| self.asked(tty, question, within)).unwrap_or(Answer::Nobody)
    }

    /// The answer to `text`, which asks for yes or no; `None` if there is none.
    pub(in crate::command) fn confirms(&self, text: &str) -> Option<bool> {
        let mut tty = open().ok()?;
        let _ = rustix::termios::tcflush(&tty, rustix::termios::QueueSelector::IFlush);
        loop {
            tty.write_all(text.as_bytes()).ok()?;
            match self.line(&mut tty).ok()??.trim().to_ascii_lowercase().as_str() {
                "y" | "yes" => return Some(true),
                "n" | "no" => return Some(false),
                _ => {}
            }
        }
    }

    fn asked(&self, mut tty: File, question: &Question, within: &str) -> io::Result<Answer> {
        // Input that was typed before the question does not answer it.
        let _ = rustix::termios::tcflush(&tty, rustix::termios::QueueSelector::IFlush);
        tty.write_all(shown(question).as_bytes())?;
        loop {
            tty.write_all(format!("run it? [y]es, [a]lways in this {within}, [n]o: ").as_bytes())?;
            let Some(line) = self.line(&mut tty)? else { return Ok(Answer::Nobody) };
            match line.trim().to_ascii_lowercase().as_str() {
                "y" | "yes" => return Ok(Answer::Yes),
                "a" | "always" => return Ok(Answer::Always),
                "n" | "no" => return Ok(Answer::No),
                _ => {}
            }
        }
    }

    /// A line, unless the run is stopped or the terminal disappears first.
    fn line(&self, tty: &mut File) -> io::Result<Option<String>> {
        let pause = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        loop {
            if self.cancel.is_cancelled() {
                return Ok(None);
            }
            let ready = match poll(&mut [PollFd::new(&tty.as_fd(), PollFlags::IN)], Some(&pause)) {
                Ok(ready) => ready,
                Err(rustix::io::Errno::INTR) => 0,
                Err(errno) => return Err(errno.into()),
            };
            if ready == 0 {
                continue;
            }
            // The terminal delivers whole lines.
            let mut buffer = [0; 1024];
            return match tty.read(&mut buffer)? {
                0 => Ok(None),
                count => {
                    let line = buffer.get(..count).unwrap_or_default();
                    Ok(Some(String::from_utf8_lossy(line).into_owned()))
                }
            };
        }
    }
}

/// The question as a person sees it, without control sequences.
fn shown(question: &Question) -> String {
    let visible = |text: &str| zerostack_text::visible(text).into_owned();
    let mut text = format!(
        "\nThe model wants to run {}, which needs your permission: {}\n",
        question.tool,
        visible(&question.reason)
    );
    for line in question.subject.lines() {
        text.push_str(&format!("    {}\n", visible(line)));
    }
    for line in question.diff.iter().take(DIFF_LINES) {
        text.push_str(&format!("    {}\n", visible(line)));
    }
    if let Some(more) = question.diff.len().checked_sub(DIFF_LINES).filter(|more| *more > 0) {
        text.push_str(&format!("    … {more} more lines\n"));
    }
    text
}

/// The number of lines of a diff that fit on a screen.
const DIFF_LINES: usize = 40;
