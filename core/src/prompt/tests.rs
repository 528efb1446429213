//! Unit tests of the prompt library; files of the public collections are in `tests/prompts.rs`.

extern crate std;
use super::*;
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

mod foreign;

fn parse(text: &str) -> Prompt<'_> {
    match Prompt::parse("test", text) {
        Ok(prompt) => prompt,
        Err(error) => panic!("{:?} {:?}", error, Fault::of(error)),
    }
}

fn front(fields: &str) -> String {
    format!("---\n{fields}\n---\nbody\n")
}

fn fault(text: &str) -> Fault {
    let error = Prompt::parse("test", text).expect_err("the prompt should not be read");
    assert_eq!(error.kind(), ErrorKind::BadPrompt);
    Fault::of(error).expect("a place")
}

fn text(value: Option<Value<'_>>) -> String {
    match value {
        Some(Value::Text(text)) => text.chars().collect(),
        other => panic!("not a text: {other:?}"),
    }
}

fn list(items: Option<Items<'_>>) -> Vec<String> {
    items.expect("a list").map(|item| item.chars().collect()).collect()
}

fn rendered(source: &str, values: &[(&str, &str)]) -> String {
    let mut out = vec![0; 4096];
    let length = parse(source).render(values, &mut out).expect("rendered");
    let mut written = Vec::new();
    assert_eq!(parse(source).render_to(values, &mut Writer(&mut written)), Ok(length));
    assert_eq!(out.get(..length), Some(written.as_slice()));
    String::from_utf8(written).expect("UTF-8")
}

struct Writer<'a>(&'a mut Vec<u8>);

impl embedded_io::ErrorType for Writer<'_> {
    type Error = core::convert::Infallible;
}

impl embedded_io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        // Three bytes at a time: writers may take less than they are given.
        let taken = bytes.len().min(3);
        self.0.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

#[test]
fn a_text_without_front_matter_is_all_body() {
    let prompt = parse("\n\nHello\n---\nworld\n\n");
    assert_eq!(prompt.body(), "Hello\n---\nworld");
    assert_eq!(prompt.fields().count(), 0);
    assert_eq!(parse("").body(), "");
}

#[test]
fn byte_order_mark_and_carriage_returns_are_taken() {
    let prompt = parse(
        "\u{feff}---\r\nname: a\r\ntools:\r\n  - read\r\n  - edit\r\n---\r\n\r\nHi\r\nyou\r\n",
    );
    assert_eq!(text(prompt.field("name")), "a");
    assert_eq!(list(prompt.tools()), ["read", "edit"]);
    assert_eq!(prompt.body(), "Hi\r\nyou");
}

#[test]
fn scalars_are_decoded() {
    let cases = [
        ("a: plain text", "plain text"),
        ("a: it's # not a comment", "it's"),
        ("a: C#", "C#"),
        ("a: http://x:80/y#z", "http://x:80/y#z"),
        ("a: one\n  two\n\n  three", "one two\nthree"),
        ("a:\n  below # c", "below"),
        ("a:\n  below\n  it", "below it"),
        ("a:\n  'below: it'", "below: it"),
        ("a: - x", "- x"),
        ("a: 'it''s'", "it's"),
        ("a: \"tab\\t\\u00e9\\x41\\U0001F600\\\\ \\\"q\\\"\" # comment", "tab\té\u{41}😀\\ \"q\""),
        ("a: \"one\n  two\n\n  three\"", "one two\nthree"),
        ("a: \"one\\\n    two\"", "onetwo"),
        ("a: |\n  one\n    two\n\n  three\n\n", "one\n  two\n\nthree\n"),
        ("a: |-\n  one\n  two", "one\ntwo"),
        ("a: |+\n  one\n\n\nb: x", "one\n\n\n"),
        ("a: |2\n   one", " one\n"),
        ("a: >\n  one\n  two\n\n  three", "one two\nthree\n"),
        ("a: >-\n  one\n    more\n  two", "one\n  more\ntwo"),
        ("a: >\n\n  one", "\none\n"),
        ("a: |\n  # text\n  x", "# text\nx\n"),
        ("a: |\nb: x", ""),
        ("a: ''", ""),
        // YAML refuses these, but they have only one meaning.
        ("a: Triggers on: 'x', 'y: z'", "Triggers on: 'x', 'y: z'"),
        ("a: [issue] [branch]", "[issue] [branch]"),
        ("a: {file} here", "{file} here"),
        ("a: @file", "@file"),
        ("a: **bold**", "**bold**"),
        ("a: > 5 things", "> 5 things"),
        ("a: one\n  Note: two", "one Note: two"),
    ];
    for (fields, expected) in cases {
        assert_eq!(text(parse(&front(fields)).field("a")), expected, "{fields}");
        let windows = front(fields).replace('\n', "\r\n");
        assert_eq!(text(parse(&windows).field("a")), expected, "{fields} with \\r\\n");
    }
}

