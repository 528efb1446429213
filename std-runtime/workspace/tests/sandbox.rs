//! What tool processes can and cannot do.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{ErrorOrOutput as _, Project, namespaces, run};
use zerostack_workspace::ErrorKind;
use zerostack_workspace::sandbox::{Mode, Program};
use zerostack_workspace::view::{Storage, View, ViewOptions};

/// Not a test by itself: see `common::driver`.
#[test]
fn driver() {
    common::drive();
}

fn open(project: &Project) -> View {
    View::open(project.path(), &ViewOptions::default()).unwrap()
}

#[test]
fn tools_see_the_project_at_its_own_path_and_the_folder_is_not_written() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[("a", "old")]);
    let view = open(&project);
    assert_eq!(view.root(), fs::canonicalize(project.path()).unwrap());
    let output = run(&view, "pwd; cat a; echo new > a; echo more > b; cat a b").success();
    assert_eq!(output, format!("{}\noldnew\nmore\n", view.root().display()));
    assert_eq!(project.read("a"), "old");
    assert!(!project.path().join("b").exists());
    let changes = view.changes().unwrap();
    assert_eq!(changes.files().iter().map(|file| file.path()).collect::<Vec<_>>(), [b"a", b"b"]);
}

#[test]
fn there_is_no_network_but_loopback() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[]);
    // A server of the user, on a port that is free here.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let view = open(&project);
    let devices = run(&view, "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '").success();
    assert_eq!(devices, "lo\n");
    let refused = format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
    assert!(run(&view, &refused).failure().contains("refused"));
    let unreachable = run(&view, "exec 3<>/dev/tcp/192.0.2.1/80").failure();
    assert!(unreachable.contains("unreachable"), "{unreachable}");
    // Loopback itself is up: the address answers, if only with a refusal.
    assert!(run(&view, "exec 3<>/dev/tcp/127.0.0.1/1").failure().contains("refused"));
}

#[test]
fn the_system_is_read_only_and_home_and_tmp_are_private() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[]);
    let beside = project.path().parent().unwrap().join("beside");
    fs::create_dir(&beside).unwrap();
    let view = open(&project);
    for path in ["/etc/x", "/usr/x", "/var/x", "/x", "/sys/x", "/root/../opt/x"] {
        let error = run(&view, &format!("touch {path}")).failure();
        assert!(error.contains("Read-only") || error.contains("denied"), "{path}: {error}");
    }
    run(&view, "mount -o remount,rw / && touch /etc/x").failure();
    run(&view, "umount /proc").failure();
    run(&view, "chmod 777 /dev/null").failure();
    run(&view, "echo x > /dev/null && head -c 1 /dev/urandom > /dev/null").success();
    run(&view, "echo x > /proc/sys/kernel/core_pattern").failure();
    run(&view, "unshare -Urm sh -c 'mount -o remount,rw,bind / && touch /etc/x'").failure();
    let name = format!("zerostack-test-{}", std::process::id());
    run(&view, &format!("echo 1 > /tmp/{name} && cat /tmp/{name} /var/tmp/{name}")).success();
    assert!(!Path::new("/tmp").join(&name).exists());
    if let Some(home) = std::env::home_dir().filter(|home| home.is_dir()) {
        run(&view, &format!("echo 2 > ~/.{name} && cat ~/.{name}")).success();
        assert!(!home.join(format!(".{name}")).exists());
    }
    // The project may itself be below /tmp; what is beside it is not there.
    if beside.starts_with("/tmp") {
        run(&view, &format!("test ! -e {}", beside.display())).success();
    }
}

#[test]
fn credentials_and_secrets_are_not_there() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[]);
    let home = tempfile::tempdir_in("/var/tmp").unwrap();
    for (path, text) in [
        (".ssh/id_ed25519", "secret"),
        (".aws/credentials", "secret"),
        (".config/gh/hosts.yml", "secret"),
        (".config/zerostack/config.toml", "secret"),
        (".netrc", "secret"),
        (".config/unknown-service/token", "secret"),
        ("Documents/letter", "secret"),
        (".cargo/registry/file", "seen"),
    ] {
        let path = home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    // The home folder is read from the environment, so the view is opened in a process of its own.
    let script = "cat ~/.cargo/registry/file; cat ~/Documents/letter; cat ~/.netrc; ls -A ~/.ssh ~/.aws ~/.config/*; env; \
                  cat ~/.ssh/* ~/.aws/* ~/.config/*/*; ls -A /run";
    let output = common::driver(project.path(), script)
        .env("HOME", home.path())
        .env("OPENAI_API_KEY", "secret")
        .env("SSH_AUTH_SOCK", "/tmp/secret")
        .env("MY_UNKNOWN_PAT", "secret")
        .env("ZEROSTACK_API_KEY", "secret")
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let seen = stdout.split_once(common::DRIVEN).map_or("", |(_, seen)| seen);
    assert!(seen.starts_with("seen"), "{seen}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!seen.contains("secret"), "{seen}");
    assert!(seen.contains("PATH="), "{seen}");
}

#[test]
fn the_place_of_the_project_lifts_no_mask() {
    if !namespaces() {
        return;
    }
    let home = tempfile::tempdir_in("/var/tmp").unwrap();
    let project = home.path().join(".claude/skills/one");
    fs::create_dir_all(&project).unwrap();
    fs::write(project.join("file"), "seen").unwrap();
    fs::write(home.path().join(".claude/.credentials.json"), "secret").unwrap();
    let script = "cat file ../../.credentials.json; ls -A ..; echo x >new && echo written";
    let output = common::driver(&project, script).env("HOME", home.path()).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let seen = stdout.split_once(common::DRIVEN).map_or("", |(_, seen)| seen);
    assert!(seen.starts_with("seenone\nwritten\n"), "{seen}");
}

#[test]
fn tools_see_and_signal_no_process_outside() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[]);
    let view = open(&project);
    let pids = run(&view, "echo /proc/[0-9]*").success();
    assert!(pids.split_whitespace().count() <= 3, "{pids}");
    // The first process of the namespace is the call itself.
    assert_eq!(run(&view, "echo $$").success(), "1\n");
    let first = run(&view, "tr '\\0' ' ' < /proc/1/cmdline").success();
    assert!(first.starts_with("bash -c"), "{first}");
    run(&view, &format!("kill -0 {}", std::process::id())).failure();
    run(&view, "kill -9 1; kill -0 1").success();
}

