"""Keep passwords out of everything that is shown.

A secret becomes known when a URL is masked, or when somebody calls `remember`. From then on `redact` replaces its
literal value, raw, url-quoted or as Python would repr it, wherever it occurs in a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK = "***"

_SECRET_KEY = re.compile(r"pass(word|wd|phrase)?|pwd|secret|token|api_?key|credential", re.IGNORECASE)
_URL = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*)://(?P<rest>[^\s'\"<>]*)")
_ODBC_SECRET = re.compile(r"(?P<key>pwd|password)\s*=\s*(?P<value>\{[^}]*\}|[^;]*)", re.IGNORECASE)

_known: set[str] = set()


def remember(secret: str | None) -> None:
    """Make ``secret`` one of the texts that `redact` replaces; shorter than three characters is ignored."""
    if not secret or len(secret) < 3:
        return
    _known.update((secret, quote(secret, safe=""), quote(secret), quote_plus(secret), repr(secret)[1:-1]))


def redact(text: str) -> str:
    """Return ``text`` with every known secret, and every password that stands in a URL, replaced by ``***``.

    >>> redact("cannot reach postgresql://ada:swordfish@db/x")
    'cannot reach postgresql://ada:***@db/x'
    """
    text = _URL.sub(lambda match: mask_url(match.group(0)), text)
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def mask_url(url: object) -> str:
    """Return a database URL (text or SQLAlchemy ``URL``) with every secret in it replaced, and remember those.

    The password ends at the *last* ``@`` before the host, so an unquoted ``@`` inside it does not show its tail;
    query values such as ``?password=`` and the ``PWD=`` of ``odbc_connect`` are masked as well.
    """
    render = getattr(url, "render_as_string", None)
    text = render(hide_password=False) if render is not None else str(url)
    match = _URL.fullmatch(text.strip())
    if match is None:
        return text if "://" not in text else _mask_loose(text)
    scheme, rest = match["scheme"], match["rest"]
    rest, question, query = rest.partition("?")
    credentials, at, address = rest.rpartition("@")
    if at:
        user, colon, password = credentials.partition(":")
        _remember_all((password, unquote(password)))
        rest = f"{user}{colon}{MASK if colon else ''}@{address}"
    return f"{scheme}://{rest}{question}{'&'.join(_mask_pair(pair) for pair in query.split('&'))}"


def _mask_loose(text: str) -> str:
    """Mask a URL whose password holds spaces or quotes: all from the first ``:`` to the last ``@``."""
    scheme, _, rest = text.partition("://")
    credentials, at, address = rest.rpartition("@")
    if not at:
        return text
    user, colon, password = credentials.partition(":")
    _remember_all((password,))
    return f"{scheme}://{user}{colon}{MASK if colon else ''}@{address}"


def _mask_pair(pair: str) -> str:
    key, equals, value = pair.partition("=")
    if equals and _SECRET_KEY.search(key):
        _remember_all((value, unquote_plus(value)))
        return f"{key}={MASK}"
    plain = unquote_plus(value)
    if _ODBC_SECRET.search(plain):
        _remember_all(found["value"] for found in _ODBC_SECRET.finditer(plain))
        return f"{key}={_ODBC_SECRET.sub(_mask_odbc, plain)}"
    return pair


def _mask_odbc(found: re.Match[str]) -> str:
    return f"{found['key']}={MASK}"


def _remember_all(secrets: Iterable[str]) -> None:
    for secret in secrets:
        remember(secret)
