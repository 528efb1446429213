//! What the table of a provider sets.

use super::*;

#[test]
fn a_table_describes_any_provider() {
    let user = "provider = 'work'\n[providers.work]\napi = 'anthropic'\n\
                base_url = 'https://llm.work/v1'\nmodel = 'm'\nkey_env = 'WORK_KEY'";
    Case { env: &[("WORK_KEY", "w")], user, ..Case::default() }
        .gives(&format!("work | anthropic | https://llm.work | m | w | {USER}"));
    Case { user, ..Case::default() }.fails(ErrorKind::Authentication, &["WORK_KEY", "work"]);
    let user = "provider = 'openai'\n[providers.openai]\nbase_url = 'https://eu.example/v1'";
    let env = [("OPENAI_API_KEY", "o"), ("OPENAI_BASE_URL", "https://ignored/v1")];
    Case { env: &env, user, ..Case::default() }
        .gives(&format!("openai | openai-chat | https://eu.example/v1 | gpt-5.2 | o | {USER}"));
    let user = "provider = 'bare'\n[providers.bare]\nmodel = 'm'";
    Case { user, ..Case::default() }
        .fails(ErrorKind::Configuration, &["bare has no base_url", "[providers.bare]", USER]);
}

#[test]
fn a_table_adds_headers_and_a_query() {
    let user = "provider = 'azure'\n[providers.azure]\nbase_url = 'https://x.example/openai/v1'\n\
                model = 'm'\nheaders = { api-key = '${AZURE_KEY}', x-team = 'core' }\n\
                query = { api-version = '2024-10-21' }";
    let env = [("AZURE_KEY", KEY)];
    let endpoint = Case { user, env: &env, ..Case::default() }.resolve().unwrap();
    assert_eq!(
        endpoint.url("/chat/completions"),
        "https://x.example/openai/v1/chat/completions?api-version=2024-10-21"
    );
    let headers = endpoint.headers();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.expose())).collect();
    assert_eq!(headers, [("api-key", KEY), ("x-team", "core")]);
    assert!(!format!("{endpoint:?} {endpoint}").contains(KEY));
    assert_eq!(endpoint.secrets().redact("sk-hunter2 of 2024-10-21"), "(key) of 2024-10-21");
    let variables =
        [("AZURE_KEY", "x"), ("OTHER", "a sk-hunter2"), ("GROQ_API_KEY", ""), ("A", "")];
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let case = Case { user, env: &env, ..Case::default() };
    let hidden = key_variables(variables.into_iter(), &case.config().unwrap().providers, &endpoint);
    assert_eq!(hidden, ["AZURE_KEY", "OTHER", "GROQ_API_KEY"]);
    Case { user, ..Case::default() }.fails(ErrorKind::Authentication, &["AZURE_KEY", "api-key"]);
    // A header of the same name takes the place of the key.
    let user = "provider = 'w'\n[providers.w]\nbase_url = 'https://w/v1'\nmodel = 'm'\n\
                headers = { Authorization = 'Basic ${AZURE_KEY}' }";
    let env = [("AZURE_KEY", KEY), ("ZEROSTACK_API_KEY", "z")];
    let endpoint = Case { user, env: &env, ..Case::default() }.resolve().unwrap();
    assert_eq!(endpoint.headers().len(), 1);
    // It is a key, so it does not travel unencrypted either.
    let user = "provider = 'w'\n[providers.w]\nbase_url = 'http://w/v1'\nmodel = 'm'\n\
                headers = { x = '${AZURE_KEY}' }";
    Case { user, env: &env[..1], ..Case::default() }
        .fails(ErrorKind::Configuration, &["unencrypted"]);
}

#[test]
fn the_advice_of_max_cost_works() {
    let limits = || zerostack_core::Limits { max_turn_cost_micros: 1, ..Default::default() };
    let advice = |case: &Case<'_>| {
        let error = Error::from(case.resolve().unwrap().limits(limits()).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let error = error.to_string();
        let parts: Vec<&str> = error.split('`').collect();
        match error.split_once(" under ") {
            Some((_, place)) => {
                let table = place.split_once(']').unwrap().0;
                format!("{table}]\n{}", parts[1])
            }
            None => parts[1].to_owned(),
        }
    };
    let servers: &[(&str, &[&str])] = &[("http://127.0.0.1:11434/v1", &["m"])];
    let openai = [("OPENAI_API_KEY", "k")];
    let user = "provider = 'a.b'\n[providers.'a.b']\nbase_url = 'https://ab/v1'\nmodel = 'm'\n";
    for case in [
        Case { flags: flags("", "http://127.0.0.1:1234", "m"), ..Case::default() },
        Case { flags: flags("", "https://llm.example:8443/v1", "m"), ..Case::default() },
        // The price of the provider's own first model is known.
        Case { env: &openai, flags: flags("", "", "m"), ..Case::default() },
        Case { servers, ..Case::default() },
    ] {
        let user = advice(&case);
        let limits = Case { user: &user, ..case }.resolve().unwrap().limits(limits()).unwrap();
        assert_eq!((limits.max_turn_cost_micros, limits.prices.input), (1, 3_000_000), "{user}");
    }
    assert!(advice(&Case { user, ..Case::default() }).starts_with("[providers.\"a.b\"]"));
    // What is free reaches no limit.
    let free = "[providers.openai]\nprices = { input = 0.0, output = 0.0 }";
    let case = Case { env: &openai, user: free, ..Case::default() };
    let limits = case.resolve().unwrap().limits(limits()).unwrap();
    assert_eq!(limits.max_turn_cost_micros, 0);
}

