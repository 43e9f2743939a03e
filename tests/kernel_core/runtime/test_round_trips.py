"""What the run lock and the journal cost: round trips to the server, counted between the driver and the server."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from kernel_core import command
from kernel_core.ddl.impl import DefaultImpl


class Counter:
    """Passes on the bytes between clients and a server; ``trips`` counts how often a server answers."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server, self.trips = server, 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server:
            is_waiting = False
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(1 << 16)
                    if not data:
                        return
                    self.trips += ready is server and is_waiting  # the message that ends a connection has no answer
                    is_waiting = ready is client
                    (server if ready is client else client).sendall(data)


@contextmanager
def counted(url: str) -> Iterator[tuple[Counter, str]]:
    """Return a counter, and the URL that leads through it."""
    parsed = sa.make_url(url)
    counter = Counter(
        (parsed.host or "127.0.0.1", parsed.port or {"postgresql": 5432}.get(parsed.get_backend_name(), 3306))
    )
    try:
        through = parsed.set(host="127.0.0.1", port=counter.port)
        yield counter, through.render_as_string(hide_password=False)
    finally:
        counter.socket.close()


def trips(project, target: str, **attributes: object) -> int:
    """Return the round trips of an upgrade."""
    with counted(project.url) as (counter, through), pytest.MonkeyPatch.context() as patched:
        patched.setenv("DATABASE_URL", through)
        command.upgrade(project.config(**attributes), target)
        assert counter.trips, "the environment reads the URL from the variable"
        return counter.trips


def implementation(url: str) -> type[DefaultImpl]:
    return DefaultImpl.get_by_dialect(sa.make_url(url).get_dialect()())


@pytest.mark.postgresql
@pytest.mark.parametrize("is_done", [False, True], ids=["a revision", "nothing to do"])
def test_on_postgresql_lock_and_journal_take_one_round_trip(postgresql_project, monkeypatch, is_done):
    postgresql_project.chain("a1", "b2", "c3", "d4")
    command.upgrade(postgresql_project.config(), "b2")
    with_both = trips(postgresql_project, "b2" if is_done else "c3")
    monkeypatch.setattr(implementation(postgresql_project.url), "has_journal", False)
    without = trips(postgresql_project, "b2" if is_done else "d4", run_lock=False)
    assert with_both == without + 1
