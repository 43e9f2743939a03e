"""Functions of servers and extensions that change something outside of the database; code that is made at run time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...util.sql import Token
from ..clone.base import Clone
from ..guard import code_in

_REACHING = frozenset(
    {"lo_export", "pg_file_write", "pg_file_rename", "pg_file_unlink", "dblink_exec", "pg_background_launch"}
    | {"pg_reload_conf", "pg_rotate_logfile", "pg_logdir_rotate", "pg_promote", "pg_switch_wal"}
    | {"pg_create_restore_point", "pg_wal_replay_pause", "pg_wal_replay_resume"}
    | {"pg_backup_start", "pg_backup_stop", "pg_start_backup", "pg_stop_backup"}
    | {"pg_stat_reset_shared", "pg_stat_reset_slru", "pg_stat_reset_replication_slot"}
    | {f"pg_{verb}_{kind}_replication_slot" for verb in ("create", "copy") for kind in ("physical", "logical")}
    | {"pg_drop_replication_slot", "pg_replication_slot_advance"}
    | {f"pg_replication_origin_{verb}" for verb in ("create", "drop", "advance")}
    | {f"http{verb}" for verb in ("", "_get", "_post", "_put", "_patch", "_delete", "_head")}
    | {"http_collect_response", "query_export_to_s3", "aws_lambda_invoke", "schedule_in_database"}
    | {"sys_exec", "sys_eval"}
)
"""Functions of PostgreSQL, of the extensions adminpack, dblink, pg_background, http, pg_net, aws_s3, aws_lambda and
pg_cron, and of a library of functions for MariaDB.

https://www.postgresql.org/docs/current/functions-admin.html
"""
_OF_SESSIONS = frozenset({"pg_terminate_backend", "pg_cancel_backend"})
"""Sessions of the clone, those of current_database(), may be ended."""
_BY_QUERY = frozenset({"dblink", "dblink_send_query", "dblink_open"})
"""Functions that run the SQL in their last text on another connection."""
_READS = frozenset({"SELECT", "VALUES", "TABLE", "SHOW", "WITH"})
_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
_DEFINES = frozenset({"FUNCTION", "PROCEDURE", "ROUTINE"})
_LOCKS = frozenset({"get_lock"})


def called(words: Sequence[Token]) -> Iterator[tuple[int, str]]:
    """Yield the place and the name, in lower case, of each function that is called, also without parentheses."""
    for place, token in enumerate(words):
        if token.kind not in ("word", "name"):
            continue
        start = place - 2 if place > 1 and words[place - 1].text == "." else place
        before = words[start - 1].keyword if start else ""
        has_list = place + 1 < len(words) and words[place + 1].text == "("
        is_fired = before in _DEFINES and start > 1 and words[start - 2].keyword == "EXECUTE"
        if before == "CALL" or is_fired or (has_list and before not in _DEFINES):
            yield place, token.name.lower()


def reaches(words: Sequence[Token], place: int, name: str, clone: Clone) -> bool:
    """Return whether a called function of the server or of an extension changes what is outside of the clone."""
    if name in _OF_SESSIONS:
        return not any(token.name.lower() == "current_database" for token in words)
    if name in _BY_QUERY:
        texts = [token for token in _arguments(words, place + 1) if token.kind == "text"]
        return not texts or not _only_reads(texts[-1], clone)
    return name in _REACHING


def takes_lock(name: str) -> bool:
    """Return whether a function takes a lock of the server of MariaDB, by a name that all databases share."""
    return name in _LOCKS


def _arguments(words: Sequence[Token], place: int) -> Iterator[Token]:
    depth = 0
    for token in words[place:]:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0:
            return
        yield token


def _only_reads(text: Token, clone: Clone) -> bool:
    statements = code_in(text, clone)
    words = [token.keyword for each in statements for token in each]
    return bool(statements) and all(each[0].keyword in _READS for each in statements) and not _WRITES & set(words)


_STARTS = frozenset({"BEGIN", "THEN", "ELSE", "LOOP", "DO", ""})


def is_made_at_run_time(words: Sequence[Token], clone: Clone) -> bool:
    """Return whether code executes SQL whose kind of statement is not in its text."""
    for place, token in enumerate(words):
        before = words[place - 1].keyword if place else ""
        if token.keyword == "PREPARE" and clone.kind == "mariadb":
            operand = words[place + 3 :]
        elif token.keyword == "EXECUTE" and before in _STARTS:
            operand = words[place + 1 :]
            if operand and clone.kind == "mariadb":
                if operand[0].keyword != "IMMEDIATE":
                    continue
                operand = operand[1:]
            if operand and operand[0].keyword in _DEFINES:
                continue
        else:
            continue
        first = next((each for each in operand[:4] if each.kind == "text"), None)
        lead = operand[0].text.lower() if operand else ""
        known = first is not None and (operand[0] is first or lead in ("(", "format", "concat"))
        if not known or first is None or not _has_kind(first, clone):
            return True
    return False


def _has_kind(text: Token, clone: Clone) -> bool:
    """Return whether a text begins with two words, such as INSERT INTO or ALTER TABLE."""
    statements = code_in(text, clone)
    words = statements[0][:2] if statements else []
    return len(words) > 1 and all(each.kind == "word" and each.keyword for each in words)
