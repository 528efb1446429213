//! Which provider and which model are chosen.

use super::*;

#[test]
fn a_key_in_its_variable_is_enough() {
    for (variable, expected) in [
        (
            "OPENAI_API_KEY",
            "openai | openai-chat | https://api.openai.com/v1 | gpt-5.2 | k | OPENAI_API_KEY",
        ),
        (
            "ANTHROPIC_API_KEY",
            "anthropic | anthropic | https://api.anthropic.com | claude-sonnet-4-6 | k | \
             ANTHROPIC_API_KEY",
        ),
        (
            "OPENROUTER_API_KEY",
            "openrouter | openai-chat | https://openrouter.ai/api/v1 | openrouter/auto | k | \
             OPENROUTER_API_KEY",
        ),
    ] {
        Case { env: &[(variable, " k\n")], ..Case::default() }.gives(expected);
    }
}

#[test]
fn the_first_variable_wins_and_an_empty_one_is_not_set() {
    let env = [("OPENAI_API_KEY", " "), ("OPENROUTER_API_KEY", "r"), ("ANTHROPIC_API_KEY", "a")];
    Case { env: &env, ..Case::default() }.gives(
        "anthropic | anthropic | https://api.anthropic.com | claude-sonnet-4-6 | a | \
         ANTHROPIC_API_KEY",
    );
    let env = [("OPENAI_API_KEY", "o"), ("ANTHROPIC_API_KEY", "a")];
    let flags = Flags { api: Some(Dialect::Anthropic), ..Flags::default() };
    Case { flags, env: &env, ..Case::default() }.gives(
        "anthropic | anthropic | https://api.anthropic.com | claude-sonnet-4-6 | a | \
         ANTHROPIC_API_KEY",
    );
}

#[test]
fn flags_win_over_variables_over_files_over_keys() {
    let user = "provider = 'groq'\nmodel = 'of-file'";
    let keys = [
        ("GROQ_API_KEY", "g"),
        ("XAI_API_KEY", "x"),
        ("MISTRAL_API_KEY", "m"),
        ("OPENAI_API_KEY", "o"),
    ];
    let with = |more: &[(&'static str, &'static str)]| [&keys[..], more].concat();
    let env = with(&[]);
    Case { env: &env, ..Case::default() }
        .gives("openai | openai-chat | https://api.openai.com/v1 | gpt-5.2 | o | OPENAI_API_KEY");
    Case { env: &env, user, ..Case::default() }.gives(&format!(
        "groq | openai-chat | https://api.groq.com/openai/v1 | of-file | g | {USER}"
    ));
    let env = with(&[("ZEROSTACK_PROVIDER", "xai"), ("ZEROSTACK_MODEL", "of-env")]);
    Case { env: &env, user, ..Case::default() }
        .gives("xai | openai-chat | https://api.x.ai/v1 | of-env | x | ZEROSTACK_PROVIDER");
    Case { flags: flags("mistral", "", "of-flag"), env: &env, user, ..Case::default() }
        .gives("mistral | openai-chat | https://api.mistral.ai/v1 | of-flag | m | --provider");
    Case { flags: flags("mistral", "", ""), env: &env, user, ..Case::default() }
        .gives("mistral | openai-chat | https://api.mistral.ai/v1 | of-env | m | --provider");
    let env = with(&[("ZEROSTACK_API_KEY", "z")]);
    Case { flags: flags("openai", "", ""), env: &env, ..Case::default() }
        .gives("openai | openai-chat | https://api.openai.com/v1 | gpt-5.2 | z | --provider");
}

