//! Where credentials are kept.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::below::is_one_below_other;
use crate::resolved;

/// Below the home folder.
const IN_HOME: &[&str] = &[
    ".1password",
    ".aider.conf.yml",
    ".aliyun",
    ".ansible",
    ".anthropic",
    ".authinfo",
    ".authinfo.gpg",
    ".aws",
    ".azure",
    ".bash_history",
    ".bitcoin",
    ".bluemix",
    ".boto",
    ".bundle/config",
    ".cache/huggingface/token",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".chef",
    ".claude",
    ".claude.json",
    ".codex",
    ".composer/auth.json",
    ".config/1Password",
    ".config/BraveSoftware",
    ".config/Code",
    ".config/NuGet",
    ".config/Signal",
    ".config/Slack",
    ".config/age",
    ".config/anthropic",
    ".config/chromium",
    ".config/configstore",
    ".config/containers",
    ".config/crush",
    ".config/discord",
    ".config/doctl",
    ".config/doppler",
    ".config/evolution",
    ".config/filezilla",
    ".config/fly",
    ".config/gcloud",
    ".config/gh",
    ".config/git/credentials",
    ".config/github",
    ".config/github-copilot",
    ".config/glab-cli",
    ".config/google-chrome",
    ".config/goose",
    ".config/hcloud",
    ".config/heroku",
    ".config/hub",
    ".config/io.datasette.llm",
    ".config/kwalletrc",
    ".config/linode-cli",
    ".config/mcp",
    ".config/microsoft-edge",
    ".config/netlify",
    ".config/nix",
    ".config/op",
    ".config/openai",
    ".config/opencode",
    ".config/opera",
    ".config/pip",
    ".config/pypoetry",
    ".config/rclone",
    ".config/remmina",
    ".config/scw",
    ".config/sops",
    ".config/stripe",
    ".config/supabase",
    ".config/turso",
    ".config/vercel",
    ".config/vivaldi",
    ".config/wrangler",
    ".config/zerostack",
    ".continue",
    ".curlrc",
    ".cursor",
    ".cvspass",
    ".dbshell",
    ".docker",
    ".doppler",
    ".electrum",
    ".ethereum",
    ".fetchmailrc",
    ".fly",
    ".gem/credentials",
    ".gemini",
    ".git-credentials",
    ".gnupg",
    ".gradle/gradle.properties",
    ".hgrc",
    ".huggingface",
    ".irssi",
    ".jira.d",
    ".kaggle",
    ".kube",
    ".lesshst",
    ".local/share/TelegramDesktop",
    ".local/share/evolution",
    ".local/share/fish",
    ".local/share/keyrings",
    ".local/share/kwalletd",
    ".local/share/nvim/shada",
    ".local/share/opencode",
    ".local/share/zerostack",
    ".local/state/zerostack",
    ".m2/settings-security.xml",
    ".m2/settings.xml",
    ".mongorc.js",
    ".mozilla",
    ".msmtprc",
    ".mutt",
    ".my.cnf",
    ".mysql_history",
    ".netlify",
    ".netrc",
    ".node_repl_history",
    ".npmrc",
    ".nuget/NuGet",
    ".oci",
    ".offlineimaprc",
    ".ollama/id_ed25519",
    ".password-store",
    ".pgpass",
    ".pip",
    ".psql_history",
    ".pulumi",
    ".putty",
    ".pypirc",
    ".python_history",
    ".railway",
    ".rediscli_history",
    ".remmina",
    ".rhosts",
    ".s3cfg",
    ".smbcredentials",
    ".sqlite_history",
    ".ssh",
    ".subversion/auth",
    ".supabase",
    ".terraform.d",
    ".thunderbird",
    ".vault",
    ".vault-token",
    ".viminfo",
    ".vnc",
    ".weechat",
    ".wgetrc",
    ".wrangler",
    ".yarnrc.yml",
    ".zsh_history",
];

/// Places of the system; those that only root can read matter if this process is root.
const OF_SYSTEM: &[&str] = &[
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/ssh",
    "/etc/ssl/private",
    "/etc/sudoers",
    "/etc/sudoers.d",
];