#[test]
fn all_that_a_call_started_ends_with_it_and_calls_do_not_see_each_other() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[]);
    let view = open(&project);
    let mark = common::mark();
    let mut program = Program::new("bash");
    program.arg("-c").arg(format!("exec -a {mark} sleep 1000"));
    let other = view.spawn(&program).unwrap();
    common::await_processes(&mark, 1);
    let seen = run(&view, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").success();
    assert!(!seen.contains(&mark), "{seen}");
    run(&view, "kill -9 -1; :");
    let daemon = common::mark();
    let script = format!("setsid -f bash -c 'exec -a {daemon} sleep 1000' >&- 2>&-");
    run(&view, &format!("{script}; until grep -q {daemon} /proc/*/cmdline; do :; done")).success();
    // Not in a while, but when the call has ended.
    let left = fs::read_dir("/proc").unwrap().flatten();
    let commands = left.map(|entry| fs::read(entry.path().join("cmdline")).unwrap_or_default());
    assert!(!commands.into_iter().any(|command| command.starts_with(daemon.as_bytes())));
    common::await_processes(&mark, 1);
    other.process().kill();
    other.process().wait().unwrap();
}

#[test]
fn kill_ends_a_tool_and_all_that_it_started() {
    if !namespaces() {
        return;
    }
    for sandbox in [Mode::On, Mode::Off] {
        let project = Project::with(&[]);
        let options = ViewOptions { sandbox, ..ViewOptions::default() };
        let view = View::open(project.path(), &options).unwrap();
        let mark = common::mark();
        let script =
            format!("exec -a {mark} sleep 1000 & setsid sh -c 'exec -a {mark} sleep 1000'; :");
        let script = script.replace("setsid sh", "setsid bash") + "; echo never";
        let mut program = Program::new("bash");
        program.arg("-c").arg(format!("echo ready; {script}"));
        let mut child = view.spawn(&program).unwrap();
        let mut output = child.stdout.take().unwrap();
        common::await_processes(&mark, 2);
        child.process().kill();
        let status = child.process().wait().unwrap();
        assert!(!status.success());
        // Only the end of all that hold the pipe lets this return.
        let mut text = String::new();
        std::io::Read::read_to_string(&mut output, &mut text).unwrap();
        assert_eq!(text, "ready\n");
        common::await_processes(&mark, 0);
        run(&view, "true").success();
    }
}

#[test]
fn the_end_of_a_view_ends_its_processes_and_removes_its_files() {
    if !namespaces() {
        return;
    }
    for storage in [Storage::Auto, Storage::Copy] {
        let project = Project::with(&[("file", "text")]);
        let scratch = tempfile::tempdir_in("/var/tmp").unwrap();
        let options = ViewOptions {
            storage,
            scratch: Some(scratch.path().to_owned()),
            ..ViewOptions::default()
        };
        let view = View::open(project.path(), &options).unwrap();
        let mark = common::mark();
        // A daemon, which no group and no parent ties to the tool.
        run(&view, &format!("setsid bash -c 'exec -a {mark} sleep 1000' >&- 2>&- & sleep 0; :"));
        let mut program = Program::new("bash");
        program.arg("-c").arg(format!("mkdir -m 0 x; (exec -a {mark} sleep 1000)"));
        let child = view.spawn(&program).unwrap();
        common::await_at_least_one_process(&mark);
        assert_ne!(fs::read_dir(scratch.path()).unwrap().count(), 0);
        let cleanup = view.cleanup();
        std::thread::spawn(move || cleanup.run()).join().unwrap();
        common::await_processes(&mark, 0);
        assert!(!child.process().wait().unwrap().success());
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
        assert_eq!(view.spawn(&Program::new("true")).unwrap_err().kind(), ErrorKind::Tool);
        drop(view);
        assert_eq!(project.read("file"), "text");
    }
}