#[test]
fn the_tool_mode_comes_from_the_flag_or_the_table() {
    let mode = |case: Case<'_>| case.resolve().unwrap().tool_mode;
    let env = [("OLLAMA_HOST", "127.0.0.1:11434"), ("ZEROSTACK_MODEL", "m")];
    assert_eq!(mode(Case { env: &env, ..Case::default() }), ToolMode::Native);
    let user = "[providers.ollama]\ntool_mode = \"schema\"\n";
    assert_eq!(mode(Case { env: &env, user, ..Case::default() }), ToolMode::Schema);
    let flags = Flags { tool_mode: Some(ToolMode::Text), ..Flags::default() };
    assert_eq!(mode(Case { env: &env, user, flags, ..Case::default() }), ToolMode::Text);
    let user = "[providers.ollama]\ntool_mode = \"loud\"\n";
    let parts = [":2: ", "\"loud\"", "`native`", "`schema`"];
    Case { env: &env, user, ..Case::default() }.fails(ErrorKind::Configuration, &parts);
}

#[test]
fn a_profile_is_that_of_a_known_server_under_what_the_table_says() {
    let fields = |case: Case<'_>| {
        let endpoint = case.resolve().unwrap();
        let fields = endpoint.profile.fields(endpoint.api);
        fields.map(|(field, value, host)| (field.name(), value, host)).collect::<Vec<_>>()
    };
    let mistral = [("MISTRAL_API_KEY", KEY)];
    let case = Case { flags: flags("mistral", "", ""), env: &mistral, ..Case::default() };
    let known = [
        ("stream_options", "false", Some("mistral")),
        ("call_ids", "nine-letters", Some("mistral")),
    ];
    assert_eq!(fields(case), known);
    let user = "[providers.mistral.profile]\nstream_options = true\nreasoning = \"none\"\n";
    let case = Case { flags: flags("mistral", "", ""), env: &mistral, user, ..Case::default() };
    let own = [("stream_options", "true", None), ("reasoning", "none", None), known[1]];
    assert_eq!(fields(case), own);
    // A server of one's own has its name where it listens elsewhere.
    let vllm = "[providers.vllm]\nbase_url = \"http://10.0.0.7:9000/v1\"\nmodel = \"m\"\n";
    for (user, name) in [(vllm, "vllm"), ("", "")] {
        let (provider, url) =
            if name.is_empty() { ("", "http://127.0.0.1:8000/v1") } else { (name, "") };
        let case = Case { flags: flags(provider, url, "m"), user, ..Case::default() };
        assert!(fields(case).contains(&("instruction_role", "user", Some("vllm"))), "{user}");
    }
    // The name alone tells nothing of another server.
    let moved = "[providers.mistral]\nbase_url = \"https://x.example.com/v1\"\nmodel = \"m\"\n";
    let case =
        Case { flags: flags("mistral", "", ""), env: &mistral, user: moved, ..Case::default() };
    assert_eq!(fields(case), []);
    for (text, parts) in [
        ("streams = true", ["`stream_options`", "\"streams\""]),
        ("stream = \"maybe\"", ["`true`", "\"maybe\""]),
        ("output_limit_key = \"max_tokens\"", ["`stream`", "output_limit_key"]),
    ] {
        let user = format!("[providers.x.profile]\n{text}\n");
        Case { user: &user, ..Case::default() }.fails(ErrorKind::Configuration, &parts);
    }
}

#[test]
fn the_limit_of_a_reply_has_the_name_that_the_server_knows() {
    let key = |case: Case<'_>| case.resolve().unwrap().output_limit_key;
    let openai = [("OPENAI_API_KEY", KEY)];
    let newer = OutputLimitKey::MaxCompletionTokens;
    assert_eq!(key(Case { env: &openai, ..Case::default() }), newer);
    // The same provider, moved to a server that may know the older key only.
    let moved = [("OPENAI_API_KEY", KEY), ("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")];
    assert_eq!(key(Case { env: &moved, ..Case::default() }), OutputLimitKey::MaxTokens);
    let user = r#"
provider = "azure"
[providers.azure]
base_url = "https://x.example.com/v1"
model = "m"
output_limit_key = "max_completion_tokens"
"#;
    assert_eq!(key(Case { user, ..Case::default() }), newer);
    let older = r#"
[providers.openai]
output_limit_key = "max_tokens"
"#;
    let case = Case { env: &openai, user: older, ..Case::default() };
    assert_eq!(key(case), OutputLimitKey::MaxTokens);
    let user = "[providers.x]\noutput_limit_key = \"tokens\"\n";
    let parts = [":2: ", "max_tokens", "max_completion_tokens"];
    Case { user, ..Case::default() }.fails(ErrorKind::Configuration, &parts);
}
