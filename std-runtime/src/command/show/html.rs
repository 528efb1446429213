//! A run as one page for a browser. Everything in it is from outside, so everything is escaped, and
//! the page loads nothing and runs nothing.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::command::flag::text_of_amount;
use crate::record::Record;
use crate::run::write_file;
use crate::visible::visible;
use crate::{Error, ErrorKind, Result};

/// Writes the page to `path`, whole or not at all; a device is written to.
///
/// # Errors
/// `Input` when the record cannot be read, or the file cannot be written.
pub(super) fn write(record: &Record, path: &Path) -> Result<()> {
    let page = page(record)?;
    write_file(path, page.as_bytes()).map_err(|error| {
        let text = format!("cannot write the page to {}: {error}", path.display());
        Error::new(ErrorKind::Input, text)
    })
}

fn page(record: &Record) -> Result<String> {
    let about = &record.about;
    let mut page = Page { html: HEAD.to_owned(), round: 0, open: Open::Nothing };
    page.html.push_str(&format!("<title>zerostack run {}</title>\n</head>\n<body>\n", record.id));
    page.html.push_str(&format!("<h1>Run {}</h1>\n<table>\n", record.id));
    let ended = match (&about.error, record.is_undone, record.is_written) {
        (Some(error), ..) => format!("failed ({}): {error}", about.exit_code),
        (None, true, _) => "written, and taken back".to_owned(),
        (None, false, true) => "written".to_owned(),
        (None, false, false) => "ended well".to_owned(),
    };
    let usage = about.usage;
    let share = u64::from(usage.cache_read_tokens) * 100;
    let share = share.checked_div(usage.input_tokens.into()).unwrap_or(0);
    let tokens = format!(
        "{} in, of these {} from the cache ({share} %), {} out",
        usage.input_tokens, usage.cache_read_tokens, usage.output_tokens
    );
    for (name, value) in [
        ("Task", about.task.clone()),
        ("Prompt", about.prompt.clone()),
        ("Model", format!("{} ({})", about.model, about.provider)),
        ("Folder", about.folder().display().to_string()),
        ("End", ended),
        ("Time", format!("{} ms", about.duration_ms)),
        ("Tokens", tokens),
        ("Cost", about.cost_micros.map_or("unknown".to_owned(), text_of_amount)),
        ("Files", about.files.join(", ")),
    ] {
        let value = escaped(&value);
        page.html.push_str(&format!("<tr><th>{name}</th><td>{value}</td></tr>\n"));
    }
    page.html.push_str("</table>\n");
    match record.events() {
        Ok(events) => {
            for line in events.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                page.event(&serde_json::from_slice(line).unwrap_or_default());
            }
        }
        Err(error) => page.block("note", error.message()),
    }
    page.close();
    let patch = record.patch()?;
    if !patch.is_empty() {
        page.patch(&String::from_utf8_lossy(&patch));
    }
    page.html.push_str("</body>\n</html>\n");
    Ok(page.html)
}

struct Page {
    html: String,
    round: u32,
    open: Open,
}

/// The kind of the text so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Text,
    Reasoning,
}

