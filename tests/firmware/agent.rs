//! A whole conversation on each board: tools, parallel calls, a cut stream, a reply that is larger
//! than the memory.

use serde_json::json;
use zerostack_scripted::{Reply, Request, Script, Scripted};

use crate::board::{AN386, AN386_C, AN505, Board, Done, MICROBIT, NETWORK, RISCV, TINY};
use crate::sizes;

/// Bytes of the last reply.
const LONG_BYTES: usize = 64 * 1024;

fn script() -> Script {
    let both = Reply::new()
        .text("I look.")
        .call("free_memory", json!({}))
        .call("set_pin", json!({"pin": 1, "high": true}));
    let line = |at| format!("Line {at:9} of a reply that is longer than the whole memory.\n");
    // In pieces of half a kilobyte: an event of the stream for each line would be twice the bytes,
    // and the serial port of QEMU takes them one by one.
    let piece = |at: usize| (at..at + 8).map(line).collect::<String>();
    let long =
        (0..LONG_BYTES / 64).step_by(8).fold(Reply::new(), |reply, at| reply.text(&piece(at)));
    Script::new()
        .reply(both)
        .reply(Reply::new().text("It has").cut(60))
        .call("read_log", json!({"from": 0}))
        .call("read_log", json!({"from": 700}))
        .text("All is well.")
        .reply(long)
}

fn converse(board: Board) {
    let provider = Scripted::start(script()).unwrap();
    let done = board.run(&board.build("agent"), provider.address());
    sizes::check(board, "agent", &done);
    check(&done, &provider);
}

/// Whether all of the script was played, and what was shown and sent.
fn check(done: &Done, provider: &Scripted) {
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let lines: Vec<&str> = done.lines.iter().map(String::as_str).collect();
    let first = [
        "user How is the board?",
        "asked free_memory",
        "asked set_pin",
        "call free_memory",
        "call set_pin",
        "restart",
        "waiting cut",
        "asked read_log",
        "call read_log",
        "asked read_log",
        "call read_log",
        "shown 12",
    ];
    assert_eq!(lines[..first.len()], first);
    let numbers = done.numbers();
    assert_eq!(numbers["shown"], LONG_BYTES as u64, "all of the reply was shown");
    assert!(numbers["dropped"] > 50_000, "what is not kept is said");

    // What the model received.
    let requests = provider.requests();
    let [first, second, third, fourth, fifth, sixth] = &requests[..] else {
        panic!("{} requests", requests.len())
    };
    assert!(first.contains("How is the board?") && first.has_key());
    assert_eq!(second.body, third.body, "after the cut the same again");
    let results = |request: &Request| -> Vec<String> {
        let messages = request.json()["messages"].as_array().unwrap().clone();
        let results = messages.iter().filter(|message| message["role"] == "tool");
        results.map(|result| result["content"].as_str().unwrap().to_owned()).collect()
    };
    let [free, pin] = &results(second)[..] else { panic!("two results") };
    assert!(free.parse::<u32>().unwrap() > 100 && pin == "high");
    let log = include_str!("../../examples/firmware/src/log.txt");
    let pieces = results(fifth);
    let piece = |from: usize, said: &str| {
        let (piece, next) = said.split_once("\n[more from ").expect("there is more");
        assert!(log[from..].starts_with(piece), "{piece}");
        assert_eq!(next, format!("{}]", from + piece.len()));
    };
    piece(0, &pieces[2]);
    assert_eq!(results(fourth), pieces[..3]);
    if pieces[3].contains("[more from") {
        piece(700, &pieces[3]);
    } else {
        assert_eq!(pieces[3], log[700..]);
    }
    assert!(sixth.contains("All is well.") && sixth.contains("Tell me everything."));
}

#[test]
fn cortex_m4() {
    converse(AN386);
}

#[test]
fn cortex_m0_with_16_kilobytes() {
    converse(MICROBIT);
}

#[test]
fn cortex_m33() {
    converse(AN505);
}

#[test]
fn riscv32() {
    converse(RISCV);
}

#[test]
fn cortex_m0_with_4_kilobytes() {
    let provider = Scripted::start(script()).unwrap();
    let done = TINY.run(&TINY.build("agent"), provider.address());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let numbers = done.numbers();
    assert_eq!(numbers["shown"], LONG_BYTES as u64);
    assert!(numbers["dropped"] > 60_000 && numbers["free"] > 0);
    assert_eq!(numbers["statics"] + numbers["stack"] + numbers["free"], 4096);
    // Six requests, as on the other boards: the cut, and each piece of the log.
    assert_eq!(provider.requests().len(), 6);
    sizes::check(TINY, "agent", &done);
}

#[test]
fn tcp_over_ethernet() {
    let provider = Scripted::start(script()).unwrap();
    let done = NETWORK.run_on_ethernet(&NETWORK.build("network"), provider.address());
    sizes::check(NETWORK, "network", &done);
    check(&done, &provider);
}

#[test]
fn the_same_in_c() {
    let Some(image) = AN386_C.build_c() else { return };
    let provider = Scripted::start(script()).unwrap();
    let done = AN386_C.run(&image, provider.address());
    check(&done, &provider);
    sizes::check(AN386_C, "agent", &done);
}
