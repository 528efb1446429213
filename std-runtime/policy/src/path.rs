//! Where a path leads, derived from its text.

use crate::shell::Word;

/// The kind of place that a path leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Place {
    /// Below the project's folder; the path from there.
    Project(String),
    /// The project's folder itself, or everything in it.
    WholeProject,
    /// The inside of a version control folder.
    Repository(String),
    /// A folder for temporary files.
    Temporary(String),
    /// `/dev/null` and the standard streams.
    Stream,
    /// Files of the system that anybody may read.
    System(String),
    /// Below the user's home folder.
    Home(String),
    /// The root of the file system or the whole home folder.
    Everything(String),
    /// Keys, passwords and other credentials.
    Secret(String),
    /// A device or a file that controls the kernel.
    Device(String),
    /// Another place outside the project.
    Elsewhere(String),
    /// A connection that bash opens: `/dev/tcp/HOST/PORT`.
    Network,
    /// Not known before the command runs.
    Unknown,
}

/// The folder that relative paths start from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Folder {
    /// Below the project's folder, or the folder itself: an empty string.
    Project(String),
    /// An absolute path outside the project.
    Absolute(String),
    /// A path below the home folder that begins with `~`.
    Home(String),
    Unknown,
}

/// Where the words of a path lead. `root` is the absolute path of the project, if it is known.
pub(crate) fn place(word: &Word, folder: &Folder, root: Option<&str>, home: Option<&str>) -> Place {
    let prefix = word.known_prefix();
    if word.has_unknown() && prefix.starts_with("/proc/") && !prefix.starts_with("/proc/sys/") {
        // Of which process, and which of its files, is not known.
        return Place::Elsewhere(prefix);
    }
    if word.has_unknown() && is_secret(&word.known_suffix()) {
        return Place::Secret(word.display());
    }
    if word.has_unknown() && may_be_secret(&format!("{prefix}*")) && prefix.starts_with("/etc/") {
        return Place::Secret(prefix);
    }
    if word.has_unknown() {
        // `/etc/$x` is known to be outside; `src/$x` may be `src/../..`.
        return match of_text(&prefix, folder, root, home) {
            Place::Project(_)
            | Place::WholeProject
            | Place::Temporary(_)
            | Place::Stream
            | Place::Unknown => Place::Unknown,
            outside => outside,
        };
    }
    match of_text(&prefix, folder, root, home) {
        Place::Project(path) | Place::System(path) | Place::Elsewhere(path)
            if word.has_glob() && may_be_secret(&path) =>
        {
            Place::Secret(path)
        }
        place => place,
    }
}

/// Whether the last name of a path, a pattern, stands for names of credentials too.
fn may_be_secret(path: &str) -> bool {
    let (folder, pattern) = path.rsplit_once('/').unwrap_or(("", path));
    if folder == "/etc" {
        return ["shadow", "gshadow", "sudoers"].iter().any(|name| matches(pattern, name));
    }
    // A pattern of all names is no way to ask for one.
    let has_text = pattern.chars().any(|c| !"*?[]!^".contains(c));
    let names = [
        ".env",
        ".env.local",
        ".netrc",
        ".npmrc",
        ".pypirc",
        ".pgpass",
        ".htpasswd",
        ".git-credentials",
        ".vault-token",
        "id_rsa",
        "id_dsa",
        "id_ecdsa",
        "id_ed25519",
        "master.key",
    ];
    has_text && names.iter().any(|name| matches(pattern, name))
}

/// Whether the pattern of file names matches `name`, which may take more than bash does.
fn matches(pattern: &str, name: &str) -> bool {
    let (Some(first), rest) = (pattern.chars().next(), pattern) else { return name.is_empty() };
    let after = |text: &str| {
        let mut chars = text.chars();
        chars.next();
        chars.as_str().to_owned()
    };
    match (first, name.chars().next()) {
        // A point at the beginning is not matched; inside there is none in the names that count.
        ('*' | '?' | '[', Some('.')) => false,
        ('*', next) => {
            matches(&after(rest), name) || next.is_some_and(|_| matches(rest, &after(name)))
        }
        ('?', Some(_)) => matches(&after(rest), &after(name)),
        ('[', Some(c)) => {
            let Some((class, rest)) =
                after(rest).split_once(']').map(|(a, b)| (a.to_owned(), b.to_owned()))
            else {
                return false;
            };
            let is_range = class.contains('-') || class.starts_with(['!', '^', '[']);
            (is_range || class.contains(c)) && matches(&rest, &after(name))
        }
        (c, Some(next)) => c == next && matches(&after(rest), &after(name)),
        (_, None) => false,
    }
}

