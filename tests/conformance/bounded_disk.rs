//! How much disk the files of a run may take, and which process the kernel ends when memory is short.

use serde_json::json;
use zerostack_scripted::{Script, Scripted};

use super::broken_project;

#[test]
fn a_call_that_fills_the_disk_is_ended_and_the_next_may_tidy_up() {
    let place = broken_project();
    let config = "[sandbox]\ndisk_bytes = 50000000\n";
    place.write("home/.config/zerostack/config.toml", config);
    // It stays below the bound of one file, and would go on for a minute.
    let fill = "for n in $(seq 600); do head -c 20M /dev/zero >big-$n; sync; sleep 0.1; done";
    let tidy = "rm big-*; cat /proc/self/oom_score_adj; sleep 0.6; echo tidy";
    let script = Script::new()
        .call("bash", json!({"command": fill, "timeout_ms": 100_000}))
        .call("bash", json!({"command": tidy}))
        .text("done");
    let provider = Scripted::start(script).unwrap();
    let start = std::time::Instant::now();
    let done = place.zerostack(&["do it"]).model(&provider).run();
    println!("{} ms", start.elapsed().as_millis());
    let requests = provider.requests();
    requests[1]
        .assert_contains("was ended with all its processes: the files of this run take more");
    requests[1].assert_contains("than 50000000 bytes of the disk, which sandbox.disk_bytes");
    requests[2].assert_contains("1000\\ntidy");
    // Nothing is left of the files, so there is no patch.
    assert_eq!((done.code, done.text()), (61, String::new()), "{}", done.stderr);
}
