"""Types as projects write them: decorated ones with and without a constructor of their own, and others."""

from __future__ import annotations

import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


class Money(sa.types.TypeDecorator[Any]):
    impl = sa.Numeric
    cache_ok = True

    def __init__(self, currency: str = "EUR", digits: int = 2) -> None:
        self.currency = currency
        super().__init__(18, digits)


class Rounded(sa.types.TypeDecorator[Any]):
    """What it was made with is kept nowhere, so that only the decorated type can be written."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, digits: int) -> None:
        super().__init__(18, digits)


class Plain(sa.types.TypeDecorator[Any]):
    impl = sa.String
    cache_ok = True


class Guid(sa.types.TypeDecorator[Any]):
    impl = sa.CHAR
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(32)


class Sized(sa.types.TypeDecorator[Any]):
    impl = sa.String
    cache_ok = True

    def __init__(self, *, size: int) -> None:
        self.size = size
        super().__init__(size)


class Hidden(sa.types.TypeDecorator[Any]):
    impl = sa.String
    cache_ok = True

    def __init__(self, number: int, flag: bool = False) -> None:
        self._number, self._flag = number, flag
        super().__init__(number)


class Same(sa.types.TypeDecorator[Any]):
    """Its argument is one of the decorated type."""

    impl = sa.String
    cache_ok = True

    def __init__(self, length: int = 5) -> None:
        super().__init__(length)


class Anything(sa.types.TypeDecorator[Any]):
    impl = sa.String
    cache_ok = True

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)


class Holding(sa.types.TypeDecorator[Any]):
    """One argument is a type, another a list."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, item: Any, names: tuple[str, ...] = ()) -> None:
        self.item, self.names = item, names
        super().__init__()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Holding) and repr(self.item) == repr(other.item)

    __hash__ = sa.types.TypeDecorator.__hash__


class Named(sa.types.TypeDecorator[Any]):
    """It has a custom repr, which is written as it is."""

    impl = sa.String
    cache_ok = True

    def __init__(self, word: str) -> None:
        self.word = word
        super().__init__(9)

    def __repr__(self) -> str:
        return f"Named({self.word!r})"


class Point(sa.types.UserDefinedType[Any]):
    cache_ok = True

    def __init__(self, srid: int = 4326) -> None:
        self.srid = srid

    def get_col_spec(self, **kw: Any) -> str:
        return "POINT"


class Mood(postgresql.ENUM):
    pass


class Color(enum.Enum):
    red = 1
    green = 2
