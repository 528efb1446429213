//! Which endpoint comes out of which flags, variables and files.

use std::ffi::OsString;
use std::path::Path;

use zerostack_core::{OutputLimitKey, ToolMode};

use super::*;
use crate::{Error, ErrorKind, Result};

const USER: &str = "/home/u/.config/zerostack/config.toml";
const PROJECT: &str = "/src/p/.zerostack/config.toml";
const KEY: &str = "sk-hunter2";

/// One case: what is said, and what must come out.
#[derive(Default)]
struct Case<'a> {
    flags: Flags,
    env: &'a [(&'a str, &'a str)],
    user: &'a str,
    project: &'a str,
    /// Base URLs that answer, and their models.
    servers: &'a [(&'a str, &'a [&'a str])],
}

impl Case<'_> {
    fn config(&self) -> Result<Config> {
        Config::parse(
            (!self.user.is_empty()).then_some((Path::new(USER), self.user)),
            (!self.project.is_empty()).then_some((Path::new(PROJECT), self.project)),
            false,
        )
    }

    fn resolve(&self) -> Result<Endpoint> {
        let env = |name: &str| {
            let found = self.env.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let mut models = |endpoint: &Endpoint| {
            let base_url = &endpoint.base_url;
            let server = self.servers.iter().find(|(known, _)| known == base_url);
            match server {
                Some((_, models)) => Ok(models.iter().copied().map(Into::into).collect()),
                None => {
                    let text = format!("nothing at {base_url}");
                    Err(zerostack_agent::Error::new(zerostack_agent::ErrorKind::Provider, text))
                }
            }
        };
        Ok(resolve_with(&self.flags, &env, &self.config()?.providers, &mut models)?)
    }

    /// name | api | base URL | model | key | origin
    #[track_caller]
    fn gives(&self, expected: &str) {
        let endpoint = self.resolve().unwrap();
        let Endpoint { name, api, base_url, model, key, origin, .. } = &endpoint;
        let key = key.as_ref().map_or("-", Secret::expose);
        let found = format!("{name} | {} | {base_url} | {model} | {key} | {origin}", api.name());
        assert_eq!(found, expected);
        for shown in [format!("{endpoint}"), format!("{endpoint:?}")] {
            assert!(key != KEY || !shown.contains(key), "{shown}");
        }
    }

    #[track_caller]
    fn fails(&self, kind: ErrorKind, parts: &[&str]) {
        let error = self.resolve().unwrap_err();
        let message = error.to_string();
        assert_eq!(error.kind(), kind, "{message}");
        assert!(!message.contains('\n') && !message.contains(KEY), "{message}");
        for part in parts {
            assert!(message.contains(part), "{message:?} does not say {part:?}");
        }
    }
}

fn flags(provider: &str, base_url: &str, model: &str) -> Flags {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let (provider, base_url, model) = (given(provider), given(base_url), given(model));
    Flags { provider, base_url, model, ..Flags::default() }
}

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
fn a_server_that_was_found_gets_no_key() {
    let servers: &[(&str, &[&str])] = &[("http://127.0.0.1:11434/v1", &["m"])];
    Case { env: &[("ZEROSTACK_API_KEY", KEY)], servers, ..Case::default() }
        .gives("ollama | openai-chat | http://127.0.0.1:11434/v1 | m | - | found on this machine");
}

#[test]
fn variables_that_are_not_utf_8_are_named() {
    use std::os::unix::ffi::OsStringExt as _;
    for name in ["OPENAI_API_KEY", "ZEROSTACK_PROVIDER", "ZEROSTACK_BASE_URL", "ZEROSTACK_MODEL"] {
        let env = |asked: &str| match asked {
            _ if asked == name => Some(OsString::from_vec(b"caf\xe9".to_vec())),
            "OPENAI_API_KEY" => Some("o".into()),
            _ => None,
        };
        let flags = Flags::default();
        let config = Config::default().providers;
        let error = resolve_with(&flags, &env, &config, &mut |_| Ok(Vec::new()));
        let error = Error::from(error.unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(name), "{error}");
    }
    let env = |name: &str| (name == "HTTPS_PROXY").then(|| OsString::from_vec(vec![0xff]));
    let error = crate::transport::HttpOptions::from_env(&env).unwrap_err();
    assert!(error.to_string().contains("HTTPS_PROXY"), "{error}");
}

