#!/usr/bin/env python3
"""The corpus of commands by the rules that other agents ship, beside ours, as a table.

    python3 std-runtime/policy/others.py

What others do is computed from what they publish:
- Codex CLI: its list of commands that are known to be safe, joined by `&&`, `||`, `;` and `|`, with
  plain and quoted words only; all else is asked ("untrusted" approval policy).
- Gemini CLI: its default policies ask about each shell command.
- Claude Code: its documentation says that each Bash command is asked about in the default mode.

Wants pip install tree_sitter tree_sitter_bash.
"""
import collections, json, pathlib

import tree_sitter, tree_sitter_bash

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))
SAFE = set("cat cd cut echo expr false grep head id ls nl paste pwd rev seq stat tail tr true uname uniq wc which whoami".split())
FIND = {"-exec", "-execdir", "-ok", "-okdir", "-delete", "-fls", "-fprint", "-fprint0", "-fprintf"}
PLAIN = {"program", "list", "pipeline", "command", "command_name", "word", "string", "string_content", "raw_string",
         "number", "&&", "||", ";", "|", '"', "\n"}


def codex(command):
    data = command.encode()
    root = PARSER.parse(data).root_node
    if root.has_error:
        return "ask"
    commands, stack = [], [root]
    while stack:
        node = stack.pop()
        if node.type not in PLAIN:
            return "ask"
        if node.type == "command":
            commands.append([data[child.start_byte:child.end_byte].decode().strip("'\"") for child in node.children])
        stack.extend(node.children)
    return "allow" if commands and all(map(is_safe, commands)) else "ask"


def is_safe(words):
    name, rest = words[0], words[1:]
    if name == "find":
        return not FIND & set(rest)
    if name == "rg":
        return not any(word in ("-z", "--search-zip") or word.startswith(("--pre", "--hostname-bin")) for word in rest)
    if name == "git":
        return rest[:1] and rest[0] in ("branch", "status", "log", "diff", "show")
    if name == "cargo":
        return rest[:1] == ["check"]
    if name == "sed":
        return len(rest) in (2, 3) and rest[0] == "-n" and rest[1].rstrip("p").replace(",", "").isdigit()
    return name in SAFE


def main():
    lines = (ROOT / "tests/corpora/permissions/commands.jsonl").read_text().split("\n")
    cases = [case for case in (json.loads(line) for line in lines if line) if case["mode"] == "standard"]
    table = collections.defaultdict(collections.Counter)
    wider = []
    for case in cases:
        theirs = codex(case["command"])
        for row in (case["kind"], "all"):
            table[row]["commands"] += 1
            table[row][case["verdict"]] += 1
            table[row]["codex"] += theirs == "allow"
        if theirs == "allow" and case["verdict"] != "allow":
            wider.append(case)
    print("| kind | commands | zerostack: allow | ask | deny | Codex: allow | Gemini: allow | Claude Code: allow |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for kind, row in sorted(table.items(), key=lambda it: (it[0] == "all", it[0])):
        print(f"| {kind} | {row['commands']} | {row['allow']} | {row['ask']} | {row['deny']} | {row['codex']} | 0 | 0 |")
    print("\nAllowed by Codex's list and not by ours:")
    for case in wider:
        print(f"  {case['verdict']:5} {case['command']!r}")


main()
