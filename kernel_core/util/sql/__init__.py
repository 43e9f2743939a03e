"""SQL as text: one lexer for all databases, one normal form of an expression, and what is told from tokens.

``dialect`` is everywhere a SQLAlchemy dialect or a database's name; unknown ones are read by the SQL standard.
"""

from .expression import expression_fault, is_enclosed, names_column, renamed_in, tabs_as_spaces
from .grammar import Grammar, grammar_of
from .lexer import Body, Token, body, closing, lex, mentions, split_commas, split_list, tokens
from .literal import string_literal, string_value
from .normal import normal_sql

__all__ = [
    "Body",
    "Grammar",
    "Token",
    "body",
    "closing",
    "expression_fault",
    "grammar_of",
    "is_enclosed",
    "lex",
    "mentions",
    "names_column",
    "normal_sql",
    "renamed_in",
    "split_commas",
    "split_list",
    "string_literal",
    "string_value",
    "tabs_as_spaces",
    "tokens",
]
