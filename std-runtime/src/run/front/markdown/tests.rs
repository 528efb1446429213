use super::*;

/// The rendering of `text`, which must be the same however the text is split.
#[track_caller]
fn shown(text: &str) -> String {
    let whole = cut(text, text.len());
    for size in [1, 2, 3, 7] {
        assert_eq!(cut(text, size), whole, "{text:?} by {size}");
    }
    // With letters for the sequences.
    whole
        .replace("\x1b[1;3m", "<bi>")
        .replace("\x1b[22;23m", "</bi>")
        .replace("\x1b[1;4m", "<h1>")
        .replace(BOLD, "<b>")
        .replace("\x1b[22m", "</>")
        .replace("\x1b[3m", "<i>")
        .replace("\x1b[23m", "</i>")
        .replace(FAINT, "<f>")
        .replace(CODE, "<c>")
        .replace("\x1b[39m", "</c>")
        .replace("\x1b[9m", "<s>")
        .replace("\x1b[29m", "</s>")
        .replace("\x1b[4m", "<u>")
        .replace("\x1b[24m", "</u>")
        .replace(PLAIN, "<>")
}

fn cut(text: &str, size: usize) -> String {
    let (mut markdown, mut out) = (Markdown::default(), String::new());
    let characters: Vec<char> = text.chars().collect();
    for part in characters.chunks(size.max(1)) {
        markdown.push(&part.iter().collect::<String>(), &mut out);
    }
    markdown.flush(&mut out);
    out
}

#[test]
fn each_form_is_rendered_however_it_is_split() {
    for (text, expected) in [
        ("# One *i* **b**\n## Two ##\nx", "<h1>One <i>i</i> b<>\n<b>Two<>\nx"),
        ("- a\n  * b\n+ c\n1. d\n", "• a\n  • b\n• c\n1. d\n"),
        ("- [ ] open\n- [x] done\n- [link](x)", "☐ open\n☑ done\n• <u>link</u> <f>(x)</>"),
        ("**bold** and *it* ***both***", "<b>bold</> and <i>it</i> <bi>both</bi>"),
        ("**b** _i_ ~~s~~", "<b>b</> <i>i</i> <s>s</s>"),
        ("**a `b` c**", "<b>a <c>b</c> c</>"),
        ("`a*b*` ``x`y``", "<c>a*b*</c> <c>x`y</c>"),
        ("> quoted *x*\n>\n", "<f>│</> quoted <i>x</i>\n<f>│</> \n"),
        ("---\n***\n", "<f>────────</>\n<f>────────</>\n"),
        ("see [it](http://a/b)!", "see <u>it</u> <f>(http://a/b)</>!"),
        ("<http://a> [a](a)", "<http://a> <u>a</u>"),
        (
            "a\n```rust\nlet *x* = 1;\n# no heading\n```\n*b*",
            "a\n<f>```rust<>\n<c>let *x* = 1;<>\n<c># no heading<>\n<f>```<>\n<i>b</i>",
        ),
        ("~~~~\n~~~\n~~~~\nx", "<f>~~~~<>\n<c>~~~<>\n<f>~~~~<>\nx"),
        ("| a | **b** |\n|---|---|\n", "| a | <b>b</> |\n|---|---|\n"),
        ("Grüße **Ü**\n", "Grüße <b>Ü</>\n"),
    ] {
        assert_eq!(shown(text), expected, "{text:?}");
    }
}

#[test]
fn other_characters_are_unchanged() {
    for text in [
        "2 * 3 * 4, 2*3*4, a ** b",
        "snake_case_name and __init__.py",
        "*args, **kwargs",
        "an open `tick, an [open link, [1] and [x] y",
        "#hash ####### seven",
        "-x --flag ~/home ~5",
        "a_b_ **",
        "C:\\dir\\name",
        "*",
        "-",
        "a *b",
        "[a](b c)",
    ] {
        assert_eq!(shown(text), text, "{text:?}");
    }
    assert_eq!(shown(r"\*no\* \`code\`"), "*no* `code`");
}

#[test]
fn text_is_shown_as_soon_as_it_is_known() {
    let (mut markdown, mut out) = (Markdown::default(), String::new());
    markdown.push("some words and **bo", &mut out);
    assert_eq!(out, "some words and ");
    markdown.push("ld** more", &mut out);
    assert!(out.ends_with("ld\x1b[22m more"), "{out:?}");
    // An interrupted line continues as text, and code continues as code.
    markdown.push("\n```\nx", &mut out);
    markdown.flush(&mut out);
    markdown.push("\ny\n```\n", &mut out);
    assert!(out.contains("\x1b[36my\x1b[m\n\x1b[2m```\x1b[m\n"), "{out:?}");
    // A marker without an end waits for at most its line, or this many bytes.
    out.clear();
    markdown.push(&format!("**{}", "x".repeat(2 * SPAN_BYTES)), &mut out);
    assert!(out.len() > SPAN_BYTES, "{}", out.len());
}

#[test]
fn any_text_is_rendered_the_same_however_it_is_split() {
    let alphabet =
        ["*", "_", "`", "~", "[", "]", "(", ")", "#", "-", ">", " ", "\\", "\n", "a", "ü", "1"];
    let mut state = 7_u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..24 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push_str(alphabet[(state >> 33) as usize % alphabet.len()]);
        }
        let out = shown(&text);
        let letters = |text: &str| text.chars().filter(|it| *it == 'ü').count();
        // An address that is its own text is shown once.
        let is_lost = letters(&out) < letters(&text) && !text.contains("](");
        assert!(!is_lost, "{text:?}: {out:?}");
    }
}