impl Page {
    fn event(&mut self, event: &Value) {
        let text = |key: &str| event[key].as_str().unwrap_or_default();
        let parent = event["parent"].as_str().map(|it| format!(" in {it}")).unwrap_or_default();
        match text("type") {
            "text" | "refusal" => self.piece(Open::Text, text("text")),
            "reasoning" => self.piece(Open::Reasoning, text("text")),
            "tool_call" => {
                let title = format!("call {}{parent}", text("name"));
                self.details("call", &title, text("arguments"), true);
            }
            "tool_result" => {
                let failed = if event["is_error"] == true { " failed" } else { "" };
                let title = format!("result of {}{failed}{parent}", text("name"));
                self.details(
                    if failed.is_empty() { "result" } else { "error" },
                    &title,
                    text("content"),
                    false,
                );
            }
            "usage" => {
                self.close();
                let count = |key: &str| event["usage"][key].as_u64().unwrap_or(0);
                let (input, cached) = (count("input_tokens"), count("cache_read_tokens"));
                let share = (cached * 100).checked_div(input).unwrap_or(0);
                let output = count("output_tokens");
                let line =
                    format!("{input} tokens in, {cached} of them cached ({share} %), {output} out");
                self.block("usage", &line);
            }
            "reply_end" => {
                self.close();
                self.round += 1;
                let line = format!("round {} ended: {}{parent}", self.round, text("stop"));
                self.block("round", &line);
            }
            "check" => {
                let title = format!("check {}: {}", text("command"), text("how"));
                self.details("result", &title, text("output"), event["passed"] != true);
            }
            "result" => {
                self.close();
                let error = &event["error"];
                if let Some(message) = error["message"].as_str() {
                    self.block("error", message);
                }
            }
            "start" => {}
            // All other events are shown as a line of JSON.
            _ => {
                self.close();
                self.block("note", &event.to_string());
            }
        }
    }

    /// A part of a text, which continues until another event.
    fn piece(&mut self, kind: Open, text: &str) {
        if self.open != kind {
            self.close();
            self.html.push_str(match kind {
                Open::Reasoning => "<details><summary>reasoning</summary><pre>",
                _ => "<pre class=\"text\">",
            });
            self.open = kind;
        }
        self.html.push_str(&escaped(text));
    }

    fn close(&mut self) {
        self.html.push_str(match self.open {
            Open::Nothing => "",
            Open::Text => "</pre>\n",
            Open::Reasoning => "</pre></details>\n",
        });
        self.open = Open::Nothing;
    }

    fn details(&mut self, class: &str, title: &str, text: &str, is_open: bool) {
        self.close();
        let open = if is_open { " open" } else { "" };
        let (title, text) = (escaped(title), escaped(text));
        let _ = writeln!(
            self.html,
            "<details class=\"{class}\"{open}><summary>{title}</summary><pre>{text}</pre></details>"
        );
    }

    fn block(&mut self, class: &str, text: &str) {
        let text = escaped(text);
        let _ = writeln!(self.html, "<p class=\"{class}\">{text}</p>");
    }

    fn patch(&mut self, patch: &str) {
        self.html.push_str("<h2>Patch</h2>\n<pre class=\"patch\">");
        for line in patch.lines() {
            let class = match line.as_bytes() {
                [b'+', ..] => "added",
                [b'-', ..] => "removed",
                [b'@', ..] => "hunk",
                _ => "",
            };
            let line = escaped(line);
            let _ = writeln!(self.html, "<span class=\"{class}\">{line}</span>");
        }
        self.html.push_str("</pre>\n");
    }
}

/// Escaped text, which contains no markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            character => out.push(character),
        }
    }
    out
}

const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">
<meta name=\"referrer\" content=\"no-referrer\">
<meta name=\"viewport\" content=\"width=device-width\">
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222; background: #fff; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f5f5f5; padding: .6em; margin: .3em 0; }
th { text-align: left; vertical-align: top; padding-right: 1em; } td { overflow-wrap: anywhere; }
.text { background: none; } .usage, .round, .note { color: #666; font-size: 13px; margin: .2em 0; }
.round { border-bottom: 1px solid #ccc; } .error { color: #a00; }
.added { color: #060; } .removed { color: #a00; } .hunk { color: #06c; }
</style>
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_contains_no_markup() {
        let text = "</pre><script>alert('x')</script>\"&amp;\u{202e}\u{1b}[31m";
        let out = escaped(text);
        assert!(!out.contains(['<', '>', '"', '\'', '\u{202e}', '\u{1b}']), "{out}");
        assert!(out.contains("&lt;script&gt;") && out.contains("&amp;amp;"), "{out}");
    }
}
