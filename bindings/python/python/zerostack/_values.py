"""Reads single JSON values as the type of a hint.

A reader takes the value, its place for a message, and whether a string may replace a number
or the like, as models write it: ``"3"`` for 3.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import ipaddress
import math
import os
import pathlib
import re
import sys
import uuid
from collections import abc
from typing import Any, Callable, NamedTuple

from .errors import BadArguments

Reader = Callable[[Any, str, bool], Any]


class Shape(NamedTuple):
    """The form of a value: its JSON Schema, and its reader."""

    schema: dict[str, Any]
    read: Reader


def wrong(where: str, wanted: str, value: Any) -> BadArguments:
    """The error for a value of an unexpected form."""
    shown = repr(value)
    if len(shown) > 60:
        shown = f"{shown[:57]}..."
    return BadArguments(f"{where or 'the arguments'} must be {wanted}, not {shown}")


def anything() -> Shape:
    """Any JSON."""
    return Shape({}, lambda value, where, lax: value)


def null(value: Any, where: str, lax: bool) -> None:
    """``None``."""
    if value is not None:
        raise wrong(where, "null", value)


def choice(members: list[tuple[Any, Any]]) -> Shape:
    """One of these: each in JSON and in Python."""

    def read(value: Any, where: str, lax: bool) -> Any:
        for known, member in members:
            # True equals 1 in Python, but is another value here.
            if known == value and isinstance(known, bool) == isinstance(value, bool):
                return member
        raise wrong(where, "one of " + ", ".join(repr(known) for known, _ in members), value)

    values = [known for known, _ in members]
    for value in values:
        if not isinstance(value, (str, int, float, bool, type(None))):
            raise TypeError(f"{value!r} has no form in JSON")
    if all(isinstance(value, str) for value in values):
        return Shape({"type": "string", "enum": values}, read)
    return Shape({"enum": values}, read)


def flags(cls: type[enum.Flag]) -> Shape:
    """The sum of some of these."""
    known = ", ".join(f"{member.value} for {member.name}" for member in cls)

    def read(value: Any, where: str, lax: bool) -> Any:
        number = _integer(value, where, lax)
        try:
            return cls(number)
        except ValueError:
            raise wrong(where, f"a sum of {known}", value) from None

    return Shape({"type": "integer", "description": f"a sum of {known}"}, read)


def _boolean(value: Any, where: str, lax: bool) -> bool:
    if lax and isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    if not isinstance(value, bool):
        raise wrong(where, "true or false", value)
    return value


def _integer(value: Any, where: str, lax: bool) -> int:
    # Some models write 3.0 where they mean 3.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if lax and isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,4000}\s*", value):
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong(where, "an integer", value)
    return value


def _number(value: Any, where: str, lax: bool) -> float:
    if lax and isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            raise wrong(where, "a number", value) from None
        if math.isfinite(number):
            return number
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise wrong(where, "a number", value)
    try:
        return float(value)
    except OverflowError:
        raise wrong(where, "a number that is not so large", "that") from None


def _string(value: Any, where: str, lax: bool) -> str:
    if not isinstance(value, str):
        raise wrong(where, "a string", value)
    return value


def _parsed(parse: Callable[[str], Any], what: str) -> Reader:
    def read(value: Any, where: str, lax: bool) -> Any:
        text = _string(value, where, lax)
        try:
            return parse(text)
        except (ValueError, ArithmeticError):
            raise wrong(where, what, value) from None

    return read


def _iso(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if sys.version_info < (3, 11) and text.endswith(("Z", "z")):
            text = f"{text[:-1]}+00:00"
        return parse(text)

    return read


def _decimal(value: Any, where: str, lax: bool) -> decimal.Decimal:
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = decimal.Decimal(str(value).strip())
        except ArithmeticError:
            raise wrong(where, "a decimal number", value) from None
        if number.is_finite():
            return number
    raise wrong(where, "a decimal number", value)


_DURATION = re.compile(
    r"([+-])?P(?!$)(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?"
    r"(?:T(?!$)(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_CLOCK = re.compile(r"([+-])?(?:(\d+)(?: days?,?)? )?(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?")


def _timedelta(value: Any, where: str, lax: bool) -> datetime.timedelta:
    what = "a duration such as PT1H30M, or seconds"
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.timedelta(seconds=value)
        text = _string(value, where, lax).strip()
        found = _DURATION.fullmatch(text)
        if found:
            weeks, days, hours, minutes, seconds = (float(part or 0) for part in found.groups()[1:])
        else:
            found = _CLOCK.fullmatch(text)
            if not found:
                raise wrong(where, what, value)
            weeks = 0.0
            days, hours, minutes, seconds = (float(part or 0) for part in found.groups()[1:])
        length = datetime.timedelta(
            weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds
        )
    except OverflowError:
        raise wrong(where, "a shorter duration", value) from None
    return -length if found[1] == "-" else length


def duration(length: datetime.timedelta) -> str:
    """The same as text in ISO 8601's form."""
    sign, length = ("-", -length) if length < datetime.timedelta(0) else ("", length)
    seconds = f"{length.seconds}.{length.microseconds:06}".rstrip("0").rstrip(".")
    days = f"{length.days}D" if length.days else ""
    # The zeros of a whole number of seconds are not a fraction's.
    if not length.microseconds:
        seconds = str(length.seconds)
    clock = f"T{seconds}S" if length.seconds or length.microseconds or not days else ""
    return f"{sign}P{days}{clock}"


def _text(schema_format: str, parse: Callable[[str], Any], what: str) -> Shape:
    schema = {"type": "string", "format": schema_format} if schema_format else {"type": "string"}
    return Shape(schema, _parsed(parse, what))


def _pattern(text: str) -> Any:
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(str(error)) from None


SIMPLE: dict[Any, Shape] = {
    bool: Shape({"type": "boolean"}, _boolean),
    int: Shape({"type": "integer"}, _integer),
    float: Shape({"type": "number"}, _number),
    str: Shape({"type": "string"}, _string),
    object: anything(),
    bytes: _text("", str.encode, "a text"),
    bytearray: _text("", lambda text: bytearray(text.encode()), "a text"),
    decimal.Decimal: Shape({"anyOf": [{"type": "number"}, {"type": "string"}]}, _decimal),
    uuid.UUID: _text("uuid", uuid.UUID, "a UUID"),
    pathlib.Path: _text("", pathlib.Path, "a path"),
    pathlib.PurePath: _text("", pathlib.PurePath, "a path"),
    pathlib.PurePosixPath: _text("", pathlib.PurePosixPath, "a path"),
    pathlib.PureWindowsPath: _text("", pathlib.PureWindowsPath, "a path"),
    os.PathLike: _text("", pathlib.Path, "a path"),
    abc.Hashable: anything(),
    datetime.datetime: _text(
        "date-time",
        _iso(datetime.datetime.fromisoformat),
        "a date and time such as 2026-01-31T12:00:00",
    ),
    datetime.date: _text("date", datetime.date.fromisoformat, "a date such as 2026-01-31"),
    datetime.time: _text("time", _iso(datetime.time.fromisoformat), "a time such as 12:00:00"),
    datetime.timedelta: Shape(
        {"anyOf": [{"type": "string", "format": "duration"}, {"type": "number"}]}, _timedelta
    ),
    ipaddress.IPv4Address: _text("ipv4", ipaddress.IPv4Address, "an IPv4 address"),
    ipaddress.IPv6Address: _text("ipv6", ipaddress.IPv6Address, "an IPv6 address"),
    re.Pattern: _text("regex", _pattern, "a regular expression"),
}
