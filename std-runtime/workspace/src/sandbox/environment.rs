//! The environment variables that a tool process gets.
//!
//! An allow list, not a deny list: the names of secrets are unlimited (`GH_PAT`, `DATABASE_URL`,
//! `STRIPE_SK`), the names that build tools need are not. A value that looks like a secret is
//! dropped even if its name is on the list.

use std::ffi::{OsStr, OsString};

/// Names that pass. Each is exact: next to `GOPATH` somebody may have `GO_DSN`.
const NAMES: &[&str] = &[
    "ANDROID_HOME",
    "ANDROID_NDK_HOME",
    "ANDROID_NDK_ROOT",
    "ANDROID_SDK_ROOT",
    "AR",
    "AS",
    "BUN_INSTALL",
    "CARGO_BUILD_JOBS",
    "CARGO_BUILD_TARGET",
    "CARGO_HOME",
    "CARGO_INCREMENTAL",
    "CARGO_NET_OFFLINE",
    "CARGO_TARGET_DIR",
    "CARGO_TERM_COLOR",
    "CC",
    "CCACHE_DIR",
    "CCACHE_DISABLE",
    "CCACHE_MAXSIZE",
    "CFLAGS",
    "CI",
    "CLICOLOR",
    "CMAKE_BUILD_PARALLEL_LEVEL",
    "CMAKE_BUILD_TYPE",
    "CMAKE_GENERATOR",
    "CMAKE_PREFIX_PATH",
    "CMAKE_TOOLCHAIN_FILE",
    "COLORTERM",
    "CONDA_DEFAULT_ENV",
    "CONDA_EXE",
    "CONDA_PREFIX",
    "CONDA_PYTHON_EXE",
    "CPATH",
    "CPPFLAGS",
    "CXX",
    "CXXFLAGS",
    "DENO_DIR",
    "DEVELOPER_DIR",
    "DOTNET_CLI_HOME",
    "DOTNET_CLI_TELEMETRY_OPTOUT",
    "DOTNET_NOLOGO",
    "DOTNET_ROOT",
    "EMAIL",
    "FNM_DIR",
    "FORCE_COLOR",
    "GEM_HOME",
    "GEM_PATH",
    "GHCUP_INSTALL_BASE_PREFIX",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_NAME",
    "GO111MODULE",
    "GOAMD64",
    "GOARCH",
    "GOARM",
    "GOBIN",
    "GOCACHE",
    "GODEBUG",
    "GOEXPERIMENT",
    "GOFLAGS",
    "GOGC",
    "GOMAXPROCS",
    "GOMODCACHE",
    "GOOS",
    "GOPATH",
    "GOROOT",
    "GOTOOLCHAIN",
    "GOWORK",
    "GRADLE_HOME",
    "GRADLE_USER_HOME",
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
    "MAVEN_HOME",
    "NIX_LD",
    "NIX_LD_LIBRARY_PATH",
    "NIX_PATH",
    "NIX_PROFILES",
    "NIX_SSL_CERT_FILE",
    "NIX_STORE",
    "NODE_ENV",
    "NODE_EXTRA_CA_CERTS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NO_COLOR",
    "NUGET_PACKAGES",
    "NVM_BIN",
    "NVM_DIR",
    "NVM_INC",
    "OPAMROOT",
    "OPAMSWITCH",
    "OPAM_SWITCH_PREFIX",
    "PATH",
    "PERL5LIB",
    "PKG_CONFIG",
    "PKG_CONFIG_LIBDIR",
    "PKG_CONFIG_PATH",
    "PKG_CONFIG_SYSROOT_DIR",
    "PNPM_HOME",
    "POETRY_HOME",
    "POETRY_VIRTUALENVS_IN_PROJECT",
    "POETRY_VIRTUALENVS_PATH",
    "PYENV_ROOT",
    "PYENV_SHELL",
    "PYENV_VERSION",
    "PYENV_VIRTUAL_ENV",
    "PYTEST_ADDOPTS",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHASHSEED",
    "PYTHONHOME",
    "PYTHONIOENCODING",
    "PYTHONNOUSERSITE",
    "PYTHONPATH",
    "PYTHONPYCACHEPREFIX",
    "PYTHONUNBUFFERED",
    "PYTHONUSERBASE",
    "PYTHONUTF8",
    "PYTHONWARNINGS",
    "RBENV_ROOT",
    "RBENV_SHELL",
    "RBENV_VERSION",
    "RUBYLIB",
    "RUBYOPT",
    "RUBY_VERSION",
    "RUSTC",
    "RUSTC_BOOTSTRAP",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "RUST_BACKTRACE",
    "RUST_LIB_BACKTRACE",
    "RUST_LOG",
    "RUST_MIN_STACK",
    "RUST_TEST_NOCAPTURE",
    "RUST_TEST_THREADS",
    "SCCACHE_DIR",
    "SDKROOT",
    "SHELL",
    "SOURCE_DATE_EPOCH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERM",
    "TZ",
    "USER",
    "UV_CACHE_DIR",
    "UV_OFFLINE",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_PYTHON_INSTALL_DIR",
    "UV_TOOL_DIR",
    "VCPKG_DEFAULT_TRIPLET",
    "VCPKG_ROOT",
    "VIRTUAL_ENV",
    "VOLTA_HOME",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME",
    "XDG_DATA_DIRS",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
];

/// Beginnings of names that pass.
const PREFIXES: &[&str] = &["CARGO_PROFILE_", "LC_"];

/// Parts of names that never pass.
const SECRET: &[&str] =
    &["KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL", "COOKIE", "PROXY", "INDEX", "AUTH_"];

/// The variables of this process that a tool process may see: the usual ones and those `chosen`.
pub(super) fn masked(chosen: &[OsString]) -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(move |(name, value)| {
        chosen.contains(name) || (passes(name) && !holds_credentials(value))
    })
}

/// Whether a value is or holds a URL with a user and a password.
fn holds_credentials(value: &OsStr) -> bool {
    let value = value.to_string_lossy();
    value.split("://").skip(1).any(|rest| {
        let end = rest.find(['/', '?', '#', ' ']).unwrap_or(rest.len());
        rest.get(..end).is_some_and(|authority| authority.contains('@'))
    })
}

fn passes(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let listed = NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    let upper = name.to_ascii_uppercase();
    let secret = SECRET.iter().any(|part| upper.contains(part))
        || upper.ends_with("AUTH")
        || upper.ends_with("_PAT");
    listed && !secret
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
            "NIX_CONFIG",
            "SCCACHE_AZURE_CONNECTION_STRING",
            "CCACHE_REMOTE_STORAGE",
            "GODADDY_SK",
            "NODE_MONGO_URI",
            "VCPKG_BINARY_SOURCES",
            "MAVEN_OPTS",
            "BUN_CONFIG_REGISTRY",
            "GO_DSN",
            "PYTHON_DATABASE_URL",
            "RUBY_DSN",
        ] {
            assert!(!passes(OsStr::new(name)), "{name} passes");
        }
    }

    #[test]
    fn a_value_with_a_password_does_not_pass() {
        assert!(holds_credentials(OsStr::new("-Dx=1 https://me:pass@host.test/a")));
        assert!(!holds_credentials(OsStr::new("https://host.test/a@b")));
        assert!(!holds_credentials(OsStr::new("/usr/bin:/opt/bin")));
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
