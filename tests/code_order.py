#!/usr/bin/env python3
"""Prints std-runtime/code_order.txt: which parts of the command a run calls, in that order.

    tests/code_order.py PROGRAM SCRIPTED >std-runtime/code_order.txt

PROGRAM is a release build of the command for x86-64 Linux with its symbols, SCRIPTED a `zerostack-scripted`.
A copy of PROGRAM with a breakpoint at the beginning of each function plays the runs below; this process
traces it and all that it starts. Then the fewest lines are chosen that name most of the called functions
and little else.
"""

import collections
import ctypes
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile

RUNS = [
    [("write", {"path": "greeting.txt", "content": "hello\n"})],
    [("bash", {"command": "echo hello >greeting.txt"})],
    [
        ("list", {"path": "."}),
        ("read", {"path": "notes.txt"}),
        ("edit", {"path": "notes.txt", "edits": [{"old": "one", "new": "two"}]}),
        ("grep", {"pattern": "t.o", "path": "."}),
        ("find", {"pattern": "*.txt"}),
    ],
]
HEADER = """\
# The parts of the command that a run calls: first those that most phases of a run call, then the others in the order of their
# first call. The linker puts them next to each other (build.rs), because a page fault maps the code around it too.
# A line is a module, a function or a type with its implementations and its drop; `<TYPE>::NAME` is one method of them, and
# `*` an implementation or a type with parameters. Written by `just code-order`; a line that names nothing does no harm.
"""
# What a line costs, in bytes of code: shorter lists are easier to compare.
LINE_COST = 300
# A phase with fewer functions maps little anyway, such as a process that only starts another.
SMALL_PHASE = 150
# The share of the other phases from which on a line is common.
COMMON = 0.16
# As in build.rs.
RUST_CRATES = ["core", "alloc", "std", "std_detect"]
BREAKPOINT = 0xCC


def functions(program):
    """The address of each function, with its size and name."""
    lines = subprocess.run(["readelf", "-sW", program], capture_output=True, text=True, check=True)
    found = {}
    for fields in map(str.split, lines.stdout.splitlines()):
        if len(fields) >= 8 and fields[3] == "FUNC" and fields[6] != "UND" and int(fields[2], 0):
            found.setdefault(int(fields[1], 16), (int(fields[2], 0), fields[7]))
    return found


def with_breakpoints(program, addresses, target):
    """Writes the copy to `target` and returns the byte that was at each address."""
    image = bytearray(open(program, "rb").read())
    (headers,), (count,) = struct.unpack_from("<Q", image, 32), struct.unpack_from("<H", image, 56)
    old = {}
    for index in range(count):
        at = headers + 56 * index
        kind, flags, offset, start, _, length = struct.unpack_from("<IIQQQQ", image, at)
        if kind == 1 and flags & 1:  # loaded, and executable
            for address in addresses:
                if start <= address < start + length:
                    place = offset + address - start
                    old[address] = image[place]
                    image[place] = BREAKPOINT
    with open(target, "wb") as copy:
        copy.write(image)
    os.chmod(target, 0o755)
    return old


libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
PTRACE_TRACEME, PTRACE_PEEKTEXT, PTRACE_POKETEXT, PTRACE_CONT = 0, 1, 4, 7
PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_SETOPTIONS = 12, 13, 0x4200
# Forks, threads and programs that it starts are traced too, and end with this process.
OPTIONS = 0x2 | 0x4 | 0x8 | 0x10 | 0x100000
REGISTERS, RIP = 27, 16


def called(command, old, folder, environment):
    """Runs `command` and returns the calls as pairs of an address and the number of a phase, in order.

    A phase of a process ends when it gives back the pages of its code, with the removed breakpoints."""
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        libc.ptrace(PTRACE_TRACEME, 0, None, None)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.execve(command[0], command, environment)
    os.waitpid(pid, 0)
    libc.ptrace(PTRACE_SETOPTIONS, pid, None, OPTIONS)
    libc.ptrace(PTRACE_CONT, pid, None, None)
    calls, phases, count = [], {}, 0
    registers, status = (ctypes.c_ulonglong * REGISTERS)(), 0
    while True:
        try:
            stopped, how = os.waitpid(-1, 0x40000000)  # __WALL
        except ChildProcessError:
            break
        if not os.WIFSTOPPED(how):
            status = how if stopped == pid else status
            continue
        number, pass_on = os.WSTOPSIG(how), 0
        if number == signal.SIGTRAP and how >> 16 == 0:
            libc.ptrace(PTRACE_GETREGS, stopped, None, ctypes.addressof(registers))
            address = registers[RIP] - 1
            if address in old:
                number_of_phase, seen = phases.get(stopped, (0, None))
                if seen is None or address in seen:
                    number_of_phase, seen, count = count, set(), count + 1
                    phases[stopped] = number_of_phase, seen
                seen.add(address)
                calls.append((address, number_of_phase))
                word = libc.ptrace(PTRACE_PEEKTEXT, stopped, address, None) & (2**64 - 1)
                libc.ptrace(PTRACE_POKETEXT, stopped, address, word & ~0xFF | old[address])
                registers[RIP] = address
                libc.ptrace(PTRACE_SETREGS, stopped, None, ctypes.addressof(registers))
        elif number not in (signal.SIGTRAP, signal.SIGSTOP):
            pass_on = number
        libc.ptrace(PTRACE_CONT, stopped, None, pass_on)
    if status != 0:
        sys.exit(f"the run ended with status {status}: {command}")
    return calls


