"""The text and the name of a new version file.

A message must never become code: it is passed to the template escaped for a docstring, and the rendered script is
compared with one that has a harmless message. If their code differs, the script is refused.
"""

from __future__ import annotations

import ast
import os
import re
import time
import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..util.exc import BrokenScript, CommandError
from ..util.files import inside, slug
from ..util.langhelpers import rev_id
from .header import SYMBOLS, decoded, parse_header
from .names import FORBIDDEN

if TYPE_CHECKING:
    from mako.template import Template  # type: ignore[import-untyped]

EMPTY = "empty message"
LONGEST_NAME = 255
FILE_TEMPLATE = "%(rev)s_%(slug)s"

_ID = re.compile(r"[0-9A-Za-z_]{1,64}")
_LABEL = re.compile(rf"[^\s,{re.escape(FORBIDDEN)}]{{1,64}}")
_HARMLESS = "two words"
"""A message of two words; as code it would be a syntax error."""
_JOINER = "\u200d"


new_id = rev_id
"""Returns the id of a revision for which none is given."""


def checked_id(text: str) -> str:
    """Return ``text`` if it is valid as the id of a new revision; raises CommandError."""
    if not _ID.fullmatch(text) or not text.isascii():
        raise CommandError(f"{text!r} cannot be a revision id: use 1 to 64 of the characters 0-9, A-Z, a-z and _.")
    if text in SYMBOLS:
        raise CommandError(f'"{text}" cannot be a revision id: it is the name of a symbol. Choose another one.')
    return text


def checked_label(text: str) -> str:
    """Return ``text`` if it is valid as a branch label; raises CommandError."""
    if not _LABEL.fullmatch(text) or text in SYMBOLS or not text.isprintable():
        raise CommandError(
            f"{text!r} cannot be a branch label: use 1 to 64 characters without spaces and commas, "
            f"none of {' '.join(FORBIDDEN)}, and no symbol: {', '.join(sorted(SYMBOLS))}."
        )
    return text


def docstring_safe(message: str) -> str:
    r"""Return ``message`` escaped so that between triple quotes it means itself and never ends them.

    >>> print(docstring_safe('say ""\"hi""\" \\ now'))
    say \"\"\"hi\"\"\" \\ now
    """
    text = message.replace("\r\n", "\n").replace("\r", "\n").strip().replace("\\", "\\\\")
    body = text.rstrip("\"'")
    tail = text[len(body) :]
    text = re.sub(r'"{3,}|\'{3,}', lambda run: _escaped(run.group()), body) + _escaped(tail)
    return "".join(_visible(character) for character in text)


def _escaped(quotes: str) -> str:
    return "".join(f"\\{quote}" for quote in quotes)


def file_name(template: str, rev_id: str, message: str | None, moment: datetime, slug_length: int) -> str:
    """Return the name of a version file, with its ``.py``.

        file_name("%(year)d/%(rev)s_%(slug)s", "1f2e", "Add age", moment, 40)     # "2013/1f2e_add_age.py"

    Raises CommandError if the template contains an unknown token.
    """
    tokens: dict[str, object] = {
        "rev": rev_id,
        "slug": slug(message or "", slug_length),
        "epoch": int(moment.timestamp() if moment.tzinfo else time.mktime(moment.timetuple())),
        "year": moment.year,
        "month": moment.month,
        "day": moment.day,
        "hour": moment.hour,
        "minute": moment.minute,
        "second": moment.second,
    }
    try:
        name = template % tokens
    except (KeyError, ValueError, TypeError) as error:
        raise CommandError(
            f"file_template {template!r} cannot be filled in ({error}). "
            f"Its tokens are {', '.join(tokens)}, as in %(rev)s."
        ) from error
    return name.rstrip("_-. ") + ".py"


