//! What a server refuses or demands beyond its dialect: known hosts, files, flags, and refusals.

use std::path::Path;

use serde_json::Value;
use zerostack_core::{KnownHost, Profile, ProfileField};
use zerostack_scripted::{Reply, Script, Scripted};

use super::place;

fn encoded(arguments: &[&str]) -> Value {
    let all = [&["encode", "--model", "m", "--max-tokens", "9", "--api"], arguments].concat();
    let body = place().zerostack(&all).input(r#"{"role":"user","text":"hi"}"#).run().success();
    serde_json::from_str(&body).unwrap()
}

#[test]
fn encode_takes_a_known_server_and_fields_of_its_own() {
    let body = encoded(&["openai-chat"]);
    assert_eq!(
        (&body["stream_options"]["include_usage"], &body["max_tokens"]),
        (&true.into(), &9.into())
    );
    let body = encoded(&["openai-chat", "--profile", "mistral"]);
    assert_eq!((&body["stream_options"], &body["max_tokens"]), (&Value::Null, &9.into()));
    let body =
        encoded(&["openai-chat", "--profile", "mistral", "--profile", "stream_options=true"]);
    assert_eq!(body["stream_options"]["include_usage"], true);
    let body = encoded(&["openai-chat", "--profile", "api.openai.com"]);
    assert_eq!((&body["max_tokens"], &body["max_completion_tokens"]), (&Value::Null, &9.into()));
    let body = encoded(&["anthropic", "--profile", "bedrock", "--profile", "stream=false"]);
    assert_eq!((&body["cache_control"], &body["stream"]), (&Value::Null, &false.into()));
    for (arguments, code, part) in [
        (["--api", "openai-chat", "--profile", "nobody"], 2, "known server"),
        (["--api", "openai-chat", "--profile", "stream=maybe"], 2, "known server"),
        (["--api", "gemini", "--profile", "stream_options=false"], 52, "stream_options"),
    ] {
        let all = [&["encode", "--model", "m"][..], &arguments].concat();
        let done = place().zerostack(&all).input(r#"{"role":"user","text":"hi"}"#).run();
        let error = done.failure(code);
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}

#[test]
fn a_run_sends_what_the_table_of_its_server_says_and_replays() {
    let provider = Scripted::start(Script::new().text("Yes.")).unwrap();
    let place = place();
    let config = format!(
        "provider = \"work\"\n[providers.work]\nbase_url = \"{}\"\nmodel = \"m\"\n\
         [providers.work.profile]\nstream_options = false\nsystem_role = \"developer\"\n",
        provider.base_url()
    );
    place.write("home/.config/zerostack/config.toml", config);
    let tape = place.folder("tape").display().to_string();
    let arguments = ["ask", "--record", &tape, "Is it so?"];
    assert_eq!(place.zerostack(&arguments).run().success(), "Yes.\n");
    let sent: Value = serde_json::from_slice(&provider.requests()[0].body).unwrap();
    assert_eq!(sent["stream_options"], Value::Null);
    assert_eq!(sent["messages"][0]["role"], "developer");
    let played = place.zerostack(&["replay", "--requests", &tape]).run().success();
    assert_eq!(serde_json::from_str::<Value>(&played).unwrap(), sent);

    let shown = place.zerostack(&["config"]).run().success();
    let line = |key: &str| shown.lines().find(|line| line.starts_with(key)).unwrap_or_default();
    assert!(line("profile.stream_options").contains("false  (user: "), "{shown}");
    let shown = place.zerostack(&["doctor"]).run().stdout;
    let shown = String::from_utf8_lossy(&shown);
    let line = shown.lines().find(|line| line.starts_with("profile")).unwrap_or_default();
    assert!(line.contains("system_role = developer (its table)"), "{shown}");
}

#[test]
fn a_refusal_that_names_a_field_is_sent_again_without_it_and_says_so() {
    let refusal = r#"{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#;
    let script =
        Script::new().reply(Reply::raw("application/json", refusal).with_status(422)).text("Yes.");
    let provider = Scripted::start(script).unwrap();
    let arguments = ["ask", "--max-attempts", "1", "Is it so?"];
    let done = place().zerostack(&arguments).model(&provider).run();
    assert_eq!(done.success(), "Yes.\n");
    let error = &done.stderr;
    assert!(error.contains("stream_options") && error.contains("omits it"), "{error}");
    let has: Vec<bool> = provider
        .requests()
        .iter()
        .map(|it| String::from_utf8_lossy(&it.body).contains("stream_options"))
        .collect();
    assert_eq!(has, [true, false]);
}

/// The tables in the guide are written anew with `ZEROSTACK_WRITE_TABLES=1`.
#[test]
fn the_guide_has_the_tables_of_fields_and_servers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../std-runtime/docs/profiles.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut fields = "| field | values | dialects |\n|---|---|---|\n".to_owned();
    let code = |names: &[&str]| {
        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    for field in ProfileField::ALL.iter().filter(|field| !field.values().is_empty()) {
        let dialects: Vec<&str> = zerostack_core::Dialect::ALL
            .iter()
            .filter(|dialect| field.is_in(**dialect))
            .map(|dialect| dialect.name())
            .collect();
        fields +=
            &format!("| `{}` | {} | {} |\n", field.name(), code(field.values()), code(&dialects));
    }
    let mut servers = "| server | hosts | profile | sources |\n|---|---|---|---|\n".to_owned();
    for known in KnownHost::ALL {
        let mut says: Vec<String> = ProfileField::ALL
            .iter()
            .filter_map(|field| Some((field.name(), known.profile.value(*field)?)))
            .map(|(name, value)| format!("`{name} = {value}`"))
            .collect();
        if known.output_limit_key != Default::default() {
            says.push(format!("`output_limit_key = {}`", known.output_limit_key.name()));
        }
        let says = if says.is_empty() { "—".to_owned() } else { says.join("<br>") };
        let sources: Vec<String> = known
            .sources
            .iter()
            .enumerate()
            .map(|(index, source)| format!("[{}]({source})", index + 1))
            .collect();
        let hosts = code(known.hosts);
        servers += &format!("| {} | {hosts} | {says} | {} |\n", known.name, sources.join(", "));
    }
    assert_eq!(KnownHost::named("openrouter").unwrap().profile, Profile::DIALECT);
    let mut expected = text.clone();
    for (name, table) in [("fields", &fields), ("servers", &servers)] {
        let begin = format!("<!-- {name}: written by tests/conformance/profile.rs -->\n");
        let (before, rest) = expected.split_once(&begin).unwrap();
        let end = format!("<!-- /{name} -->");
        let (_, after) = rest.split_once(&end).unwrap();
        expected = format!("{before}{begin}{table}{end}{after}");
    }
    if std::env::var_os("ZEROSTACK_WRITE_TABLES").is_some() {
        std::fs::write(&path, expected).unwrap();
    } else {
        assert_eq!(text, expected, "ZEROSTACK_WRITE_TABLES=1 writes it");
    }
}