#[test]
fn a_killed_parent_leaves_no_process_and_the_next_view_sweeps_its_files() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[]);
    let scratch = tempfile::tempdir_in("/var/tmp").unwrap();
    let mark = common::mark();
    let script = format!("(exec -a {mark} sleep 1000) & exec -a {mark} sleep 1000");
    let mut driver = common::driver(project.path(), &script);
    let mut driver = driver.env("DRIVER_SCRATCH", scratch.path()).spawn().unwrap();
    common::await_processes(&mark, 2);
    driver.kill().unwrap();
    driver.wait().unwrap();
    common::await_processes(&mark, 0);
    let options =
        ViewOptions { scratch: Some(scratch.path().to_owned()), ..ViewOptions::default() };
    drop(View::open(project.path(), &options).unwrap());
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[test]
fn what_a_tool_leaves_in_the_background_ends_with_it() {
    if !namespaces() {
        return;
    }
    for sandbox in [Mode::On, Mode::Off] {
        let project = Project::with(&[]);
        let options = ViewOptions { sandbox, ..ViewOptions::default() };
        let view = View::open(project.path(), &options).unwrap();
        let mark = common::mark();
        let output = run(&view, &format!("bash -c 'exec -a {mark} sleep 1000' & echo started"));
        assert_eq!(output.success(), "started\n");
        common::await_processes(&mark, 0);
    }
}

#[test]
fn without_a_sandbox_tools_work_on_a_copy() {
    let project = Project::with(&[("a", "old"), ("dir/b", "b")]);
    fs::hard_link(project.path().join("a"), project.path().join("same")).unwrap();
    let options = ViewOptions { sandbox: Mode::Off, ..ViewOptions::default() };
    let view = View::open(project.path(), &options).unwrap();
    assert_ne!(view.root(), project.path());
    let names: Vec<_> = view.layers().iter().map(|layer| layer.name).collect();
    assert_eq!(names, ["masked-environment", "private-copy"]);
    run(&view, "test a -ef same && rm dir/b && echo new > a && mkfifo pipe").success();
    assert_eq!(project.read("a"), "old");
    let changes = view.changes().unwrap();
    let paths: Vec<_> = changes.files().iter().map(|file| file.path()).collect();
    assert_eq!(paths, [&b"a"[..], b"dir/b", b"same"]);
    assert_eq!(changes.left_out().len(), 1);
}

#[test]
fn programs_that_cannot_start_are_an_error_and_leave_nothing() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[]);
    let view = open(&project);
    let error = view.spawn(&Program::new("no-such-program")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tool);
    assert!(error.to_string().contains("no-such-program"), "{error}");
    let mut program = Program::new("true");
    assert_eq!(view.spawn(program.dir("no/such")).unwrap_err().kind(), ErrorKind::Tool);
    assert_eq!(view.spawn(program.dir("..")).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(view.spawn(program.dir("/etc")).unwrap_err().kind(), ErrorKind::Input);
    run(&view, "true").success();
}

#[test]
fn folders_that_are_no_project_are_refused() {
    for path in ["/", "/proc/self", "/no/such/folder", "/etc/passwd"] {
        let error = View::open(Path::new(path), &ViewOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{path}: {error}");
    }
}

#[test]
fn no_namespaces_means_an_error_that_says_what_to_do() {
    let project = Project::with(&[]);
    let driver = common::driver(project.path(), "true");
    let output = Command::new("unshare")
        .args(["-r", "sh", "-c", "echo 0 > /proc/sys/user/max_user_namespaces; exec \"$@\"", "sh"])
        .arg(driver.get_program())
        .args(driver.get_args())
        .envs(driver.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(common::NO_SANDBOX), "{stderr}");
    assert!(stderr.contains("user, mount, pid") && stderr.contains("--sandbox off"), "{stderr}");
}

#[test]
fn build_tools_find_what_they_need() {
    if !namespaces() {
        return;
    }
    let project =
        Project::with(&[("test.py", "import tempfile\ntempfile.TemporaryFile()\nprint('py')\n")]);
    let view = open(&project);
    for (tool, script, expected) in [
        ("python3", "python3 test.py", "py\n"),
        (
            "cargo",
            "cargo --offline init -q --vcs none --name t . && cargo --offline run -q",
            "Hello, world!\n",
        ),
        ("node", "node -e 'console.log(1)'", "1\n"),
        (
            "git",
            "git init -q && git -c user.name=a -c user.email=b commit -q --allow-empty -m x && echo ok",
            "ok\n",
        ),
    ] {
        if run(&view, &format!("command -v {tool}")).0.status.success() {
            assert_eq!(run(&view, script).success(), expected, "{tool}");
        } else {
            eprintln!("{tool} is not installed: not tested");
        }
    }
}
