"""The code of a version file as one function, for revisions that are more than their operations."""

from __future__ import annotations

import ast
import io
import re
import tokenize

from ..util.exc import CommandError

_FUTURE = re.compile(r"^from __future__ import [^\n]*\n", re.MULTILINE)
_OF_MODULE = frozenset({"__file__", "__name__", "eval", "exec", "globals", "locals", "vars"})


def embedded(source: str, revision: str, name: str, file: str) -> str:
    """Return ``def NAME():`` with all of a version file in it; it returns the names that the file defines.

    Strings that span lines are not indented. Raises CommandError for code that means something else in a function.
    """
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    tree = ast.parse(source)
    _refuse_what_differs(tree, revision)
    body = _indented(_FUTURE.sub(lambda _: "\n", _without_docstring(source, tree))).lstrip("\n")
    text = f"def {name}():\n    # Revision {revision}, as it was in {file}\n{body.rstrip()}\n    return locals()\n"
    try:
        compile(text, file, "exec", dont_inherit=True)
        same = _body_of(ast.parse(text)) == _statements(tree)
    except SyntaxError as error:
        raise _cannot(revision, str(error.msg)) from error
    if not same:
        raise _cannot(revision, "its code would differ")
    return text


def needs_future(source: str) -> bool:
    """Return whether a file imports ``annotations`` from ``__future__``, which only the top of a file can."""
    return _FUTURE.search(source) is not None


def _refuse_what_differs(tree: ast.Module, revision: str) -> None:
    for node in ast.walk(tree):
        match node:
            case ast.Global():
                raise _cannot(revision, f"line {node.lineno} uses global")
            case ast.Name(id=name) if name in _OF_MODULE:
                raise _cannot(revision, f"line {node.lineno} uses {name}")
            case ast.ClassDef() if any(isinstance(each, ast.AnnAssign) for each in node.body):
                raise _cannot(revision, f"line {node.lineno} is a class with annotations, which need its module")


def _cannot(revision: str, reason: str) -> CommandError:
    return CommandError(
        f"The code of {revision} cannot be taken over as it is: {reason}. Nothing was written. "
        "Leave it out of the range."
    )


def _statements(tree: ast.Module) -> list[str]:
    body = [each for each in tree.body if not (isinstance(each, ast.ImportFrom) and each.module == "__future__")]
    body = body[1:] if ast.get_docstring(tree) is not None else body
    return [ast.dump(each) for each in body]


def _without_docstring(source: str, tree: ast.Module) -> str:
    if ast.get_docstring(tree) is None:
        return source
    first = tree.body[0]
    lines = source.splitlines(keepends=True)
    end = first.end_lineno or first.lineno
    return "".join(["\n" if first.lineno <= number <= end else line for number, line in enumerate(lines, 1)])


def _body_of(tree: ast.Module) -> list[str]:
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef), "the text is one function"
    return [ast.dump(each) for each in function.body[:-1]]


def _indented(source: str) -> str:
    """Return the text with each line indented, except where a line begins inside a string."""
    inside: set[int] = set()
    starts: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        name = tokenize.tok_name[token.type]
        if name == "STRING":
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
        elif name.endswith("STRING_START"):
            starts.append(token.start[0])
        elif name.endswith("STRING_END"):
            inside.update(range(starts.pop() + 1, token.end[0] + 1))
    return "".join(
        line if number in inside or not line.strip() else f"    {line}"
        for number, line in enumerate(source.splitlines(keepends=True), 1)
    )
