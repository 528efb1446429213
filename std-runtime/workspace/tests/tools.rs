//! What people work with works in the sandbox: a line for each, printed as a table.
#![cfg(target_os = "linux")]

mod common;

use std::process::Command;

use common::{ErrorOrOutput as _, Project, namespaces, run};
use zerostack_workspace::sandbox::Program;
use zerostack_workspace::view::{View, ViewOptions};

/// A tool, what tells that it is installed, and a script that fails if it does not work.
const TOOLS: &[(&str, &str, &str)] = &[
    (
        "git",
        "git --version",
        "git init -q && git add -A && git -c user.name=a -c user.email=a@b commit -qm x && \
         git mv src/main.c src/moved.c && git status --porcelain | grep -q ^R && git mv src/moved.c src/main.c",
    ),
    ("gcc", "gcc --version", "gcc -O1 -o main src/main.c && [ \"$(./main)\" = hello ]"),
    (
        "make",
        "make --version",
        "printf 'all:\\n\\techo made\\n' >Makefile && [ \"$(make -s)\" = made ]",
    ),
    (
        "cargo",
        "cargo --version",
        "mkdir -p crate/src && cd crate && printf '[package]\\nname = \"a\"\\nedition = \"2021\"\\n' >Cargo.toml && \
         echo 'fn main() { println!(\"built\"); }' >src/main.rs && [ \"$(cargo run -q --offline)\" = built ]",
    ),
    (
        "python",
        "python3 --version",
        "[ \"$(python3 -c 'import ssl, multiprocessing as m; print(m.Pool(2).map(abs, [-1]))')\" = '[1]' ]",
    ),
    (
        "venv",
        "python3 -m venv --help",
        "python3 -m venv --without-pip env && [ \"$(env/bin/python -c 'print(1)')\" = 1 ]",
    ),
    (
        "pytest",
        "python3 -m pytest --version",
        "echo 'def test_a(tmp_path): assert 1' >test_a.py && python3 -m pytest -q test_a.py",
    ),
    ("node", "node --version", "[ \"$(node -e 'console.log(1)')\" = 1 ]"),
    (
        "npm from its cache",
        "npm --version",
        "mkdir -p pack use && cd pack && echo '{\"name\": \"packed\", \"version\": \"1.0.0\"}' >package.json && \
         npm pack -s >/dev/null && npm cache add packed-1.0.0.tgz && cd ../use && \
         npm install -s --offline --no-audit --no-fund ../pack/packed-1.0.0.tgz && [ -d node_modules/packed ]",
    ),
    ("perl", "perl -v", "perl -e 'exit 0'"),
    (
        "a server and a client in one call",
        "python3 --version",
        "python3 -m http.server 8123 --bind 127.0.0.1 >/dev/null 2>&1 & \
         for i in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/8123) 2>/dev/null && exit 0; sleep .05; done; exit 1",
    ),
    (
        "a socket of one's own",
        "python3 --version",
        "python3 -c 'import socket; s = socket.socket(1); s.bind(\"s\"); s.listen(); socket.socket(1).connect(\"s\")'",
    ),
    ("threads and pipes", "true", "(seq 1000 | sort -n | tail -1) | grep -qx 1000"),
];

#[test]
fn tools_work() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[(
        "src/main.c",
        "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n",
    )]);
    let view = View::open(project.path(), &ViewOptions::default()).unwrap();
    let mut wrong = Vec::new();
    for (name, probe, script) in TOOLS {
        let there = Command::new("sh").args(["-c", &format!("{probe} >/dev/null 2>&1")]).status();
        if !there.unwrap().success() {
            println!("{name:<36} not installed");
            continue;
        }
        let ran = run(&view, script).0;
        println!("{name:<36} {}", if ran.status.success() { "works" } else { "FAILS" });
        if !ran.status.success() {
            wrong.push(format!("{name}: {}", String::from_utf8_lossy(&ran.stderr)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_server_is_reached_from_a_call_at_the_same_time() {
    if !namespaces() {
        return;
    }
    let project = Project::with(&[("page", "seen")]);
    let view = View::open(project.path(), &ViewOptions::default()).unwrap();
    let mut server = Program::new("bash");
    server.arg("-c").arg(
        "exec python3 -c 'import socket\ns = socket.create_server((\"127.0.0.1\", 8124))\n\
         c, _ = s.accept()\nc.sendall(b\"seen\")\nc.close()'",
    );
    let server = view.spawn(&server).unwrap();
    let client = "for i in $(seq 200); do (exec 3<>/dev/tcp/127.0.0.1/8124 && cat <&3) 2>/dev/null && exit 0; \
                  sleep .05; done; exit 1";
    assert_eq!(run(&view, client).success(), "seen");
    server.process().kill();
    server.process().wait().unwrap();
}
