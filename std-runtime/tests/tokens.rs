//! `zerostack tokens` as a function: what it writes for stdin, files and folders.
#![cfg(feature = "vocab-o200k")]

use std::fs;
use std::path::PathBuf;

use zerostack::ErrorKind;
use zerostack::tokens::{TokensOptions, TokensOutput, VocabularyChoice, run};

fn options(vocabulary: &str, paths: &[PathBuf], output: TokensOutput) -> TokensOptions {
    let vocabulary = VocabularyChoice::parse(vocabulary).expect("a known vocabulary");
    TokensOptions { vocabulary, paths: paths.to_vec(), output }
}

/// What goes to stdout and to stderr.
fn done(options: &TokensOptions, stdin: &[u8]) -> (String, String) {
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    run(options, &mut &stdin[..], &mut out, &mut notes).expect("a result");
    (String::from_utf8(out).expect("text"), String::from_utf8(notes).expect("text"))
}

fn failed(options: &TokensOptions) -> (ErrorKind, String) {
    let mut out = Vec::new();
    let error = run(options, &mut &b""[..], &mut out, &mut Vec::new()).expect_err("an error");
    assert!(out.is_empty());
    (error.kind(), error.to_string())
}

#[test]
fn stdin_is_counted() {
    let count = options("o200k", &[], TokensOutput::Count);
    assert_eq!(done(&count, b"hello world"), ("2\n".into(), String::new()));
    assert_eq!(done(&count, b""), ("0\n".into(), String::new()));
    let ids = options("o200k_base", &[], TokensOutput::Ids);
    assert_eq!(done(&ids, b"hello world").0, "[24912,2375]\n");
    // Not UTF-8: as the lossy text.
    assert_eq!(done(&ids, b"\xE2\x82x").0, done(&ids, "\u{FFFD}x".as_bytes()).0);
}

#[test]
fn folders_are_counted_as_gitignore_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("sub")).expect("a folder");
    for (name, text) in [
        ("a.txt", &b"hello world"[..]),
        ("sub/b.txt", b"hello"),
        ("sub/ignored.log", b"a b c d"),
        (".gitignore", b"*.log\n"),
        ("sub/picture", b"\x89PNG\0\0"),
    ] {
        fs::write(path(name), text).expect("written");
    }
    let all = options("o200k", &[folder.path().into()], TokensOutput::Count);
    let table =
        format!("2  {}\n1  {}\n3  total\n", path("a.txt").display(), path("sub/b.txt").display());
    let note = "left out as binary: 1; name a file to count it\n";
    assert_eq!(done(&all, b""), (table, note.into()));
    // What is named is counted, whatever it is.
    let named = options("o200k", &[path("sub/ignored.log")], TokensOutput::Count);
    assert_eq!(done(&named, b"").0, "4\n");
    let ids = options("o200k", &[path("sub/b.txt"), path("a.txt")], TokensOutput::Ids);
    let lines = format!(
        "{{\"path\":\"{}\",\"ids\":[24912]}}\n{{\"path\":\"{}\",\"ids\":[24912,2375]}}\n",
        path("sub/b.txt").display(),
        path("a.txt").display()
    );
    assert_eq!(done(&ids, b"").0, lines);
}

#[test]
fn an_estimate_says_that_it_is_one() {
    let (out, note) = done(&options("estimate", &[], TokensOutput::Count), b"hello world");
    assert!(out.trim_end().parse::<u64>().is_ok_and(|tokens| (1..5).contains(&tokens)), "{out}");
    assert_eq!(note, "estimated, not counted; at most 11\n");
    let ids = failed(&options("estimate", &[], TokensOutput::Ids));
    assert_eq!(ids.0, ErrorKind::Usage);
}

#[test]
fn long_texts_count_as_their_parts_in_a_file_and_from_stdin() {
    let text = "Some words, and 12345 文字.\n".repeat(30_000);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long");
    fs::write(&path, &text).expect("written");
    let from_stdin = done(&options("o200k", &[], TokensOutput::Count), text.as_bytes()).0;
    assert_eq!(done(&options("o200k", &[path], TokensOutput::Count), b"").0, from_stdin);
    let line = done(
        &options("o200k", &[], TokensOutput::Count),
        b"Some words, and 12345 \xE6\x96\x87\xE5\xAD\x97.\n",
    )
    .0;
    let of = |text: &str| text.trim_end().parse::<u64>().expect("a number");
    assert_eq!(of(&from_stdin), 30_000 * of(&line));
}

#[test]
fn vocabularies_from_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.zsv");
    let name = path.to_str().expect("a path");
    let packed = zerostack_vocab_o200k::PACKED;
    fs::write(&path, packed).expect("written");
    assert_eq!(done(&options(name, &[], TokensOutput::Count), b"hello world").0, "2\n");
    for (bytes, reason) in [
        (&packed[..1000], "is truncated"),
        (&b"{\"model\": 1}"[..], "is not a packed vocabulary; make one with zerostack-vocab-pack"),
    ] {
        fs::write(&path, bytes).expect("written");
        let wanted = (ErrorKind::Configuration, format!("{name} {reason}"));
        assert_eq!(failed(&options(name, &[], TokensOutput::Count)), wanted);
    }
}

#[test]
fn a_missing_file_and_an_unknown_vocabulary_are_reported() {
    let nowhere = PathBuf::from("/nowhere/at/all");
    let error = failed(&options("o200k", std::slice::from_ref(&nowhere), TokensOutput::Count));
    assert_eq!(error.0, ErrorKind::Input);
    assert!(error.1.starts_with("/nowhere/at/all: "), "{}", error.1);
    let unknown = VocabularyChoice::parse("gpt5").expect_err("not known");
    assert_eq!(unknown.kind(), ErrorKind::Usage);
    assert!(unknown.to_string().contains("o200k_base"), "{unknown}");
}