/// Where a path leads.
pub(crate) fn of_text(
    path: &str,
    folder: &Folder,
    root: Option<&str>,
    home: Option<&str>,
) -> Place {
    let joined = if path.starts_with('/') || path == "~" || path.starts_with("~/") {
        path.to_owned()
    } else {
        match folder {
            Folder::Project(folder) => format!("{folder}/./{path}"),
            Folder::Absolute(folder) | Folder::Home(folder) => format!("{folder}/{path}"),
            Folder::Unknown => return Place::Unknown,
        }
    };
    // What `..` leads to from there is not told by the path.
    if joined.starts_with("/proc/") && joined.split('/').any(|name| name == "..") {
        return Place::Elsewhere(joined);
    }
    if joined.starts_with('/')
        && !matches!((path.starts_with('/'), folder), (false, Folder::Project(_)))
    {
        return absolute(&normal(&joined), root, home);
    }
    if joined.starts_with('~') {
        return of_home(&normal(&joined));
    }
    match normal_relative(&joined) {
        Some(inside) => of_project(&inside),
        None => match root {
            // It climbs out of the project.
            Some(root) => absolute(&normal(&format!("{root}/{joined}")), Some(root), home),
            None => Place::Elsewhere(path.to_owned()),
        },
    }
}

/// `place`, or what it is in one of the folders `also`, which belong to the project too.
pub(crate) fn with_also(place: Place, also: &[String], home: Option<&str>) -> Place {
    let path = match &place {
        Place::Temporary(path)
        | Place::System(path)
        | Place::Home(path)
        | Place::Elsewhere(path) => path,
        _ => return place,
    };
    let path = match (path.strip_prefix('~'), home) {
        (Some(below), Some(home)) => format!("{}{below}", home.trim_end_matches('/')),
        _ => path.clone(),
    };
    let below = |folder: &String| {
        let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
        rest.strip_prefix('/').or_else(|| rest.is_empty().then_some(""))
    };
    also.iter().find_map(below).map_or(place, of_project)
}

fn absolute(path: &str, root: Option<&str>, home: Option<&str>) -> Place {
    let below = |folder: &str| {
        let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
        rest.strip_prefix('/').or_else(|| rest.is_empty().then_some(""))
    };
    if let Some(inside) = root.filter(|root| *root != "/").and_then(below) {
        return of_project(inside);
    }
    if let Some(inside) = home.filter(|home| *home != "/").and_then(below) {
        return of_home(&format!("~/{inside}"));
    }
    if path == "/" || path == "/*" || path == "/home" || path == "/home/*" || path == "/root" {
        return Place::Everything(path.to_owned());
    }
    let streams =
        ["/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/zero"];
    if streams.contains(&path)
        || path.starts_with("/dev/fd/")
        || path == "/dev/urandom"
        || path == "/dev/random"
    {
        return Place::Stream;
    }
    if let Some(rest) = path.strip_prefix("/proc/") {
        // Through these a process shows its folder, its root, its memory and its open files.
        let shown = rest.split('/').nth(1).unwrap_or_default();
        let is_task = rest.split('/').any(|name| name == "task");
        match shown {
            "root" | "cwd" | "exe" | "map_files" => return Place::Elsewhere(path.to_owned()),
            "fd" | "fdinfo" | "mem" => return Place::Elsewhere(path.to_owned()),
            _ if is_task => return Place::Elsewhere(path.to_owned()),
            _ => {}
        }
    }
    if path.starts_with("/dev/tcp/") || path.starts_with("/dev/udp/") {
        return Place::Network;
    }
    if is_secret(path) {
        return Place::Secret(path.to_owned());
    }
    let starts = |folder: &str| below(folder).is_some();
    if let Some(rest) = ["/tmp", "/var/tmp", "/dev/shm"].iter().find_map(|it| below(it)) {
        // The folder itself is shared by all users.
        return match rest {
            "" | "*" => Place::Elsewhere(path.to_owned()),
            _ => Place::Temporary(path.to_owned()),
        };
    }
    if starts("/dev") || starts("/sys") || starts("/boot") || path.starts_with("/proc/sys") {
        return Place::Device(path.to_owned());
    }
    if path.starts_with("/home/") || path.starts_with("/root/") || starts("/Users") {
        return Place::Home(path.to_owned());
    }
    let system = [
        "/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/etc", "/opt", "/nix", "/proc",
        "/var/lib", "/run", "/var/log", "/System", "/Library",
    ];
    match system.iter().any(|folder| starts(folder)) {
        true => Place::System(path.to_owned()),
        false => Place::Elsewhere(path.to_owned()),
    }
}

fn of_home(path: &str) -> Place {
    let rest = path.strip_prefix("~/").unwrap_or_default().trim_matches('/');
    match rest {
        "" | "*" | "." => Place::Everything("~".to_owned()),
        _ if is_secret(path) => Place::Secret(path.to_owned()),
        _ => Place::Home(path.to_owned()),
    }
}

fn of_project(inside: &str) -> Place {
    let names = || inside.split('/');
    if matches!(inside, "" | "." | "*" | "**" | "./*" | ".*" | "?*") {
        return Place::WholeProject;
    }
    if names()
        .any(|name| [".git", ".hg", ".jj", ".svn"].iter().any(|it| it.eq_ignore_ascii_case(name)))
    {
        return Place::Repository(inside.to_owned());
    }
    match is_secret(inside) {
        true => Place::Secret(inside.to_owned()),
        false => Place::Project(inside.to_owned()),
    }
}

