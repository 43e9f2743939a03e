"""Write the stubs by which editors complete ``op``, ``context`` and ``Operations``: their methods exist only when it runs.

python tests/stubs/generate.py
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from kernel_core.operations import base  # noqa: E402
from kernel_core.runtime.environment import EnvironmentContext  # noqa: E402

ALIASES = (
    ("AnyColumn", "Column[Any]", {("sqlalchemy.schema", "Column"), ("typing", "Any")}),
    ("AnyType", "TypeEngine[Any]", {("sqlalchemy.types", "TypeEngine"), ("typing", "Any")}),
)
HEAD = "# Written by tests/stubs/generate.py; do not edit.\n"


class Stub:
    """The text of one stub, and the imports that its annotations need."""

    def __init__(self, path: str, own: frozenset[str] = frozenset()) -> None:
        self.path, self.own = path, own
        self.package = ".".join(Path(path).parent.parts)
        self.imports: set[tuple[str, str]] = set()
        self.body: list[str] = []

    def text(self) -> str:
        """Return the whole stub, formatted."""
        names: dict[str, list[str]] = {}
        for module, name in sorted(self.imports):
            if not any(name in others for others in names.values()):
                names.setdefault(module, []).append(name)
        lines = [f"from {module} import {', '.join(imported)}" for module, imported in names.items()]
        source = HEAD + "\n".join(lines) + "\n\n" + "\n".join(self.body) + "\n"
        command = [sys.executable, "-m", "ruff", "format", "--quiet", "--stdin-filename", self.path, "-"]
        return subprocess.run(command, input=source, capture_output=True, text=True, check=True, cwd=ROOT).stdout

    def annotation(self, words: str, function: Callable[..., Any]) -> str:
        """Return an annotation as it is written, and note where its names come from; aliases are spelled out."""
        for alias, spelled, imports in ALIASES:
            if alias in words:
                words = words.replace(alias, spelled)
                self.imports |= imports
        for node in ast.walk(ast.parse(words)):
            known = {name for _, name in self.imports} | self.own | set(dir(builtins))
            if isinstance(node, ast.Name) and node.id not in known:
                self.imports.add(self.origin(node.id, sys.modules[function.__module__]))
        return words

    def origin(self, name: str, module: Any) -> tuple[str, str]:
        """Return where the module has a name from: what it imports it from, or itself."""
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.ImportFrom) and any((alias.asname or alias.name) == name for alias in node.names):
                if not node.level:
                    return str(node.module), name
                parts = module.__name__.split(".")[: -node.level]
                return self.relative(".".join([*parts, *([node.module] if node.module else [])])), name
        return self.relative(module.__name__), name

    def relative(self, module: str) -> str:
        """Return a module's name as seen from the stub."""
        if module.startswith(f"{self.package}."):
            return "." + module.removeprefix(f"{self.package}.")
        return ".." + module.removeprefix(self.package.rpartition(".")[0] + ".")

    def function(self, name: str, source: Callable[..., Any], indent: str = "", first: str | None = None) -> None:
        """Add a function as it is called: without what the call fills in by itself."""
        plain = inspect.unwrap(source)
        parameters = list(inspect.signature(plain).parameters.values())
        if parameters and parameters[0].name in ("self", "cls"):
            parameters.pop(0)
        if parameters and parameters[0].name == "operations":
            parameters.pop(0)
        returns = self.annotation(str(inspect.signature(plain).return_annotation), plain)
        if plain is not source and returns.startswith("Iterator["):
            self.imports.add(("contextlib", "AbstractContextManager"))
            returns = f"AbstractContextManager[{returns.removeprefix('Iterator[')}"
        written = [] if first is None else [first]
        written += list(self.parameters(parameters, plain))
        doc = inspect.getdoc(source)
        self.body.append(f"{indent}def {name}({', '.join(written)}) -> {returns}:")
        if doc:
            lines = f'"""{doc}{chr(10) if chr(10) in doc else ""}"""'.replace("\\", "\\\\").splitlines()
            self.body += [f"{indent}    {line}".rstrip() for line in lines]
        else:
            self.body.append(f"{indent}    ...")

    def parameters(self, parameters: list[inspect.Parameter], function: Callable[..., Any]) -> Iterator[str]:
        starred = False
        for parameter in parameters:
            if parameter.kind is parameter.KEYWORD_ONLY and not starred:
                yield "*"
                starred = True
            starred = starred or parameter.kind is parameter.VAR_POSITIONAL
            stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
            default = "" if parameter.default is parameter.empty else f" = {plain_default(parameter.default)}"
            yield f"{stars}{parameter.name}: {self.annotation(str(parameter.annotation), function)}{default}"


