//! `show --html` of a hostile run in a browser: no script runs, and nothing leaves the page.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};

use super::place;

/// What the browser makes of a page: its title, and whether it asked the server for something.
struct Seen {
    dom: String,
    has_asked: bool,
}

/// Opens the page in headless Chromium. `None`, with a loud line, if there is no Chromium.
fn open(page: &Path, profile: &Path, server: &TcpListener) -> Option<Seen> {
    let mut command = Command::new("timeout");
    command.args(["60", "chromium", "--headless", "--no-sandbox", "--disable-gpu"]);
    command.args(["--disable-background-networking", "--virtual-time-budget=2000"]);
    command.arg(format!("--user-data-dir={}", profile.display()));
    command.arg("--dump-dom").arg(format!("file://{}", page.display()));
    let output = command.env("HOME", profile).output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else {
        eprintln!("NOT RUN: a page in a browser: chromium is not installed, or does not start");
        return None;
    };
    let mut has_asked = false;
    loop {
        match server.accept() {
            Ok(_) => has_asked = true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    let dom = String::from_utf8(output.stdout).unwrap();
    Some(Seen { dom, has_asked })
}

/// Texts that would run a script or ask the server for something, if they were more than text.
fn hostile(at: &str) -> Vec<String> {
    let url = format!("http://{at}/x");
    let owned = "document.title=&quot;owned&quot;".replace("&quot;", "\"");
    vec![
        format!("</pre></td></table></details><script>{owned}</script>"),
        format!("<img src=\"{url}\" onerror='{owned}'>"),
        format!("<svg onload='{owned}'><image href='{url}'/></svg>"),
        format!("<iframe src=\"{url}\" srcdoc=\"<script>parent.{owned}</script>\"></iframe>"),
        format!(
            "<link rel=stylesheet href='{url}'><style>@import '{url}'; body{{background:url({url})}}</style>"
        ),
        format!("<meta http-equiv=refresh content='0;url={url}'><base href='{url}'>"),
        format!("<form action='{url}'><input autofocus onfocus='{owned}'></form>"),
        format!("<object data='{url}'></object><video src='{url}' autoplay></video>"),
        format!("\" onmouseover='{owned}' x=\" style=\"background:url({url})"),
        format!("--></title></style></textarea></noscript><script src='{url}'></script><!--"),
        format!("[x](javascript:{owned}) <a href=\"javascript:{owned}\" autofocus>x</a>"),
        "\u{0}\u{1b}[2J\u{202e}&#60;script&#62; &lt;script&gt; ]]><![CDATA[".to_owned(),
    ]
}

#[test]
fn a_page_of_a_hostile_run_runs_nothing_and_asks_for_nothing() {
    let place = place();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let texts = hostile(&server.local_addr().unwrap().to_string());
    let profile = tempfile::tempdir().unwrap();
    // The texts as they are, to see that the browser does what they ask for.
    let bare = place.folder("bare.html");
    fs::write(&bare, format!("<!DOCTYPE html><title>mine</title><body>{}", texts[1])).unwrap();
    let Some(seen) = open(&bare, profile.path(), &server) else { return };
    assert!(seen.has_asked && seen.dom.contains("<title>owned</title>"), "{}", seen.dom);

    let all = texts.join("\n");
    let mut reply = Reply::new().reasoning(&all).text(&all);
    for text in &texts {
        let name: String = text.chars().filter(|it| !"/\0\u{1b}\u{202e}".contains(*it)).collect();
        let name: String = name.chars().take(80).collect();
        reply = reply.call("write", json!({"path": name, "content": all}));
        reply = reply.call(
            "bash",
            json!({"command": format!(": {text}\nprintf %s '{}'", text.replace('\'', "")) }),
        );
    }
    let script = Script::new().reply(reply).reply(Reply::new().text(&all));
    let provider = Scripted::start(script).unwrap();
    place.zerostack(&[&format!("do {}", texts[0])]).model(&provider).run().success();
    let page = place.folder("page.html");
    place.zerostack(&["show", "1", "--html", page.to_str().unwrap()]).run().success();
    let Some(seen) = open(&page, profile.path(), &server) else { return };
    assert!(!seen.has_asked, "something left the page");
    assert!(seen.dom.contains("<title>zerostack run 1</title>"), "{}", seen.dom);
    // What the browser took for elements, whatever was written.
    for tag in
        ["script", "img", "svg", "iframe", "link", "base", "form", "object", "video", "input", "a"]
    {
        for end in [">", " "] {
            assert!(!seen.dom.contains(&format!("<{tag}{end}")), "<{tag}{end}: {}", seen.dom);
        }
    }
    assert!(!seen.dom.contains("refresh\""), "{}", seen.dom);
    // Even markup that slipped through would be stopped.
    let html = fs::read_to_string(&page).unwrap();
    let injected = place.folder("injected.html");
    fs::write(&injected, html.replace("</h1>", &format!("</h1>{all}"))).unwrap();
    let Some(seen) = open(&injected, profile.path(), &server) else { return };
    assert!(seen.dom.contains("<script>"), "the markup is there");
    assert!(seen.dom.contains("<title>zerostack run 1</title>"), "a script ran");
}
