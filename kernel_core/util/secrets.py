"""Mask passwords in all output.

A secret is known once a URL was masked, the environment variables were read, or `remember` was called. `redact` then
replaces its value, literally, url-quoted or as in a ``repr``, everywhere in a text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK = "***"

_SECRET_KEY = re.compile(r"pass(word|wd|phrase)?|pwd|secret|token|api_?key|credential", re.IGNORECASE)
_SECRET_VARIABLE = re.compile(r"PASSW(OR)?D|PASSPHRASE|SECRET|TOKEN|API_?KEY|_PWD$|(^|_)PASS$", re.IGNORECASE)
_NAMES_A_PLACE = re.compile(r"_(FILE|PATH|DIR|URL|URI|NAME)$", re.IGNORECASE)
_NAMES_A_URL = re.compile(r"(url|uri|dsn)$", re.IGNORECASE)
_URL = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*)://(?P<rest>[^\s'\"<>]*)")
_CREDENTIALS = re.compile(r"[^:/@]*(:[^@]*)?@")
_QUERY = re.compile(r"\?(?=[\w.-]+=)")
_ODBC_SECRET = re.compile(r"(?P<key>pwd|password)\s*=\s*(?P<value>\{[^}]*\}|[^;]*)", re.IGNORECASE)

_LOOSE = re.compile(r"(?P<head>[^\s@'\"]*?[^\s@:/'\"]+):(?P<secret>[^/\s@'\"][^\s'\"]*)@(?P<tail>[^\s@'\"]*)")
_WITHOUT_COLON = re.compile(r"(?<![\w:+.-])[A-Za-z][\w+.-]*/{1,2}[^\s:/@'\"]+:[^/\s'\"][^\s'\"]*@[^\s@'\"]*")
_SERVER_OPTION = re.compile(r"(?P<key>(?:-c\s*|--)(?P<name>[\w.-]+)\s*=\s*)(?P<value>(?:\\.|[^\s\\])+)")
_OPTIONS = re.compile(r"(?<=[?&]options=)(?:-c|--|%2[dD])[^&'\"\n]*")
_SECRET_LITERAL = re.compile(r"(?i)\b(PASSWORD|IDENTIFIED\s+BY|SECRET|TOKEN|API_?KEY)(\W{1,4})'(?:[^']|'')*'")
_HARMLESS_OPTION = re.compile(
    r"search_path|.*timeout|time_?zone|datestyle|role|client_encoding|application_name|default_\w+|\w+_mem|jit|geqo|"
    r"enable_\w+|statement_\w+|standard_conforming_strings",
    re.IGNORECASE,
)


_MASKED = re.compile(r"\*\*\*[:.,;)]*")
"""A value that is masked already, with what follows it in a sentence."""

_known: set[str] = set()
"""Every form of every known secret."""


def remember(secret: str | None) -> None:
    """Add a secret for `redact` to replace; one with less than three characters is ignored.

    One with less than eight letters and digits is replaced only as a whole word: the password ``post`` does not mask
    ``postgresql``.
    """
    if not secret or len(secret) < 3 or _MASKED.fullmatch(secret):
        return
    forms = {secret, quote(secret, safe=""), quote(secret, safe=" +"), quote(secret), quote_plus(secret)}
    forms |= {form.replace("%", "%%") for form in forms}
    forms |= {repr(form)[1:-1] for form in forms}
    _known.update(forms)


def remember_environment(variables: Mapping[str, str] = os.environ) -> None:
    """Remember the secrets in environment variables: values of names such as PASSWORD, and passwords in URLs."""
    for name, value in variables.items():
        if "://" in value or (_NAMES_A_URL.search(name) and "@" in value):
            mask_url(value)
        elif len(value) >= 6 and _SECRET_VARIABLE.search(name) and not _NAMES_A_PLACE.search(name):
            remember(value)


def redact(text: str) -> str:
    """Return ``text`` with every known secret, and every password in a URL, replaced by ``***``.

    >>> redact("cannot reach postgresql://ada:swordfish@db/x")
    'cannot reach postgresql://ada:***@db/x'
    """
    if "options=" in text:
        text = _OPTIONS.sub(_mask_options, text)
    if "://" in text:
        text = _URL.sub(lambda match: mask_url(match.group(0)), text)
    if "@" in text and "/" in text:
        text = _WITHOUT_COLON.sub(lambda match: _mask_without_scheme(match.group(0)), text)
    return _any_secret(len(_known)).sub(MASK, text) if _known else text


def shown_sql(sql: str, longest: int = 300) -> str:
    """Return a statement as a message shows it: on one line, without secrets, and not too long."""
    words = redact(_SECRET_LITERAL.sub(r"\1\2'***'", " ".join(sql.split())))
    return words if len(words) <= longest else words[: longest - 1] + "…"


def mask_url(url: object) -> str:
    """Return a database URL (text or SQLAlchemy ``URL``) with every secret in it replaced, and remember those.

    The password ends at the *last* ``@`` before the host, so that an unquoted ``@`` in it does not show a part of it;
    query values such as ``?password=`` and the ``PWD=`` of ``odbc_connect`` are masked as well. A password that is also
    the name of the user or the database is masked here, but not remembered: every such name would become unreadable.
    """
    render = getattr(url, "render_as_string", None)
    text = render(hide_password=False) if render is not None else str(url)
    if "options=" in text:
        text = _OPTIONS.sub(_mask_options, text)
    match = _URL.fullmatch(text.strip())
    if match is None:
        return _mask_without_scheme(text) if "://" not in text else _mask_loose(text)
    credentials = _CREDENTIALS.match(match["rest"])
    found = _QUERY.search(match["rest"], credentials.end() if credentials else 0)
    rest, query = (match["rest"][: found.start()], match["rest"][found.end() :]) if found else (match["rest"], "")
    shown = f"{match['scheme']}://{_mask_credentials(rest, match['scheme'])}"
    return f"{shown}?{'&'.join(_mask_pair(pair) for pair in query.split('&'))}" if found else shown


def _mask_credentials(rest: str, scheme: str = "") -> str:
    """Return ``user:***@address``; a text without credentials unchanged."""
    credentials, at, address = rest.rpartition("@")
    user, colon, password = credentials.partition(":")
    if not at or not colon or "/" in user:
        return rest
    database = address.rpartition("/")[2]
    plain = {user, unquote(user), database, *re.split(r"\W", scheme)}
    _remember_all(secret for secret in (password, unquote(password), *_tails(password)) if secret not in plain)
    return f"{user}:{MASK}@{address}"


def _tails(password: str) -> set[str]:
    """Return the parts of a password with an unquoted ``@`` that SQLAlchemy parses as host or port."""
    _, at, tail = password.partition("@")
    return {tail, *(part for part in re.split(r"[@:/]", tail) if len(part) > 3), *_tails(tail)} if at else set()


def _mask_loose(text: str) -> str:
    """Mask a URL whose password contains spaces or quotes: all from the first ``:`` to the last ``@``."""
    scheme, _, rest = text.partition("://")
    return f"{scheme}://{_mask_credentials(rest)}"


def _mask_without_scheme(text: str) -> str:
    """Mask a URL that is misspelt: ``postgresql//user:secret@host``, ``postgresql:/user:secret@host``."""
    found = _LOOSE.fullmatch(text.strip())
    if found is None or found["secret"] == MASK:
        return text
    _remember_all((found["secret"], unquote(found["secret"])))
    return f"{found['head']}:{MASK}@{found['tail']}"


