"""Descriptions of a function and its parameters from its docstring, in the forms of Google, NumPy
and Sphinx."""

from __future__ import annotations

import inspect
import re

_SPHINX = re.compile(r":param(?:eter)?\s+(?:[^:]*\s)?\*{0,2}(\w+)\s*:\s*(.*)")
_GOOGLE = re.compile(r"\*{0,2}(\w+)(?:\s*\([^)]*\))?\s*:\s*(.*)")
_NUMPY = re.compile(r"\*{0,2}(\w+)\s*(?::.*)?$")
_PARAMETERS = ("args:", "arguments:", "parameters:", "params:")
_SECTION = re.compile(
    r"(returns?|raises?|yields?|examples?|notes?|warnings?|references|see also|todo):?$", re.I
)


def read(text: str | None) -> tuple[str, dict[str, str]]:
    """The description of the function, and that of each parameter."""
    lines = inspect.cleandoc(text or "").splitlines()
    about: list[str] = []
    parameters: dict[str, list[str]] = {}
    inside = ""
    current: list[str] = []
    item_indent = 0
    for number, line in enumerate(lines):
        content, indent = line.strip(), len(line) - len(line.lstrip())
        below = lines[number + 1].strip() if number + 1 < len(lines) else ""
        underlined = bool(content) and len(below) > 2 and set(below) <= {"-", "="}
        sphinx = _SPHINX.match(content)
        if sphinx:
            current = parameters.setdefault(sphinx[1], [])
            current.append(sphinx[2])
            inside, item_indent = "sphinx", indent
        elif inside == "sphinx" and content and indent > item_indent:
            current.append(content)
        elif re.match(r":\w+[^:]*:", content):
            inside = "other"
        elif indent == 0 and content.lower() in _PARAMETERS:
            inside, item_indent = "google", -1
        elif indent == 0 and underlined:
            inside = "numpy" if content.lower() == "parameters" else "other"
        elif indent == 0 and _SECTION.match(content):
            inside = "other"
        elif inside in ("google", "numpy") and content and set(content) <= {"-", "="}:
            continue
        elif inside == "google" and content:
            if item_indent < 0:
                item_indent = indent
            google = _GOOGLE.match(content) if indent == item_indent else None
            if google:
                current = parameters.setdefault(google[1], [])
                current.append(google[2])
            elif indent > item_indent:
                current.append(content)
            else:
                inside = ""
                about.append(line)
        elif inside == "numpy" and content:
            numpy = _NUMPY.match(content) if indent == 0 else None
            if numpy:
                current = parameters.setdefault(numpy[1], [])
            else:
                current.append(content)
        elif inside == "" or (inside == "sphinx" and not content):
            about.append(line)
    texts = {name: " ".join(filter(None, words)) for name, words in parameters.items()}
    return "\n".join(about).strip(), {name: text for name, text in texts.items() if text}