#[test]
fn a_home_that_is_not_utf_8_has_its_configuration() {
    use std::os::unix::ffi::OsStringExt as _;
    let mut home = tempfile::tempdir().unwrap().path().as_os_str().to_owned();
    home.push(OsString::from_vec(b"-caf\xe9".to_vec()));
    let folder = Path::new(&home).join(".config/zerostack");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), "provider = 'groq'").unwrap();
    let env = |name: &str| (name == "HOME").then(|| home.clone());
    let config = Config::load(&env, Path::new("/nowhere")).unwrap();
    std::fs::remove_dir_all(&home).unwrap();
    assert_eq!(config.providers.provider.unwrap().value, "groq");
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
fn errors_name_what_is_wrong_and_where() {
    Case { flags: flags("opneai", "", ""), ..Case::default() }.fails(
        ErrorKind::Configuration,
        &["--provider", "\"opneai\"", "openai, anthropic, openrouter", "[providers.NAME]"],
    );
    let user = "[providers.work]\nbase_url = 'https://w/v1'";
    Case { env: &[("ZEROSTACK_PROVIDER", "x")], user, ..Case::default() }
        .fails(ErrorKind::Configuration, &["ZEROSTACK_PROVIDER", "work", USER]);
    Case { flags: flags("openai", "", ""), ..Case::default() }
        .fails(ErrorKind::Authentication, &["no key for openai", "OPENAI_API_KEY"]);
    Case { flags: flags("groq", "", ""), env: &[("GROQ_API_KEY", "g")], ..Case::default() }
        .fails(ErrorKind::Configuration, &["no model", "groq", "--model", "ZEROSTACK_MODEL"]);
    for key in ["sk-hunter2 x", "sk-hunter2\nx", "sk-hunter2\u{201d}"] {
        Case { env: &[("OPENAI_API_KEY", key)], ..Case::default() }
            .fails(ErrorKind::Authentication, &["OPENAI_API_KEY", "line break"]);
    }
    Case { flags: flags("", "api.example.com/v1", "m"), ..Case::default() }
        .fails(ErrorKind::Configuration, &["--base-url", "http:// or https://"]);
    Case { env: &[("ZEROSTACK_BASE_URL", "ftp://h")], ..Case::default() }
        .fails(ErrorKind::Configuration, &["ZEROSTACK_BASE_URL"]);
    let env = [("OPENAI_API_KEY", KEY), ("OPENAI_BASE_URL", "h")];
    Case { env: &env, ..Case::default() }.fails(ErrorKind::Configuration, &["OPENAI_BASE_URL"]);
    Case { env: &[("OLLAMA_HOST", "a b")], ..Case::default() }
        .fails(ErrorKind::Configuration, &["OLLAMA_HOST"]);
}

#[test]
fn errors_in_files_name_the_file_the_line_and_the_key() {
    for (user, parts) in [
        ("model = 'm'\nbase_url = 'x'", [":2:", "`base_url`", "[providers.NAME]"]),
        ("[permision]\ndeny = []", [":1:", "`permision`", "`permissions`"]),
        ("[providers.a]\napi = 'soap'", [":2:", "\"soap\"", "`openai-chat`"]),
        ("[providers.a]\n\nkey = 'sk-hunter2'", [":3:", "`key`", "`key_env`"]),
        ("model = 1", [":1:", "integer", "string"]),
        ("model = 'm", [":1:", "literal string", ""]),
        ("[providers\n", [":1:", "", ""]),
    ] {
        let case = Case { user, ..Case::default() };
        case.fails(ErrorKind::Configuration, &[USER]);
        case.fails(ErrorKind::Configuration, &parts);
    }
}

#[test]
fn a_project_chooses_neither_hosts_nor_keys() {
    for project in [
        "provider = 'evil'\n[providers.evil]\nbase_url = 'https://evil.example/v1'",
        "base_url = 'https://evil.example/v1'",
        "key_env = 'OPENAI_API_KEY'",
    ] {
        Case { project, env: &[("OPENAI_API_KEY", KEY)], ..Case::default() }
            .fails(ErrorKind::Configuration, &[PROJECT, "holds only provider, model"]);
    }
    Case { project: "provider = 'evil'", ..Case::default() }
        .fails(ErrorKind::Configuration, &[PROJECT, "\"evil\""]);
}