#[test]
fn a_choice_is_whole() {
    let own = [
        ("ZEROSTACK_BASE_URL", "https://own.example/v1"),
        ("ZEROSTACK_API_KEY", "z"),
        ("OPENAI_API_KEY", "o"),
    ];
    // The URL and the key of the variables do not follow the provider of the flag.
    Case { flags: flags("openai", "", ""), env: &own, ..Case::default() }
        .gives("openai | openai-chat | https://api.openai.com/v1 | gpt-5.2 | o | --provider");
    // Nor does the provider of the variable follow the URL of the flag.
    let named =
        [("ZEROSTACK_PROVIDER", "openai"), ("ZEROSTACK_API_KEY", "z"), ("OPENAI_API_KEY", "o")];
    let elsewhere = || flags("", "https://e.example/v1", "m");
    Case { flags: elsewhere(), env: &named, ..Case::default() }
        .gives("e.example | openai-chat | https://e.example/v1 | m | - | --base-url");
    Case { flags: elsewhere(), env: &own, ..Case::default() }
        .gives("e.example | openai-chat | https://e.example/v1 | m | - | --base-url");
    // Another name for the same server is the same server.
    Case { flags: flags("", "https://OWN.example:443/v1", "m"), env: &own, ..Case::default() }
        .gives("own.example:443 | openai-chat | https://own.example:443/v1 | m | z | --base-url");
    Case { flags: flags("openai", "", ""), env: &named, ..Case::default() }
        .gives("openai | openai-chat | https://api.openai.com/v1 | gpt-5.2 | z | --provider");
    // Both in one place belong together.
    let both = [&own[..2], &[("ZEROSTACK_PROVIDER", "anthropic")]].concat();
    Case { env: &both, ..Case::default() }.gives(
        "anthropic | anthropic | https://own.example | claude-sonnet-4-6 | z | ZEROSTACK_PROVIDER",
    );
    // The key of a table does not follow a URL of the variables.
    let user = "provider = 'work'\n[providers.work]\nbase_url = 'https://work.example/v1'\n\
                model = 'm'\nkey_env = 'WORK_KEY'";
    let env = [("ZEROSTACK_BASE_URL", "https://own.example/v1"), ("WORK_KEY", KEY)];
    Case { flags: flags("", "", "m"), env: &env, user, ..Case::default() }
        .gives("own.example | openai-chat | https://own.example/v1 | m | - | ZEROSTACK_BASE_URL");
    // The message names the providers with a key and those without.
    let env = [("ZEROSTACK_BASE_URL", "https://own.example/v1"), ("ZEROSTACK_API_KEY", KEY)];
    Case { flags: flags("openai", "", ""), env: &env, ..Case::default() }
        .fails(ErrorKind::Authentication, &["OPENAI_API_KEY", "for another server"]);
}

#[test]
fn a_model_of_the_files_stays_with_the_provider_of_the_files() {
    let user = "provider = 'groq'\nmodel = 'of-file'";
    let env = [("MISTRAL_API_KEY", "m"), ("GROQ_API_KEY", "g")];
    Case { flags: flags("mistral", "", ""), env: &env, user, ..Case::default() }.gives(
        "mistral | openai-chat | https://api.mistral.ai/v1 | mistral-large-latest | m | --provider",
    );
    Case { flags: flags("groq", "", ""), env: &env, user, ..Case::default() }
        .gives("groq | openai-chat | https://api.groq.com/openai/v1 | of-file | g | --provider");
    let project = "provider = 'mistral'";
    let allows = format!("{user}\n[projects]\nproviders = ['mistral']");
    Case { env: &env, user: &allows, project, ..Case::default() }.gives(&format!(
        "mistral | openai-chat | https://api.mistral.ai/v1 | mistral-large-latest | m | {PROJECT}"
    ));
    let project = "model = 'of-project'";
    Case { env: &env, user, project, ..Case::default() }.gives(&format!(
        "groq | openai-chat | https://api.groq.com/openai/v1 | of-project | g | {USER}"
    ));
    let env = [("OPENAI_API_KEY", "o")];
    Case { env: &env, project, ..Case::default() }.gives(
        "openai | openai-chat | https://api.openai.com/v1 | of-project | o | OPENAI_API_KEY",
    );
}

#[test]
fn a_server_of_ones_own_is_asked_for_its_models() {
    let embedding_first: &[&str] = &["nomic-Embed-text:latest", "qwen3:4b"];
    let servers: &[(&str, &[&str])] =
        &[("http://127.0.0.1:11434/v1", embedding_first), ("http://gpu:11434/v1", &["llama"])];
    Case { flags: flags("ollama", "", ""), servers, ..Case::default() }
        .gives("ollama | openai-chat | http://127.0.0.1:11434/v1 | qwen3:4b | - | --provider");
    Case { env: &[("OLLAMA_HOST", "gpu")], servers, ..Case::default() }
        .gives("ollama | openai-chat | http://gpu:11434/v1 | llama | - | OLLAMA_HOST");
    Case { flags: flags("", "http://127.0.0.1:11434", ""), servers, ..Case::default() }.gives(
        "127.0.0.1:11434 | openai-chat | http://127.0.0.1:11434/v1 | qwen3:4b | - | --base-url",
    );
    Case { flags: flags("lmstudio", "", ""), servers, ..Case::default() }
        .fails(ErrorKind::Provider, &["nothing at http://127.0.0.1:1234/v1"]);
    let servers: &[(&str, &[&str])] = &[("http://127.0.0.1:11434/v1", &["all-embed"])];
    Case { flags: flags("ollama", "", ""), servers, ..Case::default() }
        .fails(ErrorKind::Configuration, &["ollama", "has no model"]);
}

