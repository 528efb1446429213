//! A run fixes a project: a patch comes out, git applies it, and the user's tree is untouched.

use std::fs;

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Place, tree};

use super::{broken_project, place};

/// What a model does: it runs the test and reads the file at once, edits, runs the test again.
/// Each reply fits only when the tools really did what the last one asked.
fn replies() -> Script {
    let look = Reply::new()
        .text("I look.")
        .call("bash", json!({"command": "sh test.sh"}))
        .call("read", json!({"path": "add.sh"}));
    let edit = Reply::new()
        .when("FAILED: 2 and 3 are -1")
        .when("# Adds two numbers.")
        .call("edit", json!({"path": "add.sh", "edits": [{"old": "$1 - $2", "new": "$1 + $2"}]}));
    let check = Reply::new()
        .unless("PASSED")
        .when("$1 + $2")
        .call("bash", json!({"command": "sh test.sh"}));
    Script::new().reply(look).reply(edit).reply(check).reply(Reply::new().when("PASSED").text(SAID))
}

const SAID: &str = "The sign was wrong; the test passes now.";

fn fixed(place: &Place) {
    assert!(fs::read_to_string(place.project().join("add.sh")).unwrap().contains("$1 + $2"));
    let test = std::process::Command::new("sh")
        .arg("test.sh")
        .current_dir(place.project())
        .output()
        .unwrap();
    assert_eq!(test.stdout, b"PASSED\n");
}

#[test]
fn in_a_git_checkout_over_the_openai_dialect() {
    let place = broken_project();
    place.commit();
    let provider = Scripted::start(replies()).unwrap();
    let done = place.zerostack(&["make the test pass"]).model(&provider).run();
    let patch = done.success();
    assert!(done.stderr.contains("| The sign was wrong; the test passes now."), "{}", done.stderr);
    assert!(done.stderr.contains("1 file in the patch"), "{}", done.stderr);
    place.git("project", &["apply", "--index"], patch.as_bytes());
    fixed(&place);
    let changed = place.git("project", &["diff", "--cached", "--name-only"], b"");
    assert_eq!(changed, "add.sh\n");
    assert_eq!(place.git("project", &["status", "--porcelain"], b""), "M  add.sh\n");
    let requests = provider.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|request| request.path == "/v1/chat/completions"));
    let size = requests[0].body.len();
    assert!(size <= 4000, "the first request has {size} bytes");
    let first: serde_json::Value = serde_json::from_slice(&requests[0].body).unwrap();
    assert_eq!(first["tools"].as_array().unwrap().len(), 7);
    assert!(requests[0].contains("make the test pass"));
}

#[test]
fn in_a_git_checkout_over_the_anthropic_dialect() {
    let place = broken_project();
    place.commit();
    let provider = Scripted::start(replies()).unwrap();
    let patch = place.zerostack(&["make the test pass"]).anthropic(&provider).run().success();
    place.git("project", &["apply", "--index"], patch.as_bytes());
    fixed(&place);
    assert!(provider.requests().iter().all(|request| request.path == "/v1/messages"));
}

#[test]
fn in_any_chunking_of_the_stream() {
    for pieces in [1, 7] {
        let place = broken_project();
        let mut script = Script::new();
        let edit = json!({"path": "add.sh", "edits": [{"old": "$1 - $2", "new": "$1 + $2"}]});
        script = script.reply(Reply::new().text("Täglich ☂").call("edit", edit).pieces(pieces));
        script = script.reply(Reply::new().text("done").random_pieces(pieces as u64));
        let provider = Scripted::start(script).unwrap();
        let patch = place.zerostack(&["fix it"]).model(&provider).run().success();
        assert!(patch.contains("+echo $(($1 + $2))"), "{patch}");
        assert!(provider.requests()[1].contains("Täglich ☂"));
    }
}