#[test]
fn texts_that_stand_as_they_are_are_borrowed() {
    for fields in ["a: plain", "a: \"quoted\"", "a: 'quoted'"] {
        let source = front(fields);
        let Some(Value::Text(text)) = parse(&source).field("a") else { panic!("{fields}") };
        assert!(text.as_str().is_some(), "{fields}");
    }
    let source = front("a: 'it''s'");
    let Some(Value::Text(text)) = parse(&source).field("a") else { panic!() };
    assert_eq!(text.as_str(), None);
    assert_eq!(text.read(&mut [0; 4]), Ok("it's"));
    assert_eq!(text.read(&mut [0; 1]), Err(Error::new(ErrorKind::Full, 3)));
}

#[test]
fn lists_come_in_four_forms() {
    for fields in [
        "tools: read, Bash(git add:*, git diff:*), edit",
        "tools: read Bash(git add:*, git diff:*) edit",
        "tools: [read, \"Bash(git add:*, git diff:*)\", 'edit']",
        "tools: [\n  read,\n  \"Bash(git add:*, git diff:*)\", edit\n]",
        "tools:\n  - read\n  # why not\n  - \"Bash(git add:*, git diff:*)\" # yes\n\n  - edit",
        "tools:\n- read\n- Bash(git add:*, git diff:*)\n- edit",
        "allowed-tools: read, Bash(git add:*, git diff:*), edit,",
    ] {
        let expected = ["read", "Bash(git add:*, git diff:*)", "edit"];
        assert_eq!(list(parse(&front(fields)).tools()), expected, "{fields}");
    }
    assert_eq!(list(parse(&front("tools: []")).tools()), [""; 0]);
    assert_eq!(list(parse(&front("tools:")).tools()), [""; 0]);
    assert!(parse(&front("name: a")).tools().is_none());
    assert_eq!(list(parse(&front("check: cargo test, all")).check()), ["cargo test, all"]);
    assert_eq!(list(parse(&front("check: [a b, c]")).check()), ["a b", "c"]);
}

#[test]
fn maps_and_deeper_values_of_other_programs_are_kept() {
    let pairs = |fields: &str| match parse(&front(fields)).field("metadata") {
        Some(Value::Map(pairs)) => {
            pairs.map(|(k, v)| (String::from(k), v.chars().collect())).collect::<Vec<(_, String)>>()
        }
        other => panic!("{other:?}"),
    };
    let expected = [("author".into(), "me".into()), ("version".into(), "1.0".into())];
    assert_eq!(pairs("metadata:\n  author: me\n  version: \"1.0\""), expected);
    assert_eq!(pairs("metadata:\n  'author': me\n  \"version\": 1.0"), expected);
    assert_eq!(pairs("metadata: {author: me, \"version\": '1.0'}"), expected);
    let nested = "hooks:\n  PreToolUse:\n    - matcher: x\n      run: y";
    assert!(matches!(parse(&front(nested)).field("hooks"), Some(Value::Nested(_))));
    assert!(matches!(parse(&front("a: [[1], 2]")).field("a"), Some(Value::Nested("[[1], 2]"))));
}

