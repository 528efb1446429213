//! Files beside texts and results, in both agents.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use zerostack_agent::provider::{Dialect, Endpoint};
use zerostack_agent::{
    Agent, AgentEvent, AsyncAgent, AsyncTool, ErrorKind, File, Tool, ToolOutput,
};
use zerostack_scripted::{Script, Scripted};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

fn endpoint(provider: &Scripted, api: Dialect) -> Endpoint {
    let base = match api {
        Dialect::Gemini => "/v1beta",
        Dialect::Anthropic | Dialect::Ollama => "",
        _ => "/v1",
    };
    Endpoint { api, ..Endpoint::local(format!("http://{}{base}", provider.address()), "m") }
}

fn agent(provider: &Scripted, api: Dialect) -> Agent {
    Agent::builder().endpoint(endpoint(provider, api)).build().unwrap()
}

/// A picture of this many bytes that exists nowhere, and the largest piece that was requested.
fn picture(bytes: u32) -> (File, Arc<AtomicUsize>) {
    let most = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&most);
    let read = move |offset: u32, out: &mut [u8]| {
        seen.fetch_max(out.len(), Ordering::Relaxed);
        let count = out.len().min(bytes.saturating_sub(offset) as usize);
        for (at, byte) in (offset..).zip(&mut out[..count]) {
            *byte = PNG.get(at as usize).copied().unwrap_or((at >> 3) as u8);
        }
        Ok(count)
    };
    (File::reader(read, bytes).unwrap(), most)
}

#[test]
fn both_agents_send_a_picture_of_a_megabyte_in_pieces_and_in_the_same_bytes() {
    const BYTES: u32 = 1 << 20;
    for api in [
        Dialect::OpenAiChat,
        Dialect::Anthropic,
        Dialect::OpenAiResponses,
        Dialect::Gemini,
        Dialect::Ollama,
    ] {
        let provider = Scripted::start(Script::new().text("A cat.").text("A cat.")).unwrap();
        let (file, most) = picture(BYTES);
        let answer = agent(&provider, api).ask_with("What is this?", [file.clone()]).unwrap();
        assert_eq!(answer, "A cat.");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(async {
            let mut agent = AsyncAgent::builder(endpoint(&provider, api)).build().unwrap();
            agent.ask_with("What is this?", [file]).await.unwrap()
        });
        assert_eq!(answer, "A cat.");
        let requests = provider.requests();
        assert!(requests[0].body == requests[1].body, "{api:?}");
        assert!(requests[0].body.len() > BYTES as usize / 3 * 4, "{api:?}");
        requests[0].assert_contains("iVBORw0KGgoB");
        let most = most.load(Ordering::Relaxed);
        assert!((1..=64 * 1024).contains(&most), "{most} bytes at once, {api:?}");
    }
}

