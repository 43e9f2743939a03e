"""Define models in a cell that can be run again.

    %%mig_models Base
    class User(Base):
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)

The tables of this cell are replaced by its new definitions, all at once: a removed class or column disappears from the
metadata, and a cell that fails leaves the models unchanged. The output lists the changes since the last run, and the
tables that no cell defines any more. ``TARGET`` is a declarative Base or a MetaData; by default the only one in the
notebook.
"""

from __future__ import annotations

import argparse
from types import CodeType

from kernel_core.util.exc import CommandError

from ..session import Session
from ..views.declared import Declared


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("var", nargs="?", default=None, metavar="TARGET", help="the Base or MetaData of the models")


def run(session: Session, args: argparse.Namespace) -> Declared:
    """Return the models that the cell defines."""

    def execute(cell: str) -> None:
        """Run the source of a cell in the notebook's namespace, so that tracebacks show its lines."""
        exec(_compiled(session, cell), session.namespace)  # noqa: S102 - the user's own cell

    target = args.var or session.settings.target or None
    return session.model_cells.run(args.cell or "", target, session.namespace, execute, session.cell_id)


def _compiled(session: Session, cell: str) -> CodeType:
    """Return the code of a cell as IPython compiles it; raises CommandError for a syntax error."""
    shell = session.shell
    if shell is None:
        return compile(cell, "<%%mig_models>", "exec")
    try:
        text = shell.transform_cell(cell)  # type: ignore[no-untyped-call]
        name = shell.compile.cache(text, shell.execution_count, raw_code=cell)
        return shell.compile(text, name, "exec")
    except SyntaxError as error:
        line = f": {error.text.strip()}" if error.text else ""
        raise CommandError(f"Line {error.lineno} of the cell is not valid Python ({error.msg}){line}") from error
