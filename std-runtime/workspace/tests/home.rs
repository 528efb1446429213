//! What tools see of the home folder and around it.
#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;

use common::{ErrorOrOutput as _, Project, namespaces, run};
use zerostack_workspace::sandbox::Access;
use zerostack_workspace::view::{View, ViewOptions};

/// Not a test by itself: see `common::driver`.
#[test]
fn driver() {
    common::drive();
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// What `script` prints in a view of `project`, where the user's home is `home`.
fn at_home(home: &Path, project: &Path, script: &str) -> String {
    let mut driver = common::driver(project, script);
    for name in ["CARGO_HOME", "RUSTUP_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
        driver.env_remove(name);
    }
    let output = driver.env("HOME", home).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    match stdout.split_once(common::DRIVEN) {
        Some((_, seen)) => format!("{}{errors}", seen.split("\ntest ").next().unwrap()),
        None => panic!("{stdout}{errors}"),
    }
}

#[test]
fn home_is_hidden_but_for_toolchains_whose_files_stay_as_they_are() {
    if !namespaces() {
        return;
    }
    let (home, project) = (tempfile::tempdir_in("/var/tmp").unwrap(), Project::with(&[]));
    write(
        home.path(),
        &[
            (".cargo/bin/tool", "seen"),
            (".cargo/credentials.toml", "secret"),
            (".cargo/config.toml", "[registry]\ntoken = 'secret'\n[build]\njobs = 1\n"),
            (".m2/repository/a/a.jar", "seen"),
            (".m2/settings.xml", "secret"),
            (".npm/_cacache/index", "seen"),
            (".unknown/token", "secret"),
            ("work/other-project/.env", "secret"),
            (".bashrc", "export TOKEN=secret"),
            (".gitconfig", "[user]\n\tname = seen\n[http]\n\textraHeader = secret\n"),
        ],
    );
    let script = "cd; cat .cargo/bin/tool .m2/repository/a/a.jar .npm/_cacache/index; \
                  git config user.name; cat .cargo/config.toml; \
                  find . -type f -exec grep -l secret {} +; grep -rs secret . ; ls -A work .unknown; \
                  echo changed > .npm/_cacache/index && echo new > .npm/_cacache/new && \
                  cat .npm/_cacache/*; echo kept > .newrc && cat .newrc";
    let seen = at_home(home.path(), project.path(), script);
    assert!(seen.starts_with("seenseenseenseen\n[build]\njobs = 1\n"), "{seen}");
    assert!(!seen.contains("secret") && !seen.contains("other-project"), "{seen}");
    assert!(seen.contains("changed\nnew\nkept\n"), "{seen}");
    assert_eq!(fs::read_to_string(home.path().join(".npm/_cacache/index")).unwrap(), "seen");
    assert!(
        !home.path().join(".newrc").exists() && !home.path().join(".npm/_cacache/new").exists()
    );
}

#[test]
fn what_appears_in_home_during_a_run_is_hidden_too() {
    if !namespaces() {
        return;
    }
    let (home, project) = (tempfile::tempdir_in("/var/tmp").unwrap(), Project::with(&[]));
    let late = home.path().join(".new-credentials");
    fs::create_dir_all(home.path().join(".cargo/bin")).unwrap();
    let script = "touch ready; for i in $(seq 300); do sleep .02; [ -e ~/.cargo/bin/late ] && break; done; \
                  ls -A ~; cat ~/.new-credentials";
    // The other side sees no file of the view, so it writes until the script sees one that is shown.
    let (at, end) =
        (home.path().to_owned(), std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)));
    let over = std::sync::Arc::clone(&end);
    let writer = std::thread::spawn(move || {
        while !over.load(std::sync::atomic::Ordering::Relaxed) {
            fs::write(&late, "secret").unwrap();
            fs::write(at.join(".cargo/bin/late"), "").unwrap();
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    });
    let seen = at_home(home.path(), project.path(), script);
    end.store(true, std::sync::atomic::Ordering::Relaxed);
    writer.join().unwrap();
    assert!(!seen.contains("secret\n") && !seen.contains("\n.new-credentials\n"), "{seen}");
}