#[test]
fn known_fields_are_read() {
    let source = "---\nname: x\ndescription: y\noutput: json\nschema: {\"type\": \"object\"}\nmodel: inherit\n\
                  mode: plan\nincludes: [a]\nargument-hint: [issue]\ndisable-model-invocation: true\n---\n";
    let prompt = parse(source);
    assert_eq!(prompt.output(), Some(Output::Json));
    assert!(prompt.schema().is_some_and(|schema| schema == "{\"type\": \"object\"}"));
    assert!(prompt.model().is_none());
    assert!(prompt.mode().is_some_and(|mode| mode == "plan"));
    assert!(prompt.argument_hint().is_some_and(|hint| hint == "[issue]"));
    assert!(!prompt.is_model_invocable());
    let block = parse("---\noutput: json\nschema: |\n  {\"type\":\n    \"array\"}\n---\n");
    assert!(block.schema().is_some_and(|schema| schema == "{\"type\":\n  \"array\"}\n"));
    assert_eq!(tool_name("Bash(git:*)"), Some("bash"));
    assert_eq!(tool_name("Glob"), Some("find"));
    assert_eq!(tool_name("WebFetch"), None);
}

#[test]
fn what_would_change_the_meaning_is_refused_with_its_place() {
    let cases = [
        ("---\nname: a\n", 1, 1, Reason::Unclosed),
        ("---\nname: a\njust text\n---\n", 3, 1, Reason::Key),
        ("---\n- a\n---\n", 2, 1, Reason::Key),
        ("---\nname: a\nb: c\nname: d\n---\n", 4, 1, Reason::Duplicate),
        ("---\nname: a\n\tb: c\n---\n", 3, 1, Reason::Indent),
        ("---\nname: a\n  model: c\n---\n", 3, 1, Reason::Indent),
        ("---\n  name: a\n---\n", 2, 1, Reason::Indent),
        ("---\na: |\n    x\n  y\n---\n", 4, 1, Reason::Indent),
        ("---\nname: 'a\nmodel: b's\n---\n", 2, 7, Reason::Quote),
        ("---\nname: é \"\nmodel: \"a\n---\n", 3, 8, Reason::Quote),
        ("---\nname: 'it's'\n---\n", 2, 11, Reason::AfterQuote),
        ("---\nname: \"\\d\"\n---\n", 2, 8, Reason::Escape),
        ("---\ntools: [a, b\n---\n", 2, 8, Reason::Bracket),
        ("---\ntools:\n  - a\n  - \"b\n---\n", 4, 5, Reason::Quote),
        ("---\na: *alias\n---\n", 2, 4, Reason::Tag),
        ("---\na: !include x\n---\n", 2, 4, Reason::Tag),
        ("---\na: &x y\n---\n", 2, 4, Reason::Tag),
        ("---\nname: [a]\n---\n", 2, 7, Reason::NotText),
        ("---\ntools: {a: b}\n---\n", 2, 8, Reason::NotList),
        ("---\ntools:\n  - - a\n---\n", 2, 7, Reason::NotList),
        ("---\ntools:\n  bash: on\n---\n", 2, 7, Reason::NotList),
        ("---\ndisable-model-invocation: yes\n---\n", 2, 27, Reason::NotBool),
        ("---\noutput: pach\n---\n", 2, 9, Reason::Output),
        ("---\noutput: text\nschema: {}\n---\n", 3, 1, Reason::Schema),
    ];
    for (source, line, column, reason) in cases {
        assert_eq!(fault(source), Fault { line, column, reason }, "{source}");
        assert!(!reason.message().is_empty());
    }
}

