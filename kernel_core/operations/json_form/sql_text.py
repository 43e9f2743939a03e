"""The JSON form of SQL: text with its parameters, and the text of expressions on each dialect."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import bindparam, make_url, text
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import DDL, CreateIndex, Index, MetaData, Table
from sqlalchemy.sql.ddl import BaseDDLElement
from sqlalchemy.sql.elements import BindParameter, ClauseElement, ColumnElement, TextClause
from sqlalchemy.types import TypeEngine

from ...util.exc import CommandError, InvalidJson, NotAsJson
from ...util.sql import without_parameters
from ...util.sqla_compat import TextByDialect, for_scripts, literal_sql, text_parameters
from ...util.sqla_compat.columns import AnyExpression
from .codec import KIND, Json, JsonObject, encode, register_value

_NAMES = ("sqlite", "postgresql", "mysql", "mariadb", "mssql", "oracle")


@cache
def dialects() -> Mapping[str, Dialect]:
    """Return the dialects for which an expression is written: those of SQLAlchemy, and ``default`` for all others."""
    known = {name: make_url(f"{name}://").get_dialect()() for name in _NAMES}
    return {name: for_scripts(dialect) for name, dialect in {"default": DefaultDialect(), **known}.items()}


def _text(clause: TextClause) -> dict[str, Json]:
    """Encode ``sqlalchemy.text``, with the values and types of its parameters."""
    if isinstance(clause, TextByDialect):
        return {KIND: "sql", **compact(clause.texts)}
    given = text_parameters(clause)
    return {"text": clause.text} | ({"parameters": encode(given)} if given else {})


def _read_text(json: JsonObject) -> TextClause:
    clause = text(json.only("text", "parameters").need("text", str))
    parameters = json.need("parameters", dict) if "parameters" in json else {}
    for name, given in parameters.items():
        if not isinstance(given, BindParameter) or name not in text_parameters(clause, every=True):
            raise InvalidJson(f"the text has no parameter {name!r}")
    return clause.bindparams(*parameters.values()) if parameters else clause


def _parameter(given: BindParameter[object]) -> dict[str, Json]:
    members: dict[str, Json] = {"name": str(given.key), "value": encode(given.value), "type": encode(given.type)}
    for option in ("expanding", "literal_execute"):
        if getattr(given, option):
            members[option] = True
    return members


def _read_parameter(json: JsonObject) -> BindParameter[object]:
    json.only("name", "value", "type", "expanding", "literal_execute")
    options: dict[str, Any] = {name: json.need(name, bool) for name in ("expanding", "literal_execute") if name in json}
    return bindparam(
        json.need("name", str), json.get("value"), type_=json.need("type", TypeEngine), unique=False, **options
    )


def texts_of(element: ClauseElement) -> dict[str, str]:
    """Return dialect name -> text of an expression or a statement, without the dialects that cannot compile it."""
    found: dict[str, str] = {}
    for name, dialect in dialects().items():
        try:
            found[name] = literal_sql(element, dialect)
        except (SQLAlchemyError, CommandError, NotImplementedError, AttributeError, ValueError, TypeError):
            continue  # the dialect has no such expression, or no literal for a value
    return found


def _ddl(statement: DDL) -> dict[str, Json]:
    return {KIND: "text", "text": without_parameters(statement.statement % (statement.context or {}))}


def _expression(element: ClauseElement) -> dict[str, Json]:
    texts = texts_of(element)
    if not texts:
        raise NotAsJson(element, "It cannot be written as SQL text with literal values. Write it as text.")
    return compact(texts)


def index_element(expression: AnyExpression) -> AnyExpression | TextClause:
    """Return an element of an index as SQL text, in the parentheses that each database needs around it."""
    texts: dict[str, str] = {}
    for name, dialect in dialects().items():
        try:
            index = Index("i", expression, _table=Table("t", MetaData()))
            texts[name] = literal_sql(CreateIndex(index), dialect).partition("(")[2].rpartition(")")[0]
        except (SQLAlchemyError, CommandError, NotImplementedError, AttributeError, ValueError, TypeError):
            continue  # as in texts_of()
    return TextByDialect(texts) if texts else expression


def compact(texts: Mapping[str, str]) -> dict[str, Json]:
    """Return ``text`` and the ``texts`` of the dialects that differ; only ``texts`` where some dialect has none."""
    common = texts.get("default")
    names = dialects().keys()
    if common is None or not names <= texts.keys():
        return {"texts": dict(texts)}
    others = {name: each for name, each in texts.items() if name != "default" and each != common}
    return {"text": common} | ({"texts": dict(others)} if others else {})


def read_texts(json: JsonObject) -> dict[str, str]:
    """Return dialect name -> text; the inverse of `compact`."""
    texts = json.need("texts", dict) if "texts" in json else {}
    if not all(isinstance(each, str) for each in texts.values()):
        raise InvalidJson("'texts' must have a text for each dialect")
    if "text" in json:
        texts = dict.fromkeys(("default", *_NAMES), json.need("text", str)) | texts
    if not texts:
        raise InvalidJson("it has no 'text'")
    return texts


def _read_expression(json: JsonObject) -> TextClause:
    return TextByDialect(read_texts(json.only("text", "texts")))


register_value("sql", (ColumnElement, ClauseElement, BaseDDLElement), _expression, _read_expression)
register_value("parameter", BindParameter, _parameter, _read_parameter)
register_value("text", TextClause, _text, _read_text)
register_value("DDL", DDL, _ddl, _read_text)
