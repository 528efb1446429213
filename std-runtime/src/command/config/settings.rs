//! The settings of a run: the key in a file, the flag, the variable, and who may set each.

/// One setting.
pub(super) struct Setting {
    /// Its key, in the configuration files too if it is one.
    pub key: &'static str,
    /// Its flag.
    pub flag: Option<&'static str>,
    /// Its variable.
    pub variable: Option<&'static str>,
    /// What a file may set.
    pub file: File,
    /// Its default.
    pub default: &'static str,
}

/// Whose file may set something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum File {
    /// No file.
    None,
    /// The user's.
    User,
    /// The user's; a project's file chooses among what the user's `[projects]` allows.
    Choice,
    /// Both; a project's file only narrows what is permitted.
    Narrower,
    /// Both; a project's file counts only if the user trusts it.
    Trusted,
}

/// All settings with a fixed key; `[providers.NAME]` has more.
pub(super) const SETTINGS: &[Setting] = &[
    of(
        "provider",
        Some("provider"),
        Some("ZEROSTACK_PROVIDER"),
        File::Choice,
        "the first that has a key, or a server on this machine",
    ),
    of("model", Some("model"), Some("ZEROSTACK_MODEL"), File::Choice, "that of the provider"),
    of(
        "base_url",
        Some("base-url"),
        Some("ZEROSTACK_BASE_URL"),
        File::None,
        "that of the provider",
    ),
    of("api", Some("api"), None, File::None, "that of the provider"),
    of("tool_mode", Some("tool-mode"), None, File::None, "that of the provider, or native"),
    of(
        "permissions.mode",
        Some("mode"),
        None,
        File::Narrower,
        "full in the sandbox, standard without it",
    ),
    of("permissions.allow", Some("allow"), None, File::Trusted, "nothing more"),
    of("permissions.ask", Some("ask"), None, File::Narrower, "nothing more"),
    of("permissions.deny", Some("deny"), None, File::Narrower, "nothing more"),
    of("sandbox", Some("sandbox"), None, File::None, "on"),
    of("sandbox.disk_bytes", None, None, File::Trusted, "34359738368"),
    of("sandbox.also", Some("also"), None, File::Trusted, "nothing more"),
    of("sandbox.allow_read", Some("allow-read"), None, File::Trusted, "nothing more"),
    of("sandbox.allow_write", Some("allow-write"), None, File::Trusted, "nothing more"),
    of("sandbox.env", Some("env"), None, File::Trusted, "nothing more"),
    of("sandbox.net", Some("net"), None, File::Trusted, "off"),
    of("bad_calls", None, None, File::User, "repair"),
    of("max_bad_calls", None, None, File::User, "32"),
    of("projects.providers", None, None, File::User, "none but the user's own"),
    of("projects.models", None, None, File::User, "any"),
    of("context", Some("context"), None, File::None, "that of the provider"),
    of("room", Some("room"), None, File::None, "summarise"),
    of("max_rounds", Some("max-rounds"), None, File::None, "200"),
    of("max_tokens", Some("max-tokens"), None, File::None, "that of the provider"),
    of("max_total_tokens", Some("max-total-tokens"), None, File::None, "no limit"),
    of("max_cost", Some("max-cost"), None, File::None, "no limit"),
    of("max_repeats", Some("max-repeats"), None, File::None, "no limit"),
    of("max_calls", Some("max-calls"), None, File::None, "128"),
    of("max_attempts", Some("max-attempts"), None, File::None, "5"),
    of("time_limit", Some("time-limit"), None, File::None, "no limit"),
    of("idle_limit", Some("idle-limit"), None, File::None, "300"),
    of("stdin_limit", Some("stdin-limit"), None, File::None, "5, or 600 without an instruction"),
    of("check_limit", Some("check-limit"), None, File::None, "300"),
];

const fn of(
    key: &'static str,
    flag: Option<&'static str>,
    variable: Option<&'static str>,
    file: File,
    default: &'static str,
) -> Setting {
    Setting { key, flag, variable, file, default }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use zerostack_core::Limits;

    use super::*;
    use crate::command::run;
    use crate::provider::Config;

    #[test]
    fn each_flag_is_one_of_a_run() {
        let command = run::ENTRY.command();
        for flag in SETTINGS.iter().filter_map(|setting| setting.flag) {
            assert!(command.get_arguments().any(|arg| arg.get_long() == Some(flag)), "{flag}");
        }
    }

    #[test]
    fn a_file_takes_the_keys_that_it_may_hold_and_no_others() {
        for setting in SETTINGS {
            let (table, key) = setting.key.split_once('.').unwrap_or(("", setting.key));
            // One of these has the type of the key.
            let parses = |project: bool| {
                ["\"work\"", "\"standard\"", "\"off\"", "\"fail\"", "7", "[]"].iter().any(|value| {
                    let header =
                        if table.is_empty() { String::new() } else { format!("[{table}]\n") };
                    let text = format!("{header}{key} = {value}\n");
                    let file = Some((Path::new("config.toml"), text.as_str()));
                    let (user, project) = if project { (None, file) } else { (file, None) };
                    Config::parse(user, project, false)
                        .is_ok_and(|config| config.warnings.is_empty())
                })
            };
            assert_eq!(parses(false), setting.file != File::None, "{}", setting.key);
            assert_eq!(
                parses(true),
                matches!(setting.file, File::Choice | File::Narrower | File::Trusted),
                "{}",
                setting.key
            );
        }
    }

    #[test]
    fn the_defaults_of_limits_are_those_of_the_core() {
        let limits = Limits::default();
        for (key, value) in [
            ("max_rounds", u32::from(limits.max_rounds)),
            ("max_calls", limits.max_calls.into()),
            ("max_attempts", limits.max_attempts.into()),
        ] {
            let setting = SETTINGS.iter().find(|setting| setting.key == key).unwrap();
            assert_eq!(setting.default, value.to_string(), "{key}");
        }
    }
}
