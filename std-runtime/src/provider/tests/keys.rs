//! To which server a key is sent, and that it is never printed.

use super::*;

#[test]
fn a_server_that_was_found_gets_no_key() {
    let servers: &[(&str, &[&str])] = &[("http://127.0.0.1:11434/v1", &["m"])];
    Case { env: &[("ZEROSTACK_API_KEY", KEY)], servers, ..Case::default() }
        .gives("ollama | openai-chat | http://127.0.0.1:11434/v1 | m | - | found on this machine");
}

#[test]
fn a_provider_moved_by_its_variable_may_do_without_a_key() {
    Case { env: &[("OPENAI_BASE_URL", "https://gateway.example/v1")], ..Case::default() }
        .gives("openai | openai-chat | https://gateway.example/v1 | gpt-5.2 | - | OPENAI_BASE_URL");
    let env = [("ANTHROPIC_BASE_URL", "https://gateway.example/v1"), ("ANTHROPIC_API_KEY", "a")];
    Case { env: &env, ..Case::default() }.gives(
        "anthropic | anthropic | https://gateway.example | claude-sonnet-4-6 | a | \
         ANTHROPIC_API_KEY",
    );
    Case { env: &[("OPENAI_BASE_URL", "https://api.openai.com/v1/")], ..Case::default() }
        .fails(ErrorKind::Authentication, &["OPENAI_API_KEY", "ZEROSTACK_API_KEY"]);
}

#[test]
fn the_key_of_a_provider_does_not_follow_a_bare_base_url() {
    let env = [("OPENAI_API_KEY", KEY)];
    Case { flags: flags("", "https://elsewhere.example/v1", "m"), env: &env, ..Case::default() }
        .gives(
            "elsewhere.example | openai-chat | https://elsewhere.example/v1 | m | - | --base-url",
        );
    Case { flags: flags("", "https://api.openai.com:444/v1", "m"), env: &env, ..Case::default() }
        .gives(
            "api.openai.com:444 | openai-chat | https://api.openai.com:444/v1 | m | - | --base-url",
        );
    Case { flags: flags("", "https://API.openai.com/v1", "m"), env: &env, ..Case::default() }
        .gives(&format!(
            "openai | openai-chat | https://api.openai.com/v1 | m | {KEY} | --base-url"
        ));
    let named = flags("openai", "https://elsewhere.example/v1", "m");
    Case { flags: named, env: &env, ..Case::default() }.gives(&format!(
        "openai | openai-chat | https://elsewhere.example/v1 | m | {KEY} | --provider"
    ));
    let env = [("OPENAI_API_KEY", "o"), ("ZEROSTACK_API_KEY", "z")];
    let bare = Flags { api: Some(Dialect::Anthropic), ..flags("", "https://e.example/v1", "m") };
    Case { flags: bare, env: &env, ..Case::default() }
        .gives("e.example | anthropic | https://e.example | m | z | --base-url");
}

#[test]
fn a_key_does_not_travel_unencrypted_unless_allowed() {
    let env = [("ZEROSTACK_API_KEY", KEY)];
    let lan = || flags("", "http://10.0.0.5:8000/v1", "m");
    Case { flags: lan(), env: &env, ..Case::default() }.fails(
        ErrorKind::Configuration,
        &["10.0.0.5", "unencrypted", "https://", "ZEROSTACK_ALLOW_HTTP=1"],
    );
    let gives =
        format!("10.0.0.5:8000 | openai-chat | http://10.0.0.5:8000/v1 | m | {KEY} | --base-url");
    let allowed = [("ZEROSTACK_API_KEY", KEY), ("ZEROSTACK_ALLOW_HTTP", "1")];
    Case { flags: lan(), env: &allowed, ..Case::default() }.gives(&gives);
    let user = "[providers.lan]\nbase_url = 'http://10.0.0.5:8000/v1'\nallow_http = true";
    Case { flags: lan(), env: &env, user, ..Case::default() }
        .gives(&format!("lan | openai-chat | http://10.0.0.5:8000/v1 | m | {KEY} | --base-url"));
    Case { flags: lan(), ..Case::default() }
        .gives("10.0.0.5:8000 | openai-chat | http://10.0.0.5:8000/v1 | m | - | --base-url");
    Case { flags: flags("", "http://localhost:8000/v1", "m"), env: &env, ..Case::default() }.gives(
        &format!(
            "localhost:8000 | openai-chat | http://localhost:8000/v1 | m | {KEY} | --base-url"
        ),
    );
}