#[test]
fn limits_hold_at_their_edge() {
    let fields = |count: usize| (0..count).map(|n| format!("f{n}: x\n")).collect::<String>();
    assert_eq!(parse(&front(&fields(MAX_FIELDS))).fields().count(), MAX_FIELDS);
    assert_eq!(fault(&front(&fields(MAX_FIELDS + 1))).reason, Reason::TooLong);
    let long = |bytes: usize| format!("---\na: {}\n---\n", "x".repeat(bytes - "a: \n".len()));
    assert!(Prompt::parse("a", &long(MAX_FRONT_MATTER_BYTES)).is_ok());
    assert_eq!(fault(&long(MAX_FRONT_MATTER_BYTES + 1)).reason, Reason::TooLong);
    let names = |count: usize| format!("arguments: {}", "a ".repeat(count));
    assert!(Prompt::parse("a", &front(&names(MAX_ARGUMENTS))).is_ok());
    assert_eq!(fault(&front(&names(MAX_ARGUMENTS + 1))).reason, Reason::TooLong);
}

#[test]
fn places_beyond_the_packed_bits_are_held_at_the_greatest() {
    let source = format!("---\n{}a: \"\\d\"\n---\n", "\n".repeat(20_000));
    assert_eq!(fault(&source), Fault { line: 0x3fff, column: 5, reason: Reason::Escape });
    let source = format!("---\na: \"{}\\d\"\n---\n", "x".repeat(5000));
    assert_eq!(fault(&source), Fault { line: 2, column: 0xfff, reason: Reason::Escape });
}

#[test]
fn placeholders_are_filled() {
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case<'_>; 32] = [
        (
            "run\n\n    awk '{print $1}' log\n\non $1",
            &[("1", "x")],
            "run\n\n    awk '{print $1}' log\n\non x",
        ),
        ("awk's field is '$1'", &[("1", "x")], "awk's field is 'x'"),
        ("a {{x}} b {{ x }}", &[("x", "1")], "a 1 b 1"),
        ("{{x|fall back}}", &[], "fall back"),
        ("{{x|fall back}}", &[("x", "")], ""),
        ("{{x|}}!", &[], "!"),
        ("\\{{x}} \\$1 \\$ARGUMENTS \\n", &[], "{{x}} \\$1 $ARGUMENTS \\n"),
        ("${{ x }} {{{x}}} {{#each}} {{a.b}} {x}", &[], "${{ x }} {{{x}}} {{#each}} {{a.b}} {x}"),
        ("do $ARGUMENTS now", &[("ARGUMENTS", "a  b")], "do a  b now"),
        ("do $@", &[("1", "a"), ("2", "b c")], "do a b c"),
        ("do $ARGUMENTS", &[], "do "),
        ("$ARGUMENTSX $PATH", &[], "$ARGUMENTSX $PATH"),
        ("$1-$2", &[("ARGUMENTS", "a 'b c' d")], "a-b c"),
        ("$1-$2", &[("ARGUMENTS", "\"a b\"  \n c")], "a b-c"),
        ("$1.", &[("1", "x")], "x."),
        ("$1 $2.3M $100 $1,000 $1x $1%", &[("1", "x")], "x $2.3M $100 $1,000 $1x $1%"),
        ("it costs $5", &[], "it costs $5"),
        ("$ARGUMENTS[1]$ARGUMENTS[0]", &[("ARGUMENTS", "a b")], "ba"),
        ("${1:-none} ${2:-none}", &[("ARGUMENTS", "a")], "a none"),
        ("${@:2} ${@:2:1}", &[("ARGUMENTS", "a b c")], "b c b"),
        ("${ARGUMENTS:-nothing}", &[], "nothing"),
        (
            "---\narguments: issue branch\n---\n$issue on $branch, $other",
            &[("ARGUMENTS", "7 main")],
            "7 on main, $other",
        ),
        ("---\narguments: [issue]\n---\n{{issue}} $1", &[("issue", "7")], "7 7"),
        (
            "---\narguments:\n  issue:\n  branch: 'it''s'\n---\n$issue {{branch}} $2",
            &[("1", "7")],
            "7 it's it's",
        ),
        ("---\nargument-hint: [floor] [n]\n---\nroom $2", &[("ARGUMENTS", "a b")], "room b"),
        ("{\"a\": {{x}}}", &[("x", "1")], "{\"a\": 1}"),
        ("{$1} $$1 {{$1}}", &[("1", "x")], "{x} $x {{x}}"),
        ("${1:-d}", &[("1", "")], "d"),
        ("${ARGUMENTS:-e}", &[("ARGUMENTS", " ")], "e"),
        ("$1$ARGUMENTS", &[("1", "")], ""),
        ("{{{{x}}}} $${{ x }}", &[("x", "1")], "{{{{x}}}} $${{ x }}"),
        ("no placeholders", &[("x", "y")], "no placeholders"),
    ];
    for (source, values, expected) in cases {
        assert_eq!(rendered(source, values), expected, "{source}");
    }
}

