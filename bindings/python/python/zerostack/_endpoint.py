"""The address of a model, and the key for it."""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from ._core import known_server
from .enums import Dialect, ErrorCode
from .errors import BadConfig, ZerostackError

# Each dialect's own server: its base URL, and the variables for the key and for another base URL.
_HOMES: dict[Dialect, tuple[str, str, str]] = {
    Dialect.OPENAI_CHAT: ("https://api.openai.com/v1", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
    Dialect.OPENAI_RESPONSES: ("https://api.openai.com/v1", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
    Dialect.ANTHROPIC: ("https://api.anthropic.com", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    Dialect.GEMINI: ("https://generativelanguage.googleapis.com/v1beta", "GEMINI_API_KEY", ""),
    Dialect.OLLAMA: ("http://127.0.0.1:11434", "", ""),
}


class Endpoint(NamedTuple):
    """Everything needed to send a request. ``repr`` shows no key."""

    dialect: Dialect
    base_url: str
    key: str

    def __repr__(self) -> str:
        return f"<Endpoint {self.dialect.value} at {self.base_url}>"

    def url(self, path: str) -> str:
        """The URL of a path of the dialect."""
        return f"{self.base_url}/{path.lstrip('/')}"

    def auth_headers(self) -> dict[str, str]:
        """The header that carries the key."""
        if not self.key:
            return {}
        if self.dialect is Dialect.ANTHROPIC:
            return {"x-api-key": self.key}
        if self.dialect is Dialect.GEMINI:
            return {"x-goog-api-key": self.key}
        return {"authorization": f"Bearer {self.key}"}

    def without_key(self, text: str) -> str:
        """``text`` without the key: some providers return the refused key in it."""
        return text.replace(self.key, "(key)") if self.key else text


def endpoint(
    dialect: Dialect, base_url: str | None, api_key: str | None, *, allow_http: bool
) -> Endpoint:
    """The endpoint from these arguments, and from the environment for those that are missing.

    A key is only sent to its own server: that of ``OPENAI_API_KEY`` to OpenAI or
    ``OPENAI_BASE_URL``, not to a ``base_url`` argument.
    """
    home, key_variable, _ = _HOMES[dialect]
    url = _url(dialect, base_url)
    key = api_key
    if key is None:
        is_home = base_url is None or urlsplit(url).netloc == urlsplit(home).netloc
        key = (is_home and os.environ.get(key_variable)) or os.environ.get("ZEROSTACK_API_KEY", "")
    if key and not key.isprintable() or not key.isascii():
        raise _bad("the key has characters that no header can carry")
    host = urlsplit(url).hostname or ""
    if key and url.startswith("http:") and not is_loopback(host) and not allow_http:
        raise _bad(
            f"the key would go to {host} unencrypted; use https, or say allow_http=True in a "
            "network that is yours"
        )
    if not key and url == home and key_variable:
        raise _bad(f"there is no key: give api_key, or set {key_variable}")
    return Endpoint(dialect, url, key)


def known_profile(dialect: Dialect | str, base_url: str | None) -> str | None:
    """The name of the known server of these arguments, whose profile its session has."""
    spoken = Dialect(dialect)
    parts = urlsplit(_url(spoken, base_url))
    host = parts.hostname or ""
    return known_server(host, parts.port if is_loopback(host) else None)


def _url(dialect: Dialect, base_url: str | None) -> str:
    """The base URL from these arguments, and from the environment for those that are missing."""
    home, _, url_variable = _HOMES[dialect]
    of_environment = os.environ.get(url_variable, "") if url_variable else ""
    return _normal(base_url or of_environment or home, dialect)


def _normal(text: str, dialect: Dialect) -> str:
    """The part of a URL, as people write it, before the dialect's own path."""
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _bad(f"{text!r} is no base URL; one looks like https://host/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise _bad("a base URL has no user, no ? and no #; the key goes into api_key")
    try:
        _ = parts.port
    except ValueError:
        raise _bad(f"{text!r} has a port that is no number up to 65535") from None
    url = text.strip().rstrip("/")
    if dialect is Dialect.ANTHROPIC:
        return re.sub(r"(/v1)?(/messages)?$", "", url)
    if dialect is Dialect.OLLAMA:
        return re.sub(r"(/api)?(/chat)?$", "", url)
    if dialect is Dialect.GEMINI:
        return url
    if is_loopback(parts.hostname) and parts.path in ("", "/"):
        # The base URL of a server on this machine is often given as host and port.
        return f"{url}/v1"
    return re.sub(r"/(chat/completions|responses)$", "", url)


def is_loopback(host: str) -> bool:
    """Whether ``host`` is a loopback name or address of this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _bad(message: str) -> ZerostackError:
    return BadConfig(message, code=ErrorCode.BAD_CONFIG, detail=2**32 - 1)