#[test]
fn a_key_that_is_not_used_is_explained() {
    Case { env: &[("GEMINI_API_KEY", KEY)], ..Case::default() }
        .fails(ErrorKind::Configuration, &["GEMINI_API_KEY is set: use --provider gemini"]);
    let flags = Flags { api: Some(Dialect::Anthropic), ..Flags::default() };
    Case { flags, env: &[("OPENAI_API_KEY", KEY)], ..Case::default() }
        .fails(ErrorKind::Configuration, &["openai does not speak anthropic", "--api"]);
}

#[test]
fn a_server_is_the_same_by_another_name_of_its_port() {
    let user = "[providers.work]\nbase_url = 'https://llm.example/v1'\nkey_env = 'WORK_KEY'\n\
                [providers.a]\nbase_url = 'https://llm.example/a/v1'\nkey_env = 'A_KEY'";
    let env = [("WORK_KEY", "w"), ("A_KEY", "a")];
    let case = |url| Case { flags: flags("", url, "m"), env: &env, user, ..Case::default() };
    case("https://LLM.example:443/v1")
        .gives("work | openai-chat | https://llm.example:443/v1 | m | w | --base-url");
    case("HTTPS://llm.example/v1/")
        .gives("work | openai-chat | https://llm.example/v1 | m | w | --base-url");
    case("https://llm.example/a/v1")
        .gives("a | openai-chat | https://llm.example/a/v1 | m | a | --base-url");
    case("https://llm.example:8443/v1")
        .gives("llm.example:8443 | openai-chat | https://llm.example:8443/v1 | m | - | --base-url");
    // Not sent without the key either: nobody means that.
    case("http://llm.example/v1").fails(ErrorKind::Configuration, &["unencrypted"]);
}

#[test]
fn a_key_in_the_wrong_field_is_not_printed() {
    for field in [
        "provider = 'sk-hunter2'",
        "provider = 'w'\n[providers.w]\nbase_url = 'https://w/v1'\nmodel = 'm'\n\
         key_env = 'sk-hunter2'",
        "provider = 'w'\n[providers.w]\nbase_url = 'https://w/v1'\nmodel = 'sk-hunter2'",
        "[providers.w]\napi = 'sk-hunter2'",
        "[providers.w]\ntool_mode = 'sk-hunter2'",
        "[providers.w]\ncontext_tokens = 'sk-hunter2'",
        "[providers.w]\nallow_http = 'sk-hunter2'",
        "provider = 'w'\n[providers.w]\nbase_url = 'sk-hunter2'",
        "provider = 'w'\n[providers.w]\nbase_url = 'https://w/v1'\nheaders = { a = '${sk-hunter2}' }",
    ] {
        let error = Case { user: field, ..Case::default() }.resolve().unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{field}: {error}");
    }
    for name in ["ZEROSTACK_PROVIDER", "ZEROSTACK_BASE_URL", "OLLAMA_HOST"] {
        Case { env: &[(name, KEY)], ..Case::default() }.fails(ErrorKind::Configuration, &[name]);
    }
    let env = [("OPENAI_API_KEY", "o"), ("ZEROSTACK_MODEL", KEY)];
    Case { env: &env, ..Case::default() }.fails(ErrorKind::Configuration, &["looks like a key"]);
    // A key that could be the name of a variable.
    let user = "provider = 'w'\n[providers.w]\nbase_url = 'https://w/v1'\nmodel = 'm'\n\
                key_env = 'gsk_hunter2HUNTER2'";
    let error = Case { user, ..Case::default() }.resolve().unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn paths_are_joined_and_the_key_goes_into_its_header() {
    let env = [("OPENAI_API_KEY", KEY)];
    let endpoint = Case { env: &env, ..Case::default() }.resolve().unwrap();
    assert_eq!(endpoint.url("/chat/completions"), "https://api.openai.com/v1/chat/completions");
    let (name, value) = endpoint.auth_header().unwrap();
    assert_eq!((name, value.expose()), ("authorization", "Bearer sk-hunter2"));
    assert_eq!(format!("{value:?}"), "Secret(..)");
    let env = [("ANTHROPIC_API_KEY", KEY)];
    let endpoint = Case { env: &env, ..Case::default() }.resolve().unwrap();
    assert_eq!(endpoint.url("/v1/messages"), "https://api.anthropic.com/v1/messages");
    let (name, value) = endpoint.auth_header().unwrap();
    assert_eq!((name, value.expose()), ("x-api-key", KEY));
    let local = flags("", "http://localhost:1/v1", "m");
    let endpoint = Case { flags: local, ..Case::default() }.resolve().unwrap();
    assert!(endpoint.auth_header().is_none());
}
