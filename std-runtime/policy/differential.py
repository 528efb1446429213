#!/usr/bin/env python3
"""The shell parser beside bash itself and tree-sitter-bash, on random scripts.

For each script that our parser understands:
- `bash -n` must understand it, too;
- every program that bash starts when it runs the script must be among the commands that we found;
- every command that tree-sitter-bash finds must be among them (if it is installed, and where its
  tree has no error).

    python3 std-runtime/policy/differential.py [COUNT] [SEED]

The programs of the scripts are stubs that write their name to a file; PATH holds nothing else.
Ends with 1 and the scripts if there is a difference.
"""
import json, os, pathlib, random, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 1
STUBS = ["c1", "c2", "c3", "c4", "cx"]
PIECES = STUBS * 6 + [" "] * 30 + (
    "; ;; ;& ;;& && || | |& & ( ) { } \n \t \\ ' \" ` $( $(( )) $[ ] [ [[ ]] ! # $ ${ ${x ${x:- ${x/ "
    "${x[ ${#x} ${!x ${x^^} $x $1 $@ \"$@\" $' \\x63\\x31 \\n $\" <( >( < > >> >| &> >& <& <> 2>&1 3>f {fd}>f "
    "<<< <<E <<'E' <<\"E\" <<-E \nE\n E\n \n\tE\n <<\\E x= x+= x=( x[0]= a=1 =~ == = - -- -c * ? ~ {c1,c2} {1..3} , : .. "
    "if then elif else fi for i in do done while until case esac a) *) (a) select function f f() f(){ time time\t-p "
    "coproc in eval echo true false \\\n \r \x0b \u00a0 \u00e9 @( !( ?( }; ;} done; fi; esac; do\n then\n"
).split(" ")
TEMPLATES = ["if @; then @; fi", "for i in @; do @; done", "while @; do @; break; done", "case @ in @) @;; esac",
             "{ @; }", "( @ )", "$(@)", "`@`", "\"$(@)\"", "f() { @; }; f", "[[ @ ]]", "((@))", "$((@))", "cat <<E\n@\nE\n",
             "cat <<'E'\n@\nE\n", "x=@", "x=(@)", "${x:-@}", "'@'", "\"@\"", "$'@'", "@ | @", "@ && @", "@ # @\n@", "<(@)"]


def piece(rng, depth=0):
    if depth < 3 and rng.random() < 0.3:
        text = rng.choice(TEMPLATES)
        while "@" in text:
            text = text.replace("@", "\0", 1).replace("\0", script(rng, depth + 1).replace("@", "\1"), 1)
        return text.replace("\1", "@")
    return rng.choice(PIECES)


def script(rng, depth=0):
    text = "".join(piece(rng, depth) + rng.choice(["", "", " "]) for _ in range(rng.randint(1, 6)))
    return text


def tree_commands(parser, source):
    data = source.encode()
    tree = parser.parse(data)
    if tree.root_node.has_error:
        return []
    found, stack = [], [tree.root_node]
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        if node.type == "command_name" and all(child.type == "word" for child in node.children):
            found.append(data[node.start_byte:node.end_byte].decode())
    return [name for name in found if name in STUBS]


def main():
    rng = random.Random(SEED)
    scripts = [script(rng) for _ in range(COUNT)]
    # Only texts without a NUL are scripts.
    lines = "".join(json.dumps(text) + "\n" for text in scripts)
    example = ["cargo", "run", "--quiet", "--package", "zerostack-policy", "--example", "commands"]
    if os.environ.get("COMMANDS"):
        example = [os.environ["COMMANDS"]]
    printed = subprocess.run(example, input=lines, text=True, capture_output=True, check=True, cwd=ROOT)
    ours = [json.loads(line) for line in printed.stdout.splitlines()]
    try:
        import tree_sitter, tree_sitter_bash
        parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))
    except ImportError:
        parser = None
        print("NOT RUN: tree-sitter-bash: pip install tree_sitter tree_sitter_bash")
    understood = different = started = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "bin").mkdir()
        (folder / "work").mkdir()
        for name in STUBS:
            stub = folder / "bin" / name
            stub.write_text(f"#!/bin/sh\necho {name} >>{folder}/log\n")
            stub.chmod(0o755)
        (folder / "bin" / "cat").symlink_to("/bin/cat")
        bash = "/bin/bash"
        environment = {"PATH": f"{folder}/bin", "LC_ALL": "C.UTF-8", "HOME": f"{folder}/work"}
        for text, names in zip(scripts, ours):
            if names is None:
                continue
            understood += 1
            faults = []
            options = dict(cwd=folder / "work", env=environment, stdin=subprocess.DEVNULL, capture_output=True)
            (folder / "script").write_text(text)
            checked = subprocess.run([bash, "-n", folder / "script"], **options)
            if checked.returncode != 0 or b"syntax error" in checked.stderr:
                faults.append(f"bash refuses it: {checked.stderr.decode(errors='replace').strip()}")
            elif any(name in text for name in STUBS) or "\\x63" in text:
                (folder / "log").unlink(missing_ok=True)
                try:
                    subprocess.run([bash, "-c", "ulimit -u 200 -f 10 2>/dev/null; " + "eval \"$1\"", "_", text], timeout=3, **options)
                except subprocess.TimeoutExpired:
                    pass
                ran = (folder / "log").read_text().split() if (folder / "log").exists() else []
                started += len(ran)
                missed = set(ran) - set(names)
                if missed and "?" not in names and "eval" not in names:
                    faults.append(f"bash starts {sorted(missed)}")
            if parser:
                missed = set(tree_commands(parser, text)) - set(names)
                # It takes \r for a blank, and a process substitution or an escape for no word.
                is_own = any(c in text for c in ["\r", "\x0b", "\\", "(("]) or "/dev/fd/63" in "".join(names)
                if missed and not faults and not is_own and "?" not in names:
                    faults.append(f"tree-sitter finds {sorted(missed)}")
            if faults:
                different += 1
                print(f"{text!r}: {'; '.join(faults)}; we found {names}")
    print(f"{COUNT} scripts, {understood} understood, {started} programs started, {different} different")
    sys.exit(1 if different else 0)


main()
