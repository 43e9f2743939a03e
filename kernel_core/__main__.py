"""``python -m kernel_core``: the command line."""

from .config import main

if __name__ == "__main__":
    main(prog="python -m kernel_core")
