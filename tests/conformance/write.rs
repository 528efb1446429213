//! `--write` changes the folder by all files of the result or by none.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Place, tree};

use super::{broken_project, place};

fn model(script: Script) -> Scripted {
    Scripted::start(script).unwrap()
}

fn runs(command: &str) -> Script {
    Script::new().call("bash", json!({"command": command})).text("done")
}

fn text(place: &Place, path: &str) -> String {
    fs::read_to_string(place.project().join(path)).unwrap()
}

#[test]
fn the_folder_becomes_the_view() {
    for sandbox in ["on", "off"] {
        for is_checkout in [false, true] {
            let place = broken_project();
            place.write("project/old/deep/file", "old\n");
            place.write("project/binary", b"\0\x01\x02");
            let add = place.project().join("add.sh");
            fs::set_permissions(&add, fs::Permissions::from_mode(0o640)).unwrap();
            if is_checkout {
                place.commit();
            }
            let script = runs(
                "sed -i 's/ - / + /' add.sh; chmod +x test.sh; rm -r old; mkdir -p new/deep; \
                 echo new > new/deep/file; printf '\\0\\3' > binary; ln -s add.sh link",
            );
            let provider = model(script);
            let arguments = ["--write", "--sandbox", sandbox, "do it"];
            let done = place.zerostack(&arguments).model(&provider).writes().run();
            assert_eq!(done.success(), "", "stdout is for results that are not written");
            assert!(done.stderr.contains("6 files written, as run 1"), "{}", done.stderr);
            assert!(text(&place, "add.sh").contains("$1 + $2"));
            assert_eq!(fs::metadata(&add).unwrap().permissions().mode() & 0o777, 0o640);
            let test = fs::metadata(place.project().join("test.sh")).unwrap();
            assert_eq!(test.permissions().mode() & 0o100, 0o100);
            assert!(!place.project().join("old").exists());
            assert_eq!(text(&place, "new/deep/file"), "new\n");
            assert_eq!(fs::read(place.project().join("binary")).unwrap(), b"\0\x03");
            let link = fs::read_link(place.project().join("link")).unwrap();
            assert_eq!(link.to_str(), Some("add.sh"));
            let names = fs::read_dir(place.project()).unwrap();
            let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let ours: Vec<String> = names.filter(|name| name.contains("zerostack")).collect();
            assert_eq!(ours, Vec::<String>::new());
        }
    }
}

#[test]
fn bytes_are_those_of_the_view_and_not_gits_form() {
    let place = place();
    place.write("project/.gitattributes", "*.txt text eol=crlf\n");
    place.write("project/a.txt", "one\r\n");
    place.commit();
    let provider = model(runs("printf 'two\\r\\n' > a.txt"));
    place.zerostack(&["--write", "do it"]).model(&provider).writes().run().success();
    assert_eq!(text(&place, "a.txt"), "two\r\n");
}

#[test]
fn a_file_that_changed_meanwhile_keeps_everything_as_it_is() {
    for sandbox in ["on", "off"] {
        let place = place();
        place.write("project/a", "old\n");
        place.write("project/b", "old\n");
        place.commit();
        let script = Script::new()
            .call("bash", json!({"command": "echo new > a; echo new > b"}))
            .reply(Reply::new().text("done").stall(0));
        let provider = model(script);
        let arguments = ["--write", "--sandbox", sandbox, "do it"];
        let run = place.zerostack(&arguments).model(&provider).writes().start();
        provider.wait_until_stalled();
        place.write("project/b", "theirs\n");
        provider.release();
        let done = run.end();
        let said = done.failure(63);
        assert!(said.contains('b') && said.contains("kept in"), "{said}");
        assert_eq!((text(&place, "a"), text(&place, "b")), ("old\n".into(), "theirs\n".into()));
        let log = place.zerostack(&["log"]).run().success();
        assert!(log.contains("failed 63"), "{log}");
    }
}

#[test]
fn a_run_that_fails_writes_nothing() {
    let place = broken_project();
    let provider = model(Script::new().reply(Reply::status(401)));
    place.zerostack(&["--write", "do it"]).model(&provider).run().failure(41);
    let provider = model(Script::new().text("nothing to do"));
    place.zerostack(&["--write", "do it"]).model(&provider).run().failure(61);
}

#[test]
fn wrong_options_are_reported_before_the_model_is_asked() {
    let place = broken_project();
    let provider = model(Script::new());
    let refused = |arguments: &[&str]| {
        place.zerostack(arguments).model(&provider).run().failure(2).to_owned()
    };
    assert!(refused(&["--write", "-o", "patch", "do it"]).contains("--output-file"));
    assert!(refused(&["--write", "explain", "it"]).contains("not a patch"));
    place.write("state", "a file");
    let state = place.folder("state").display().to_string();
    let run = place.zerostack(&["--write", "do it"]).model(&provider);
    let done = run.env("XDG_STATE_HOME", &state).run();
    assert!(done.failure(42).contains("XDG_STATE_HOME"));
    assert!(provider.requests().is_empty());
}

#[test]
fn a_folder_that_cannot_be_written_keeps_everything_as_it_is() {
    if rustix::process::geteuid().is_root() {
        return eprintln!("root may write everywhere: not tested");
    }
    let place = place();
    place.write("project/a", "old\n");
    place.write("project/sub/b", "old\n");
    let sub = place.project().join("sub");
    fs::set_permissions(&sub, fs::Permissions::from_mode(0o555)).unwrap();
    let provider = model(runs("echo new > a; echo new > sub/b"));
    let done = place.zerostack(&["--write", "do it"]).model(&provider).run();
    assert!(done.failure(42).contains("nothing was changed"));
}

#[test]
fn a_link_in_the_project_leads_nowhere() {
    let place = place();
    place.write("outside/file", "theirs\n");
    symlink(place.folder("outside"), place.project().join("folder")).unwrap();
    let provider = model(runs("rm folder; mkdir folder; echo new > folder/file"));
    place.zerostack(&["--write", "do it"]).model(&provider).writes().run().success();
    assert_eq!(text(&place, "folder/file"), "new\n");
    assert_eq!(fs::read_to_string(place.folder("outside/file")).unwrap(), "theirs\n");
}

#[test]
fn events_name_the_record() {
    let place = broken_project();
    let provider = model(runs("echo x > new"));
    let arguments = ["--write", "--events", "json", "do it"];
    let done = place.zerostack(&arguments).model(&provider).writes().run();
    let events = done.events();
    let result = events.last().unwrap();
    assert_eq!((&result["written"], &result["ok"]), (&json!(1), &json!(true)));
    assert!(tree(&place.project()).contains_key(std::path::Path::new("new")));
}

#[test]
fn how_a_patch_is_applied_is_printed_only_if_there_is_one() {
    for (arguments, is_told) in [(&["do it"][..], true), (&["do it", "--write"], false)] {
        let place = super::broken_project();
        place.commit();
        place.write("project/add.sh", "not in the index\n");
        let script =
            Script::new().call("bash", json!({"command": "echo new >add.sh"})).text("done");
        let provider = Scripted::start(script).unwrap();
        let done = place.zerostack(arguments).model(&provider).writes().run();
        assert_eq!(done.code, 0, "{done:?}");
        assert_eq!(done.stderr.contains("apply it with `git apply`"), is_told, "{done:?}");
    }
}
