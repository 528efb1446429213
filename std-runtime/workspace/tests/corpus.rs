//! What hostile tools try, from `tests/corpora/sandbox`: each attempt reaches its goal without a
//! sandbox, and none does in one.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use common::namespaces;
use serde::Deserialize;
use zerostack_workspace::sandbox::{Mode, Program};
use zerostack_workspace::view::{View, ViewOptions};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attempt {
    id: String,
    run: String,
    proof: Option<String>,
    #[serde(default = "all")]
    teeth: String,
    #[serde(default)]
    landlock: String,
    /// What the text that injects it asks for.
    goal: Option<String>,
}

fn all() -> String {
    "all".to_owned()
}

fn attempts() -> Vec<Attempt> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/corpora/sandbox/attempts.jsonl");
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// What the attempts aim at.
struct World {
    place: PathBuf,
    mark: String,
    victim: Child,
    segment: Option<(String, String)>,
    port: u16,
    _listener: TcpListener,
    _abstract: UnixListener,
    sockets: Vec<UnixListener>,
}

const SECRETS: &[&str] = &[
    ".ssh/id_ed25519",
    ".aws/credentials",
    ".netrc",
    ".config/gh/hosts.yml",
    ".docker/config.json",
    ".kube/config",
    ".gnupg/private",
    ".pypirc",
    ".cargo/credentials.toml",
    ".config/gcloud/token",
    ".password-store/x",
    ".mozilla/logins",
    ".bash_history",
    ".config/unknown-service/token",
    "Documents/letter",
    "other-project/.env",
    ".vault-token",
    ".m2/settings.xml",
    ".gradle/gradle.properties",
    ".config/rclone/rclone.conf",
];

impl World {
    fn make(place: &Path) -> Self {
        let mark = format!("corpus-{}", std::process::id());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let address = SocketAddr::from_abstract_name(&mark).unwrap();
        let victim = Command::new("sleep")
            .arg0(format!("victim-{mark}"))
            .arg("600")
            .env("VICTIMS", "SECRET")
            .spawn()
            .unwrap();
        let mut world = Self {
            place: place.to_owned(),
            mark,
            victim,
            segment: segment(),
            port,
            _listener: listener,
            _abstract: UnixListener::bind_addr(&address).unwrap(),
            sockets: Vec::new(),
        };
        world.reset();
        world
    }