#[test]
fn a_required_placeholder_without_a_value_is_named() {
    let cases = [
        ("é {{task}}", "task", 3),
        ("---\nname: x\n---\n\nfix $1 in $2", "2", 27),
        ("---\narguments:\n  a:\n---\n$a", "a", 24),
        ("$ARGUMENTS[3]", "ARGUMENTS", 0),
    ];
    for (source, name, offset) in cases {
        let prompt = parse(source);
        let mut out = [b'#'; 64];
        let values: &[_] = if source.contains("$1") { &[("1", "one")] } else { &[] };
        let error = prompt.render(values, &mut out);
        assert_eq!(error, Err(Error::new(ErrorKind::MissingPlaceholder, offset)), "{source}");
        assert_eq!(prompt.placeholder_at(offset).map(|placeholder| placeholder.name), Some(name));
        assert_eq!(out, [b'#'; 64]);
        let mut written = Vec::new();
        assert!(prompt.render_to(&[], &mut Writer(&mut written)).is_err());
        assert!(written.is_empty());
    }
}

#[test]
fn a_short_buffer_stays_as_it_was() {
    let prompt = parse("{{x}}");
    let mut out = [b'#'; 4];
    let full = |missing| Err(Error::new(ErrorKind::Full, missing));
    assert_eq!(prompt.render(&[("x", "12345")], &mut out), full(1));
    assert_eq!(out, [b'#'; 4]);
    assert_eq!(prompt.render(&[("x", "1234")], &mut out), Ok(4));
}

#[test]
fn the_longest_placeholder_is_a_placeholder_and_a_longer_one_is_text() {
    let placeholder = |bytes: usize| format!("{{{{x|{}}}}}", "d".repeat(bytes - 6));
    assert_eq!(parse(&placeholder(MAX_PLACEHOLDER_BYTES)).placeholders().count(), 1);
    assert_eq!(parse(&placeholder(MAX_PLACEHOLDER_BYTES + 1)).placeholders().count(), 0);
}

#[test]
fn uses_arguments_tells_where_an_instruction_goes() {
    assert!(parse("do $ARGUMENTS").uses_arguments());
    assert!(parse("do $1").uses_arguments());
    assert!(!parse("do {{x}} for $5").uses_arguments());
}

#[test]
fn later_sources_win() {
    let user = [Source { name: "code", text: "mine" }, Source { name: "extra", text: "x" }];
    let project = [Source { name: "extra", text: "y" }, Source { name: "extra", text: "z" }];
    let places = [BUILT_IN, &user, &project];
    let library = Library::new(&places);
    assert_eq!(library.find("code").map(|p| p.body()), Ok("mine"));
    assert_eq!(library.find("extra").map(|p| p.body()), Ok("z"));
    assert_eq!(library.find("nope").err(), Some(Error::new(ErrorKind::UnknownPrompt, 0)));
    let names: Vec<_> = library.sources().map(|s| s.name).collect();
    // The hidden one is listed where the one that hides it is.
    let built_in = BUILT_IN.iter().map(|s| s.name).filter(|name| *name != "code");
    assert_eq!(names, built_in.chain(["code", "extra"]).collect::<Vec<_>>());
}

