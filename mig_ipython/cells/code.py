"""The code of a ``%%migration`` cell: parsed, checked for undefined names, and moved into functions."""

from __future__ import annotations

import ast
import builtins
import inspect
import symtable
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from types import CodeType

from kernel_core.util.exc import CommandError

GIVEN = frozenset({"op", "sa"})
_FILE = "<%%migration>"


@dataclass(frozen=True, slots=True)
class CellCode:
    """The code of a cell: the bodies of the two functions, not indented, and the code above them.

    ``downgrade`` is None where the cell has none.
    """

    upgrade: str
    downgrade: str | None = None
    preamble: str = ""

    def module(self) -> str:
        """Return the cell as the text of a module with both functions."""
        parts = [self.preamble] if self.preamble else []
        parts.append(f"def upgrade():\n    {indented(self.upgrade)}")
        if self.downgrade is not None:
            parts.append(f"def downgrade():\n    {indented(self.downgrade)}")
        return "\n\n".join(parts) + "\n"


def read_cell(cell: str, notebook: Collection[str] = ()) -> CellCode:
    """Return the code of a cell; ``notebook`` are the names of the notebook, which a migration does not have.

    Raises CommandError where it is not valid Python, is empty, or uses a name that it neither defines nor imports.
    """
    tree = _parsed(cell)
    _refuse_async(tree)
    lines = cell.splitlines()
    within = inner_lines(tree)
    functions = {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name in ("upgrade", "downgrade")
    }
    if functions:
        code = _from_functions(tree, functions, lines, within)
    else:
        above = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        rest = [node for node in tree.body if node not in above]
        if not rest:
            raise CommandError("The cell does nothing. Write op.… lines, or def upgrade() and def downgrade().")
        _refuse_nested_functions(rest)
        code = CellCode(_text(rest, lines, within), preamble=_preamble(above, lines, within))
    _refuse_what_never_runs(code)
    _refuse_unknown_names(code, notebook)
    return code


def indented(body: str, by: str = "    ") -> str:
    """Return a body with every line but the first indented; lines inside a multi-line string stay unchanged."""
    within = inner_lines(ast.parse(body))
    lines = body.splitlines()
    return "\n".join(
        line if number == 1 or number in within or not line.strip() else by + line
        for number, line in enumerate(lines, 1)
    )


def inner_lines(tree: ast.AST) -> frozenset[int]:
    """Return the numbers of the lines that begin inside a multi-line string."""
    return frozenset(
        number
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))
        for number in range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
    )


