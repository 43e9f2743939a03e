"""The last states that were found from files alone: found again while no file has changed.

A notebook asks for the schema at the same revisions many times. A state is kept where it depends on nothing but the
text of the version files: every one was read, none was run, and each operation is one of this package. Before it is
used, the stamp of each file is compared (`ScriptDirectory.unchanged`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy.engine import Dialect

from ..operations.operation import MigrateOperation
from ..operations.schema_state import SchemaState
from ..script import ScriptDirectory
from ..script.folder_cache import FolderContents

KEPT = 4
"""The number of states that are kept: those of two places, before and after each."""

_OWN = __name__.partition(".")[0] + "."

_Key: TypeAlias = tuple[int, tuple[object, ...], tuple[str, ...]]

_kept: dict[_Key, tuple[FolderContents, SchemaState]] = {}
"""By the number of the files' object, which is kept too, so that no other has it; the dialect; and the revisions."""


def depends_on_text(operations: Iterable[MigrateOperation]) -> bool:
    """Return whether all operations are of this package, so that their effect never changes."""
    return all(type(each).__module__.startswith(_OWN) for each in operations)


@dataclass(frozen=True, slots=True)
class KeptStates:
    """The states of one history for one dialect, while its files are ``contents``.

        kept = KeptStates.of(scripts, dialect)
        kept.get(("a1", "b2"))  # the state after these revisions, None if it is not kept

    A state must not be changed once it is kept; `SchemaState.copied` returns one that can be.
    """

    contents: FolderContents
    dialect: tuple[object, ...]

    @classmethod
    def of(cls, scripts: ScriptDirectory, dialect: Dialect) -> KeptStates | None:
        """Return the states for the files as they are now; None where a change of them could not be seen."""
        contents = scripts.unchanged()
        return None if contents is None else cls(contents, _facts_of(dialect))

    def get(self, names: Sequence[str]) -> SchemaState | None:
        """Return the state after these revisions ran in this order, None if it is not kept."""
        found = _kept.get(self._key(names))
        return None if found is None else found[1]

    def put(self, names: Sequence[str], state: SchemaState) -> None:
        """Keep the state after these revisions, in place of the oldest one."""
        _kept[self._key(names)] = self.contents, state
        while len(_kept) > KEPT:
            _kept.pop(next(iter(_kept)), None)

    def _key(self, names: Sequence[str]) -> _Key:
        return id(self.contents), self.dialect, tuple(names)


def _facts_of(dialect: Dialect) -> tuple[object, ...]:
    """Return what the names and types of a schema can depend on."""
    lengths = [getattr(dialect, f"max_{each}_length", None) for each in ("identifier", "index_name", "constraint_name")]
    version = getattr(dialect, "server_version_info", None), getattr(dialect, "is_mariadb", None)
    return (type(dialect), *version, *lengths, getattr(dialect, "default_schema_name", None))
