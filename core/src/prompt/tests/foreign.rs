//! Files that were written for other programs, and text that only looks like a placeholder.

use super::*;

#[test]
fn front_matter_counts_after_comments_and_empty_lines() {
    let front = "---\ntools: Read\n---\nbody";
    for before in ["<!-- made -->\n", "\n\n", "<!-- a\n--- b -->\n\n  <!-- c -->\n", "\u{feff}\r\n"]
    {
        let source = format!("{before}{front}");
        let prompt = parse(&source);
        assert_eq!(
            (list(prompt.tools()), prompt.body()),
            (vec!["Read".into()], "body"),
            "{source}"
        );
        let bad = format!("{before}---\nname: a\nname: b\n---\n");
        let line = 3 + before.matches('\n').count();
        assert_eq!(fault(&bad).line as usize, line, "{bad}");
    }
    for before in ["# generated\n", "// made by x\n# y\n\n", "#!/usr/bin/env zerostack\n"] {
        let source = format!("{before}{front}");
        assert_eq!(list(parse(&source).tools()), ["Read"], "{source}");
        // Words between rules stay text.
        for fields in ["Words: these.", "Words."] {
            let source = format!("{before}---\n{fields}\n---\nmore");
            assert_eq!(parse(&source).body(), source, "{source}");
        }
    }
    // Rules of Markdown.
    for source in
        ["<!-- a -->\n---\nWords.\n---\nmore", "\n---\nWords.", "<!-- open\n---\na: b\n---\n"]
    {
        let prompt = parse(source);
        assert_eq!((prompt.fields().count(), prompt.body()), (0, source.trim()), "{source}");
    }
}

#[test]
fn front_matter_of_other_programs_is_read() {
    let no_names: [String; 0] = [];
    let excluded = |prompt: Prompt<'_>| {
        prompt.excluded_tools().map(|t| t.chars().collect()).collect::<Vec<String>>()
    };
    // opencode
    let source = front("description: d\nmode: subagent\ntools:\n  write: false\n  bash: true");
    assert!(parse(&source).tools().is_none());
    assert_eq!(excluded(parse(&source)), ["write"]);
    let source = front("tools: {\"*\": false, bash: true}\npermission:\n  edit: deny\n  bash: ask");
    assert_eq!(list(parse(&source).tools()), ["bash"]);
    assert_eq!(excluded(parse(&source)), ["edit"]);
    // Claude Code
    let source = front("tools: \"*\"\ndisallowedTools: Write, Edit");
    assert!(parse(&source).tools().is_none());
    assert_eq!(excluded(parse(&source)), ["Write", "Edit"]);
    // Other spellings: a limit that is not recognised would not apply.
    for field in ["allowed_tools", "allowedTools", "Allowed-Tools", "TOOLS", "\"tools\""] {
        let source = front(&format!("{field}: Read"));
        assert_eq!(list(parse(&source).tools()), ["Read"], "{field}");
        assert_eq!(fault(&front(&format!("{field}: {{a: b}}"))).reason, Reason::NotList);
    }
    let source = front("disallowed_tools: Write\ntools:\n  edit: false\n  read: true");
    assert_eq!(excluded(parse(&source)), ["edit", "Write"]);
    // dotprompt
    let source = front(
        "model: googleai/gemini\nconfig:\n  temperature: 1\ninput:\n  schema:\n    name: string\n\
         output:\n  schema:\n    format: string\n  format: json",
    );
    assert_eq!(parse(&source).output(), Some(Output::Json));
    assert_eq!(parse(&front("output:\n  format: json")).output(), Some(Output::Json));
    assert_eq!(parse(&front("output:\n  schema:\n    format: json")).output(), None);
    // prompty
    let source = front(
        "name: n\nauthors:\n  - a\nmodel:\n  api: chat\n  configuration:\n    type: azure\n\
         inputs:\n  question:\n    type: string\ntools:\n  - id: t\n    name: search\n    type: function",
    );
    assert!(parse(&source).model().is_none());
    assert_eq!(list(parse(&source).tools()), ["search"]);
    // VS Code
    let source =
        front("agent: agent\nmodel: ['A (copilot)', B]\ntools: ['search/codebase', 'x/*']");
    assert!(parse(&source).model().is_some_and(|model| model == "A (copilot)"));
    let tools = list(parse(&source).tools());
    assert_eq!((tool_name(&tools[0]), tool_name(&tools[1])), (Some("grep"), None));
    // gh-aw
    let source = front("tools:\n  github:\n    allowed: [a]\n  edit:\n  bash: [\"git:*\"]");
    assert_eq!(list(parse(&source).tools()), ["github", "edit", "bash"]);
    // MCP
    let source = "---\narguments:\n  - name: issue\n    description: \"its: number\"\n    required: true\n  - \
                  description: b\n    name: branch\n---\n$issue {{branch}}.";
    let prompt = parse(source);
    assert_eq!(prompt.argument_names().into_iter().flatten().count(), 2);
    assert_eq!(rendered(source, &[("ARGUMENTS", "7 main")]), "7 main.");
    assert_eq!(rendered(source, &[("issue", "7")]), "7 .");
    assert_eq!(prompt.rendered_len(&[]).map_err(|e| e.kind()), Err(ErrorKind::MissingPlaceholder));
    let source = front("tools:\n  - name: get\n    inputSchema:\n      name: x\n  - name: put");
    assert_eq!(list(parse(&source).tools()), ["get", "put"]);
    // Keys in quotes, switches with capitals, descriptions that an editor has wrapped.
    let source = front("\"description\": d\n'tools': Read\ndisable-model-invocation: True");
    assert_eq!(
        (text(parse(&source).field("description")), list(parse(&source).tools())),
        ("d".into(), vec!["Read".into()])
    );
    assert!(!parse(&source).is_model_invocable());
    for wrapped in [
        "Writes plans. Use it for: designs,\n  drafts",
        "Reads.\n  examples: a\n  b",
        "A: b\n  C: d",
    ] {
        let source = front(&format!("description:\n  {wrapped}\nname: n"));
        let told = text(parse(&source).field("description"));
        assert_eq!(told, wrapped.replace("\n ", ""), "{source}");
    }
    assert_eq!(
        list(parse(&front("tools: mcp__a__b, @c/d")).tools())
            .iter()
            .filter_map(|t| tool_name(t))
            .map(String::from)
            .collect::<Vec<_>>(),
        no_names
    );
    for (theirs, ours) in [
        ("run_terminal_cmd", "bash"),
        ("editFiles", "edit"),
        ("read_file", "read"),
        ("list_directory", "list"),
        ("edit/*", "edit"),
    ] {
        assert_eq!(tool_name(theirs), Some(ours));
    }
    assert_eq!((tool_name("github/search"), tool_name("mcp__github__search")), (None, None));
}

