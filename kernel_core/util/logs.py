"""Loggers with two names: that of this engine, and that of Alembic, which existing logging configurations enable."""

from __future__ import annotations

import logging


class Log:
    """The loggers ``kernel_core.x`` and ``alembic.x``: a message is logged by each that is enabled.

    log = Log("runtime.migration")
    log.info("Running upgrade %s -> %s", "a", "b")
    """

    def __init__(self, name: str) -> None:
        home = __name__.partition(".")[0]
        self._loggers = [logging.getLogger(f"{package}.{name}") for package in dict.fromkeys((home, "alembic"))]

    def is_enabled(self, level: int = logging.INFO) -> bool:
        """Return whether a message of that level is logged."""
        for logger in self._loggers:  # noqa: SIM110 - any() takes twice as long, and each revision asks
            if logger.isEnabledFor(level):
                return True
        return False

    def info(self, message: str, *args: object) -> None:
        """Log a message at INFO."""
        for logger in self._loggers:
            logger.info(message, *args)

    def warning(self, message: str, *args: object) -> None:
        """Log a message at WARNING, once: by the first logger that no configuration has disabled."""
        for logger in self._loggers:
            if logger.isEnabledFor(logging.WARNING):
                logger.warning(message, *args)
                return

    def debug(self, message: str, *args: object) -> None:
        """Log a message at DEBUG."""
        for logger in self._loggers:
            logger.debug(message, *args)
