//! The table of exit codes: one test for each code that can occur.

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted, Stop};

use super::{broken_project, place};

fn code(arguments: &[&str], script: Script) -> i32 {
    let place = broken_project();
    let provider = Scripted::start(script).unwrap();
    place.zerostack(arguments).model(&provider).run().code
}

fn writes() -> Reply {
    Reply::new().call("write", json!({"path": "new", "content": "x\n"}))
}

#[test]
fn code_0_is_a_result() {
    assert_eq!(code(&["go"], Script::new().reply(writes()).text("done")), 0);
    assert_eq!(code(&["explain", "it"], Script::new().text("so")), 0);
    assert_eq!(code(&["--version"], Script::new()), 0);
}

#[test]
fn code_2_is_a_wrong_command_line() {
    assert_eq!(code(&["--no-such-option"], Script::new()), 2);
}

#[test]
fn code_41_is_a_refused_or_missing_key() {
    assert_eq!(code(&["go"], Script::new().reply(Reply::status(401))), 41);
    let place = place();
    let run = place.zerostack(&["go", "--provider", "openai"]).without("ZEROSTACK_API_KEY");
    assert_eq!(run.run().code, 41);
}

#[test]
fn code_42_is_an_input_that_cannot_be_used() {
    assert_eq!(code(&["-C", "/no/such/folder", "go"], Script::new()), 42);
}

// Code 44: see sandbox.rs.

#[test]
fn code_52_is_a_wrong_configuration() {
    assert_eq!(code(&["go", "--provider", "nobody"], Script::new()), 52);
}

#[test]
fn code_53_is_a_limit() {
    let call = Reply::new().call("list", json!({})).repeat();
    assert_eq!(code(&["go", "--max-rounds", "2"], Script::new().reply(call)), 53);
    assert_eq!(code(&["go"], Script::new().reply(Reply::new().text("x").stop(Stop::Length))), 53);
}

#[test]
fn code_60_is_a_provider_that_cannot_be_reached_or_used() {
    assert_eq!(code(&["go"], Script::new()), 60);
    assert_eq!(code(&["go", "--max-attempts", "1"], Script::new().reply(Reply::status(500))), 60);
}

#[test]
fn code_61_is_no_usable_result() {
    assert_eq!(code(&["go"], Script::new().text("I did nothing")), 61);
}

// Codes 130 and 143: see signals.rs.

#[test]
fn the_help_lists_every_exit_code_and_every_command() {
    let place = place();
    for arguments in [
        &["--help"][..],
        &["-h"],
        &["help"],
        &["run", "--help"],
        &["decode", "--help"],
        &["try", "-h"],
    ] {
        let help = place.zerostack(arguments).run().success();
        for code in [
            "0 result", "2 usage", "41 ", "42 ", "44 ", "52 ", "53 ", "54 ", "55 ", "60 ", "61 ",
            "62 ", "63 ", "130/143", "1 defect",
        ] {
            assert!(help.contains(code), "{code} is missing");
        }
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }
    let version = place.zerostack(&["-V"]).run().success();
    assert_eq!(version, format!("zerostack {}\n", env!("CARGO_PKG_VERSION")));
}
