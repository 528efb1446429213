//! The command that tests in other languages start: address on stdout, a record, the end.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};

const COMMAND: &str = env!("CARGO_BIN_EXE_zerostack-scripted");

#[test]
fn it_prints_its_address_plays_the_script_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (script, record) = (folder.path().join("s.toml"), folder.path().join("r.jsonl"));
    fs::write(&script, "[[replies]]\nparts = [{ text = 'hi' }]\n[[replies]]\nstatus = 429\n")
        .unwrap();
    let mut child = Command::new(COMMAND)
        .arg("--script")
        .arg(&script)
        .arg("--record")
        .arg(&record)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut address = String::new();
    stdout.read_line(&mut address).unwrap();
    let address = address.strip_prefix("http://").unwrap().trim_end();
    for status in ["200", "429"] {
        let mut stream = TcpStream::connect(address).unwrap();
        let request = "POST /v1/messages HTTP/1.1\r\nx-api-key: hunter2\r\nconnection: close\r\n\
                       content-length: 2\r\n\r\n{}";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    assert!(child.wait().unwrap().success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    let record = fs::read_to_string(record).unwrap();
    assert_eq!(record.lines().count(), 2);
    assert!(record.contains(r#""path":"/v1/messages""#) && !record.contains("hunter2"), "{record}");
}

#[test]
fn it_serves_on_until_it_is_killed_while_a_reply_repeats() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("s.json");
    fs::write(&script, r#"{"replies": [{"repeat": true, "status": 500}]}"#).unwrap();
    let mut child =
        Command::new(COMMAND).arg("--script").arg(&script).stdout(Stdio::piped()).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(address["http://".len()..].trim_end()).unwrap();
        stream
            .write_all(b"POST /v1/chat/completions HTTP/1.1\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    }
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn wrong_arguments_and_scripts_say_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.toml");
    fs::write(&wrong, "[[replies]]\ntxt = 'hi'").unwrap();
    let wrong = wrong.to_str().unwrap();
    for (arguments, code, part) in [
        (&[][..], 2, "--script is missing; usage: zerostack-scripted"),
        (&["--script"], 2, "--script has no value"),
        (&["--port", "70000"], 2, "--port takes a number"),
        (&["--x", "y"], 2, "there is no option --x"),
        (&["--script", "/no/such.toml"], 42, "/no/such.toml"),
        (&["--script", wrong], 42, "line 2"),
        (&["--script", wrong, "--record", "/no/such/r"], 42, "cannot write /no/such/r"),
    ] {
        let Output { status, stdout, stderr } =
            Command::new(COMMAND).args(arguments).output().unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(part) && stderr.lines().count() == 1, "{arguments:?}: {stderr}");
        assert!(stdout.is_empty());
    }
}