def play(copy, scripted, old, calls):
    """One run that makes these calls, in a project and a home folder of its own."""
    with tempfile.TemporaryDirectory() as place:
        project, home = os.path.join(place, "project"), os.path.join(place, "home")
        os.mkdir(project)
        os.mkdir(home)
        with open(os.path.join(project, "notes.txt"), "w", encoding="utf-8") as notes:
            notes.write("one\nthree\n")
        replies = [{"parts": [{"call": {"name": name, "arguments": value}}]} for name, value in calls]
        replies.append({"parts": [{"text": "It is done."}]})
        script = os.path.join(place, "script.json")
        with open(script, "w", encoding="utf-8") as file:
            json.dump({"replies": replies}, file)
        server = subprocess.Popen([scripted, "--script", script], stdout=subprocess.PIPE, text=True)
        try:
            url = server.stdout.readline().strip() + "/v1"
            command = [copy, "--base-url", url, "--model", "scripted", "--write", "Do what the script says."]
            environment = {"HOME": home, "PATH": os.environ["PATH"], "OPENAI_API_KEY": "none"}
            return called(command, old, project, environment)
        finally:
            # Waited for by the tracer if it has ended.
            server.kill()
            server.stdout.close()


def components(mangled):
    """The parts of a name as `9zerostack3run17h0123456789abcdefE`."""
    found, at = [], 0
    while at < len(mangled) and mangled[at].isdigit():
        digits = re.match(r"\d+", mangled[at:]).group()
        at += len(digits)
        found.append(mangled[at : at + int(digits)])
        at += int(digits)
    if found and re.fullmatch(r"h[0-9a-f]{16}", found[-1]):
        found.pop()
    return found


def pattern_of(name):
    """A line for one function, whose hashes differ from compiler to compiler."""
    if name.startswith("_R"):
        return "=" + re.sub(r"Cs[0-9a-zA-Z]+_", "Cs*_", name)
    return "=" + re.sub(r"17h[0-9a-f]{16}E.*", "*", name)


def place_of(name):
    """Where a function belongs, as a path; one that has none has its pattern as the only part."""
    if name.startswith("_R"):  # Rust's own libraries
        crate = re.search(r"Cs[0-9a-zA-Z]*_(\d.*)", name)
        parts = components(crate.group(1)) if crate else []
        is_plain = parts[:1] and parts[0] in RUST_CRATES and not any(part[:1] in ("", "_") for part in parts)
        return parts if is_plain else [pattern_of(name)]
    parts = components(name[3:]) if name.startswith("_ZN") else []
    if not parts:
        return [pattern_of(name)]
    is_drop = parts[:2] == ["core", "ptr"] and parts[-1].startswith("drop_in_place$LT$")
    if is_drop or parts[0].startswith("_$LT$"):
        of_type = re.match(r"(?:_|drop_in_place)\$LT\$(\w+(?:\.\.\w+)+)[.$]", parts[2 if is_drop else 0])
        if not of_type:
            return [pattern_of(name)]
        methods = ["drop_in_place"] if is_drop else [part for part in parts[1:] if "$" not in part][:1]
        return of_type.group(1).split("..") + ["<>"] + methods
    return ["*" if "$" in part else part for part in parts]


class Node:
    def __init__(self):
        self.below, self.own = {}, {}
        self.all, self.called, self.first, self.phases = 0, 0, 1 << 60, set()


def choose(node, path):
    """The lines that name all called functions below a node, and the bytes of others that they name."""
    if node.called == 0:
        return [], 0
    lines, others = [(*found, [pattern]) for pattern, found in node.own.items()], 0
    if not node.below:
        lines = []
    for part, below in node.below.items():
        found = choose(below, path + [part])
        lines, others = lines + found[0], others + found[1]
    alone = node.all - node.called
    is_line = path and path[-1] not in ("<>", "*")
    if is_line and (not lines or alone + LINE_COST <= others + LINE_COST * len(lines)):
        return [(len(node.phases), node.first, path)], alone
    return lines, others


def text_of(path):
    if "<>" not in path:
        return "::".join(path)
    at = path.index("<>")
    return f"<{'::'.join(path[:at])}>::{path[at + 1]}"


def main():
    program, scripted = sys.argv[1:]
    found = functions(program)
    order, phases, count = {}, {}, 0
    with tempfile.TemporaryDirectory() as place:
        copy = os.path.join(place, "zerostack")
        old = with_breakpoints(program, found, copy)
        for calls in RUNS:
            played = play(copy, os.path.abspath(scripted), old, calls)
            for address, phase in played:
                order.setdefault(address, len(order))
                phases.setdefault(address, set()).add(count + phase)
            count += 1 + max(phase for _, phase in played)
    sizes = collections.Counter(phase for each in phases.values() for phase in each)
    large = {phase for phase, size in sizes.items() if size >= SMALL_PHASE}
    root = Node()
    for address, (size, name) in found.items():
        path, node = place_of(name), root
        for part in [None] + path:
            node = node if part is None else node.below.setdefault(part, Node())
            node.all += size
            if address in order:
                node.called += size
                node.first = min(node.first, order[address])
                node.phases |= phases[address] & large
        if address in order:
            node.own.setdefault(pattern_of(name), (len(phases[address] & large), order[address]))
    lines, others = choose(root, [])
    sys.stdout.write(HEADER)
    # What most phases call comes first, so that the pages of the others are not needed for it.
    for _, _, path in sorted(lines, key=lambda line: (line[0] < len(large) * COMMON, line[1])):
        print(text_of(path))
    size = sum(found[address][0] for address in order)
    report = f"{len(large)} phases; {len(order)} of {len(found)} functions were called, {size} bytes; {len(lines)} lines name them and {others} others"
    print(report, file=sys.stderr)


main()