#[test]
fn a_tool_shows_a_file_and_one_that_cannot_be_shown_is_described_to_the_model() {
    let bmp = || File::bytes(*b"BM..").unwrap().with_name("old.bmp");
    let shot = || File::bytes(PNG).unwrap().with_name("screen.png");
    let blocking = |api| {
        let script = Script::new().call("look", serde_json::json!({})).text("Seen.");
        let provider = Scripted::start(script).unwrap();
        let look = move |_: Value| {
            ToolOutput::ok("1 screen").with_file(if api == Dialect::Ollama {
                bmp()
            } else {
                shot()
            })
        };
        let tool = Tool::with_output("look", "Looks.", r#"{"type":"object"}"#, look);
        let agent = Agent::builder().endpoint(endpoint(&provider, api)).tool(tool);
        let mut agent = agent.build().unwrap();
        let events: Vec<_> = agent.run("go").collect::<Result<_, _>>().unwrap();
        let told = events.into_iter().find_map(|event| match event {
            AgentEvent::ToolResult { content, is_error, .. } => Some((content, is_error)),
            _ => None,
        });
        (provider.requests()[1].json().to_string(), told.unwrap())
    };
    for api in [Dialect::OpenAiChat, Dialect::Anthropic, Dialect::OpenAiResponses, Dialect::Gemini]
    {
        let (request, (content, is_error)) = blocking(api);
        assert!(request.contains("iVBORw0KGgo="), "{request}");
        assert_eq!((content.as_str(), is_error), ("1 screen", false));
    }
    let (request, (content, is_error)) = blocking(Dialect::Ollama);
    let why = "1 screen\n[the file old.bmp is image/bmp, and ollama has no place for it; convert it, \
               or use a model of another API]";
    assert_eq!((content.as_str(), is_error), (why, true));
    assert!(request.contains("old.bmp"), "{request}");
}

#[tokio::test]
async fn an_async_tool_shows_a_file() {
    let script = Script::new().call("look", serde_json::json!({})).text("Seen.");
    let provider = Scripted::start(script).unwrap();
    let look = |_: Value| async { ToolOutput::ok("1 screen").with_file(File::bytes(PNG).unwrap()) };
    let tool = AsyncTool::with_output("look", "Looks.", r#"{"type":"object"}"#, look);
    let agent = AsyncAgent::builder(endpoint(&provider, Dialect::Anthropic)).tool(tool);
    assert_eq!(agent.build().unwrap().ask("go").await.unwrap(), "Seen.");
    provider.requests()[1].assert_contains("iVBORw0KGgo=");
}

/// Each of these is an error before anything is sent, and the conversation goes on.
#[test]
fn files_that_cannot_be_sent_are_named_and_nothing_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    fs::create_dir(folder.path().join("folder")).unwrap();
    for (path, said) in [
        (at("empty.png", b""), "the file empty.png cannot be sent: it is empty"),
        (folder.path().join("none.png"), "cannot be read: No such file"),
        (folder.path().join("folder"), "cannot be read: it is not a regular file"),
    ] {
        let error = File::open(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        assert!(error.to_string().contains(said), "{error}");
    }
    let provider = Scripted::start(Script::new().text("Hello.")).unwrap();
    let mut agent = agent(&provider, Dialect::Anthropic);
    for (path, kind, said) in [
        (at("strange", b"\0\x01"), ErrorKind::Input, "the file strange tell what it is"),
        // It has the name of a picture and the bytes of none.
        (at("fake.png", b"hello"), ErrorKind::Input, "the file fake.png tell what it is"),
        (
            at("song.mp3", b"ID3"),
            ErrorKind::Configuration,
            "the file song.mp3 is audio/mpeg, and anthropic has no place for it",
        ),
    ] {
        let error = agent.ask_with("Look.", [File::open(path).unwrap()]).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    let odd = File::bytes(PNG).unwrap().with_media_type("image/p\"ng");
    let error = agent.ask_with("Look.", [odd]).unwrap_err();
    assert!(error.to_string().contains("is not usable"), "{error}");
    for change in [b"\x89PNG\r\n\x1a".as_slice(), b"\x89PNG\r\n\x1a\n and more"] {
        let path = at("cat.png", PNG);
        let file = File::open(&path).unwrap();
        fs::write(&path, change).unwrap();
        let error = agent.ask_with("Look.", [file]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        let said = "the file cat.png changed its length since it was attached: attach it again";
        assert_eq!(error.to_string(), said);
        agent.leave_out_attachments().unwrap();
    }
    assert_eq!(provider.requests().len(), 0);
    assert_eq!(agent.ask("Hello?").unwrap(), "Hello.");
}

/// The file is whole when the request begins, and not when its end is read.
#[tokio::test]
async fn a_file_that_breaks_off_while_it_is_sent_ends_the_turn() {
    for (fails, said) in [
        (false, "the file big.png changed its length since it was attached: attach it again"),
        (true, "the file big.png cannot be read: the disk is gone"),
    ] {
        let file = move || {
            let read = move |offset: u32, out: &mut [u8]| {
                // What is asked byte by byte is the check before sending.
                match (offset, out.len()) {
                    (500_000.., 2..) if fails => Err(io::Error::other("the disk is gone")),
                    (500_000.., 2..) | (1_000_000.., _) => Ok(0),
                    _ => {
                        let count = out.len().min((1_000_000 - offset) as usize);
                        out[..count].fill(b'x');
                        Ok(count)
                    }
                }
            };
            let file = File::reader(read, 1_000_000).unwrap();
            file.with_media_type("image/png").with_name("big.png")
        };
        let provider = Scripted::start(Script::new().text("Not this.").text("Hello.")).unwrap();
        let blocking = {
            let endpoint = endpoint(&provider, Dialect::OpenAiChat);
            std::thread::spawn(move || {
                let mut agent = Agent::builder().endpoint(endpoint).build().unwrap();
                agent.ask_with("Look.", [file()]).unwrap_err()
            })
        };
        let blocking = tokio::task::spawn_blocking(|| blocking.join().unwrap()).await.unwrap();
        let mut agent =
            AsyncAgent::builder(endpoint(&provider, Dialect::OpenAiChat)).build().unwrap();
        let asynchronous = agent.ask_with("Look.", [file()]).await.unwrap_err();
        for error in [blocking, asynchronous] {
            assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Input, said));
        }
        assert_eq!(provider.requests().len(), 0);
    }
}

#[test]
fn a_saved_conversation_goes_on_with_its_files_or_without() {
    let provider =
        Scripted::start(Script::new().text("A cat.").text("It is.").text("Gone.")).unwrap();
    let mut first = agent(&provider, Dialect::OpenAiChat);
    let file = File::bytes(PNG).unwrap().with_name("cat.png");
    first.ask_with("What is this?", [file.clone()]).unwrap();
    let saved = first.session().snapshot().to_vec();
    let resumed = || {
        let endpoint = endpoint(&provider, Dialect::OpenAiChat);
        Agent::builder().endpoint(endpoint).saved(saved.clone()).build().unwrap()
    };
    let mut second = resumed();
    let error = second.ask("Sure?").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    let said = "the conversation goes on without the file of attachment 0: give it, or go on without \
                it by leave_out_attachments() (cat.png)";
    assert_eq!(error.to_string(), said);
    second.files_mut().insert(0, file);
    assert_eq!(second.ask("Sure?").unwrap(), "It is.");
    provider.requests()[1].assert_contains("iVBORw0KGgo=");
    let mut third = resumed();
    assert_eq!(third.leave_out_attachments().unwrap(), 1);
    assert_eq!(third.ask("Sure?").unwrap(), "Gone.");
    provider.requests()[2].assert_contains("[image cat.png, image/png, 8 bytes: left out]");
}

#[test]
fn files_that_the_provider_has_are_named() {
    let provider = Scripted::start(Script::new().text("Two.")).unwrap();
    let files =
        [File::url("https://example.org/a.jpg?x=1"), File::uploaded("file-7", "application/pdf")];
    let mut agent = agent(&provider, Dialect::OpenAiResponses);
    assert_eq!(agent.ask_with("What?", files).unwrap(), "Two.");
    provider.requests()[0].assert_contains("https://example.org/a.jpg?x=1");
    provider.requests()[0].assert_contains("file-7");
}