#[test]
fn with_nothing_said_a_server_on_this_machine_is_found() {
    let servers: &[(&str, &[&str])] = &[
        ("http://127.0.0.1:11434/v1", &[]),
        ("http://127.0.0.1:8080/v1", &["gemma"]),
        ("http://127.0.0.1:1234/v1", &["phi:mini"]),
    ];
    Case { servers, ..Case::default() }.gives(
        "llamacpp | openai-chat | http://127.0.0.1:8080/v1 | gemma | - | found on this machine",
    );
    Case { env: &[("ZEROSTACK_MODEL", "phi")], servers, ..Case::default() }.gives(
        "lmstudio | openai-chat | http://127.0.0.1:1234/v1 | phi | - | found on this machine",
    );
    Case { env: &[("ZEROSTACK_MODEL", "big")], servers, ..Case::default() }
        .fails(ErrorKind::Configuration, &["no model server with big"]);
    Case::default().fails(
        ErrorKind::Configuration,
        &["OPENAI_API_KEY", "--base-url", "Ollama", "llama.cpp", "LM Studio", "zerostack try"],
    );
}

#[test]
fn a_built_in_provider_speaks_its_other_dialects() {
    for (provider, api, expected) in [
        ("ollama", Dialect::Ollama, "http://127.0.0.1:11434"),
        ("ollama", Dialect::Anthropic, "http://127.0.0.1:11434"),
        ("openrouter", Dialect::Anthropic, "https://openrouter.ai/api"),
        ("openai", Dialect::OpenAiResponses, "https://api.openai.com/v1"),
        ("gemini", Dialect::Gemini, "https://generativelanguage.googleapis.com/v1beta"),
        ("anthropic", Dialect::OpenAiChat, "https://api.anthropic.com/v1"),
        ("deepseek", Dialect::Anthropic, "https://api.deepseek.com/anthropic"),
    ] {
        let env = [
            ("ANTHROPIC_API_KEY", "k"),
            ("DEEPSEEK_API_KEY", "k"),
            ("GEMINI_API_KEY", "k"),
            ("OPENAI_API_KEY", "k"),
            ("OPENROUTER_API_KEY", "k"),
        ];
        let flags = Flags { api: Some(api), ..flags(provider, "", "m") };
        let endpoint = Case { flags, env: &env, ..Case::default() }.resolve().unwrap();
        assert_eq!((endpoint.base_url.as_str(), endpoint.api), (expected, api), "{provider}");
    }
    let flags = |api| Flags { api: Some(api), ..Flags::default() };
    let env = [("OLLAMA_HOST", "gpu"), ("ZEROSTACK_MODEL", "m")];
    Case { flags: flags(Dialect::Ollama), env: &env, ..Case::default() }
        .gives("ollama | ollama | http://gpu:11434 | m | - | OLLAMA_HOST");
    // A server that is found is spoken to as the flag says, or not at all.
    let servers: &[(&str, &[&str])] = &[("http://127.0.0.1:11434/v1", &["m"])];
    Case { flags: flags(Dialect::Anthropic), servers, ..Case::default() }
        .gives("ollama | anthropic | http://127.0.0.1:11434 | m | - | found on this machine");
    Case { flags: flags(Dialect::Gemini), servers, ..Case::default() }
        .fails(ErrorKind::Configuration, &["speaks gemini", "--api gemini"]);
}

#[test]
fn an_empty_model_is_none() {
    let env = [("OPENAI_API_KEY", "k"), ("ZEROSTACK_MODEL", " ")];
    let empty = Flags { model: Some(" ".to_owned()), ..Flags::default() };
    let user = "model = ''\n[providers.openai]\nmodel = ' '";
    Case { flags: empty, env: &env, user, ..Case::default() }
        .gives("openai | openai-chat | https://api.openai.com/v1 | gpt-5.2 | k | OPENAI_API_KEY");
}
