//! What the configuration files may choose, and the errors in them.

use super::*;

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
