//! A process that stays in the project reads nothing else; from others is hidden what only root
//! may read, whatever ran before them.
#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;

use common::{ErrorOrOutput as _, Project, namespaces, run};
use zerostack_workspace::sandbox::Program;
use zerostack_workspace::view::{View, ViewOptions};

/// What `cat`, which lies in the project, prints of `paths`, and what it complains of.
fn cat(view: &View, paths: &[&str], stays_inside: bool) -> (String, String) {
    let mut program = Program::new("./cat");
    if stays_inside {
        program.stays_inside();
    }
    for path in paths {
        program.arg(path);
    }
    let mut child = view.spawn(&program).unwrap();
    let (mut out, mut errors) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    child.process().wait().unwrap();
    (out, errors)
}

/// Whether there is a Landlock to keep processes to the project.
fn is_possible(view: &View) -> bool {
    let mut layers = view.layers().iter();
    let there = layers.any(|layer| layer.name == "landlock" && layer.lacks().is_none());
    if !there {
        eprintln!("\n*** NOT TESTED: this kernel has no Landlock that covers all ***\n");
    }
    there
}

#[test]
fn it_reads_the_project_and_nothing_of_the_system() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[("file", "seen\n"), ("below/file", "too\n")]);
    fs::copy("/bin/cat", project.path().join("cat")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", project.path().join("link")).unwrap();
    let view = View::open(project.path(), &ViewOptions::default()).unwrap();
    if !is_possible(&view) {
        return;
    }
    let paths = ["file", "below/file", "/etc/passwd", "link", "/usr/share/.", "/bin/cat"];
    let (out, errors) = cat(&view, &paths, true);
    assert_eq!(out, "seen\ntoo\n", "{errors}");
    assert_eq!(errors.matches("Permission denied").count(), 4, "{errors}");
    let (out, errors) = cat(&view, &["file", "/etc/passwd"], false);
    assert!(out.starts_with("seen\n") && out.contains("root:"), "{errors}");
    // What tools wrote is there for those after them.
    run(&view, "echo new >new").success();
    assert_eq!(cat(&view, &["new"], true).0, "new\n");
}

#[test]
fn what_only_root_may_read_is_hidden_from_all_others() {
    if !namespaces() || !rustix::process::geteuid().is_root() {
        return;
    }
    let Ok(place) = tempfile::tempdir_in("/srv") else { return };
    let mode = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(place.path(), 0o755);
    let (key, folder) = (place.path().join("key"), place.path().join("folder"));
    fs::create_dir(&folder).unwrap();
    for path in [&key, &folder.join("key"), &place.path().join("open")] {
        fs::write(path, "content\n").unwrap();
    }
    mode(&key, 0o600);
    mode(&folder, 0o700);
    let project = Project::with(&[("file", "seen\n")]);
    fs::copy("/bin/cat", project.path().join("cat")).unwrap();
    let view = View::open(project.path(), &ViewOptions::default()).unwrap();
    if is_possible(&view) {
        let at = |path: &std::path::Path| path.to_str().unwrap().to_owned();
        let (out, _) = cat(&view, &["file", &at(&key), &at(&folder.join("key"))], true);
        assert_eq!(out, "seen\n");
    }
    let script = format!("cd {}; cat key; ls -A folder; cat open", place.path().display());
    for _ in 0..2 {
        assert_eq!(run(&view, &script).success(), "content\n");
    }
}
