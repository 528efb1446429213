//! The environment variables that a tool process gets.
//!
//! A list of what may pass, not of what may not: the names of secrets have no
//! bound (`GH_PAT`, `DATABASE_URL`, `STRIPE_SK`), the names that build tools need
//! do. What looks like a secret is dropped even if its name is on the list.

use std::ffi::{OsStr, OsString};

/// Names that pass.
const NAMES: &[&str] = &[
    "AR",
    "AS",
    "CC",
    "CFLAGS",
    "CI",
    "CLICOLOR",
    "COLORTERM",
    "CPATH",
    "CPPFLAGS",
    "CXX",
    "CXXFLAGS",
    "DENO_DIR",
    "DEVELOPER_DIR",
    "DOTNET_ROOT",
    "EMAIL",
    "FORCE_COLOR",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_NAME",
    "GEM_HOME",
    "GEM_PATH",
    "HOME",
    "JAVA_HOME",
    "JDK_HOME",
    "LANG",
    "LANGUAGE",
    "LD",
    "LDFLAGS",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "LOGNAME",
    "M2_HOME",
    "MAKEFLAGS",
    "NO_COLOR",
    "PATH",
    "PERL5LIB",
    "PNPM_HOME",
    "SDKROOT",
    "SHELL",
    "SOURCE_DATE_EPOCH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERM",
    "TZ",
    "USER",
    "VIRTUAL_ENV",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME",
    "XDG_DATA_DIRS",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
];

/// Beginnings of names that pass.
const PREFIXES: &[&str] = &[
    "ANDROID_",
    "BUN_",
    "CARGO_",
    "CCACHE_",
    "CMAKE_",
    "CONDA_",
    "DOTNET_",
    "GHCUP_",
    "GO",
    "GRADLE_",
    "LC_",
    "MAVEN_",
    "NIX_",
    "NODE_",
    "NUGET_",
    "NVM_",
    "OPAM",
    "PKG_CONFIG",
    "POETRY_",
    "PYENV_",
    "PYTEST_",
    "PYTHON",
    "RBENV_",
    "RUBY",
    "RUST",
    "SCCACHE_",
    "UV_",
    "VCPKG_",
    "VOLTA_",
];

/// Parts of names that never pass.
const SECRET: &[&str] =
    &["KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL", "COOKIE", "PROXY", "INDEX", "AUTH_"];

/// The variables of this process that a tool process may see.
pub(super) fn masked() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| passes(name))
}

fn passes(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let listed = NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    let upper = name.to_ascii_uppercase();
    let secret = SECRET.iter().any(|part| upper.contains(part))
        || upper.ends_with("AUTH")
        || upper.ends_with("_PAT");
    // GOOGLE_APPLICATION_CREDENTIALS is caught above; the rest of GOOGLE_ is not Go's.
    listed && !secret && !name.starts_with("GOOGLE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_never_pass() {
        for name in [
            "OPENAI_API_KEY",
            "ANTHROPIC_API_KEY",
            "ZEROSTACK_API_KEY",
            "ZEROSTACK_MODEL",
            "AWS_PROFILE",
            "AWS_SECRET_ACCESS_KEY",
            "GITHUB_TOKEN",
            "CARGO_REGISTRY_TOKEN",
            "NODE_AUTH_TOKEN",
            "CARGO_REGISTRIES_X_CREDENTIAL_PROVIDER",
            "UV_PUBLISH_PASSWORD",
            "GOPROXY",
            "GOAUTH",
            "UV_INDEX_URL",
            "PYTHON_KEYRING_BACKEND",
            "SSH_AUTH_SOCK",
            "GPG_AGENT_INFO",
            "DATABASE_URL",
            "GOOGLE_CLOUD_PROJECT",
            "XDG_RUNTIME_DIR",
            "DBUS_SESSION_BUS_ADDRESS",
            "DISPLAY",
            "TMPDIR",
            "RUST_SECRET",
            "http_proxy",
            "LD_PRELOAD",
            "POETRY_PYPI_TOKEN_PYPI",
            "UV_GH_PAT",
        ] {
            assert!(!passes(OsStr::new(name)), "{name} passes");
        }
    }

    #[test]
    fn what_build_tools_need_passes() {
        for name in [
            "PATH",
            "HOME",
            "USER",
            "LANG",
            "LC_ALL",
            "TERM",
            "SHELL",
            "CARGO_HOME",
            "RUSTUP_HOME",
            "RUSTFLAGS",
            "GOPATH",
            "GOFLAGS",
            "JAVA_HOME",
            "PYTHONPATH",
            "VIRTUAL_ENV",
            "NODE_PATH",
            "PYENV_ROOT",
            "GIT_AUTHOR_NAME",
            "CI",
            "TZ",
        ] {
            assert!(passes(OsStr::new(name)), "{name} does not pass");
        }
    }
}