def unknown_names(source: str) -> list[str]:
    """Return the names that a module uses and neither defines nor imports, and that are not builtins."""
    top = symtable.symtable(source, _FILE, "exec")
    defined = {
        symbol.get_name()
        for symbol in top.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
    used = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    for scope in _scopes(top):
        defined |= {symbol.get_name() for symbol in scope.get_symbols() if _sets_global(symbol)}
        used |= {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global() and symbol.is_referenced()}
    return sorted(used - defined - GIVEN - set(dir(builtins)) - {"__name__", "__file__", "__doc__"})


def _sets_global(symbol: symtable.Symbol) -> bool:
    """Return whether a function declares a name ``global`` and assigns it."""
    return symbol.is_declared_global() and (symbol.is_assigned() or symbol.is_imported())


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _scopes(child)


def _parsed(cell: str) -> ast.Module:
    try:
        tree = ast.parse(cell, _FILE)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"line {line} of the cell" if line else "the cell"
        raise CommandError(f"{where} is not Python: {getattr(error, 'msg', error)}. Nothing was written.") from error
    if not tree.body:
        raise CommandError("The cell is empty. Write op.… lines, or def upgrade() and def downgrade().")
    return tree


def _from_functions(
    tree: ast.Module, functions: dict[str, ast.FunctionDef], lines: list[str], within: frozenset[int]
) -> CellCode:
    if "upgrade" not in functions:
        raise CommandError("The cell has def downgrade() but no def upgrade(). Add one.")
    for name, function in functions.items():
        arguments = function.args
        if arguments.posonlyargs or arguments.args or arguments.kwonlyargs or arguments.vararg:
            raise CommandError(f"{name}() takes arguments, but a migration is called without any. Remove them.")
    others = [node for node in tree.body if node not in functions.values()]
    downgrade = functions.get("downgrade")
    return CellCode(
        _text(functions["upgrade"].body, lines, within),
        None if downgrade is None else _text(downgrade.body, lines, within),
        _preamble(others, lines, within),
    )


def _text(body: list[ast.stmt], lines: list[str], within: frozenset[int]) -> str:
    """Return the source of statements, with the comments above the first one, moved to the left margin."""
    first = body[0]
    if not lines[first.lineno - 1][: first.col_offset].isspace() and first.col_offset > 0:
        return "\n".join(ast.unparse(node) for node in body)  # on the line of the def itself
    start, end = _first_line(first), body[-1].end_lineno or first.lineno
    while start > 1 and lines[start - 2].lstrip().startswith("#"):
        start -= 1
    margin = first.col_offset
    return "\n".join(
        line if number in within or line[:margin].strip() else line[margin:]
        for number, line in enumerate(lines[start - 1 : end], start)
    ).strip("\n")


def _preamble(nodes: Iterable[ast.stmt], lines: list[str], within: frozenset[int]) -> str:
    """Return the code above the functions, without the imports that every version file has."""
    kept = [node for node in nodes if not _is_in_template(node)]
    return "\n".join(_text([node], lines, within) for node in kept)


def _is_in_template(node: ast.stmt) -> bool:
    """Return whether a statement imports ``op``, ``sa`` or a ``__future__``, as the template does."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__" or {alias.asname or alias.name for alias in node.names} <= {"op", "context"}
    return isinstance(node, ast.Import) and {alias.asname or alias.name for alias in node.names} == {"sa"}


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", None) or []
    return min(node.lineno, *(decorator.lineno for decorator in decorators), node.lineno)


def _refuse_async(tree: ast.Module) -> None:
    for node in tree.body:
        if isinstance(node, ast.AsyncFunctionDef) and node.name in ("upgrade", "downgrade"):
            raise CommandError(f"{node.name}() is async, but a migration is not awaited. Write def {node.name}().")


def _refuse_nested_functions(body: list[ast.stmt]) -> None:
    """Raise CommandError where lines that are the upgrade define ``upgrade`` or ``downgrade``, which nothing calls."""
    for node in (each for statement in body for each in ast.walk(statement)):
        stored = node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else None
        name = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else stored
        if name in ("upgrade", "downgrade"):
            raise CommandError(f"The cell defines {name} in another way than def {name}(), not indented. Write that.")


def _refuse_what_never_runs(code: CellCode) -> None:
    """Raise CommandError where a function has an ``await``, or a ``yield``: a call would run nothing of it."""
    try:
        module = compile(code.module(), _FILE, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise CommandError(
            f"The cell is not valid in a function: {getattr(error, 'msg', error)}. Nothing was written."
        ) from error
    for function in (each for each in module.co_consts if isinstance(each, CodeType)):
        if function.co_name in ("upgrade", "downgrade") and function.co_flags & inspect.CO_GENERATOR:
            raise CommandError(
                f"{function.co_name}() has a yield, so calling it would run nothing of it. Remove the yield. "
                "Nothing was written."
            )


def _refuse_unknown_names(code: CellCode, notebook: Collection[str]) -> None:
    unknown = unknown_names(code.module())
    if not unknown:
        return
    name = next((one for one in unknown if one in notebook), unknown[0])
    others = "".join(f", {one}" for one in unknown if one != name)
    if name in notebook:
        raise CommandError(
            f"{name}{others}: a name of the notebook, which a migration does not have when it runs later. "
            "Import it or define it inside the cell. Nothing was written."
        )
    raise CommandError(f"{name}{others} is not defined in the cell. Import it or define it there. Nothing was written.")