#[test]
fn prompts_that_include_many_on_each_level_are_refused_before_all_are_read() {
    let level = |of: u32| (0..30).map(move |n| format!("p{of}-{n}"));
    let mut prompts = Vec::new();
    for of in 1..=MAX_INCLUDE_DEPTH {
        let next = level(of + 1).collect::<Vec<_>>().join(", ");
        let text = match of {
            MAX_INCLUDE_DEPTH => String::from("text"),
            _ => format!("---\nincludes: {next}\n---\ntext"),
        };
        prompts.extend(level(of).map(|name| (name, text.clone())));
    }
    let sources: Vec<_> = prompts.iter().map(|(name, text)| Source { name, text }).collect();
    let places = [sources.as_slice()];
    let library = Library::new(&places);
    let visit = |name: &str| {
        let mut count = 0;
        let count_up = &mut |_: &Prompt<'_>| {
            count += 1;
            Ok(())
        };
        (library.visit(&library.find(name).expect("there"), count_up), count)
    };
    let (result, count) = visit("p1-0");
    assert_eq!(result, Err(Error::new(ErrorKind::IncludeDepth, MAX_INCLUDES)));
    assert!(count <= MAX_INCLUDES);
    let text = std::format!("{}", result.unwrap_err());
    assert!(text.contains("more than 256 prompts"), "{text}");
    assert_eq!(visit("p3-0"), (Ok(()), 31));
}

#[test]
fn includes_come_first_and_circles_end() {
    let places: [&[Source<'_>]; 1] = [&[
        Source { name: "a", text: "---\nincludes: b, c\n---\nA" },
        Source { name: "b", text: "---\nincludes: [c]\n---\nB" },
        Source { name: "c", text: "C" },
        Source { name: "loop", text: "---\nincludes: loop\n---\n" },
        Source { name: "lost", text: "---\nname: lost\nincludes: nope\n---\n" },
    ]];
    let library = Library::new(&places);
    let visit = |name: &str| {
        let mut bodies = String::new();
        let result = library.visit(&library.find(name).expect("there"), &mut |prompt| {
            bodies.push_str(prompt.body());
            Ok(())
        });
        result.map(|()| bodies)
    };
    assert_eq!(visit("a").as_deref(), Ok("CBCA"));
    assert_eq!(visit("loop"), Err(Error::new(ErrorKind::IncludeDepth, MAX_INCLUDE_DEPTH)));
    let chain: Vec<(String, String)> = (0..=MAX_INCLUDE_DEPTH + 1)
        .map(|n| (format!("p{n}"), format!("---\nincludes: p{}\n---\n{n}", n + 1)))
        .collect();
    let mut sources: Vec<_> = chain.iter().map(|(name, text)| Source { name, text }).collect();
    sources.push(Source { name: &chain[chain.len() - 1].0, text: "end" });
    let places = [sources.as_slice()];
    let library = Library::new(&places);
    let visit_chain = |from: &str| {
        let mut count = 0;
        let count_up = &mut |_: &Prompt<'_>| {
            count += 1;
            Ok(())
        };
        library.visit(&library.find(from).expect("there"), count_up).map(|()| count)
    };
    assert_eq!(visit_chain("p1"), Ok(MAX_INCLUDE_DEPTH + 1));
    assert_eq!(visit_chain("p0"), Err(Error::new(ErrorKind::IncludeDepth, MAX_INCLUDE_DEPTH)));
    let lost = visit("lost").expect_err("nothing to include");
    assert_eq!(lost.kind(), ErrorKind::UnknownPrompt);
    assert_eq!(Fault::of(lost), Some(Fault { line: 3, column: 11, reason: Reason::Include }));
}

#[test]
fn built_in_prompts_are_whole() {
    for source in BUILT_IN {
        let prompt = parse(source.text);
        assert!(prompt.declared_name().is_some_and(|name| name == source.name));
        assert!(prompt.description().is_some_and(|text| !text.is_empty()));
        assert!(prompt.output().is_some());
        assert_eq!(prompt.placeholders().count(), 0, "{}", source.name);
        assert!(prompt.body().len() <= 1400, "{}: {} bytes", source.name, prompt.body().len());
        assert!(
            prompt
                .tools()
                .into_iter()
                .flatten()
                .all(|tool| { tool.as_str().is_some_and(|tool| tool_name(tool) == Some(tool)) })
        );
    }
}