/// Variables that move one of the places above, and its content.
const MOVED: &[(&str, &str)] = &[
    ("CARGO_HOME", "credentials"),
    ("CARGO_HOME", "credentials.toml"),
    ("DOCKER_CONFIG", ""),
    ("GNUPGHOME", ""),
    ("GOOGLE_APPLICATION_CREDENTIALS", ""),
    ("KUBECONFIG", ""),
    ("NETRC", ""),
    ("NPM_CONFIG_USERCONFIG", ""),
    ("PASSWORD_STORE_DIR", ""),
    ("XDG_CONFIG_HOME", "gh"),
    ("XDG_CONFIG_HOME", "git/credentials"),
    ("XDG_CONFIG_HOME", "zerostack"),
    ("XDG_RUNTIME_DIR", ""),
    ("XDG_STATE_HOME", "zerostack"),
];

/// The places that exist, with links resolved, in `homes` and elsewhere.
pub(super) fn existing<'a>(homes: impl Iterator<Item = &'a PathBuf> + Clone) -> Vec<PathBuf> {
    let in_home = homes.clone().flat_map(|home| in_home(home));
    let of_system = OF_SYSTEM.iter().map(PathBuf::from);
    let moved = MOVED.iter().filter_map(|(variable, name)| {
        let folder = std::env::var_os(variable).filter(|value| !value.is_empty())?;
        Some(if name.is_empty() { folder.into() } else { PathBuf::from(folder).join(name) })
    });
    let all = in_home.chain(of_system).chain(moved);
    all.filter_map(|path| resolved::path(&path).ok())
        // A variable that names more than a place of credentials.
        .filter(|path| homes.clone().all(|home| !home.starts_with(path)))
        .collect()
}

/// Whether `path`, which is normalized, is in a place of credentials of one of `homes`, or one is in it.
pub(super) fn meet(path: &Path, homes: &[PathBuf]) -> bool {
    homes
        .iter()
        .filter_map(|home| path.strip_prefix(home).ok())
        .any(|below| IN_HOME.iter().map(Path::new).any(|place| is_one_below_other(below, place)))
}

/// The places below `home` that may be there.
fn in_home(home: &Path) -> impl Iterator<Item = PathBuf> {
    // Root has dozens of homes to check, and one listing shows that most places do not exist, as one call
    // does for those in a folder that does not. In a folder that cannot be listed, or is too large for a
    // home, each place is checked.
    let listed = std::fs::read_dir(home).ok().and_then(|entries| {
        let names: Vec<_> = entries.take(ENTRIES + 1).flatten().map(|it| it.file_name()).collect();
        (names.len() <= ENTRIES).then_some(names)
    });
    // The places are sorted, so those in one folder follow each other.
    let mut last: Option<(&str, bool)> = None;
    let mut is_there = move |folder: &'static str, home: &Path| match last {
        Some((name, is_there)) if name == folder => is_there,
        _ => {
            let is_there = home.join(folder).exists();
            last = Some((folder, is_there));
            is_there
        }
    };
    let places = IN_HOME.iter().filter(move |name| {
        let first = name.split_once('/').map_or(**name, |(first, _)| first);
        let is_listed = |names: &Vec<OsString>| names.iter().any(|name| name == first);
        listed.as_ref().is_none_or(is_listed)
    });
    places
        .filter(move |name| match name.rsplit_once('/') {
            Some((folder, _)) => is_there(folder, home),
            None => true,
        })
        .map(|name| home.join(name))
}

/// As many entries as are looked through, rather than asked for one by one.
const ENTRIES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_listed_once_or_asked_for_each_place() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for name in [".ssh", ".config/other", "work"] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        let places: Vec<_> = in_home(home.path()).collect();
        assert!(places.contains(&at(".ssh")) && places.contains(&at(".config/gh")), "{places:?}");
        assert!(!places.contains(&at(".aws")), "{places:?}");
        assert!(!places.contains(&at(".local/share/fish")), "{places:?}");
        for number in 0..=ENTRIES {
            std::fs::File::create(at(&number.to_string())).unwrap();
        }
        let places: Vec<_> = in_home(home.path()).collect();
        assert!(places.contains(&at(".aws")) && places.contains(&at(".config/gh")), "{places:?}");
        assert!(!places.contains(&at(".local/share/fish")), "{places:?}");
        assert!(in_home(&at("none")).any(|place| place == at("none/.aws")));
    }
}
