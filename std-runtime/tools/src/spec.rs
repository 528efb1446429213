//! The descriptions of the tools, as the model reads them.

use zerostack_core::ToolSpec;

/// All tools of this crate, in the order of the request.
pub const fn specs() -> &'static [ToolSpec<'static>] {
    SPECS
}

/// Every byte here is sent with every session: each text explains only what a model gets wrong without it.
const SPECS: &[ToolSpec<'static>] = &[
    ToolSpec {
        name: "read",
        description: "Read a file. A line comes as ANCHOR, tab, text; `edit` takes anchors (12kab). \
            At most 2000 lines or 50 KB, then go on with offset.",
        parameters: r#"{"type":"object","properties":{"path":{"type":"string"},"offset":{"type":"integer","description":"first line, from 1"},"limit":{"type":"integer"}},"required":["path"]}"#,
    },
    ToolSpec {
        name: "write",
        description: "Create or overwrite a whole file; folders are made. To change one use `edit`.",
        parameters: r#"{"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}},"required":["path","content"]}"#,
    },
    ToolSpec {
        name: "edit",
        description: "Change a file by edits, all or none, each against the file before the call. An edit is \
            {old,new}: exact text that occurs once (all: everywhere); {at,new}: replace the line of an \
            anchor, or lines at..to; or {before,new} or {after,new}: insert lines there. new \"\" deletes. \
            Anchors stay valid while their line does not change; the result gives new ones.",
        parameters: r#"{"type":"object","properties":{"path":{"type":"string"},"edits":{"type":"array","items":{"type":"object","properties":{"old":{"type":"string"},"all":{"type":"boolean"},"at":{"type":"string"},"to":{"type":"string"},"before":{"type":"string"},"after":{"type":"string"},"new":{"type":"string"}},"required":["new"]}}},"required":["path","edits"]}"#,
    },
    ToolSpec {
        name: "bash",
        description: "Run bash in the working folder, without stdin: stdout and stderr mixed (long output \
            loses its middle), exit status. Processes end with the call, unless background names them.",
        parameters: r#"{"type":"object","properties":{"command":{"type":"string"},"timeout_ms":{"type":"integer","description":"default 120000"},"background":{"type":"string"}},"required":["command"]}"#,
    },
    ToolSpec {
        name: "grep",
        description: "Search files by regex; path:line:text. Skips ignored and binary files.",
        parameters: r#"{"type":"object","properties":{"pattern":{"type":"string"},"path":{"type":"string"},"glob":{"type":"string","description":"*.rs, src/**, !*.md"},"ignore_case":{"type":"boolean"},"context":{"type":"integer"}},"required":["pattern"]}"#,
    },
    ToolSpec {
        name: "find",
        description: "Find files and folders by glob: *.toml matches names, src/**/*.rs paths. Skips ignored ones.",
        parameters: r#"{"type":"object","properties":{"pattern":{"type":"string"},"path":{"type":"string"}},"required":["pattern"]}"#,
    },
    ToolSpec {
        name: "list",
        description: "List a folder with sizes: name/ folder, name* executable, name@ link.",
        parameters: r#"{"type":"object","properties":{"path":{"type":"string"}}}"#,
    },
];
