"""A process that runs ``mig`` in forks of itself, so that hundreds of runs need not import everything again.

It reads one request a line from stdin, as JSON, and answers each with one line. ``{"wait": pid}`` is answered with the exit
status as `subprocess` gives it: negative for a signal. Any other request starts a run (`Run` in ``runs.py``) and is
answered with its process id.
"""

from __future__ import annotations

import gc
import io
import json
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import driver_calls
import sqlalchemy
import sqlalchemy.dialects.mysql.pymysql
import sqlalchemy.dialects.postgresql.psycopg
import sqlalchemy.dialects.sqlite.pysqlite
from chain import write_project
from driver_calls import Calls

import kernel_core.runtime.environment  # noqa: F401
from kernel_core import command
from kernel_core.config import Config, main
from kernel_core.util.exc import UnfinishedRevision

LIMIT = 60
"""Seconds after which a run that hangs is ended by SIGALRM."""


def warm_up() -> None:
    """Run the chain once, so that the forks need not import what is only imported by a run, or look for plugins."""
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        ini = write_project(Path(folder))
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/warm.db"
        command.upgrade(Config(ini), "head")
        command.downgrade(Config(ini), "base")
        main(["-c", ini, "current"])
    gc.collect()
    gc.freeze()


def serve() -> None:
    """Answer requests until stdin ends; an interrupt that comes before a run has begun waits until then."""
    warm_up()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            answer = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
        else:
            answer = os.fork() or run(request)
        print(answer, flush=True)


def run(request: dict[str, Any]) -> int:
    """Run one command in this fork, and end the process; stdout and stderr go to the file ``output``."""
    code = 1
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.alarm(LIMIT)
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.environ.update(request["environ"])
    calls = driver_calls.watch(request["at"], request["action"])
    try:
        time.sleep(max(0.0, request["start"] - time.monotonic()))
        code = WAYS[request["way"]](request["argv"], calls)
    except BaseException:  # noqa: BLE001 - what the interpreter would show
        traceback.print_exc()
    finally:
        ended = time.monotonic()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stdout.flush()
        sys.stderr.flush()
        with open(request["output"] + ".calls", "w") as stream:
            json.dump({"calls": calls.texts, "seconds": ended - calls.acted if calls.acted else None}, stream)
        os._exit(code)


def program(argv: list[str], calls: Calls) -> int:
    """Run ``mig ARGV``; return its exit code, 130 for an interrupt before it began or after it ended."""
    code, runs = 0, False
    calls.begin()
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        runs = True
        try:
            main(argv)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        runs = False
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    except KeyboardInterrupt as error:
        if runs and error.__traceback__ is not None and error.__traceback__.tb_next is not None:  # of the program
            raise
        code = 130
    return code


def connection(argv: list[str], calls: Calls) -> int:
    """Run ``-c INI VERB TARGET`` on a connection of this process, as a notebook does, and return 130 if it is interrupted.

    Then the connection must be usable, in no transaction, and the run lock free: the rest is run on it.
    """
    _, ini, verb, target = argv
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    with sqlalchemy.create_engine(os.environ["DATABASE_URL"], poolclass=sqlalchemy.NullPool).connect() as live:
        config = Config(ini, stdout=io.StringIO(), attributes={"connection": live, "lock_timeout": 0})
        calls.begin()
        try:
            getattr(command, verb)(config, target)
        except KeyboardInterrupt as interrupt:
            print("\n".join(["Stopped.", *getattr(interrupt, "__notes__", ())]))
        else:
            return 0
        finally:
            calls.end()
        assert not live.in_transaction(), "a transaction was left open"
        print("Found:", " and ".join(each.revision for each in command.current(config)) or "base", flush=True)
        try:
            getattr(command, verb)(config, target)
        except UnfinishedRevision:
            command.resume(config)
            getattr(command, verb)(config, target)
    return 130


def four_threads(argv: list[str], calls: Calls) -> int:
    """Run ``-c INI VERB TARGET`` in four threads at once; return how many of them failed."""
    _, ini, verb, target = argv
    calls.begin()
    together, failures = threading.Barrier(4), []

    def run_one() -> None:
        together.wait(LIMIT)
        try:
            getattr(command, verb)(Config(ini, stdout=io.StringIO()), target)
        except BaseException as error:  # noqa: BLE001 - counted
            failures.append(error)
            traceback.print_exc()

    threads = [threading.Thread(target=run_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(failures)


READ = (["current"], ["history", "-i"], ["current", "--verbose"], ["heads"])


def reading(argv: list[str], calls: Calls) -> int:
    """Run each command that reads, again and again until the file ENDED of ``-c INI ENDED`` exists.

    Returns how many of them failed; the last line that is printed says how many were run.
    """
    _, ini, ended = argv
    failed = count = 0
    while not os.path.exists(ended):
        for command_line in READ:
            count += 1
            failed += program(["-c", ini, *command_line], calls) != 0
    print(count, "commands")
    return min(failed, 99)


WAYS = {"program": program, "connection": connection, "four threads": four_threads, "reading": reading}

if __name__ == "__main__":
    serve()
