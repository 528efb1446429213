//! The vectors that all languages play give the same bytes here, at every size of pieces.
//!
//! `ZEROSTACK_WRITE_VECTORS=1` writes the outputs into them: look at the difference.

use std::path::{Path, PathBuf};

use zerostack_tests::vector::{play, read, write};

fn vectors() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|word| word == "vector")).collect();
    paths.sort();
    paths
}

#[test]
fn vectors_give_the_bytes_that_they_hold() {
    let paths = vectors();
    assert!(paths.len() >= 20, "{}", paths.len());
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        let entries = read(&bytes);
        let whole = play(&entries, usize::MAX);
        if std::env::var_os("ZEROSTACK_WRITE_VECTORS").is_some() {
            std::fs::write(&path, write(&whole)).unwrap();
            continue;
        }
        assert!(write(&entries) == bytes, "{} is not in its plain form", path.display());
        for piece in [usize::MAX, 1, 2, 7, 64] {
            let played = play(&entries, piece);
            for (came, known) in played.iter().zip(&entries) {
                assert!(came == known, "{}: {came:?}\nexpected {known:?}", path.display());
            }
            assert_eq!(played.len(), entries.len(), "{}", path.display());
        }
    }
}

#[test]
fn vectors_show_every_kind_of_event_step_and_dialect() {
    let all: String = vectors()
        .iter()
        .flat_map(|path| read(&std::fs::read(path).unwrap()))
        .map(|entry| format!("{}\n", entry.words.join(" ")))
        .collect();
    for words in [
        "dialect openai-chat",
        "dialect anthropic",
        "dialect openai-responses",
        "dialect gemini",
        "dialect ollama",
        "attach 0 image/png",
        "attach 1 application/pdf",
        "=error 37 1",
        "=text",
        "=refusal",
        "=thinking",
        "=tool_call",
        "=counts",
        "=truncated reply",
        "=end end_turn",
        "=end tool_use",
        "=restart",
        "=compacting",
        "=truncated summarised",
        "=truncated old_results",
        "=truncated old_exchanges",
        "=repeating",
        "=error 8 2",
        "=error 8 5",
        "=step idle",
        "=step send",
        "=step receive",
        "=step run_tools",
        "=step wait",
        "=step make_room",
        "=failure 5 401",
        "=error 2",
        "=error 1 ",
        "=freed",
        "=left_out 0",
        "compact",
        "resume",
        "abort",
    ] {
        assert!(all.lines().any(|line| line.starts_with(words)), "no vector has {words:?}");
    }
}
