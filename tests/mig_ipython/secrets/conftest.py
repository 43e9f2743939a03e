"""A password that cannot be overlooked, roles that have it, and a search for it in everything that is shown."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from kernel_core.util import secrets

PARTS = ("Kw7ZqXv", "Vx4RjGw", "Ny9LbQz", "Hc2TmKx", "Gd8PsWj")


@dataclass(frozen=True)
class Sentinel:
    """The password, made of parts that occur nowhere else, with ``@ % : /`` between them."""

    plain: str = "{}@{}%{}:{}/{}".format(*PARTS)

    @property
    def quoted(self) -> str:
        return quote(self.plain, safe="")

    def url(self, address: str = "127.0.0.1:1/shop", driver: str = "postgresql+psycopg", user: str = "ada") -> str:
        return f"{driver}://{user}:{self.quoted}@{address}"

    def leaks(self, shown: str | bytes) -> list[str]:
        """Return where a part of the password stands: raw, url-quoted (the parts are the same) or in base64."""
        content = shown.encode() if isinstance(shown, str) else shown
        at = sorted((content.find(needle), needle) for needle in _NEEDLES if needle in content)
        return [f"{needle.decode()} in {content[max(0, place - 80) : place + 60]!r}" for place, needle in at]


def _in_base64(part: bytes) -> Iterator[bytes]:
    """What of a text's base64 is the same whatever stands before and after it, for each of the three alignments."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + part).rstrip(b"=")
        yield encoded[-(-before * 8 // 6) : (before + len(part)) * 8 // 6]


_NEEDLES = {form for part in PARTS for form in (part.encode(), *_in_base64(part.encode()))}


@pytest.fixture
def secret() -> Sentinel:
    """The password, before any command has read it."""
    secrets._known.clear()
    secrets._any_secret.cache_clear()
    return Sentinel()


@pytest.fixture
def guarded_mariadb(mariadb_url: str, secret: Sentinel) -> Iterator[str]:
    """URL of an empty MariaDB database, with a user who has the password."""
    user = f"mig_{uuid.uuid4().hex[:8]}"
    url = make_url(mariadb_url)
    yield from _with_role(
        url,
        user,
        [
            (f"CREATE USER {user}@'%%' IDENTIFIED BY %s", (secret.plain,)),
            (f"GRANT ALL ON {url.database}.* TO {user}@'%%'", ()),
            (f"GRANT ALL ON `mig\\_rehearsal\\_%%`.* TO {user}@'%%'", ()),  # clones of rehearsals
        ],
        f"DROP USER {user}",
        secret,
    )


@pytest.fixture
def guarded_postgresql(postgresql_url: str, secret: Sentinel) -> Iterator[str]:
    """URL of an empty PostgreSQL database, with a role that has the password."""
    role, url = f"mig_{uuid.uuid4().hex[:8]}", make_url(postgresql_url)
    quoted = secret.plain.replace("%", "%%")
    made = [
        (f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{quoted}'", ()),
        (f"ALTER DATABASE {url.database} OWNER TO {role}", ()),
    ]
    gone = f"REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role}; DROP ROLE {role}"
    yield from _with_role(url, role, made, gone, secret)


def _with_role(
    url: URL, user: str, made: list[tuple[str, tuple[str, ...]]], gone: str, secret: Sentinel
) -> Iterator[str]:
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement, values in made:
            connection.exec_driver_sql(statement, values)
    try:
        yield url.set(username=user, password=secret.plain).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(gone)
