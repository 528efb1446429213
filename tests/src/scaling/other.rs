//! What else grows: schemas, prompts, tokens, patches, and what servers send around a body.

use std::fmt::Write as _;
use std::fs;

use zerostack::sandbox::{Mode, Program};
use zerostack::view::{View, ViewOptions};
use zerostack_core::Error;
use zerostack_core::prompt::{Library, Source};
use zerostack_core::tokenizer::Estimator;
use zerostack_core::tool::schema::{Schema, Verdict};

use super::{Series, measured};

/// The other series.
pub(super) const SERIES: &[Series] = &[
    Series { name: "renames", unit: "files", sizes: [30, 100, 300], run: renames },
    Series { name: "includes", unit: "prompts", sizes: [10, 30, 100], run: includes },
    Series {
        name: "placeholders",
        unit: "of a line",
        sizes: [300, 1_000, 3_000],
        run: placeholders,
    },
    Series { name: "schema/items", unit: "items", sizes: [100, 300, 1_000], run: items },
    Series { name: "schema/properties", unit: "members", sizes: [100, 300, 1_000], run: members },
    Series { name: "schema/unique", unit: "items", sizes: [100, 300, 1_000], run: unique },
    Series { name: "schema/string", unit: "bytes", sizes: [10_000, 30_000, 100_000], run: string },
    Series {
        name: "tokens/estimate",
        unit: "bytes",
        sizes: [4_000, 12_000, 40_000],
        run: estimate,
    },
];

/// New names for files of one size and different content.
fn renames(count: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    for file in 0..count {
        fs::write(folder.path().join(format!("old{file:05}")), format!("{file:05}\n").repeat(9))
            .expect("a file");
    }
    let options = ViewOptions { sandbox: Mode::Off, ..ViewOptions::default() };
    let view = View::open(folder.path(), &options).expect("a view");
    let mut program = Program::new("bash");
    program.arg("-c").arg("for old in old*; do mv $old new${old#old}; done");
    let child = view.spawn(&program).expect("bash");
    assert!(child.process().wait().expect("it ends").success());
    let changes = view.changes().expect("changes");
    let mut patch = Vec::new();
    measured(|| changes.write_patch(&mut patch)).expect("a patch");
    let patch = String::from_utf8(patch).expect("text");
    assert_eq!(patch.matches("similarity index 100%").count(), count);
}

/// A prompt of one long line, with code between its placeholders.
fn placeholders(count: usize) {
    let text = format!("---\noutput: text\n---\n{}", "`x` {{a|b}} ".repeat(count));
    let sources = [Source { name: "line", text: &text }];
    let places = [sources.as_slice()];
    let prompt = Library::new(&places).find("line").expect("it is there");
    assert_eq!(measured(|| prompt.placeholders().count()), count);
}

/// Four levels, on each of which every prompt includes all of the next.
fn includes(count: usize) {
    let width = count / 4 + 1;
    let mut texts = Vec::new();
    for level in 0..4 {
        for at in 0..width {
            let mut text = String::from("---\n");
            if level < 3 {
                text.push_str("includes: [");
                (0..width).for_each(|next| _ = write!(text, "p{}-{next},", level + 1));
                text.push_str("]\n");
            }
            text.push_str("---\nSome text.\n");
            texts.push((format!("p{level}-{at}"), text));
        }
    }
    let sources: Vec<Source<'_>> = texts.iter().map(|(name, text)| Source { name, text }).collect();
    let places = [sources.as_slice()];
    let library = Library::new(&places);
    let prompt = library.find("p0-0").expect("it is there");
    let mut bytes = 0;
    let visited = measured(|| {
        library.visit(&prompt, &mut |prompt| {
            bytes += prompt.body().len();
            Ok::<_, Error>(())
        })
    });
    // Many are refused.
    assert!(visited.is_ok_and(|()| bytes > 0) || width > 6, "{visited:?}");
}

fn is_valid(schema: &str, value: &str) {
    let schema = Schema::new(schema).expect("a schema");
    assert_eq!(measured(|| schema.check(value)), Ok(Verdict::Valid));
}

fn items(count: usize) {
    let values: Vec<String> =
        (0..count).map(|at| format!(r#"{{"path":"f{at}","line":{at}}}"#)).collect();
    is_valid(
        r#"{"type":"array","items":{"type":"object","properties":{"path":{"type":"string"},"line":{"type":"integer"}},"required":["path"],"additionalProperties":false}}"#,
        &format!("[{}]", values.join(",")),
    );
}

fn members(count: usize) {
    let all = |each: &dyn Fn(usize) -> String| (0..count).map(each).collect::<Vec<_>>().join(",");
    let name = |at: usize| format!("property_{}", at * 7_919 % count);
    is_valid(
        &format!(
            r#"{{"type":"object","properties":{{{}}},"required":[{}],"additionalProperties":false}}"#,
            all(&|at| format!(r#""property_{at}":{{"type":"integer"}}"#)),
            all(&|at| format!(r#""property_{at}""#)),
        ),
        &format!("{{{}}}", all(&|at| format!(r#""{}":1"#, name(at)))),
    );
}

fn unique(count: usize) {
    let items: Vec<String> = (0..count).map(|at| format!(r#"{{"path":"f{at}"}}"#)).collect();
    is_valid(r#"{"uniqueItems":true}"#, &format!("[{}]", items.join(",")));
}

fn string(size: usize) {
    is_valid(r#"{"type":"string","minLength":1}"#, &format!(r#""{}""#, "a".repeat(size)));
}

fn estimate(size: usize) {
    let text = "let it = some_text(of, 12 + 3); // and more\n".repeat(size / 44);
    assert!(measured(|| Estimator::of(text.as_bytes())).tokens > 0);
}
