//! The sandbox without namespaces.
#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::net::TcpListener;

use common::{ErrorOrOutput as _, Project, run};
use zerostack_workspace::sandbox::{Mode, State};
use zerostack_workspace::view::{View, ViewOptions};

/// A view, if this kernel has a Landlock that confines all that is tested.
fn view(project: &Project) -> Option<View> {
    let options = ViewOptions { sandbox: Mode::Landlock, ..ViewOptions::default() };
    let view = match View::open(project.path(), &options) {
        Ok(view) => view,
        Err(error) => {
            eprintln!("*** NOT TESTED: {error} ***");
            return None;
        }
    };
    let landlock = view.layers().iter().find(|layer| layer.name == "landlock");
    match &landlock.unwrap().state {
        State::InForce => Some(view),
        state => {
            eprintln!("*** NOT TESTED: {state:?} ***");
            None
        }
    }
}

#[test]
fn tools_work_on_a_copy_and_write_nowhere_else() {
    let project = Project::with(&[("file", "old\n"), ("sub/other", "x\n")]);
    let Some(view) = view(&project) else { return };
    assert_eq!(run(&view, "cat file").success(), "old\n");
    run(&view, "echo new > file && mv sub/other . && rmdir sub && ls /usr/bin >/dev/null")
        .success();
    run(&view, "echo x > $TMPDIR/x && echo x > ~/x && cat ~/x $TMPDIR/x && : > /dev/null")
        .success();
    run(
        &view,
        "mkdir c d; echo x > c/x; perl -e 'rename(\"c/x\", \"d/x\") or exit 1' && rm -r c d",
    )
    .success();
    assert_eq!(project.read("file"), "old\n");
    let changes = view.changes().unwrap();
    assert_eq!(changes.files().len(), 3, "{changes:?}");
    let outside = tempfile::tempdir_in("/var/tmp").unwrap();
    fs::write(outside.path().join("file"), "secret").unwrap();
    let at = outside.path().display();
    for script in [
        format!("cat {at}/file"),
        format!("ls {at}"),
        format!("echo x > {at}/new"),
        format!("rm {at}/file"),
        format!("ln {at}/file linked && cat linked"),
        format!("cat {}/file", project.path().display()),
        "ls /root /home".to_owned(),
        "echo x > /etc/new".to_owned(),
        "cat /etc/shadow".to_owned(),
        "cat /proc/$PPID/environ".to_owned(),
        "kill -0 $PPID".to_owned(),
        "exec 3<>/dev/tcp/127.0.0.1/1".to_owned(),
    ] {
        run(&view, &script).failure();
    }
}

#[test]
fn it_names_what_it_is_not() {
    let project = Project::with(&[]);
    let Some(view) = view(&project) else { return };
    let lacks: Vec<_> = view.layers().iter().filter_map(|layer| layer.lacks()).collect();
    assert_eq!(lacks, ["namespaces: --sandbox landlock"]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let errors = run(&view, &format!("exec 3<>/dev/tcp/127.0.0.1/{port}")).failure();
    assert!(errors.contains("not permitted"), "{errors}");
}
