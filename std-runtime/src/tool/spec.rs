//! What a model is told of the tools.

use zerostack_core::ToolSpec;

/// All tools of this crate, in the order in which a model is told of them.
pub const fn specs() -> &'static [ToolSpec<'static>] {
    SPECS
}

/// Every byte here is sent with every session: each text says what a model gets wrong without it.
const SPECS: &[ToolSpec<'static>] = &[
    ToolSpec {
        name: "read",
        description: "Read a file. A line comes as ANCHOR, tab, text; `edit` takes anchors (12kab). \
            At most 2000 lines or 50 KB a call, then go on with offset.",
        parameters: r#"{"type":"object","properties":{"path":{"type":"string"},"offset":{"type":"integer","description":"first line, from 1"},"limit":{"type":"integer","description":"lines"}},"required":["path"]}"#,
    },
    ToolSpec {
        name: "write",
        description: "Create or overwrite a whole file; folders are made. To change a file use `edit`.",
        parameters: r#"{"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}},"required":["path","content"]}"#,
    },
    ToolSpec {
        name: "edit",
        description: "Change a file by one or more edits, all or none, each against the file as it was \
            before the call. An edit is one of {old,new}: exact text that occurs once (all: everywhere); \
            {at,new}: replace the line of an anchor, or the lines at..to; {before,new} or {after,new}: \
            insert lines there. new \"\" deletes. Line ends are kept. Anchors stay valid \
            while their line does not change; the result gives the new ones.",
        parameters: r#"{"type":"object","properties":{"path":{"type":"string"},"edits":{"type":"array","items":{"type":"object","properties":{"old":{"type":"string"},"all":{"type":"boolean"},"at":{"type":"string"},"to":{"type":"string"},"before":{"type":"string"},"after":{"type":"string"},"new":{"type":"string"}},"required":["new"]}}},"required":["path","edits"]}"#,
    },
    ToolSpec {
        name: "bash",
        description: "Run a bash command in the working folder, without stdin. Gives stdout and \
            stderr mixed (long output loses its middle) and the exit status. Background processes end with the call.",
        parameters: r#"{"type":"object","properties":{"command":{"type":"string"},"timeout_ms":{"type":"integer","description":"default 120000"}},"required":["command"]}"#,
    },
    ToolSpec {
        name: "grep",
        description: "Search file contents by regex; path:line:text. Ignored and binary files are skipped.",
        parameters: r#"{"type":"object","properties":{"pattern":{"type":"string"},"path":{"type":"string","description":"file or folder"},"glob":{"type":"string","description":"only such files: *.rs, src/**, !*.md"},"ignore_case":{"type":"boolean"},"context":{"type":"integer","description":"lines around"}},"required":["pattern"]}"#,
    },
    ToolSpec {
        name: "find",
        description: "Find files and folders by glob: *.toml matches names, src/**/*.rs paths. Ignored ones are skipped.",
        parameters: r#"{"type":"object","properties":{"pattern":{"type":"string"},"path":{"type":"string"}},"required":["pattern"]}"#,
    },
    ToolSpec {
        name: "list",
        description: "List a folder with sizes: name/ folder, name* executable, name@ link.",
        parameters: r#"{"type":"object","properties":{"path":{"type":"string"}}}"#,
    },
];