def _mask_options(found: re.Match[str]) -> str:
    plain = unquote_plus(found[0])
    masked = _SERVER_OPTION.sub(_mask_option, plain)
    return found[0] if masked == plain else masked.replace(" ", "%20")


def _mask_option(found: re.Match[str]) -> str:
    """Mask the value of a server parameter in ``?options=-c x=secret``, except for common parameters."""
    if _HARMLESS_OPTION.fullmatch(found["name"]) or _MASKED.fullmatch(found["value"]):
        return found[0]
    if len(found["value"]) >= 6:
        remember(found["value"])
    return f"{found['key']}{MASK}"


def _mask_pair(pair: str) -> str:
    key, equals, value = pair.partition("=")
    if equals and _MASKED.fullmatch(value):
        return pair
    if equals and _SECRET_KEY.search(key):
        _remember_all((value, unquote_plus(value)))
        return f"{key}={MASK}"
    plain = unquote_plus(value)
    if _ODBC_SECRET.search(plain):
        _remember_all(found["value"].strip("{}") for found in _ODBC_SECRET.finditer(plain))
        return f"{key}={_ODBC_SECRET.sub(_mask_odbc, plain)}"
    return pair


def _mask_odbc(found: re.Match[str]) -> str:
    if _MASKED.fullmatch(found["value"]):
        return found[0]
    return f"{found['key']}={MASK}"


@lru_cache(maxsize=1)
def _any_secret(number: int) -> re.Pattern[str]:
    """Return the regular expression for every known secret, the longest first; ``number`` is their number."""
    return re.compile("|".join(_finding(secret) for secret in sorted(_known, key=len, reverse=True)))


def _finding(secret: str) -> str:
    """Return the regular expression for a secret; a short one of letters and digits only as a whole word."""
    escaped = re.escape(secret)
    return rf"(?<!\w){escaped}(?!\w)" if len(secret) < 8 and secret.isalnum() else escaped


def _remember_all(secrets: Iterable[str]) -> None:
    for secret in secrets:
        remember(secret)
