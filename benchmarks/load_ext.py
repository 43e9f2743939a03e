"""How long ``%load_ext mig_ipython`` takes over IPython itself; the goal is 30 ms.

python benchmarks/load_ext.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys

ROUNDS = 15
CODE = """\
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
begin = time.perf_counter()
shell.run_line_magic("load_ext", "mig_ipython")
print((time.perf_counter() - begin) * 1000)
"""


def main() -> None:
    """Print the median of fresh processes, after one that fills the bytecode cache."""
    times = [_one() for _ in range(ROUNDS + 1)][1:]
    print(f"%load_ext mig_ipython: median {statistics.median(times):.1f} ms, best {min(times):.1f} ms (goal 30 ms)")


def _one() -> float:
    done = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