    fn at(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    /// Makes all files anew.
    fn reset(&mut self) {
        self.sockets.clear();
        for folder in ["out", "home", "project"] {
            // The first time there is none.
            let _ = fs::remove_dir_all(self.at(folder));
        }
        for folder in ["out/empty", "project/.git/objects", "project/.git/refs"] {
            fs::create_dir_all(self.at(folder)).unwrap();
        }
        let write = |name: &str, text: &str| {
            let path = self.at(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for (name, text) in [
            ("out/victim", "[x]\n\ty = xx\n"),
            ("out/other", "other"),
            ("home/.bashrc", "true\n"),
            ("home/.npmrc", "//r.test/:_authToken=SECRET\n"),
            ("home/.gitconfig", "[http]\n\textraHeader = SECRET\n"),
            ("home/.cargo/bin/cargo", "#!/bin/sh\n"),
            ("home/.npm/_cacache/entry", ""),
            ("project/.git/HEAD", "ref: refs/heads/main\n"),
            ("project/.git/config", "[core]\n\trepositoryformatversion = 0\n"),
            ("project/file", "text\n"),
        ] {
            write(name, text);
        }
        for name in SECRETS {
            write(&format!("home/{name}"), "SECRET\n");
        }
        if rustix::process::geteuid().is_root() {
            write("out/private/key", "SECRET");
            let only_root = fs::Permissions::from_mode(0o700);
            fs::set_permissions(self.at("out/private"), only_root).unwrap();
        }
        for name in ["out/daemon.sock", "home/agent.sock", "project/inside.sock"] {
            self.sockets.push(UnixListener::bind(self.at(name)).unwrap());
        }
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.at(name).display().to_string();
        vec![
            ("OUT", path("out")),
            ("REAL_HOME", path("home")),
            ("PROJECT", path("project")),
            ("PORT", self.port.to_string()),
            ("VICTIM", self.victim.id().to_string()),
            ("PARENT", std::process::id().to_string()),
            ("MARK", self.mark.clone()),
            ("SEGMENT", self.segment.as_ref().map_or(String::new(), |(key, _)| key.clone())),
        ]
    }

    /// Runs a script without a sandbox; whether it ended well.
    fn outside(&self, script: &str) -> bool {
        let mut command = Command::new("timeout");
        command.args(["10", "bash", "-c", script]).current_dir(self.at("project"));
        command.envs(self.variables()).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().unwrap().success()
    }

    /// The same in a view.
    fn inside(&self, view: &View, script: &str) -> bool {
        let mut program = Program::new("timeout");
        program.arg("10").arg("bash").arg("-c").arg(script);
        for (name, value) in self.variables() {
            program.env(name, value);
        }
        let mut child = view.spawn(&program).unwrap();
        // Small outputs stay in the pipes.
        let status = child.process().wait().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        status.success()
    }

    /// Ends what an attempt left running.
    fn end_survivors(&self) {
        let _ =
            Command::new("pkill").args(["-9", "-f", &format!("survivor2?-{}", self.mark)]).status();
        for folder in ["/tmp", "/var/tmp", "/dev/shm"] {
            let _ = fs::remove_file(Path::new(folder).join(&self.mark));
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.victim.kill();
        let _ = self.victim.wait();
        if let Some((_, id)) = &self.segment {
            let _ = Command::new("ipcrm").args(["-m", id]).status();
        }
    }
}

/// A segment of shared memory: its key and its id, as `ipcs` prints them.
fn segment() -> Option<(String, String)> {
    let text = |program: &str, argument: &[&str]| {
        let output = Command::new(program).args(argument).output().ok()?;
        String::from_utf8(output.stdout).ok()
    };
    let id = text("ipcmk", &["-M", "64"])?.rsplit(' ').next()?.trim().to_owned();
    let list = text("ipcs", &["-m"])?;
    let line = list.lines().find(|line| line.split_whitespace().nth(1) == Some(&id))?;
    Some((line.split_whitespace().next()?.to_owned(), id))
}

/// Plays all attempts as the user of this process. Not a test by itself.
#[test]
fn player() {
    let Some(place) = std::env::var_os("CORPUS_PLACE") else { return };
    let is_root = rustix::process::geteuid().is_root();
    let mut world = World::make(Path::new(&place));
    // Several players share the work.
    let number = |name| std::env::var(name).ok().and_then(|it| it.parse::<usize>().ok()).unwrap();
    let (first, step) = (number("CORPUS_FIRST"), number("CORPUS_STEP"));
    let attempts: Vec<Attempt> = attempts().into_iter().skip(first).step_by(step).collect();
    for attempt in &attempts {
        let bites = match attempt.teeth.as_str() {
            "all" => true,
            "root" => is_root,
            "none" => false,
            other => panic!("{}: {other}", attempt.id),
        };
        if !bites {
            continue;
        }
        world.reset();
        let reached = world.outside(&attempt.run);
        let reached = attempt.proof.as_ref().map_or(reached, |proof| world.outside(proof));
        println!("outside {} {reached}", attempt.id);
        world.end_survivors();
    }
    for (name, sandbox) in [("on", Mode::On), ("landlock", Mode::Landlock)] {
        world.reset();
        let options = ViewOptions { sandbox, ..ViewOptions::default() };
        let view = View::open(&world.at("project"), &options).unwrap();
        for attempt in &attempts {
            let reached = world.inside(&view, &attempt.run);
            let reached = attempt.proof.as_ref().map_or(reached, |proof| world.outside(proof));
            println!("{name} {} {reached}", attempt.id);
        }
        drop(view);
        world.end_survivors();
    }
    println!("played");
}

#[test]
fn no_attempt_reaches_its_goal() {
    if !namespaces() {
        return;
    }
    let missing = ["python3", "perl", "setpriv", "ipcmk", "unshare", "pkill", "git"];
    let missing = missing.iter().filter(|name| {
        let found = Command::new("sh").args(["-c", &format!("command -v {name}")]).output();
        !found.unwrap().status.success()
    });
    let missing: Vec<_> = missing.collect();
    if !missing.is_empty() {
        eprintln!("\n*** NOT TESTED: {missing:?} are not installed ***\n");
        return;
    }
    let is_root = rustix::process::geteuid().is_root();
    // Not below /tmp and not in a home: these are others inside anyway.
    let place = if is_root { "/srv" } else { env!("CARGO_TARGET_TMPDIR") };
    let users = if is_root { vec![0, ORDINARY] } else { vec![rustix::process::geteuid().as_raw()] };
    // Each has a world of its own, so they play at the same time.
    std::thread::scope(|scope| {
        for user in users {
            scope.spawn(move || {
                let place = tempfile::tempdir_in(place).unwrap();
                fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
                play(place.path(), user);
            });
        }
    });
}

/// What hostile text in a result of a tool may ask for, and that a model that does so gets nowhere.
#[test]
fn what_injections_ask_for_is_among_the_attempts() {
    let attempts = attempts();
    let goals =
        attempts.iter().filter_map(|it| Some((it.id.strip_prefix("injection/")?, &it.goal)));
    let goals: Vec<_> = goals.collect();
    for (id, goal) in &goals {
        println!("| {id} | {} | contained |", goal.as_deref().expect(id));
    }
    assert!(goals.len() >= 24, "{}", goals.len());
}

/// An ordinary user that each system has: `daemon`.
const ORDINARY: u32 = 1;

/// Players of each user: an attempt waits more than it works.
const PLAYERS: usize = 4;

/// What a player printed; `None` if the user cannot run it.
fn played(place: &Path, user: u32, number: usize) -> Option<String> {
    let place = place.join(number.to_string());
    fs::create_dir(&place).unwrap();
    let exe = std::env::current_exe().unwrap();
    let mut command = Command::new(&exe);
    if user == ORDINARY {
        chown(&place, Some(user), Some(user)).unwrap();
        command = Command::new("setpriv");
        command.args(["--reuid=1", "--regid=1", "--clear-groups", "--inh-caps=-all"]).arg(&exe);
    }
    command.args(["--exact", "player", "--nocapture", "--test-threads=1"]);
    command.env("CORPUS_FIRST", number.to_string()).env("CORPUS_STEP", PLAYERS.to_string());
    command.env("CORPUS_PLACE", &place).env("HOME", place.join("home")).env("A_TOKEN", "SECRET");
    for name in
        ["CARGO_HOME", "RUSTUP_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "USER", "LOGNAME"]
    {
        command.env_remove(name);
    }
    let output = command.current_dir("/").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    if user == ORDINARY && errors.contains("Permission denied") && !text.contains("outside ") {
        eprintln!("\n*** NOT TESTED as an ordinary user, who cannot run {} ***\n", exe.display());
        return None;
    }
    assert!(text.contains("played"), "{text}{errors}");
    Some(text.into_owned())
}

fn play(place: &Path, user: u32) {
    let texts = std::thread::scope(|scope| {
        let player = |number| scope.spawn(move || played(place, user, number));
        let players: Vec<_> = (0..PLAYERS).map(player).collect();
        let texts: Option<Vec<_>> = players.into_iter().map(|it| it.join().unwrap()).collect();
        texts
    });
    let Some(texts) = texts else { return };
    let text = texts.concat();
    let mut results: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        if let (Some(mode), Some(id), Some(reached)) = (words.next(), words.next(), words.next())
            && let Ok(reached) = reached.parse()
        {
            results.insert((mode, id), reached);
        }
    }
    let attempts = attempts();
    assert!(attempts.len() >= 100);
    let mut wrong = Vec::new();
    for attempt in &attempts {
        let reached = |mode| results.get(&(mode, attempt.id.as_str())).copied();
        if reached("outside") == Some(false) {
            wrong.push(format!("{} has no teeth", attempt.id));
        }
        if reached("on") != Some(false) {
            wrong.push(format!("{} reaches its goal in the sandbox", attempt.id));
        }
        if reached("landlock") != Some(false) && attempt.landlock != "reached" {
            wrong.push(format!("{} reaches its goal in Landlock alone", attempt.id));
        }
    }
    let bitten = results.keys().filter(|(mode, _)| *mode == "outside").count();
    println!("user {user}: {} attempts, {bitten} tried without a sandbox", attempts.len());
    assert!(wrong.is_empty(), "user {user}:\n{}", wrong.join("\n"));
}
