//! Machines that are unlike the usual: thousands of mounts, a home on another file system, a PATH
//! that leads into the project.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use zerostack_tests::command::Invocation;

use super::place;

/// Starts the command in mounts of its own, after `script` has changed them. Only root can.
fn with_mounts<'p>(run: Invocation<'p>, script: &str) -> Option<Invocation<'p>> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("\n*** NOT TESTED: only root can mount ***\n");
        return None;
    }
    // One process for all mounts: a program for each would take a minute.
    let program = format!(
        "import ctypes, os, sys\n\
         libc = ctypes.CDLL(None, use_errno=True)\n\
         def mount(at):\n    assert libc.mount(b'tmpfs', at.encode(), b'tmpfs', 0, None) == 0, at\n\
         assert libc.unshare(0x20000) == 0 and libc.mount(None, b'/', None, 0x44000, None) == 0\n\
         {script}\n\
         os.execvp(sys.argv[1], sys.argv[1:])"
    );
    Some(run.through(&["python3", "-c", &program]))
}

#[test]
fn ten_thousand_mounts() {
    let place = place();
    place.write("project/a", "a\n");
    let run = place.zerostack(&["sandbox", "--", "sh", "-c", "echo b >>a"]);
    let script = "mount('/mnt')\nfor i in range(10000):\n    os.mkdir('/mnt/%d' % i)\n    mount('/mnt/%d' % i)";
    let Some(run) = with_mounts(run, script) else { return };
    let done = run.run();
    assert_eq!(done.code, 0, "{}", done.stderr);
}

#[test]
fn a_home_on_another_file_system_is_hidden_all_the_same() {
    let place = place();
    place.write("project/a", "a\n");
    let check = "[ ! -e ~/.netrc ] && [ -x ~/.cargo/bin/tool ] && echo x >~/new && echo hidden";
    let run = place.zerostack(&["sandbox", "--", "sh", "-c", check]);
    let script = "home = os.environ['HOME']\nmount(home)\nopen(home + '/.netrc', 'w').write('SECRET')\n\
                  os.makedirs(home + '/.cargo/bin')\nopen(home + '/.cargo/bin/tool', 'w').write('x')\n\
                  os.chmod(home + '/.cargo/bin/tool', 0o755)";
    let Some(run) = with_mounts(run, script) else { return };
    let done = run.run();
    assert!(done.code == 0 && done.text().contains("hidden"), "{}", done.stderr);
}

#[test]
fn programs_of_the_project_are_not_started_outside_whatever_path_says() {
    let place = place();
    place.write("project/a", "a\n");
    place.commit();
    let mark = place.folder("home").join("started");
    let bin = place.project().join("bin");
    fs::create_dir_all(&bin).unwrap();
    for name in ["git", "sh", "env", "unshare", "ls", "zerostack", "setsid", "newuidmap"] {
        let program = format!("#!/bin/bash\necho {name} >>{}\n", mark.display());
        fs::write(bin.join(name), program).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    for first in [bin.display().to_string(), "bin".to_owned(), ".:./bin".to_owned()] {
        let patch = place.folder("home").join("patch").display().to_string();
        let run = ["sandbox", "-o", &patch, "--", "/bin/bash", "-c", "echo b >>a"];
        let run = place.zerostack(&run);
        let done = run.env("PATH", &format!("{first}:{path}")).run();
        assert_eq!(done.code, 0, "{}", done.stderr);
        assert!(!mark.exists(), "{}", fs::read_to_string(&mark).unwrap());
    }
}
