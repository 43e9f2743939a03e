"""Code that runs its own event loop, called while a loop is running."""

from __future__ import annotations

import asyncio
import contextvars
import warnings

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from kernel_core.util.event_loop import running_loop_set_aside

SEEN: contextvars.ContextVar[str] = contextvars.ContextVar("SEEN")


async def work() -> str:
    await asyncio.sleep(0)
    return SEEN.get("nothing")


def by_run() -> str:
    return asyncio.run(work())


def by_runner() -> str:
    with asyncio.Runner() as runner:
        return runner.run(work())


def by_the_loop_that_is_set() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return asyncio.get_event_loop().run_until_complete(work())


def by_a_new_loop() -> str:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work())
    finally:
        loop.close()


@pytest.mark.parametrize("way", [by_run, by_runner, by_the_loop_that_is_set, by_a_new_loop])
def test_each_way_of_running_a_loop_works_inside_a_running_one_with_its_context(way):
    async def cell() -> str:
        SEEN.set("the cell's")
        before = asyncio.get_running_loop(), asyncio.current_task()
        later = asyncio.ensure_future(work())
        with running_loop_set_aside():
            found = way()
        assert (asyncio.get_running_loop(), asyncio.current_task()) == before
        assert asyncio.get_event_loop() is before[0]
        assert await asyncio.wait_for(later, 5) == "the cell's"
        return found

    assert asyncio.run(cell()) == "the cell's"


def test_an_error_restores_the_running_loop():
    async def cell() -> None:
        before = asyncio.get_running_loop()
        with pytest.raises(ValueError, match="mine"), running_loop_set_aside():
            raise ValueError("mine")
        assert asyncio.get_running_loop() is before
        await asyncio.sleep(0)

    asyncio.run(cell())


def test_nothing_changes_where_no_loop_runs():
    with running_loop_set_aside(), pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()


def test_a_connection_of_run_sync_still_waits_on_its_own_loop(tmp_path):
    def inside(connection: sa.Connection) -> int:
        with running_loop_set_aside():
            return connection.execute(sa.text("SELECT 41 + 1")).scalar_one()

    async def cell() -> int:
        engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/x.db", poolclass=sa.NullPool)
        async with engine.connect() as connection:
            return await connection.run_sync(inside)

    assert asyncio.run(cell()) == 42


def test_in_a_browser_the_loop_of_the_page_stays(monkeypatch):
    monkeypatch.setattr("sys.platform", "emscripten")

    async def cell() -> bool:
        before = asyncio.get_running_loop(), asyncio.current_task()
        with running_loop_set_aside():
            return (asyncio.get_running_loop(), asyncio.current_task()) == before

    assert asyncio.run(cell())
