"""``mig`` and ``python -m kernel_core``: the command line, and what Ctrl-C does before it begins and after it ended.

To import the engine takes a part of a second, in which Python would answer Ctrl-C with a traceback.
"""

from __future__ import annotations

import os
import signal


def main(prog: str | None = None) -> None:
    """Run the command line; ``prog`` is the name of the program in its messages."""
    is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not in the background, for example
    if is_ours:
        signal.signal(signal.SIGINT, _stop)
    from .config import main as run  # noqa: PLC0415 - what an interrupt may stop

    if is_ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run(prog=prog)
    finally:
        if is_ours:  # while Python exits as well, KeyboardInterrupt would be a traceback
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _stop(*_: object) -> None:
    """End the process as an interrupted command does. Nothing has begun."""
    os.write(2, b"Stopped.\n")
    os._exit(130)


if __name__ == "__main__":
    main(prog="python -m kernel_core")
