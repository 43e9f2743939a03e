"""Loggers under two names: this engine's, and the one that logging configurations written for Alembic switch on."""

from __future__ import annotations

import logging


class Log:
    """A logger ``kernel_core.x`` together with ``alembic.x``: what is logged goes to each that is enabled.

    log = Log("runtime.migration")
    log.info("Running upgrade %s -> %s", "a", "b")
    """

    def __init__(self, name: str) -> None:
        home = __name__.partition(".")[0]
        self._loggers = [logging.getLogger(f"{package}.{name}") for package in dict.fromkeys((home, "alembic"))]

    def is_enabled(self, level: int = logging.INFO) -> bool:
        """Return whether a message of that level goes anywhere."""
        return any(logger.isEnabledFor(level) for logger in self._loggers)

    def info(self, message: str, *args: object) -> None:
        """Log what was done."""
        for logger in self._loggers:
            logger.info(message, *args)

    def debug(self, message: str, *args: object) -> None:
        """Log what only a developer needs."""
        for logger in self._loggers:
            logger.debug(message, *args)
