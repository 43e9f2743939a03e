"""Four clients that upgrade, downgrade, stamp, write revisions and are killed: the result is that of some serial order.

A callback of ``env.py`` writes each step into a table, in the transaction that changes the version row. The steps must form
a chain, in which each begins where the one before it ended, and which ends at the rows of the version table.
"""

from __future__ import annotations

import random
import re
import signal
import time
from pathlib import Path

import pytest
import rows
import sqlalchemy as sa
from chain import Revision, write_project
from databases import Database
from runs import ForkServer, soon
from scale import scaled

from kernel_core.config import Config

pytestmark = pytest.mark.torture

SEEDS = 10
OPERATIONS = 500
CLIENTS = 4

_LOG = """

def log_step(*, ctx, step, heads, run_args):
    ends = [",".join(sorted(each)) for each in (step.source_revision_ids, step.destination_revision_ids)]
    kind = "stamp" if step.is_stamp else "up" if step.is_upgrade else "down"
    ctx.bind.exec_driver_sql(f"INSERT INTO steps (kind, source, destination) VALUES ('{kind}', '{ends[0]}', '{ends[1]}')")


def options("""

_REFUSALS = re.compile(
    r"FAILED: (?!.*(deadlock|locked|changed concurrently|Lost|already exists|no such table|does not exist)).*"
)
"""What a client may be told: that its target is not above or below the current revision, for example."""


class Clients:
    """An environment of a few revisions, each with a table, and the clients that run commands on it."""

    def __init__(self, server: ForkServer, folder: Path, database: Database, seed: int) -> None:
        self.server, self.database, self.choose = server, database, random.Random(seed)
        self.ini = write_project(folder, tuple(_revision(number) for number in range(1, 7)))
        env = folder / "migrations" / "env.py"
        text = env.read_text().replace("\ndef options(", _LOG, 1)
        env.write_text(text.replace("**options(connection", "on_version_apply=log_step, **options(connection"))
        self.config = Config(self.ini)
        key = {"sqlite": "INTEGER PRIMARY KEY", "postgresql": "SERIAL PRIMARY KEY"}
        column = key.get(database.kind, "INTEGER PRIMARY KEY AUTO_INCREMENT")
        columns = f"id {column}, kind VARCHAR(9), source VARCHAR(99), destination VARCHAR(99)"
        with database.connect() as connection:
            connection.exec_driver_sql(f"CREATE TABLE steps ({columns})")

    def operation(self) -> list[str]:
        """Return a random command."""
        verb = self.choose.choices(["upgrade", "downgrade", "stamp", "revision"], [6, 4, 1, 1])[0]
        if verb == "revision":
            return ["-q", "revision", "-m", "random"]
        if verb == "stamp":
            return ["-q", "stamp", self.choose.choice(["head", "r01", "r03"])]
        return ["-q", verb, self.choose.choice(["head", "+1", "r04"] if verb == "upgrade" else ["base", "-1", "r02"])]

    def together(self) -> list[str]:
        """Let all clients run a command at once, and kill one now and then; return what nobody should have seen."""
        start = soon(0.03)
        operations = [self.operation() for _ in range(CLIENTS)]
        url = self.database.url
        runs = [
            self.server.start(["-c", self.ini, *each], url, start=start + self.choose.uniform(0, 0.05))
            for each in operations
        ]
        if self.choose.random() < 0.3:
            time.sleep(max(0.0, start - time.monotonic()) + self.choose.uniform(0, 0.3))
            runs[0].signal(signal.SIGKILL)
        ended = zip(operations, [run.wait() for run in runs], strict=True)
        return [
            f"{' '.join(operation)}: {each.printed}"
            for operation, each in ended
            if "Traceback" in each.printed
            or (each.status not in (0, -signal.SIGKILL) and not _REFUSALS.search(each.printed))
        ]

    def complete(self) -> None:
        """Finish a half revision that the journal names: without transactional DDL a kill may leave one."""
        if self.database.is_transactional:
            return
        self.server.start(["-c", self.ini, "resume"], self.database.url).wait()

    def contradictions(self) -> list[str]:
        """Return where the steps do not follow each other, or the tables are not those of the steps."""
        found, at, expected = [], "", set()
        with self.database.connect() as connection:
            steps = connection.exec_driver_sql("SELECT kind, source, destination FROM steps ORDER BY id").all()
            tables = {name for name in sa.inspect(connection).get_table_names() if re.fullmatch(r"r\d\d", name)}
        for kind, source, destination in steps:
            if source != at:
                found.append(f"a step from {source or 'base'} to {destination or 'base'} after {at or 'base'}")
            at = destination
            if kind == "up" and re.fullmatch(r"r\d\d", destination):
                expected.add(destination)
            elif kind == "down":
                expected.discard(source)
        if tables != expected:
            found.append(f"the tables are {sorted(tables)}, those of the steps {sorted(expected)}")
        heads = ",".join(self.database.heads())
        if heads != at:
            found.append(f"the version table is at {heads or 'base'}, the last step led to {at or 'base'}")
        return found


def _revision(number: int) -> Revision:
    name = f"r{number:02}"
    create = f'op.create_table("{name}", sa.Column("id", sa.Integer), if_not_exists=True)'
    return Revision(name, create, f'op.drop_table("{name}", if_exists=True)')


@pytest.mark.parametrize("seed", range(scaled(SEEDS)))
def test_the_steps_of_four_clients_are_in_some_serial_order(server, database, tmp_path, seed, tally):
    clients = Clients(server, tmp_path, database, seed)
    for _ in range(max(1, scaled(OPERATIONS) // CLIENTS)):
        wrong = clients.together()
        clients.complete()
        wrong += clients.contradictions()
        tally.add("\n".join(wrong), CLIENTS)
        if wrong:
            break
    tally.done(rows.HISTORIES, database.kind)
