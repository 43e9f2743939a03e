"""Make the text and the name of a new version file.

A message is a person's text and stays text: it is handed to the template escaped for the inside of a docstring, and the
finished script is compared with one that has a harmless message; any difference in its code refuses it.
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
"""A message that is nothing but words; as code it would be a syntax error."""
_JOINER = "\u200d"


new_id = rev_id
"""What names a revision that was given no id."""


def checked_id(text: str) -> str:
    """Return ``text`` where it may be the id of a new revision; raises CommandError."""
    if not _ID.fullmatch(text) or not text.isascii():
        raise CommandError(f"{text!r} cannot be a revision id: use 1 to 64 of the characters 0-9, A-Z, a-z and _.")
    if text in SYMBOLS:
        raise CommandError(f'"{text}" cannot be a revision id: it is the name of a symbol. Choose another one.')
    return text


def checked_label(text: str) -> str:
    """Return ``text`` where it may be a branch label; raises CommandError."""
    if not _LABEL.fullmatch(text) or text in SYMBOLS or not text.isprintable():
        raise CommandError(
            f"{text!r} cannot be a branch label: use 1 to 64 characters without spaces and commas, "
            f"none of {' '.join(FORBIDDEN)}, and no symbol: {', '.join(sorted(SYMBOLS))}."
        )
    return text


def docstring_safe(message: str) -> str:
    r"""Return ``message`` escaped so that it stands for itself between triple quotes and never ends them.

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

    Raises CommandError where the template names an unknown token.
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
    """Return where the file will stand; raises CommandError where that is outside the folder, or no name for a file."""
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

    ``values`` are the template's variables other than ``message`` and ``comma``. Raises CommandError where the template
    cannot be rendered, where the result is no version file of that revision, or where the message would become code.
    """
    template = _template(template_path)
    text = _render(template, template_path, docstring_safe(message or "") or EMPTY, values)
    try:
        if decoded(text.encode(), path) != text:
            raise CommandError(
                f"{template_path} gives a script that declares another encoding than UTF-8, in which it would be "
                "another text. Take the line with its coding away."
            )
        header = parse_header(text, path)
        code = _skeleton(text)
    except BrokenScript as error:
        raise CommandError(f"{template_path} gives a script that cannot be used: {error.reason}") from error
    except (SyntaxError, ValueError) as error:
        reason = f"{template_path} gives a script that is not valid Python: {error}. Nothing was written."
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
    """A character as it may stand in a source file: what is invisible, or turns the text around, as its escape."""
    if character.isprintable() or character in ("\n", "\t", _JOINER):
        return character
    if "\ud800" <= character <= "\udfff":  # half a character, which Python 3.13 takes in no docstring
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
    return _compiled(text, path)


@lru_cache(maxsize=16)
def _compiled(text: str, path: str) -> Template:
    # History commands import this file and never write; Mako costs them nothing.
    from mako import exceptions  # type: ignore[import-untyped]  # noqa: PLC0415
    from mako.template import Template  # noqa: PLC0415

    try:
        return Template(text)  # noqa: S702 - it makes Python, not HTML
    except (exceptions.MakoException, SyntaxError) as error:
        raise CommandError(f"The template {path} is not valid Mako: {error}") from error


def _harmless_skeleton(text: str) -> str | None:
    """The skeleton of a script with a harmless message, None where even that is no longer Python."""
    try:
        return _skeleton(text)
    except (SyntaxError, ValueError):
        return None


def _skeleton(text: str) -> str:
    """A script without its docstring and the content of its strings: what must not depend on the message."""
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