#[test]
fn a_project_chooses_among_what_the_user_allows() {
    let user = "provider = 'work'\n[providers.work]\nbase_url = 'https://work.example/v1'\n\
                model = 'm'\n[providers.lab]\nbase_url = 'https://lab.example/v1'\nmodel = 'l'\n\
                key_env = 'LAB_KEY'\n";
    let allows = format!("{user}[projects]\nproviders = ['lab']\nmodels = ['a', 'b']\n");
    let env = [("ZEROSTACK_API_KEY", KEY), ("LAB_KEY", "l"), ("OPENAI_API_KEY", "o")];
    let lab = "provider = 'lab'";
    let case = |user, project| Case { env: &env, user, project, ..Case::default() };
    // Neither a table of the user's nor a built-in name is a permission.
    for project in [lab, "provider = 'openai'", "provider = 'ollama'"] {
        case(user, project).fails(ErrorKind::Configuration, &[PROJECT, "[projects]", USER]);
    }
    // The general key is for what the user chose; what is allowed has a key of its own.
    case(&allows, lab)
        .gives(&format!("lab | openai-chat | https://lab.example/v1 | l | l | {PROJECT}"));
    let general = [("ZEROSTACK_API_KEY", KEY)];
    Case { env: &general, ..case(&allows, lab) }
        .fails(ErrorKind::Authentication, &["set LAB_KEY", "for another server"]);
    // What the user chose too, and what a flag chooses, needs no permission.
    case(user, "provider = 'work'")
        .gives(&format!("work | openai-chat | https://work.example/v1 | m | {KEY} | {USER}"));
    Case { flags: flags("work", "", ""), ..case(user, lab) }
        .gives(&format!("work | openai-chat | https://work.example/v1 | m | {KEY} | --provider"));
    case(&allows, "model = 'a'")
        .gives(&format!("work | openai-chat | https://work.example/v1 | a | {KEY} | {USER}"));
    case(&allows, "model = 'c'").fails(ErrorKind::Configuration, &[PROJECT, "\"c\""]);
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
fn an_empty_model_is_none() {
    let env = [("OPENAI_API_KEY", "k"), ("ZEROSTACK_MODEL", " ")];
    let empty = Flags { model: Some(" ".to_owned()), ..Flags::default() };
    let user = "model = ''\n[providers.openai]\nmodel = ' '";
    Case { flags: empty, env: &env, user, ..Case::default() }
        .gives("openai | openai-chat | https://api.openai.com/v1 | gpt-5.2 | k | OPENAI_API_KEY");
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
fn what_others_wrote_is_cut_in_errors() {
    let long = "x".repeat(900_000);
    let project = format!("'{long}' = 1");
    for case in [
        Case { project: &project, ..Case::default() },
        Case { flags: flags(&long, "", ""), ..Case::default() },
        Case { flags: flags("", "", &long), ..Case::default() },
    ] {
        let error = case.resolve().unwrap_err();
        assert!(error.to_string().len() < 2_000, "{}", error.to_string().len());
    }
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
fn files_are_found_and_a_missing_one_is_empty() {
    let home = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let load = |variable: &str, value: &Path| {
        let env = |name: &str| (name == variable).then(|| OsString::from(value));
        let config = Config::load(&env, &home.path().join("project"))?;
        let value = |setting: Option<zerostack_agent::provider::Setting>| {
            setting.map(|setting| setting.value)
        };
        Ok::<_, Error>((value(config.providers.provider), value(config.providers.model)))
    };
    assert_eq!(load("HOME", home.path()).unwrap(), (None, None));
    write(".config/zerostack/config.toml", "provider = 'groq'");
    write("xdg/zerostack/config.toml", "provider = 'xai'");
    write("project/.zerostack/config.toml", "model = 'm'");
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(load("HOME", home.path()).unwrap(), (some("groq"), some("m")));
    let xdg = home.path().join("xdg");
    assert_eq!(load("XDG_CONFIG_HOME", &xdg).unwrap(), (some("xai"), some("m")));
    assert_eq!(load("XDG_CONFIG_HOME", Path::new("relative")).unwrap(), (None, some("m")));
    let refuses = |text: &[u8], part: &str| {
        let path = home.path().join("project/.zerostack/config.toml");
        std::fs::write(path, text).unwrap();
        let error = load("HOME", home.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(".zerostack/config.toml"), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    };
    refuses(b"model = '\xff'", "UTF-8");
    refuses(&b"#".repeat(2 << 20), "1048576 bytes");
    std::fs::remove_file(home.path().join(".config/zerostack/config.toml")).unwrap();
    write(".config/zerostack/config.toml/folder", "");
    let error = load("HOME", home.path()).unwrap_err();
    assert!(error.to_string().contains("not a regular file"), "{error}");
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