def plain_default(value: object) -> str:
    """Return a default as source; ``...`` if it is not a literal."""
    return repr(value) if isinstance(value, (str, int, bool, type(None))) or value == () else "..."


def stub_of_op() -> Stub:
    stub = Stub("kernel_core/op.pyi")
    for name in sorted(name for name in dir(base.Operations) if not name.startswith("_")):
        found = inspect.getattr_static(base.Operations, name)
        source = found.__func__ if isinstance(found, classmethod) else found
        if callable(source):
            stub.function(name, source.__wrapped__ if is_directive(found) else source)
    return stub


def is_directive(found: object) -> bool:
    return getattr(getattr(found, "__code__", None), "co_qualname", "").startswith("_directive.")


def stub_of_context() -> Stub:
    stub = Stub("kernel_core/context.pyi")
    for name in sorted(name for name in dir(EnvironmentContext) if not name.startswith("_")):
        found = inspect.getattr_static(EnvironmentContext, name)
        if isinstance(found, property):
            stub.body.append(
                f"{name}: {stub.annotation(str(inspect.signature(found.fget).return_annotation), found.fget)}"
            )
        elif callable(found):
            stub.function(name, found)
    for name, annotation in sorted(vars(EnvironmentContext).get("__annotations__", {}).items()):
        if not name.startswith("_"):
            stub.body.append(f"{name}: {stub.annotation(str(annotation), EnvironmentContext.__init__)}")
    return stub


CLASSES = ("AbstractOperations", "Operations", "BatchOperations")


def stub_of_base() -> Stub:
    stub = Stub("kernel_core/operations/base.pyi", frozenset({*CLASSES, "T", "C", "F"}))
    stub.imports |= {
        ("typing", "Any"),
        ("typing", "TypeVar"),
        ("collections.abc", "Callable"),
        (".operation", "MigrateOperation"),
    }
    stub.imports |= {("..util.proxy", "Current"), (".schema_objects", "SchemaObjects")}
    stub.imports |= {(".interfaces", "Implementation"), (".interfaces", "RunContext")}
    stub.imports |= {("..ddl.impl", "DefaultImpl"), ("..runtime.migration", "MigrationContext")}
    stub.body += [
        'T = TypeVar("T")',
        'C = TypeVar("C", bound=type[MigrateOperation])',
        'F = TypeVar("F", bound=Callable[..., Any])',
        "current_operations: Current[Operations]",
        "def apply_operation(operations: AbstractOperations, operation: MigrateOperation) -> Any: ...",
    ]
    for name in CLASSES:
        cls = getattr(base, name)
        parents = ", ".join(parent.__name__ for parent in cls.__bases__ if parent is not object)
        stub.body.append(f"class {name}{f'({parents})' if parents else ''}:")
        stub.body += [f'    """{inspect.getdoc(cls)}"""'.replace("\n", "\n    ")]
        if name == "AbstractOperations":
            stub.body += [
                "    migration_context: MigrationContext",
                "    impl: DefaultImpl",
                "    schema_obj: SchemaObjects",
                "    def __init__(self, migration_context: RunContext, impl: Implementation | None = None) -> None: ...",
            ]
        for member in sorted(member for member in vars(cls) if not member.startswith("_") and member != "impl"):
            add_member(stub, member, vars(cls)[member])
    return stub


def add_member(stub: Stub, name: str, found: Any) -> None:
    if isinstance(found, classmethod):
        stub.body.append("    @classmethod")
        stub.function(name, found.__func__, "    ", "cls")
    elif isinstance(found, property):
        stub.body.append("    @property")
        stub.function(name, found.fget, "    ", "self")
    elif callable(found):
        stub.function(name, found.__wrapped__ if is_directive(found) else found, "    ", "self")


def stubs() -> dict[Path, str]:
    """Return every stub's path and text."""
    importlib.import_module("kernel_core.operations.ops")
    return {ROOT / stub.path: stub.text() for stub in (stub_of_op(), stub_of_context(), stub_of_base())}


def main() -> None:
    """Write the stubs; with ``--check`` only say which are stale, and exit with 1 if there is one."""
    stale = [(path, text) for path, text in stubs().items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        sys.exit("\n".join(f"{path.name} is stale: run python tests/stubs/generate.py" for path, _ in stale) or 0)
    for path, text in stale:
        path.write_text(text)


if __name__ == "__main__":
    main()