def version_path(folder: str, name: str) -> str:
    """Return the path of the file; raises CommandError if it is outside the folder, or not a valid file name."""
    path = inside(folder, name)
    if os.path.basename(path) == ".py":
        raise CommandError("The name of the version file would be empty. Put %(rev)s into file_template.")
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in name.split("/")):
        raise CommandError(
            f"The name of the version file would be longer than the {LONGEST_NAME} bytes that a file system takes. "
            "Write a shorter message, or set truncate_slug_length."
        )
    return path


def script_text(template_path: str, path: str, message: str | None, values: Mapping[str, Any]) -> str:
    """Return the text of a version file, rendered from the environment's Mako template.

    ``values`` are the template's variables other than ``message`` and ``comma``. Raises CommandError if the template
    cannot be rendered, if the result is not a version file of that revision, or if the message would become code.
    """
    template = _template(template_path)
    text = _render(template, template_path, docstring_safe(message or "") or EMPTY, values)
    try:
        if decoded(text.encode(), path) != text:
            raise CommandError(
                f"{template_path} renders a script that declares another encoding than UTF-8, in which its text would "
                "differ. Remove the line with the coding."
            )
        header = parse_header(text, path)
        code = _skeleton(text)
    except BrokenScript as error:
        raise CommandError(f"{template_path} renders a script that cannot be used: {error.reason}") from error
    except (SyntaxError, ValueError) as error:
        reason = f"{template_path} renders a script that is not valid Python: {error}. Nothing was written."
        raise CommandError(reason) from error
    written = header.revision if "revision" in header.lines else None
    if (written, header.down_revision) != (values["up_revision"], _several(values["down_revision"])):
        raise CommandError(
            f"{template_path} does not write revision = ${{repr(up_revision)}} and "
            "down_revision = ${repr(down_revision)}. Nothing was written."
        )
    if code != _harmless_skeleton(_render(template, template_path, _HARMLESS, values)):
        raise CommandError(
            f"{template_path} puts ${{message}} where it would become code. Put it inside the docstring. "
            "Nothing was written."
        )
    return text


def comma(value: str | Sequence[str] | None) -> str:
    """The filter ``comma`` of templates: identifiers joined by commas, "" for none."""
    return ", ".join(_several(value))


def _several(value: str | Sequence[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _visible(character: str) -> str:
    """Return a character for a source file: one that is invisible, or reverses the text, as its escape."""
    if character.isprintable() or character in ("\n", "\t", _JOINER):
        return character
    if "\ud800" <= character <= "\udfff":  # a lone surrogate, which Python 3.13 refuses in a docstring
        return "\N{REPLACEMENT CHARACTER}"
    return character.encode("unicode_escape").decode("ascii")


def _render(template: Template, template_path: str, message: str, values: Mapping[str, Any]) -> str:
    try:
        return str(template.render_unicode(**{**values, "comma": comma, "message": message}))
    except Exception as error:
        raise CommandError(
            f"{template_path} cannot be rendered ({type(error).__name__}: {error}). Nothing was written."
        ) from error


def _template(path: str) -> Template:
    try:
        with open(path, encoding="utf-8-sig") as stream:
            text = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = f"The template {path} cannot be read ({error}). Restore it from a fresh environment."
        raise CommandError(reason) from error
    from mako import exceptions  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        return _compiled(text)
    except (exceptions.MakoException, SyntaxError) as error:
        raise CommandError(f"The template {path} is not valid Mako: {error}") from error


@lru_cache(maxsize=16)
def _compiled(text: str) -> Template:
    # Commands that only read import this module too; they do not load Mako.
    from mako.template import Template  # noqa: PLC0415

    return Template(text)  # noqa: S702 - it renders Python, not HTML


def _harmless_skeleton(text: str) -> str | None:
    """Return the skeleton of the script with the harmless message, None if even that is not valid Python."""
    try:
        return _skeleton(text)
    except (SyntaxError, ValueError):
        return None


def _skeleton(text: str) -> str:
    """Return a script without its docstring and the content of its strings: it must not depend on the message."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    first = tree.body[0] if tree.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        del tree.body[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)
