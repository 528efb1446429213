//! The command in a real terminal: keys in, screen out. tmux is the terminal.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use zerostack_scripted::Scripted;

use super::{KEY, Place, until};

/// A terminal that the command runs in; it goes with everything in it on drop.
pub struct Terminal {
    socket: String,
}

impl Terminal {
    /// Whether there is tmux. Says loudly that a test was not run if there is none.
    pub fn is_there(test: &str) -> bool {
        let is_there = Command::new("tmux").arg("-V").output().is_ok_and(|it| it.status.success());
        if !is_there {
            eprintln!("NOT RUN: {test}: tmux is not installed");
        }
        is_there
    }

    /// Runs the command in the project of `place`, in a terminal of 80 by 24 characters that is
    /// called `term`, with `provider` as its model.
    ///
    /// # Panics
    /// When tmux cannot be started.
    pub fn start(place: &Place, term: &str, arguments: &[&str], provider: &Scripted) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let socket = format!("zerostack-test-{}-{count}", std::process::id());
        let terminal = Self { socket };
        let environment = [
            format!("PATH={}", std::env::var("PATH").unwrap_or_default()),
            format!("HOME={}", place.folder("home").display()),
            format!("TMPDIR={}", place.folder("tmp").display()),
            format!("TERM={term}"),
            "LANG=C.UTF-8".to_owned(),
            format!("ZEROSTACK_API_KEY={KEY}"),
            format!("ZEROSTACK_BASE_URL={}", provider.base_url()),
            "ZEROSTACK_MODEL=scripted".to_owned(),
        ];
        let mut command = terminal.tmux();
        command.args(["-f", "/dev/null", "-u", "new-session", "-d", "-x", "80", "-y", "24"]);
        command.arg("-c").arg(place.project()).args(["env", "-i"]).args(environment);
        // Its last lines are on the screen.
        // A Ctrl-C during a turn goes to all processes of the terminal.
        let script = "trap : INT; \"$@\"; echo \"ended with $?\"; while :; do sleep 1000; done";
        command.args(["sh", "-c", script, "sh"]).arg(&place.program).args(arguments);
        terminal.run(&mut command);
        terminal
    }

    /// Presses keys by their names in tmux: `Enter`, `Tab`, `Up`, `C-c`.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn press(&self, keys: &[&str]) {
        self.run(self.tmux().args(["send-keys", "-t", "0"]).args(keys));
    }

    /// Types `text`, character by character.
    ///
    /// # Panics
    /// As [`press`](Self::press).
    pub fn type_text(&self, text: &str) {
        self.run(self.tmux().args(["send-keys", "-t", "0", "-l", text]));
    }

    /// Types a line.
    ///
    /// # Panics
    /// As [`press`](Self::press).
    pub fn line(&self, text: &str) {
        self.type_text(text);
        self.press(&["Enter"]);
    }

    /// Pastes `text` as a terminal does that knows bracketed paste.
    ///
    /// # Panics
    /// As [`press`](Self::press).
    pub fn paste(&self, text: &str) {
        self.run(self.tmux().args(["set-buffer", text]));
        self.run(self.tmux().args(["paste-buffer", "-p", "-t", "0"]));
    }

    /// Makes the terminal so large.
    ///
    /// # Panics
    /// As [`press`](Self::press).
    pub fn resize(&self, columns: u32, lines: u32) {
        let (columns, lines) = (columns.to_string(), lines.to_string());
        self.run(self.tmux().args(["resize-window", "-t", "0", "-x", &columns, "-y", &lines]));
    }

    /// What is on the screen and was scrolled off it, without blank lines at the end.
    ///
    /// # Panics
    /// As [`press`](Self::press).
    pub fn screen(&self) -> String {
        let shown = self.run(self.tmux().args(["capture-pane", "-p", "-S", "-", "-t", "0"]));
        String::from_utf8_lossy(&shown.stdout).trim_end().to_owned()
    }

    /// The same with the escape sequences of colours.
    ///
    /// # Panics
    /// As [`press`](Self::press).
    pub fn colors(&self) -> String {
        let shown = self.run(self.tmux().args(["capture-pane", "-p", "-e", "-S", "-", "-t", "0"]));
        String::from_utf8_lossy(&shown.stdout).trim_end().to_owned()
    }

    /// Waits until the screen has `text`, and gives it.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    /// Waits until the screen is as `condition` says, and gives it.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn wait_until(&self, what: &str, condition: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        let is_there = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until(what, || {
                last = self.screen();
                condition(&last)
            });
        }));
        assert!(is_there.is_ok(), "no {what:?} on the screen:\n{last}");
        last
    }

    /// Kills all that runs in it, as a terminal that is closed by force.
    ///
    /// # Panics
    /// When the process cannot be found.
    pub fn kill(&self, marker: &str) {
        for pid in super::processes_with(marker) {
            let pid = pid.parse().ok().and_then(rustix::process::Pid::from_raw);
            let _ =
                pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL));
        }
    }

    fn tmux(&self) -> Command {
        let mut command = Command::new("tmux");
        command.args(["-L", &self.socket]).env_remove("TMUX");
        command
    }

    #[track_caller]
    fn run(&self, command: &mut Command) -> Output {
        let output = command.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {errors}");
        output
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").output();
    }
}