#[test]
fn in_a_folder_of_a_checkout_the_patch_names_paths_from_the_root_of_the_checkout() {
    let place = place();
    let inner = broken_project();
    for name in ["add.sh", "test.sh"] {
        let text = fs::read(inner.project().join(name)).unwrap();
        place.write(&format!("project/tools/deep/{name}"), text);
    }
    place.write("project/README", "outer\n");
    place.commit();
    let provider = Scripted::start(replies()).unwrap();
    let folder = place.project().join("tools/deep");
    let run = place.zerostack(&["make the test pass"]).in_folder(folder);
    let patch = run.model(&provider).run().success();
    assert!(patch.contains("diff --git a/tools/deep/add.sh b/tools/deep/add.sh"), "{patch}");
    place.git("project", &["apply", "--index"], patch.as_bytes());
    let changed = place.git("project", &["diff", "--cached", "--name-only"], b"");
    assert_eq!(changed, "tools/deep/add.sh\n");
}

#[test]
fn in_a_plain_folder_with_uncommitted_files_of_all_kinds() {
    let place = broken_project();
    place.write("project/keep.bin", [0, 159, 146, 150]);
    let before = tree(&place.project());
    let provider = Scripted::start(replies()).unwrap();
    let patch = place.zerostack(&["make the test pass"]).model(&provider).run().success();
    // Outside of a checkout `git apply` works on plain files.
    place.git("project", &["apply"], patch.as_bytes());
    fixed(&place);
    let after = tree(&place.project());
    let differs: Vec<_> =
        after.iter().filter(|(path, entry)| before.get(*path) != Some(entry)).collect();
    assert_eq!(differs.len(), 1, "only add.sh differs");
}

#[test]
fn new_deleted_renamed_and_executable_files_come_out_and_built_ones_do_not() {
    let place = broken_project();
    place.write("project/.gitignore", "*.o\n");
    place.write("project/old name", "moves as it is, with enough text to be found again\n");
    place.commit();
    let script = "rm test.sh; mv 'old name' 'neuer Näme'; printf 'x' >new; chmod +x add.sh; \
                  touch a.o";
    let script = Script::new().call("bash", json!({"command": script})).text("done");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["tidy up"]).model(&provider).run();
    let patch = done.success();
    place.git("project", &["apply", "--index"], patch.as_bytes());
    let status =
        place.git("project", &["-c", "core.quotePath=false", "status", "--porcelain"], b"");
    assert_eq!(
        status, "M  add.sh\nR  \"old name\" -> \"neuer Näme\"\nA  new\nD  test.sh\n",
        "{patch}"
    );
    assert!(done.stderr.contains("1 changed and left out"), "{}", done.stderr);
}

#[test]
fn outside_of_a_checkout_the_usual_build_outputs_are_left_out() {
    let place = broken_project();
    let script = "mkdir target; echo built >target/out; echo x >new; touch Cargo.toml";
    let script = Script::new().call("bash", json!({"command": script})).text("done");
    let provider = Scripted::start(script).unwrap();
    let done = place.zerostack(&["build it"]).model(&provider).run();
    assert!(!done.success().contains("target"));
    assert!(done.stderr.contains("1 changed and left out"), "{}", done.stderr);
}

#[test]
fn calls_of_one_reply_all_run_and_are_answered_in_their_order_in_one_request() {
    let place = place();
    let mut reply = Reply::new();
    for number in 0..8 {
        let command = format!("echo ran-{number} | tee -a log");
        reply = reply.call("bash", json!({"command": command}));
    }
    let script = Script::new().reply(reply).text("done");
    let provider = Scripted::start(script).unwrap();
    let patch = place.zerostack(&["run them"]).model(&provider).run().success();
    let lines: Vec<&str> = patch.lines().filter(|line| line.starts_with("+ran-")).collect();
    assert_eq!(lines.len(), 8, "{patch}");
    let messages = provider.requests()[1].json()["messages"].as_array().unwrap().clone();
    let results: Vec<&str> = messages
        .iter()
        .filter(|message| message["role"] == "tool")
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(results.len(), 8);
    for (number, result) in results.iter().enumerate() {
        assert!(result.starts_with(&format!("ran-{number}\n")), "{result}");
    }
}