#[test]
fn a_project_in_the_home_folder_is_there_and_its_neighbours_are_not() {
    if !namespaces() {
        return;
    }
    let home = tempfile::tempdir_in("/var/tmp").unwrap();
    let project = home.path().join("work/a/project");
    write(home.path(), &[("work/a/project/file", "seen\n"), ("work/a/beside", "secret")]);
    let script = "cat file; cat ../beside; ls ..; echo x > new && cat new";
    let seen = at_home(home.path(), &project, script);
    assert!(seen.starts_with("seen\nproject\nx\n"), "{seen}");
    assert!(!project.join("new").exists());
    // All of a checkout belongs to it.
    write(home.path(), &[("work/a/.git/HEAD", "ref: refs/heads/main\n")]);
    let seen = at_home(home.path(), &project, script);
    assert!(seen.starts_with("seen\nsecret"), "{seen}");
}

#[test]
fn paths_that_the_user_adds_are_there() {
    if !namespaces() {
        return;
    }
    let (outside, project) = (tempfile::tempdir_in("/var/tmp").unwrap(), Project::with(&[]));
    write(outside.path(), &[("read/file", "seen"), ("write/file", "old"), ("single", "alone")]);
    let at = |name: &str| outside.path().join(name);
    let options = ViewOptions {
        access: Access {
            read: vec![at("read"), at("single")],
            write: vec![at("write")],
            ..Access::default()
        },
        ..ViewOptions::default()
    };
    let view = View::open(project.path(), &options).unwrap();
    let show = format!("cat {}/read/file {0}/single", outside.path().display());
    assert_eq!(run(&view, &show).success(), "seenalone");
    run(&view, &format!("echo x > {}", at("read/new").display())).failure();
    run(&view, &format!("echo new > {}", at("write/file").display())).success();
    drop(view);
    assert_eq!(fs::read_to_string(at("write/file")).unwrap(), "new\n");
    for (wrong, why) in [(at("none"), "--allow-read"), ("/".into(), "belongs to the system")] {
        let options = ViewOptions {
            access: Access { read: vec![wrong], ..Access::default() },
            ..ViewOptions::default()
        };
        let error = View::open(project.path(), &options).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn sockets_that_daemons_listen_on_cannot_be_reached() {
    if !namespaces() {
        return;
    }
    // Not below /tmp, which tools have one of their own of.
    let Ok(place) = tempfile::tempdir_in("/srv").or_else(|_| tempfile::tempdir_in("/opt")) else {
        eprintln!("*** NOT TESTED: only root can make a folder in /srv ***");
        return;
    };
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let project = place.path().join("project");
    fs::create_dir(&project).unwrap();
    let _near = UnixListener::bind(place.path().join("daemon.sock")).unwrap();
    let _inside = UnixListener::bind(project.join("inside.sock")).unwrap();
    let view = View::open(&project, &ViewOptions::default()).unwrap();
    let late = UnixListener::bind(place.path().join("late.sock")).unwrap();
    let connect = |path: &str| {
        run(
            &view,
            &format!(
                "python3 -c 'import socket; s = socket.socket(1); s.connect(\"{path}\"); print(\"connected\")'"
            ),
        )
    };
    for name in ["daemon.sock", "project/inside.sock", "late.sock"] {
        let path = place.path().join(name);
        let errors = connect(path.to_str().unwrap()).failure();
        assert!(errors.contains("refused") || errors.contains("No such"), "{name}: {errors}");
    }
    drop(late);
    // Those of the tools themselves work, also from one call to another.
    let own = "import socket, os; s = socket.socket(1); s.bind(\"own.sock\"); s.listen(); \
               os.fork() == 0 and (socket.socket(1).connect(\"own.sock\"), os._exit(0)); s.accept()";
    run(&view, &format!("python3 -c '{own}'")).success();
}

#[test]
fn roots_tools_do_not_read_what_only_root_may_read() {
    if !namespaces() || !rustix::process::geteuid().is_root() {
        eprintln!("*** NOT TESTED: this is not root ***");
        return;
    }
    let (place, project) = (tempfile::tempdir_in("/srv").unwrap(), Project::with(&[]));
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    write(place.path(), &[("open/key", "secret"), ("open/file", "seen"), ("closed/key", "secret")]);
    let mode = |name: &str, mode| {
        fs::set_permissions(place.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("open/key", 0o600);
    mode("closed", 0o700);
    let view = View::open(project.path(), &ViewOptions::default()).unwrap();
    let script =
        format!("cd {}; cat open/file open/key closed/key; ls closed", place.path().display());
    let ran = run(&view, &script).0;
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "seen");
}