#[test]
fn skills_are_checked() {
    use skill::{Problem, problems};
    let found = |source: &str| problems(&parse(source), "my-skill").collect::<Vec<_>>();
    let skill =
        |fields: &str| found(&format!("---\nname: my-skill\ndescription: d\n{fields}\n---\n"));
    let named = |name: &str| found(&format!("---\nname: {name}\ndescription: d\n---\n"));
    assert_eq!(skill("license: MIT\nmetadata:\n  a: b\nallowed-tools: read"), []);
    assert_eq!(skill("author: me"), [Problem::UnknownField]);
    assert_eq!(skill("metadata: {a: b}"), [Problem::NotYaml]);
    assert_eq!(skill("license: a: b"), [Problem::NotYaml]);
    assert_eq!(skill(&format!("compatibility: {}", "x".repeat(500))), []);
    assert_eq!(skill(&format!("compatibility: {}", "x".repeat(501))), [Problem::BadCompatibility]);
    assert_eq!(named("other"), [Problem::FolderDiffers]);
    assert_eq!(named("My-skill"), [Problem::UpperCase, Problem::FolderDiffers]);
    assert_eq!(named("-a"), [Problem::EdgeHyphen, Problem::FolderDiffers]);
    assert_eq!(named("a--b"), [Problem::DoubleHyphen, Problem::FolderDiffers]);
    assert_eq!(named("a_b"), [Problem::BadCharacter, Problem::FolderDiffers]);
    assert_eq!(named(&"x".repeat(64)), [Problem::FolderDiffers]);
    assert_eq!(named(&"x".repeat(65)), [Problem::LongName, Problem::FolderDiffers]);
    assert_eq!(named(&"x".repeat(6500)), [Problem::LongName, Problem::FolderDiffers]);
    assert_eq!(found("---\nname: my-skill\n---\n"), [Problem::NoDescription]);
    let long = "d".repeat(1025);
    let source = format!("---\nname: my-skill\ndescription: {long}\n---\n");
    assert_eq!(found(&source), [Problem::LongDescription]);
    assert_eq!(found("text"), [Problem::NoFrontMatter, Problem::NoName, Problem::NoDescription]);
}

#[test]
fn no_bytes_make_it_panic_and_every_prefix_is_read_or_refused() {
    let source = "---\nname: \"a\\u00e9\" # c\nd: >-\n  x\n\n   y\ntools: [a, 'b', {c: d}]\nm:\n  - x\n  - 'y'\n\
                  n: {a: b}\n---\nbody {{x|y}} $1 ${1:-z} ${@:2:3} $ARGUMENTS[1] \\{{x}} é{{é}}\n";
    let marks =
        ["\"", "'", "[", "}", ":", "\n", "\t", "|", "-", "#", "\\", "$", "{{", " ", "---\n", "é"];
    let mut cases = 0;
    for at in (0..=source.len()).filter(|at| source.is_char_boundary(*at)) {
        exercise(&source[..at]);
        for mark in marks {
            exercise(&format!("{}{mark}{}", &source[..at], &source[at..]));
            cases += 1;
        }
    }
    assert!(cases > 2000);
}

fn exercise(source: &str) {
    let Ok(prompt) = Prompt::parse("x", source) else { return };
    for entry in prompt.fields() {
        match entry.value {
            Value::Text(text) => assert!(text.chars().count() <= source.len()),
            Value::List(items) => assert!(items.count() <= source.len()),
            Value::Map(pairs) => assert!(pairs.count() <= source.len()),
            Value::Null | Value::Nested(_) => {}
        }
    }
    let pieces =
        prompt.pieces().filter(|p| matches!(p, placeholder::BodyPiece::Text(t) if t.is_empty()));
    assert_eq!(pieces.count(), 0, "no empty pieces, so the loop ends");
    let values = [("x", "1"), ("ARGUMENTS", "a b c d"), ("y", "2")];
    if let Ok(length) = prompt.rendered_len(&values) {
        assert_eq!(prompt.render(&values, &mut vec![0; length]), Ok(length));
    }
    skill::problems(&prompt, "x").count();
}