/// Whether a file of this name usually holds credentials.
fn is_secret(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or_default();
    let folders = [
        "/.ssh",
        "/.gnupg",
        "/.aws",
        "/.azure",
        "/.kube",
        "/.config/gcloud",
        "/.config/gh",
        "/.password-store",
        "/.local/share/keyrings",
        "/.mozilla",
        "/.config/google-chrome",
        "/.config/zerostack",
        "/.docker/config.json",
        "/.config/op",
    ];
    let files = [
        "id_rsa",
        "id_dsa",
        "id_ecdsa",
        "id_ed25519",
        ".netrc",
        "_netrc",
        ".git-credentials",
        ".pgpass",
        ".npmrc",
        ".pypirc",
        ".htpasswd",
        "shadow",
        "gshadow",
        "sudoers",
        "master.key",
        ".bash_history",
        ".zsh_history",
        ".vault-token",
        "credentials.json",
        "environ",
        "kcore",
    ];
    let inside = |folder: &&str| {
        let mut at = lower.match_indices(*folder).map(|(at, _)| at + folder.len());
        at.any(|end| matches!(lower.as_bytes().get(end), None | Some(b'/')))
    };
    let is_environment = name == ".env"
        || (name.starts_with(".env.")
            && ![".env.example", ".env.sample", ".env.template", ".env.dist"].contains(&name));
    // Names that are credentials only in the system's folders.
    let is_where_it_counts = match name {
        "environ" | "kcore" => lower.starts_with("/proc/"),
        "shadow" | "gshadow" | "sudoers" => lower.starts_with("/etc/"),
        _ => true,
    };
    is_environment
        || folders.iter().any(inside)
        || (files.contains(&name) && is_where_it_counts)
        || [".pem", ".p12", ".pfx", ".keystore", ".jks"].iter().any(|end| name.ends_with(end))
        || (lower.starts_with("/proc/") && name == "mem")
        || lower == "/proc/self/environ"
        || lower.starts_with("/etc/ssl/private")
        || lower.starts_with("/etc/sudoers")
        || OF_SYSTEM.iter().any(|start| lower.starts_with(start))
        || (lower.starts_with("/etc/ssh/")
            && name.starts_with("ssh_host")
            && !name.ends_with(".pub"))
        || (lower.starts_with("/etc/") && name.ends_with(".keytab"))
}

/// How paths begin, beside others, in which a system keeps credentials.
const OF_SYSTEM: [&str; 17] = [
    "/run/secrets",
    "/var/run/secrets",
    "/etc/shadow-",
    "/etc/gshadow-",
    "/etc/security/opasswd",
    "/etc/kubernetes/",
    "/etc/wireguard/",
    "/etc/networkmanager/system-connections",
    "/etc/ipsec.secrets",
    "/etc/ppp/chap-secrets",
    "/etc/ppp/pap-secrets",
    "/etc/mysql/debian.cnf",
    "/etc/docker/key.json",
    "/etc/letsencrypt/",
    "/var/lib/docker/",
    "/var/lib/kubelet/",
    "/var/lib/rancher/",
];

/// The path without `.`, `..` and doubled slashes; it begins with `/` or `~`.
fn normal(path: &str) -> String {
    let (start, rest) = match path.strip_prefix('~') {
        Some(rest) => ("~", rest),
        None => ("", path),
    };
    let mut names: Vec<&str> = Vec::new();
    let mut climbed = false;
    for name in rest.split('/') {
        match name {
            "" | "." => {}
            ".." => climbed |= names.pop().is_none(),
            name => names.push(name),
        }
    }
    if climbed && start == "~" {
        // Above the home folder: somewhere in `/home`.
        return format!("/home/{}", names.join("/"));
    }
    format!("{start}/{}", names.join("/"))
}

/// The same for a relative path; `None` if it climbs out.
fn normal_relative(path: &str) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

/// The folder after `cd` to `word`.
pub(crate) fn enter(
    word: &Word,
    folder: &Folder,
    root: Option<&str>,
    home: Option<&str>,
) -> Folder {
    let Some(text) = Some(word.known_prefix()).filter(|_| !word.has_unknown() && !word.has_glob())
    else {
        return Folder::Unknown;
    };
    match of_text(&text, folder, root, home) {
        Place::WholeProject => Folder::Project(String::new()),
        Place::Project(inside) | Place::Repository(inside) => Folder::Project(inside),
        Place::Home(path) if path.starts_with('~') => Folder::Home(path),
        Place::Everything(path) if path == "~" => Folder::Home(path),
        Place::System(path)
        | Place::Temporary(path)
        | Place::Elsewhere(path)
        | Place::Device(path)
        | Place::Home(path)
        | Place::Everything(path)
            if path.starts_with('/') =>
        {
            Folder::Absolute(path)
        }
        Place::Secret(path) if path.starts_with('/') => Folder::Absolute(path),
        Place::Secret(path) if path.starts_with('~') => Folder::Home(path),
        Place::Secret(path) => Folder::Project(path),
        _ => Folder::Unknown,
    }
}
