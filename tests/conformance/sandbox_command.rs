//! `zerostack sandbox -- COMMAND` runs any program in the sandbox; flags and the user's
//! configuration decide what it reaches.

use std::net::TcpListener;

use zerostack_tests::command::Place;

use super::place;

/// The text of a file of the project.
fn read(place: &Place, name: &str) -> String {
    std::fs::read_to_string(place.project().join(name)).unwrap()
}

/// What `zerostack sandbox` printed for `script` with these flags.
fn sandboxed(place: &Place, flags: &[&str], script: &str) -> (i32, String, String) {
    let mut arguments = vec!["sandbox"];
    arguments.extend(flags);
    arguments.extend(["--", "sh", "-c", script]);
    let done = place.zerostack(&arguments).env("VISIBLE_VARIABLE", "seen").run();
    (done.code, done.text(), done.stderr)
}

#[test]
fn a_program_runs_on_a_private_view_with_the_streams_and_code_of_its_own() {
    let place = place();
    place.write("project/file", "old\n");
    let (code, out, err) =
        sandboxed(&place, &[], "cat file; echo new > file; echo told >&2; exit 7");
    assert_eq!((code, out.as_str()), (7, "old\n"), "{err}");
    assert!(err.contains("told\n") && err.contains("1 changed files are not kept"), "{err}");
    assert_eq!(read(&place, "file"), "old\n");
    let patch = place.folder("home").join("out.patch");
    let flags = ["-q", "-o", patch.to_str().unwrap()];
    let (code, _, err) = sandboxed(&place, &flags, "echo new > file");
    assert_eq!((code, err.as_str()), (0, ""));
    let patch = std::fs::read_to_string(patch).unwrap();
    assert!(patch.contains("-old\n+new\n"), "{patch}");
    let (code, _, _) = sandboxed(&place, &["-q"], "kill -9 $$");
    assert_eq!(code, 137);
    let done = place.zerostack(&["sandbox"]).run();
    done.failure(2);
}

#[test]
fn flags_and_the_users_configuration_decide_what_it_reaches() {
    let place = place();
    let outside = tempfile::tempdir_in("/var/tmp").unwrap();
    std::fs::write(outside.path().join("file"), "outside\n").unwrap();
    let at = outside.path().to_str().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!(
        "cat {at}/file; echo $VISIBLE_VARIABLE; echo x >{at}/new; \
         bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' && echo connected; true"
    );
    let (_, out, _) = sandboxed(&place, &["-q"], &script);
    assert_eq!(out, "\n");
    let flags = ["-q", "--allow-read", at, "--env", "VISIBLE_VARIABLE", "--net", "on"];
    assert_eq!(sandboxed(&place, &flags, &script).1, "outside\nseen\nconnected\n");
    assert!(!outside.path().join("new").exists());
    let config =
        format!("[sandbox]\nallow_write = ['{at}']\nenv = ['VISIBLE_VARIABLE']\nnet = 'on'\n");
    place.write("home/.config/zerostack/config.toml", &config);
    let (_, out, err) = sandboxed(&place, &["-q", "--net", "off"], &script);
    assert_eq!(out, "outside\nseen\n", "{err}");
    assert!(outside.path().join("new").exists());
    for (wrong, what) in
        [("allow_read = ['x']", "absolute"), ("net = 'a/b'", "is not a host"), ("x = 1", "x")]
    {
        place.write("home/.config/zerostack/config.toml", format!("[sandbox]\n{wrong}\n"));
        let (code, _, err) = sandboxed(&place, &[], "true");
        assert!(code == 52 && err.contains(what), "{code} {err}");
    }
    place.write("home/.config/zerostack/config.toml", "");
    place.write("project/.zerostack/config.toml", &config);
    // That of a project holds once the user trusts it.
    let (code, out, err) = sandboxed(&place, &[], &script);
    assert!((code, out.as_str()) == (0, "\n") && err.contains("zerostack trust"), "{out} {err}");
    place.zerostack(&["trust", ".zerostack/config.toml"]).run().success();
    assert_eq!(sandboxed(&place, &["-q"], &script).1, "outside\nseen\nconnected\n");
}

#[test]
fn landlock_alone_is_a_mode_that_must_be_asked_for() {
    let place = place();
    place.write("project/file", "old\n");
    let script = "cat file; echo new >file; cat /etc/shadow /root/.profile; ls /home; true";
    let (code, out, err) = sandboxed(&place, &["--sandbox", "landlock"], script);
    if code == 44 {
        eprintln!("*** NOT TESTED: {err} ***");
        return;
    }
    assert_eq!((code, out.as_str()), (0, "old\n"), "{err}");
    assert!(err.contains("the sandbox is incomplete: namespaces: --sandbox landlock"), "{err}");
    assert_eq!(read(&place, "file"), "old\n");
    let (code, _, err) = sandboxed(&place, &["--sandbox", "landlock", "--net", "on"], "true");
    assert!(code == 44 && err.contains("--net needs"), "{code} {err}");
}
