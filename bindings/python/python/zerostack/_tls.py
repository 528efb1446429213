"""The trusted certificates: read once for all agents, because that takes milliseconds."""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path

from .enums import ErrorCode
from .errors import BadConfig, ZerostackError

# OpenSSL's own variables, and that of requests. All certificates that they name are trusted.
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")

# The name that ``openssl rehash`` gives.
_HASH = re.compile(r"[0-9a-f]{8}\.[0-9]+")

ADVICE = (
    "if an authority of your own signed the server's certificate, name the file with the "
    "authority's certificate in SSL_CERT_FILE"
)


def context() -> ssl.SSLContext:
    """The context for https, with the authorities that the environment names, else certifi's.

    Raises :class:`BadConfig` for a variable whose path holds no certificates.
    """
    named = tuple((name, os.environ[name]) for name in _VARIABLES if os.environ.get(name))
    made = _contexts.get(named)
    # Two threads may create the same one; one of the two is kept.
    return made or _contexts.setdefault(named, _made(named))


def without_authorities() -> ssl.SSLContext:
    """The context for http: it is never used, and would trust nobody."""
    return _nobody


def is_untrusted(error: BaseException) -> bool:
    """Whether the server's certificate was refused, which a retry does not change."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _made(named: tuple[tuple[str, str], ...]) -> ssl.SSLContext:
    if not named:
        # httpx depends on it.
        import certifi

        return ssl.create_default_context(cafile=certifi.where())
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for variable, value in named:
        # A list of folders, as for OpenSSL itself.
        paths = value.split(os.pathsep) if variable == "SSL_CERT_DIR" else [value]
        for path in filter(None, paths):
            _load(made, variable, path)
    return made


def _load(into: ssl.SSLContext, variable: str, path: str) -> None:
    is_folder = Path(path).is_dir()
    if not is_folder and not Path(path).is_file():
        raise _bad(f"{variable} names {path}, and there is no such file")
    if variable == "SSL_CERT_FILE" and is_folder:
        raise _bad(f"{variable} names {path}, which is a folder; use SSL_CERT_DIR for one")
    if variable == "SSL_CERT_DIR" and not is_folder:
        raise _bad(f"{variable} names {path}, which is no folder; use SSL_CERT_FILE for a file")
    try:
        if is_folder:
            _load_folder(into, path)
        else:
            into.load_verify_locations(cafile=path)
    except (ssl.SSLError, OSError) as error:
        raise _bad(f"{variable} names {path}, which holds no certificates: {error}") from None


def _load_folder(into: ssl.SSLContext, path: str) -> None:
    """A folder of ``openssl rehash``, of which OpenSSL reads what it needs, or any other with
    certificates, which OpenSSL would not find."""
    files = sorted(file for file in Path(path).iterdir() if file.is_file())
    if any(_HASH.fullmatch(file.name) for file in files):
        into.load_verify_locations(capath=path)
        return
    has_any = False
    for file in files:
        try:
            into.load_verify_locations(cafile=str(file))
            has_any = True
        except (ssl.SSLError, OSError):
            # Other entries in it are ignored.
            continue
    if not has_any:
        raise OSError("no file in this folder has a PEM certificate")


def _bad(message: str) -> ZerostackError:
    return BadConfig(
        f"{message}; correct or unset the variable", code=ErrorCode.BAD_CONFIG, detail=2**32 - 1
    )


_contexts: dict[tuple[tuple[str, str], ...], ssl.SSLContext] = {}
_nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