#[test]
fn what_only_looks_like_a_placeholder_stays_text() {
    let given = [("ARGUMENTS", "one two three four five")];
    for body in [
        "Run `awk '{print $1}' log`.",
        "Run `awk '{print $1, $2}' log`.",
        "Run `awk \"{print $1}\" log`.",
        "```sh\nf() { echo \"$1\" \"$@\" ${2:-x}; }\n```",
        "```\nawk '\n  {print $1}'\n```",
        "```html\n<p>{{ message }}</p>\n```",
        "~~~vue\n{{ a }} {{ b|c }}\n~~~",
        "Keep `{{ name | upper }}`.",
        "{{ name | upper }} {{ x | default(\"y\") }} {{ when | date: \"%Y\" }}",
        "<p>{{ message }}</p> <span class=\"a\">{{ x }}</span>",
        "$100 and $5, $2.3M",
        "---\nargument-hint: [n]\n---\nIt costs $100 or $5: `awk '{print $2}' $9`",
        "${input:name:what} {{#if x}} {% if y %}",
    ] {
        let plain = parse(body).body();
        assert_eq!(rendered(body, &given), plain);
        assert_eq!(rendered(body, &[]), plain);
    }
    for (body, expected) in [
        ("See `gh pr view $1`.", "See `gh pr view one`."),
        (
            "Fix $1:\n```\ngit log $1 | awk '{print $1}'\n```",
            "Fix one:\n```\ngit log one | awk '{print $1}'\n```",
        ),
        ("---\nargument-hint: <n>\n---\n```\ngh pr view $1\n```", "```\ngh pr view one\n```"),
        ("---\narguments: n\n---\n`x $n {{n}} '$1'`", "`x one one 'one'`"),
        ("```\n$ARGUMENTS\n```", "```\none two three four five\n```"),
        ("<task>{{x|y}}</task>", "<task>y</task>"),
    ] {
        assert_eq!(rendered(body, &given), expected);
    }
    // A value that is given is meant.
    assert_eq!(rendered("```\n{{code}}\n```", &[("code", "x")]), "```\nx\n```");
    assert_eq!(parse("```\n{{code}}\n```").placeholders().count(), 1);
}

#[test]
fn a_hint_makes_nothing_obligatory() {
    let source = "---\nargument-hint: \"[pr] [line]\"\n---\nReview $1, line $2, $ARGUMENTS[1].";
    assert_eq!(rendered(source, &[]), "Review , line , .");
    assert_eq!(rendered(source, &[("ARGUMENTS", "7")]), "Review 7, line , .");
    let declared = parse("---\nargument-hint: x\narguments: x\n---\n$x").rendered_len(&[]);
    assert_eq!(declared.map_err(|error| error.kind()), Err(ErrorKind::MissingPlaceholder));
}
