"""The base classes of all operations, and the interface with which they render themselves."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, Protocol, Self

from sqlalchemy.engine import Dialect

from ..util import files
from ..util.exc import CommandError, InvalidJson, IrreversibleOperation, UnknownEffect
from .fields import Field
from .json_form import Json
from .json_form.arguments import arguments_of, constructed
from .json_form.codec import decode, encode
from .requirements import Requirement, key

JSON_VERSION = 1
"""The version of the JSON form of operations; a document of a later version is refused."""

DiffTuple = tuple[Any, ...]
"""A difference as ``compare_metadata`` returns it: its kind, such as ``"add_column"``, then what is different."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A risk of running an operation: how severe it is, and a sentence about it."""

    severity: Literal["loses data", "may fail", "changes data", "slow"]
    text: str


_new_text = str.__new__


class Code(str):
    """Python source on one line that keeps its parts, so that it can be formatted on several lines.

    ``head`` ends with the opening parenthesis, ``parts`` are the arguments, ``tail`` is the closing parenthesis.
    """

    __slots__ = ("head", "parts", "tail")
    head: str
    parts: tuple[str, ...]
    tail: str

    def __new__(cls, head: str, parts: tuple[str, ...] = (), tail: str = ")") -> Code:
        # Thousands are made for one file: this and three statements take half of the time of super().__new__().
        self = _new_text(cls, f"{head}{', '.join(parts)}{tail}")
        self.head = head
        self.parts = parts
        self.tail = tail
        return self


class SourceWriter(Protocol):
    """Renders calls and values as Python source, for `MigrateOperation.render`."""

    @property
    def batch_table(self) -> str | None:
        """Name of the table whose ``with op.batch_alter_table(...)`` block is being rendered, None outside."""

    @property
    def has_render_hook(self) -> bool:
        """Whether a hook gets the objects, and may change them."""

    def call(self, directive: str, /, *args: object, **kwargs: object) -> Code:
        """Return the call of a directive: ``op.<directive>(...)``, or ``batch_op.`` inside a batch."""

    def value(self, value: object) -> str:
        """Return any argument as source: literals, names, lists, types, columns, constraints, SQL text."""


def shown_name(schema: str | None, name: str) -> str:
    """Return the name of a table, type or sequence as sentences show it: ``sales.orders``."""
    return f"{schema}.{name}" if schema else str(name)


