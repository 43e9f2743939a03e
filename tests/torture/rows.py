"""The rows of the table of what was tried: one text for each kind of test."""

from __future__ import annotations

KILLED_IN_TRANSACTIONS = "process killed before a call of the driver, revisions in transactions, then the next run"
KILLED_AT_RANDOM_IN_TRANSACTIONS = "process killed at a random moment, revisions in transactions, then the next run"
KILLED = "process killed before a call of the driver, autocommit blocks or no transactional DDL, then `mig resume`"
KILLED_AT_RANDOM = "process killed at a random moment, autocommit blocks or no transactional DDL, then `mig resume`"
ABANDONED = "process killed before a call of the driver, then `mig abandon`"
RESUME_KILLED = "`mig resume` killed as well, before a call of the driver, then `mig resume` again"
ABANDON_KILLED = "`mig abandon` killed as well, before a call of the driver, then `mig abandon` again"
SERVER_KILLED_IN_TRANSACTIONS = "server killed during a run, revisions in transactions, then the next run"
SERVER_KILLED = "server killed during a run, autocommit blocks or no transactional DDL, then `mig resume`"
KERNEL_KILLED = "notebook kernel killed during `%mig_upgrade` or `%mig_downgrade`, completed by a new kernel"
KERNEL_KILLED_IN_RESUME = "notebook kernel killed during `%mig_resume`, completed by a new kernel"
TWO_PROCESSES = "2 processes at once: an error, or a revision applied twice or not at all"
FOUR_PROCESSES = "4 processes at once"
FOUR_THREADS = "4 threads at once, from a barrier"
TWO_KERNELS = "2 notebook kernels at once"
READERS = (
    "`mig current` and `mig history -i` again and again while others run, are killed, resume and abandon: an error"
)
KERNEL_READER = "`%mig`, `%mig_current` and `%mig_history` of a notebook kernel, meanwhile"
HOLDER_KILLED = "holder of the run lock killed in Python code: the next run has done its work"
HOLDER_KILLED_IN_A_STATEMENT = "holder of the run lock killed in a statement: the next run has done its work"
INTERRUPTED_IN_TRANSACTIONS = (
    "interrupt before a call of the driver, revisions in transactions: traceback or wrong sentence"
)
INTERRUPTED = "interrupt before a call of the driver, autocommit blocks or no transactional DDL"
INTERRUPTED_AT_RANDOM_IN_TRANSACTIONS = "interrupt at a random moment, revisions in transactions"
INTERRUPTED_AT_RANDOM = "interrupt at a random moment, autocommit blocks or no transactional DDL"
CONNECTION_INTERRUPTED = "interrupt before a call of the driver: connection unusable, or run lock held"
WAITER_INTERRUPTED = "interrupt while waiting for the run lock"
RENDERING_INTERRUPTED = "interrupt while SQL is rendered (`--sql`)"
AUTOGENERATE_INTERRUPTED = (
    "interrupt before a call of the driver of `mig revision --autogenerate`, or at a random moment"
)
PROCESS_INTERRUPTED = "interrupt of the process of `mig current` at a random moment, once Python has started"
KERNEL_INTERRUPTED = "Stop in a notebook kernel at a random moment of a run"
KERNEL_WAITER_INTERRUPTED = "Stop in a notebook kernel that waits for the run lock"
KERNEL_AUTOGENERATE_INTERRUPTED = "Stop in a notebook kernel that autogenerates or renders SQL"
HISTORIES = "commands of four clients at random, with kills: steps that are in no serial order"

ROWS = tuple(text for name, text in globals().items() if name.isupper() and isinstance(text, str))
"""All rows, in the order of the table."""
