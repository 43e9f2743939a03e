"""SQL as text: one lexer for all databases, one normal form of an expression, and tests on tokens.

``dialect`` is everywhere a SQLAlchemy dialect or a database's name; unknown ones are read by the SQL standard.
"""

from .expression import (
    default_expression,
    expression_fault,
    is_enclosed,
    is_literal,
    names_column,
    refuse_loose_sql,
    renamed_in,
    tabs_as_spaces,
)
from .grammar import STANDARD, Grammar, SQLDialect, grammar_of
from .indexpart import IndexPart, index_part, index_part_sql, normal_name
from .lexer import (
    Body,
    Token,
    body,
    closing,
    in_backticks,
    in_quotes,
    lex,
    likely_grammar,
    mentions,
    split_commas,
    split_list,
    tokens,
    unquoted,
)
from .literal import string_literal, string_value
from .nextval import SequenceName, sequence_of_default, sequences_in
from .normal import normal_sql
from .statement_text import refuse_nul, without_parameters, without_typed_parameters

__all__ = [
    "STANDARD",
    "Body",
    "Grammar",
    "IndexPart",
    "SQLDialect",
    "SequenceName",
    "Token",
    "body",
    "closing",
    "default_expression",
    "expression_fault",
    "grammar_of",
    "in_backticks",
    "in_quotes",
    "index_part",
    "index_part_sql",
    "is_enclosed",
    "is_literal",
    "lex",
    "likely_grammar",
    "mentions",
    "names_column",
    "normal_name",
    "normal_sql",
    "refuse_loose_sql",
    "refuse_nul",
    "renamed_in",
    "sequence_of_default",
    "sequences_in",
    "split_commas",
    "split_list",
    "string_literal",
    "string_value",
    "tabs_as_spaces",
    "tokens",
    "unquoted",
    "without_parameters",
    "without_typed_parameters",
]