class MigrateOperation:
    """One change to a database: the base class of all operations.

    Subclasses register with ``Operations.register_operation``. They must define a constructor and a class method with
    the directive's name; each method below is optional and adds an ability::

        @Operations.register_operation("create_view")
        class CreateViewOp(MigrateOperation):
            def __init__(self, name, query):
                self.name, self.query = name, query

            @classmethod
            def create_view(cls, operations, name, query):
                operations.invoke(cls(name, query))

            def apply(self, operations):
                operations.impl.execute(f"CREATE VIEW {self.name} AS {self.query}")
    """

    fields: ClassVar[tuple[Field, ...]] = ()
    """The fields that can be edited in a review."""

    sign: ClassVar[Literal["+", "-", "~"]] = "~"
    """``+`` adds to the schema, ``-`` drops, ``~`` changes."""

    remark: str = ""
    """A comment for the reader of the version file, rendered above the directive."""

    followed_by: tuple[MigrateOperation, ...] = ()
    """Operations that complete this one: they run, and are rendered, directly after it."""

    engine: str = ""
    """Name of the target database if an environment migrates several; otherwise ""."""

    outside_batch: bool = False
    """Whether it is rendered after the batch of its table. Inside, SQL would run before the changes."""

    outside_transaction: bool = False
    """Whether it runs in an autocommit block: what the revision did before is committed first."""

    undone_by: Callable[[Any], Sequence[MigrateOperation]] | None = None
    """Returns the operations that undo this one, if these are not just ``[reverse()]``."""

    json_name: ClassVar[str] = ""
    """The name of the class in JSON; by default the words of its name, ``create_view`` for ``CreateViewOp``."""

    json_attributes: ClassVar[Mapping[str, str]] = {}
    """Constructor argument -> attribute, for arguments that are stored by another name."""

    json_omitted: ClassVar[Collection[str]] = frozenset({"info"})
    """Constructor arguments that JSON lacks, because they have no effect on a database."""

    json_state: ClassVar[tuple[str, ...]] = ("remark", "engine", "outside_batch", "outside_transaction", "followed_by")
    """Attributes besides the constructor's arguments; those that are empty are left out."""

    @cached_property
    def info(self) -> dict[Any, Any]:
        """A dict for the use of hooks; the engine does not use it."""
        return {}

    @property
    def table_key(self) -> tuple[str | None, str] | None:
        """Schema and name of the table that this changes; None if it does not change a single table."""
        name = getattr(self, "table_name", None)
        return (getattr(self, "schema", None), name) if name is not None else None

    @property
    def shown_table(self) -> str:
        """The name of that table as sentences show it: ``sales.orders``."""
        return shown_name(*self.table_key) if self.table_key is not None else ""

    @property
    def table_keys(self) -> tuple[tuple[str | None, str], ...]:
        """Schema and name of every table that this changes: `table_key`, or those that use an enum type."""
        return () if self.table_key is None else (self.table_key,)

    def apply(self, operations: Any) -> Any:
        """Run the operation with ``operations.impl``."""
        raise NotImplementedError(
            f"{type(self).__name__} has no implementation. "
            "Define apply(), or register one with Operations.implementation_for()."
        )

    def apply_to(self, schema: Any) -> None:
        """Change a `schema_state.SchemaState` as running this changes a database.

        Raises UnknownEffect if the effect is not known, as it is for a class that does not define this.
        """
        raise UnknownEffect(f"{type(self).__name__} defines no apply_to()")

    def reverse(self) -> MigrateOperation:
        """Return the operation that undoes this one; raises IrreversibleOperation if that is not known."""
        raise IrreversibleOperation(self.sentence(), "it defines no reverse(). Write the downgrade by hand.")

    def render(self, write: SourceWriter) -> str | list[str]:
        """Return the Python source of this operation in a version file."""
        raise CommandError(
            f"{type(self).__name__} cannot be rendered as Python. Define render(), or register a renderer for it."
        )

    def sentence(self) -> str:
        """Return what this does, as a sentence such as ``Drop table users``."""
        return type(self).__name__

    def slug(self) -> str:
        """Return this operation's part of a suggested message and file name, such as ``add_age_to_users``.

        By default the words of the class's name and the name of the object: ``create_view_adult`` for a
        ``CreateViewOp`` with the attribute ``name`` (or ``view_name``, ``table_name``).
        """
        words = _words(type(self).__name__.removesuffix("Op"))
        named = ("name", f"{words[-1].lower()}_name" if words else "", "table_name")
        names = (getattr(self, attribute, None) for attribute in named if attribute)
        return slug(*words, next((name for name in names if isinstance(name, str)), ""))

    def hints(self, dialect_name: str = "default") -> tuple[Hint, ...]:
        """Return the risks of running this on that database, as far as the operation itself shows them."""
        return ()

    def to_diff_tuple(self) -> DiffTuple:
        """Return this as a tuple of ``compare_metadata``."""
        raise NotImplementedError(f"{type(self).__name__} is not a difference between two schemas.")

    def to_json(self) -> dict[str, Json]:
        """Return this as plain data for ``json.dumps``; `from_json` is the inverse.

            AddColumnOp("users", Column("age", Integer())).to_json()

        It has the ``version`` of the form, the name of the ``operation`` and the arguments of its constructor that
        differ from their defaults. Raises NotAsJson for a value without a JSON form.
        """
        members = encode(self)
        assert isinstance(members, dict), "an operation is an object in JSON"
        return {"version": JSON_VERSION, **members}

    @classmethod
    def from_json(cls, document: object) -> Self:
        """Return the operation of `to_json`, as data or as text; on a subclass only one of that class.

        Nothing in the document is evaluated or imported: operations and types are those that are registered. Raises
        InvalidJson, with the place of the mistake, for everything else.
        """
        operation = read_document(document)
        if not isinstance(operation, cls):
            raise InvalidJson(f"it is a {type(operation).__name__}, not a {cls.__name__}")
        return operation

    def json_members(self) -> dict[str, Json]:
        """Return the members of `to_json` besides the version and the name of the operation."""
        members: dict[str, Json] = {}
        for name, value in self.json_arguments().items():
            members["options" if name == "**" else name.lstrip("_")] = encode(value)
        for name in self.json_state:
            value = getattr(self, name, None)
            if value:
                members[name] = encode(value)
        if self.undone_by is not None:
            members["undone_by"] = encode(list(self.undone_by(self)))
        return members

    def json_arguments(self) -> dict[str, object]:
        """Return the arguments of the constructor that differ from their defaults; ``**`` is for further options.

        A class overrides this, and `from_json_arguments`, if its arguments are not stored as attributes.
        """
        return arguments_of(self, self.json_attributes, self.json_omitted)

    @classmethod
    def from_json_arguments(cls, arguments: Mapping[str, object]) -> Self:
        """Return the operation with these `json_arguments`; raises InvalidJson if they do not fit the constructor."""
        made: Self = constructed(cls, arguments)
        return made

    def provides(self) -> frozenset[Requirement]:
        """Return the catalog objects that later operations may require."""
        return frozenset()

    def requires(self) -> frozenset[Requirement]:
        """Return the catalog objects that must exist before; only those count that another operation provides."""
        return frozenset()

    @classmethod
    def example(cls) -> Self:
        """Return an example for the tests of every registered operation."""
        raise NotImplementedError(f"{cls.__name__} defines no example().")

    def changed(self, **attributes: object) -> Self:
        """Return a copy of this operation with other values for some attributes; this one stays as it is."""
        copied = copy.copy(self)
        for name, value in attributes.items():
            setattr(copied, name, value)
        return copied

    def reversed_by(self, reverse: MigrateOperation) -> Self:
        """Return a copy of a drop whose ``reverse()`` is that operation."""
        return self.changed(_reverse=reverse)

    def edit(self, **values: object) -> Self:
        """Return a new operation with other values for some `fields`; this one stays as it is.

        Raises CommandError for a name that is not one of the fields.
        """
        by_name = {field.name: field for field in self.fields}
        edited = copy.copy(self)
        edited.__dict__.pop("info", None)
        for name, value in values.items():
            if name not in by_name:
                known = ", ".join(by_name) or "none"
                raise CommandError(f'"{self.sentence()}" has no field {name!r}. Its fields: {known}.')
            by_name[name].assign(edited, value)
        return edited

    def edit_text(self, field_name: str, text: str, dialect: Dialect | None = None) -> Self:
        """Return a new operation with another value for a field, parsed from text; unchanged text changes nothing.

        Raises FieldError if the text is not a valid value.
        """
        for field in self.fields:
            if field.name == field_name:
                if field.text(self) == text:
                    return self
                return self.edit(**{field_name: field.parse(text, dialect)})
        return self.edit(**{field_name: text})


