use super::*;

const FILE: &str =
    "fn a() {\n    one();\n}\n\nfn b() {\n    one();\n}\n\nfn c() {\n    two();\n}\n";

fn apply(files: &[(&str, &str)], patch: &str) -> Result<Vec<(String, Option<String>)>, Refusal> {
    let mut read = |path: &str| {
        let found = files.iter().find(|(name, _)| *name == path);
        Ok(found.map(|(_, content)| content.as_bytes().to_vec()))
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let changes = Patch::parse(patch.as_bytes())?.apply(&mut read)?;
    Ok(changes.into_iter().map(|change| (change.path, change.after.map(text))).collect())
}

/// What becomes of one file.
fn patched(content: &str, patch: &str) -> String {
    let changes = apply(&[("f", content)], patch).unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    changes[0].1.clone().unwrap()
}

fn refused(content: &str, patch: &str) -> Refusal {
    apply(&[("f", content)], patch).unwrap_err()
}

#[test]
fn numbers_and_counts_may_be_wrong_if_the_lines_are_there_once() {
    let hunk = " fn c() {\n-    two();\n+    three();\n }\n";
    let expected = FILE.replace("two", "three");
    for header in
        ["@@ -9,3 +9,3 @@", "@@ -1,3 +1,3 @@", "@@ -700,9 +2,1 @@ fn c()", "@@ ... @@", "@@"]
    {
        let patch = format!("--- a/f\n+++ b/f\n{header}\n{hunk}");
        assert_eq!(patched(FILE, &patch), expected, "{header}");
        let fenced = format!("This helps:\n\n```diff\n{patch}```\n\nI hope.\n");
        assert_eq!(patched(FILE, &fenced), expected, "{header}, in a fence");
    }
}

#[test]
fn lines_that_are_there_twice_need_a_number_or_a_line_above() {
    let hunk = "-    one();\n+    three();\n";
    let error = refused(FILE, &format!("--- f\n+++ f\n@@ -7 +7 @@\n{hunk}"));
    assert!(error.message.contains("2 times, at lines 2 6"), "{error:?}");
    let second = FILE.replacen("one", "three", 2).replacen("three", "one", 1);
    for patch in [
        format!("--- f\n+++ f\n@@ -6 +6 @@\n{hunk}"),
        format!("*** Begin Patch\n*** Update File: f\n@@ fn b() {{\n{hunk}*** End Patch\n"),
        // As far from its number as the hunk before.
        format!("--- f\n+++ f\n@@ -4 +4 @@\n-fn b() {{\n+fn bb() {{\n@@ -5 +5 @@\n{hunk}"),
    ] {
        assert_eq!(patched(FILE, &patch).replace("bb", "b"), second, "{patch}");
    }
}

#[test]
fn another_content_is_refused_with_the_lines_to_use() {
    let patch = "--- f\n+++ f\n@@ -9,3 +9,3 @@\n fn c() {\n-   two();\n+    three();\n }\n";
    let error = refused(FILE, patch);
    assert!(
        error.message.contains("line 10") && error.message.contains("indentation"),
        "{error:?}"
    );
    assert_eq!(error.exact, "fn c() {\n    two();\n}\n");
    let error = refused("", patch);
    assert!(error.message.contains("empty"), "{error:?}");
    let error = refused(FILE, "--- f\n+++ f\n@@ -1 +1 @@\n-qqqqqqqqqqqqq\n+x\n");
    assert!(
        error.message.contains("nor anything like them") && error.exact.is_empty(),
        "{error:?}"
    );
}

#[test]
fn all_files_or_none() {
    let patch = "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n--- a/g\n+++ b/g\n@@ -1 +1 @@\n-no\n+b\n";
    let error = apply(&[("f", "a\n"), ("g", "a\n")], patch).unwrap_err();
    assert!(error.message.starts_with("g, line 6 of the patch: hunk 1, line 8: "), "{error:?}");
}

#[test]
fn git_says_more_of_a_file() {
    let patch = "diff --git a/old b/new name\nsimilarity index 100%\nrename from old\nrename to new name\n\
                 diff --git a/s b/s\nold mode 100644\nnew mode 100755\n\
                 diff --git \"a/\\303\\244\" \"b/\\303\\244\"\nnew file mode 100644\nindex 000..111\n\
                 --- /dev/null\n+++ \"b/\\303\\244\"\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n\
                 diff --git a/empty b/empty\nnew file mode 100644\nindex 0000000..e69de29\n\
                 diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-1\n-2\n\
                 -- \n2.39.5\n\n";
    let files = [("old", "o\n"), ("s", "s\n"), ("gone", "1\n2\n")];
    let changes = apply(&files, patch).unwrap();
    let file = |name: &str, content: Option<&str>| (name.to_owned(), content.map(str::to_owned));
    let expected = [
        file("empty", Some("")),
        file("gone", None),
        file("new name", Some("o\n")),
        file("old", None),
        file("s", Some("s\n")),
        file("ä", Some("x")),
    ];
    assert_eq!(changes, expected);
    let error = apply(&[("gone", "1\n2\n3\n")], &patch[patch.find("diff --git a/gone").unwrap()..]);
    assert!(error.unwrap_err().message.contains("more lines than the patch removes"));
    for (patch, part) in [
        ("diff --git a/x b/x\nindex 1..2 100644\nGIT binary patch\nliteral 1\n", "git apply"),
        (
            "diff --git a/x b/x\nnew file mode 120000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+y\n",
            "120000",
        ),
        ("--- /dev/null\n+++ b/s\n@@ -0,0 +1 @@\n+y\n", "exists already"),
    ] {
        assert!(apply(&files, patch).unwrap_err().message.contains(part), "{patch}");
    }
}

#[test]
fn line_ends_are_those_of_the_file() {
    let patch = "--- f\n+++ f\n@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d\n";
    assert_eq!(patched("a\r\nb\r\n", patch), "a\r\nc\r\nd\r\n");
    assert_eq!(patched("a\r\nb\r\n", &patch.replace('\n', "\r\n")), "a\r\nc\r\nd\r\n");
    assert_eq!(patched("a\nb\n", &patch.replace('\n', "\r\n")), "a\nc\nd\n");
    let add = "--- f\n+++ f\n@@ -1 +1,2 @@\n a\n+b\n";
    assert_eq!(patched("a", add), "a\nb\n");
    assert_eq!(patched("a", &format!("{add}\\ No newline at end of file\n")), "a\nb");
}

#[test]
fn a_patch_that_is_cut_or_malformed_is_refused_with_its_line() {
    for (patch, part) in [
        ("", "changes no file"),
        ("hello\n", "changes no file"),
        ("*** Begin Patch\n*** Update File: f\n@@\n-a\n", "cut off"),
        ("*** Begin Patch\n*** Add File: g\nx\n*** End Patch", "line 3"),
        ("*** Begin Patch\n*** Update File: f\n@@\n a\n*** End Patch", "no line with + or -"),
        ("*** Begin Patch\n*** Delete File: ../f\n*** End Patch", "leads out of the folder"),
        ("*** Begin Patch\n*** Delete File: /f\n*** End Patch", "absolute"),
        ("*** Begin Patch\n*** Add File: .git/hooks/x\n+y\n*** End Patch", "inside of .git"),
        (
            "--- f\n+++ f\n@@ -1,3 +1,3 @@\n-a\nb\n+c\n",
            "line 6 of the patch is not a line of a hunk",
        ),
        (
            "--- f\n+++ f\n@@ -1 +1 @@\n-a\n+b\nand\n+c\n",
            "line 7 of the patch is not a line of a hunk",
        ),
        ("--- f\n+++ f\n@@ -2,0 +3 @@\n+c\n", "number is no place"),
        ("--- f\n+++ f\n", "has no hunk"),
        ("--- f\n+++ f\n@@ -1 +1 @@\n-a\n+a\n", "change nothing"),
    ] {
        let error = refused("a\n", patch);
        assert!(error.message.contains(part), "{patch}: {error:?}");
    }
}

#[test]
fn envelopes_bend_where_models_bend_them() {
    let patch = "apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: ./f\n a\n-b\n+c\n\n*** Add File: n/g\n+x\n\
                 *** Update File: f\n@@\n+end\n*** End of File\n*** End Patch\nEOF\n";
    let changes = apply(&[("f", "a\nb\n")], patch).unwrap();
    let of = |index: usize| (changes[index].0.as_str(), changes[index].1.as_deref());
    assert_eq!((of(0), of(1)), (("f", Some("a\nc\nend\n")), ("n/g", Some("x\n"))));
}

#[test]
fn every_cut_of_a_patch_is_refused_or_whole_in_itself() {
    let patch = "*** Begin Patch\n*** Update File: f\n@@\n-a\n+b\n*** End Patch";
    for end in 0..patch.len() {
        assert!(apply(&[("f", "a\n")], &patch[..end]).is_err(), "{end}");
    }
    assert!(apply(&[("f", "a\n")], patch).is_ok());
}

/// A hunk that makes the second line of [`SHORT`] large.
const SHORT_HUNK: &str = " a\n-b\n+B\n c\n";
const SHORT: &str = "a\nb\nc\nd\ne\nf\n";

#[test]
fn each_form_that_models_write_is_taken_and_what_is_not_the_content_is_not() {
    let unified = |header: &str, hunk: &str| format!("--- a/f\n+++ b/f\n{header}\n{hunk}");
    let large = SHORT.replace('b', "B");
    let git = "diff --git a/f b/f\nindex 12..34 100644\n";
    let mail = format!("From ab Mon\nSubject: x\n---\n f | 2 +-\n 1 file changed\n\n{git}");
    let fence = "```";
    let nested = "# t\n```\ncode\n```\nend\n";
    let in_nested = unified("@@ -1,5 +1,5 @@", " # t\n ```\n-code\n+CODE\n ```\n end\n");
    let envelope =
        |body: &str| format!("*** Begin Patch\n*** Update File: f\n{body}*** End Patch\n");
    let eof = "*** End of File\n";
    let whole = unified("@@ -1,3 +1,3 @@", SHORT_HUNK);
    let cases: Vec<(String, &str, Option<String>)> = vec![
        (format!("{git}{whole}"), SHORT, Some(large.clone())),
        (format!("{mail}{whole}-- \n2.39.2\n"), SHORT, Some(large.clone())),
        (format!("{whole}\nThis changes b.\n"), SHORT, Some(large.clone())),
        (
            whole.replace("a/f", "f").replace("b/f", "f\t2020-01-01 00:00"),
            SHORT,
            Some(large.clone()),
        ),
        (
            format!("{fence}diff\n{in_nested}{fence}\nDone.\n"),
            nested,
            Some(nested.replace("code", "CODE")),
        ),
        (format!("````diff\n{in_nested}````\n"), nested, Some(nested.replace("code", "CODE"))),
        (
            unified("@@ -1,2 +1,5 @@", " a\n+```sh\n+ls\n+```\n b\n"),
            "a\nb\n",
            Some("a\n```sh\nls\n```\nb\n".to_owned()),
        ),
        (unified("@@ -1,3 +1,2 @@", " a\n--- c\n b\n"), "a\n-- c\nb\n", Some("a\nb\n".to_owned())),
        (unified("@@ -1,2 +1,3 @@", " a\n+++ i\n b\n"), "a\nb\n", Some("a\n++ i\nb\n".to_owned())),
        // An editor took the blank away that an empty line of context begins with.
        (
            unified("@@ -1,5 +1,5 @@", " a\n\n-b\n+B\n\n c\n"),
            "a\n\nb\n\nc\n",
            Some("a\n\nB\n\nc\n".to_owned()),
        ),
        (
            unified("@@ -5,2 +5,2 @@", "-e\n+E\n f\n@@ -1,2 +1,2 @@\n-a\n+A\n b\n"),
            SHORT,
            Some(SHORT.replace('a', "A").replace('e', "E")),
        ),
        // Line ends are the file's, and so is the mark of the byte order.
        (whole.clone(), "a\r\nb\r\nc\r\n", Some("a\r\nB\r\nc\r\n".to_owned())),
        (whole.replace('\n', "\r\n"), SHORT, Some(large.clone())),
        (
            unified("@@ -1,2 +1,2 @@", "-a\n+A\n b\n"),
            "\u{feff}a\nb\n",
            Some("\u{feff}A\nb\n".to_owned()),
        ),
        (
            unified("@@ -1,2 +1,2 @@", "-\u{feff}a\n+A\n b\n"),
            "\u{feff}a\nb\n",
            Some("A\nb\n".to_owned()),
        ),
        (
            unified("@@ -1,2 +1,2 @@", " a\n-b\n\\ No newline at end of file\n+b\n"),
            "a\nb",
            Some("a\nb\n".to_owned()),
        ),
        (
            unified("@@ -1,2 +1,2 @@", " a\n-b\n+b\n\\ No newline at end of file\n"),
            "a\nb\n",
            Some("a\nb".to_owned()),
        ),
        (whole.clone(), "a\nb\nc", Some("a\nB\nc".to_owned())),
        (
            envelope(&format!("@@\n a\n-b\n+B\n{eof}")),
            "a\nb\na\nb\n",
            Some("a\nb\na\nB\n".to_owned()),
        ),
        (envelope(&format!("@@\n a\n-b\n+B\n{eof}")), "a\nb\nc\n", None),
        (
            format!("apply_patch <<'EOF'\n{}EOF\n", envelope("@@\n-a\n+A\n")),
            SHORT,
            Some(SHORT.replace('a', "A")),
        ),
        (envelope("@@\n-a\n+A\n").replace('\n', "\r\n"), SHORT, Some(SHORT.replace('a', "A"))),
        (envelope("@@\n+g\n"), SHORT, Some(format!("{SHORT}g\n"))),
        // Not the content: a letter, a blank, a change that is there already.
        (unified("@@ -1,3 +1,3 @@", " a\n-q\n+B\n c\n"), SHORT, None),
        (unified("@@ -1,3 +1,3 @@", " a\n-\tb\n+B\n c\n"), "a\n  b\nc\n", None),
        (whole.clone(), &large, None),
        (unified("@@", SHORT_HUNK), "a\nb\nc\nz\na\nb\nc\n", None),
        (whole.replace("+++ b/f", "+++ b/../f"), SHORT, None),
    ];
    for (patch, before, after) in &cases {
        let found = apply(&[("f", before)], patch);
        match after {
            Some(after) => {
                assert_eq!(found.unwrap(), [("f".to_owned(), Some(after.clone()))], "{patch}");
            }
            None => assert!(found.is_err(), "{patch}: {found:?}"),
        }
    }
}

#[test]
fn names_that_git_quotes_and_renames_and_deletions() {
    let named = "diff --git \"a/\\303\\274 x\" \"b/\\303\\274 x\"\n--- \"a/\\303\\274 x\"\n+++ \"b/\\303\\274 x\"\n";
    let patch = format!("{named}@@ -1,3 +1,3 @@\n{SHORT_HUNK}");
    let large = SHORT.replace('b', "B");
    assert_eq!(
        apply(&[("ü x", SHORT)], &patch).unwrap(),
        [("ü x".to_owned(), Some(large.clone()))]
    );
    let patch = format!("--- a/x y\t\n+++ b/x y\t\n@@ -1,3 +1,3 @@\n{SHORT_HUNK}");
    assert_eq!(
        apply(&[("x y", SHORT)], &patch).unwrap(),
        [("x y".to_owned(), Some(large.clone()))]
    );
    let moved = "diff --git a/f b/g\nsimilarity index 90%\nrename from f\nrename to g\n";
    let changed = format!("{moved}--- a/f\n+++ b/g\n@@ -1,3 +1,3 @@\n{SHORT_HUNK}");
    for (patch, after) in [(moved.to_owned(), SHORT.to_owned()), (changed, large)] {
        let wanted = [("f".to_owned(), None), ("g".to_owned(), Some(after))];
        assert_eq!(apply(&[("f", SHORT)], &patch).unwrap(), wanted, "{patch}");
    }
    let gone = "--- a/f\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n";
    assert_eq!(apply(&[("f", "a\nb\n")], gone).unwrap(), [("f".to_owned(), None)]);
    assert!(apply(&[("f", "a\nb\nc\n")], gone).is_err());
    // Several files: all or none.
    let two = format!(
        "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n{SHORT_HUNK}--- a/g\n+++ b/g\n@@ -1 +1 @@\n-q\n+r\n"
    );
    assert!(apply(&[("f", SHORT), ("g", "x\n")], &two).is_err());
    assert_eq!(apply(&[("f", SHORT), ("g", "q\n")], &two).unwrap().len(), 2);
}
