"""The JSON form of operations and of the values in them; reading it evaluates and imports nothing.

The two functions for user-defined classes are `register_type` for column types and `register_value` for all others.
"""

from . import literals, schema_items, sql_text, types
from .codec import Json, JsonObject, decode, encode, register_value
from .types import register_type

__all__ = [
    "Json",
    "JsonObject",
    "decode",
    "encode",
    "literals",
    "register_type",
    "register_value",
    "schema_items",
    "sql_text",
    "types",
]