def json_name_of(cls: type[MigrateOperation]) -> str:
    """Return the name of an operation class in JSON: ``json_name`` of the class itself, or the words of its name.

    >>> json_name_of(MigrateOperation)
    'migrate_operation'
    """
    return str(vars(cls).get("json_name") or "_".join(_words(cls.__name__.removesuffix("Op"))).lower())


def read_document(document: object) -> MigrateOperation:
    """Return the operation of a document with its version, as data or as JSON text."""
    if isinstance(document, (str, bytes, bytearray)):
        document = _parsed(document)
    if not isinstance(document, Mapping) or "operation" not in document:
        raise InvalidJson("it is not an object with 'operation'")
    version = document.get("version")
    if type(version) is not int or version < 1:
        raise InvalidJson("it has no 'version', which is a number")
    if version > JSON_VERSION:
        raise InvalidJson(f"its version is {version}, and this program reads up to {JSON_VERSION}. Upgrade the program")
    try:
        return decode({name: value for name, value in document.items() if name != "version"})  # type: ignore[no-any-return]
    except RecursionError:
        raise InvalidJson("it is nested too deeply") from None


def _parsed(text: str | bytes | bytearray) -> object:
    import json  # noqa: PLC0415 - the commands start without it

    try:
        return json.loads(text, object_pairs_hook=_members_once)
    except InvalidJson:
        raise
    except (ValueError, RecursionError) as error:
        raise InvalidJson(f"it cannot be parsed: {error}") from None


def _members_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return the members of an object; raises InvalidJson for one that is written twice, of which readers differ."""
    members = dict(pairs)
    if len(members) != len(pairs):
        twice = next(name for name in members if sum(name == each for each, _ in pairs) > 1)
        raise InvalidJson(f"an object has the member {twice!r} twice")
    return members


def _words(name: str) -> list[str]:
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)


class AlterTableOp(MigrateOperation):
    """A change to one existing table, or to a column, comment or option of it: the base class of those operations."""

    alters_table = True

    def __init__(self, table_name: str, *, schema: str | None = None) -> None:
        self.table_name, self.schema = table_name, schema

    def requires(self) -> frozenset[Requirement]:
        return frozenset({self._table_requirement()})

    def _table_requirement(self) -> Requirement:
        return ("table", *key(self.schema, self.table_name))

    def _write(self, write: SourceWriter, directive: str, *args: object, **kw: object) -> str:
        """Write the call with the table's name and schema in front, or without both inside a batch."""
        if write.batch_table is not None:
            return write.call(directive, *args, **without_empty(kw))
        return write.call(directive, self.table_name, *args, **without_empty({"schema": self.schema} | kw))


def slug(*parts: str) -> str:
    """Return words and names as part of a file name: in lower case, joined by ``_``.

    >>> slug("add", "fullName", "to", "users")
    'add_fullname_to_users'
    """
    return files.slug(" ".join(parts), length=200)


def without_empty(values: Mapping[str, object]) -> dict[str, object]:
    """Return the keyword arguments that are not None."""
    return {name: value for name, value in values.items() if value is not None}
