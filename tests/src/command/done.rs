//! How a run ended.

use std::fmt;

/// A run that has ended.
pub struct Done {
    /// The exit code; 128 and the signal's number where a signal ended it, as shells say it.
    pub code: i32,
    /// All of stdout.
    pub stdout: Vec<u8>,
    /// All of stderr.
    pub stderr: String,
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let beginning: String = self.text().chars().take(8000).collect();
        let Self { code, stderr, .. } = self;
        write!(f, "code {code}, stderr:\n{stderr}stdout:\n{beginning}")
    }
}

impl Done {
    /// Stdout as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The run ended well; gives stdout.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn success(&self) -> String {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.text()
    }

    /// The run ended with `code`, nothing on stdout, and one line about it on stderr, the last,
    /// which is given.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn failure(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{}{}", self.text(), self.stderr);
        assert_eq!(self.text(), "", "{}", self.stderr);
        self.complaint()
    }

    /// The one line on stderr that is about the failure: the last.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn complaint(&self) -> &str {
        let stderr = &self.stderr;
        let line = stderr.lines().last().and_then(|line| line.strip_prefix("zerostack: "));
        assert!(
            stderr.ends_with('\n') && stderr.lines().all(|line| line.starts_with("zerostack: ")),
            "{stderr}"
        );
        line.unwrap_or_else(|| panic!("no word on stderr: {stderr:?}"))
    }

    /// The events of `--events json`, each line parsed.
    ///
    /// # Panics
    /// When a line is not a JSON object with a type.
    #[track_caller]
    pub fn events(&self) -> Vec<serde_json::Value> {
        let text = std::str::from_utf8(&self.stdout).expect("events are UTF-8");
        assert!(text.is_empty() || text.ends_with('\n'), "{text}");
        let parse = |line: &str| {
            let event: serde_json::Value = serde_json::from_str(line).expect(line);
            assert!(event["type"].is_string(), "{line}");
            event
        };
        text.lines().map(parse).collect()
    }
}
