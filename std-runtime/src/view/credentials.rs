//! Where credentials are kept.

use std::path::{Path, PathBuf};

/// Below the home folder.
const IN_HOME: &[&str] = &[
    ".1password",
    ".anthropic",
    ".aws",
    ".azure",
    ".bash_history",
    ".boto",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".claude",
    ".claude.json",
    ".codex",
    ".composer/auth.json",
    ".config/anthropic",
    ".config/chromium",
    ".config/doctl",
    ".config/fly",
    ".config/gcloud",
    ".config/gh",
    ".config/git/credentials",
    ".config/glab-cli",
    ".config/google-chrome",
    ".config/heroku",
    ".config/hub",
    ".config/op",
    ".config/openai",
    ".config/sops",
    ".config/zerostack",
    ".docker",
    ".gem/credentials",
    ".gemini",
    ".git-credentials",
    ".gnupg",
    ".huggingface",
    ".cache/huggingface/token",
    ".kube",
    ".local/share/keyrings",
    ".local/share/zerostack",
    ".mozilla",
    ".my.cnf",
    ".netrc",
    ".npmrc",
    ".password-store",
    ".pgpass",
    ".psql_history",
    ".pypirc",
    ".python_history",
    ".s3cfg",
    ".ssh",
    ".terraform.d",
    ".thunderbird",
    ".vault-token",
    ".yarnrc.yml",
    ".zsh_history",
];

/// Of the system; what only root can read matters when we are root.
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

/// Variables that move one of the places above, and what is in there.
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
];

/// Those places that are there, links resolved.
pub(super) fn existing(home: Option<&Path>) -> Vec<PathBuf> {
    let in_home = home.into_iter().flat_map(|home| IN_HOME.iter().map(|name| home.join(name)));
    let of_system = OF_SYSTEM.iter().map(PathBuf::from);
    let moved = MOVED.iter().filter_map(|(variable, name)| {
        let folder = std::env::var_os(variable).filter(|value| !value.is_empty())?;
        Some(if name.is_empty() { folder.into() } else { PathBuf::from(folder).join(name) })
    });
    let all = in_home.chain(of_system).chain(moved);
    let mut existing: Vec<_> = all
        // Most are not there, which one call tells.
        .filter(|path| path.exists())
        .filter_map(|path| path.canonicalize().ok())
        // A variable that names more than a place of credentials.
        .filter(|path| home.is_none_or(|home| !home.starts_with(path)))
        .collect();
    // A folder comes before what is in it, which is hidden with it.
    existing.sort_unstable();
    existing.dedup_by(|path, outer| path.starts_with(&*outer));
    existing
}
