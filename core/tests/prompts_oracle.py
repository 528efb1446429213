"""Prints, one JSON line a file, what PyYAML reads and whether skills-ref passes it.

The files are those of the folder that is given, and front matters made of fragments that are easy
to get wrong. All scalars are read as texts.
"""

import json
import pathlib
import random
import re
import sys
import tempfile

import yaml
from skills_ref import validate

FRAGMENTS = [
    "plain words", "it's", "a: b", "C# and F#", "a # comment", "'single ''quoted'''", '"double \\"q\\" \\t\\u00e9"',
    "|\n  one\n    two\n\n  three\n", "|-\n  one\n", "|+\n  one\n\n", ">\n  one\n  two\n\n  three\n",
    ">-\n  one\n    more\n\n  two\n   x\n", ">+\n  one\n\n\n", "[a, 'b', \"c, d\"]", "[a,\n  b]", "\n  - a\n  - 'b: c'\n  - d e",
    "\n- a\n- b # x", "\n  k: v\n  l: 'w'", "{k: v, l: \"w\"}", "", "~", "null", "one\n  two\n\n  three", "\n  below\n  it",
    "\"one\n  two\n\n  three\"", "'one\n  two'", "true", "1.0", "[]", "{}", "[a] [b]", "@x", "*x", "&x y", "!t v",
    "\"open", "'open", "[open", "'a' b", "\n\tx", "x\n  y: z", "|2\n    two\n", ">\n\n  lead\n", "|\n # odd\n", "- x", "> 5",
    "a:b", "x:", "\n  a:\n    b: c", "[[a]]", "- - x", "https://x.y/z?a=b#c", "\\n no escape", '"\\q"', "é ü 漢", "a\n  # c\n  b",
]
KEYS = ["name", "description", "license", "metadata", "compatibility", "allowed-tools", "model", "x-y", "other"]


class Texts(yaml.SafeLoader):
    """All scalars are texts; a key that is there twice is an error."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        if len(set(map(str, keys))) != len(keys):
            raise yaml.YAMLError("twice")
        return super().construct_mapping(node, deep=deep)


Texts.yaml_implicit_resolvers = {}


def read(text):
    match = re.match(r"---[ \t]*\r?\n(.*?)^(---|\.\.\.)[ \t]*\r?$", text, re.S | re.M)
    if not match:
        return None
    try:
        value = yaml.load(match.group(1), Loader=Texts)
    except (yaml.YAMLError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def passes(folder, text):
    with tempfile.TemporaryDirectory() as temporary:
        skill = pathlib.Path(temporary, folder)
        skill.mkdir()
        skill.joinpath("SKILL.md").write_text(text)
        return not validate(skill)


def main():
    rng = random.Random(7)
    rows = []
    for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.md")):
        folder = path.parent.name if path.name == "SKILL.md" else path.stem
        rows.append((folder, path.read_text()))
    for _ in range(4000):
        lines = []
        for key in rng.sample(KEYS, rng.randint(1, 4)):
            fragment = rng.choice(FRAGMENTS)
            if key in ("name", "description", "model") and rng.random() < 0.5:
                fragment = rng.choice(["good-name", "Bad_Name", "some text", "'quoted text'"])
            lines.append(f"{key}:{'' if fragment.startswith(chr(10)) else ' '}{fragment}")
        rows.append((None, "---\n" + "\n".join(lines) + "\n---\n\nbody\n"))
    names = ["a", "a-b", "A", "-a", "a-", "a--b", "a_b", "é", "x" * 64, "x" * 65, "1", "a.b", "ß", "'a'", '"a"', "漢字", "a b"]
    for name in names:
        for description in ["d", "''", "x" * 1024, "x" * 1025, '"  "', "~"]:
            for extra in ["", "license: MIT\n", "author: me\n", "metadata:\n  a: b\n", f"compatibility: {'y' * 501}\n"]:
                text = f"---\nname: {name}\ndescription: {description}\n{extra}---\n"
                rows.append((name.strip("'\""), text))
    front = "name: a\ndescription: d\n"
    forms = [
        "---\n{}---\nbody\n", "\n---\n{}---\n", "<!-- made -->\n---\n{}---\n", "\ufeff---\n{}---\n", "--- \n{}---\n",
        "---\n\n# comment\n{}---\n", "---\n{}", "---\r\n{}---\r\n", "---\n---\n", "", "---\n{}# end\n---\n",
    ]
    rows += [("a", form.replace("{}", front)) for form in forms]
    fields = [
        "\"name\": a\n'description': d\n", "name: a\ndescription:\n  Wrapped. Use: it\n  again.\n", "name : a\ndescription: d\n",
        "name: a\ndescription:\n  Wrapped.\n  Again.\n", "name: a\ndescription: d\nallowed-tools: [Read]\n",
        "name: a\ndescription: d\nallowed-tools:\n  - Read\n", "name: a\ndescription: d\nmetadata:\n  a:\n    b: c\n",
        "name: a\ndescription: d\nmetadata:\n  - a\n", "name: a\ndescription: true\n", "name: a\ndescription: 7\n",
        "name: a\ndescription:\n  - d\n", "name: a\ndescription: d\ndescription: e\n", "name: a\n\tdescription: d\n",
        "Name: a\ndescription: d\n", "name: a\ndescription: d\nlicense:\n", "name: a\ndescription: d\ncompatibility:\n",
        "name: a\ndescription: d\ncompatibility: ''\n", "name: a\ndescription: d # c\n", "name: a\ndescription: 'd' # c\n",
    ]
    rows += [("a", f"---\n{text}---\nbody\n") for text in fields]
    for folder, text in rows:
        row = {"text": text, "yaml": read(text)}
        if folder is not None:
            row["folder"] = folder
            row["skill"] = passes(folder, text)
        print(json.dumps(row))


main()
