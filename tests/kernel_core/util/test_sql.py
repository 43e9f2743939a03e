"""The lexer of SQL, the normal form, and the check for a single expression."""

from __future__ import annotations

import pytest
from any_text import any_text
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_core.util.sql import (
    body,
    expression_fault,
    grammar_of,
    lex,
    normal_sql,
    renamed_in,
    split_list,
    string_literal,
    string_value,
    tokens,
)

DIALECTS = ["sqlite", "postgresql", "mysql", "mssql", "oracle", "firebird"]
PIECES = [
    *"""'"`[](){},;:.$@#!?\\ \t\n""",
    "--",
    "/*",
    "*/",
    "a",
    "B1",
    "E",
    "U&",
    "N",
    "q'",
    "1",
    "2.5e3",
    ".5",
    "::",
    "->>",
]
PIECES += [
    "<=",
    "||",
    "$$",
    "$x$",
    "&",
    "''",
    "AND",
    "not",
    "between",
    "case",
    "end",
    "in",
    "is",
    "cast(",
    " as ",
    "é",
    "\0",
]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), st.sampled_from(DIALECTS))
@settings(max_examples=settings.default.max_examples * 3, deadline=None)
def test_the_joined_tokens_are_the_text(sql: str, dialect: str) -> None:
    assert "".join(token.text for token in lex(sql, dialect)) == sql
    for token in tokens(sql, dialect):
        assert sql[token.start : token.end] == token.text


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), st.sampled_from(DIALECTS))
@settings(max_examples=settings.default.max_examples * 3, deadline=None)
def test_the_normal_form_of_any_text_is_its_own_normal_form(sql: str, dialect: str) -> None:
    once = normal_sql(sql, dialect)
    assert normal_sql(once, dialect) == once


@given(any_text(max_size=20), st.sampled_from(DIALECTS))
@settings(max_examples=settings.default.max_examples * 2, deadline=None)
def test_the_value_of_a_literal_is_the_string(value: str, dialect: str) -> None:
    grammar = grammar_of(dialect)
    literal = string_literal(value, grammar)
    assert [token.text for token in lex(literal, grammar)] == [literal]
    assert string_value(literal, grammar) == value


KINDS = [
    ("sqlite", """x'0f' "a""b" `c` [d e] 'it''s' --z""", "text name name name text"),
    ("postgresql", """E'a\\'b' $q$ $$ ' $q$ U&"d\\0061t" /* /* ' */ " */ $1 a->>'b'""", "text text name word word operator text"),
    ("postgresql", "a$b$ 1$$x$$", "word number sign sign word sign sign"),
    ("mysql", """'it\\'s' "x\\"y" `a``b` # "\n5--1""", "text text name number operator operator number"),
    ("mssql", "[a]]b] N'x' @p #t /* /* */ */ 1", "name text word word number"),
    ("oracle", """q'[it's]' nq'!a'b!' "X" """, "text text name"),
    ("postgresql", "a=-1 b<>-2 c@>-d", "word operator operator number word operator operator number word operator word"),
    ("postgresql", "e::int[] f!~~'x'", "word operator word sign sign word operator text"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "sql", "kinds"), KINDS)
def test_each_database_has_its_own_quotes_comments_and_operators(dialect: str, sql: str, kinds: str) -> None:
    found = [token.kind for token in tokens(sql, dialect)]
    if sql.startswith("a$b$"):  # $$ after a digit opens no text
        assert found[:2] == ["word", "number"]
        return
    assert found == kinds.split()


SAME = [
    ("sqlite", "((x > 0) AND (x < 100))", "x > 0 AND x < 100"),
    ("sqlite", "x IS NOT NULL\n and [X]>0 -- why", '"x" is not null AND x > 0'),
    ("sqlite", "(a) == b", "a = b"),
    ("sqlite", "a AND (b AND (c))", "(a AND b) AND c"),
    ("sqlite", "(a || b) || c", "a || b || c"),
    ("sqlite", "NOT (a = 1)", "NOT a = 1"),
    ("postgresql", "CAST(a AS VARCHAR(10))", "(a)::character varying(10)"),
    ("postgresql", "(id::text)", "CAST(id AS text)"),
    ("postgresql", '("age" <> 1)', "Age != 1"),
    ("postgresql", "E'it\\'s'", "$$it's$$"),
    ("postgresql", "(a -> 'b') ->> 'c'", "a->'b'->>'c'"),
    ("postgresql", "x BETWEEN (1) AND (2) AND y", "(x between 1 and 2) and y"),
    ("postgresql", "(CASE WHEN (a > 1) THEN (1) ELSE (2) END)", "case when a > 1 then 1 else 2 end"),
    ("postgresql", "(a NOT IN (1, 2)) OR (b IS NULL)", "a not in (1,2) or b is null"),
    ("postgresql", "(a * b) + c", "a * b + c"),
    ("mysql", "`a` = 'it\\'s'", 'A = "it\'s"'),
    ("mysql", "(a AND b) OR c", "a AND b OR c"),
    ("mssql", "[a] > 1", '"a" > 1'),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "one", "two"), SAME)
def test_differences_without_meaning_are_ignored(dialect: str, one: str, two: str) -> None:
    assert normal_sql(one, dialect) == normal_sql(two, dialect)


UNLIKE = [
    ("postgresql", "(a + b) * c", "a + b * c"),
    ("postgresql", "a - (b - c)", "a - b - c"),
    ("postgresql", "a / (b * c)", "a / b * c"),
    ("postgresql", "(a OR b) AND c", "a OR b AND c"),
    ("postgresql", "NOT (a AND b)", "NOT a AND b"),
    ("postgresql", "(NOT a) = b", "NOT a = b"),
    ("postgresql", "(a = b) = c", "a = (b = c)"),
    ("postgresql", "(-1)::int", "-1::int"),
    ("postgresql", '(a || b) COLLATE "C"', 'a || b COLLATE "C"'),
    ("postgresql", "(a OR b) IS NULL", "a OR b IS NULL"),
    ("postgresql", "a = 'X'", "a = 'x'"),
    ("postgresql", '"Age" > 1', "age > 1"),
    ("postgresql", '"user" = a', "user = a"),
    ("postgresql", "'1'", "1"),
    ("postgresql", "a::text", "a::int"),
    ("postgresql", "(a).b", "a.b"),
    ("postgresql", "a && (b || c)", "(a && b) || c"),
    ("postgresql", "2 ^ (3 ^ 2)", "(2 ^ 3) ^ 2"),
    ("postgresql", "x BETWEEN 1 AND (2 AND y)", "x BETWEEN 1 AND 2 AND y"),
    ("postgresql", "((1, 2))", "1, 2"),
    ("sqlite", "x IN (1)", "x IN ((SELECT 1))"),
    ("sqlite", "a || (b + c)", "a || b + c"),
    ("sqlite", "-(a || b)", "-a || b"),
    ("sqlite", "(a & b) = c", "a & (b = c)"),
    ("sqlite", "a < (b = c)", "a < b = c"),
    ("mysql", "a || (b = c)", "a || b = c"),
    ("mysql", "a ^ (b * c)", "a ^ b * c"),
    ("mysql", "(a XOR b) AND c", "a XOR b AND c"),
    ("mysql", "'a\\\\b'", "'ab'"),
    ("mysql", "a = 'it\\'s (x)'", "a = 'it\\'s x'"),
    ("mssql", "a | (b & c)", "(a | b) & c"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "one", "two"), UNLIKE)
def test_differences_with_a_meaning_are_kept(dialect: str, one: str, two: str) -> None:
    assert normal_sql(one, dialect) != normal_sql(two, dialect)


def _conditions(operators: list[str], prefixes: list[str]) -> st.SearchStrategy[str]:
    leaves = st.sampled_from(
        ["a", "b", "1", "'X'", "f(a, b)", "(a IS NULL)", "(a IN (1, b))", "CASE WHEN a THEN b END"]
    )

    def joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        grouped = st.one_of(inner, inner.map(lambda words: f"({words})"))
        pair = st.tuples(grouped, st.sampled_from(operators), grouped).map(" ".join)
        prefixed = st.tuples(st.sampled_from(prefixes), grouped).map(" ".join)
        between = st.tuples(grouped, grouped, grouped).map(lambda x: f"({x[0]}) BETWEEN ({x[1]}) AND ({x[2]})")
        return st.one_of(pair, pair, prefixed, between)

    return st.recursive(leaves, joined, max_leaves=8)


ORACLES = {
    "sqlite": _conditions(["+", "-", "*", "/", "||", "=", "AND", "OR", "&"], ["NOT", "-"]),
    "postgres": _conditions(["+", "-", "*", "/", "AND", "OR"], ["NOT", "-"]),
    "mysql": _conditions(["+", "-", "*", "/", "AND", "OR", "="], ["NOT", "-"]),
}


@pytest.mark.parametrize("oracle", ORACLES)
def test_another_parser_has_the_same_tree_without_the_dropped_parentheses(oracle: str) -> None:
    sqlglot = pytest.importorskip("sqlglot")

    @given(ORACLES[oracle])
    @settings(max_examples=settings.default.max_examples * 3 // 5, deadline=None)
    def check(sql: str) -> None:
        dialect = {"postgres": "postgresql"}.get(oracle, oracle)
        try:
            one = sqlglot.parse_one(sql, read=oracle)
        except sqlglot.errors.ParseError:  # what the database would not take either
            return
        two = sqlglot.parse_one(normal_sql(sql, dialect), read=oracle)
        assert _tree(one) == _tree(two), normal_sql(sql, dialect)

    check()


def _tree(node) -> object:  # type: ignore[no-untyped-def]
    """Return a tree without its parentheses, in which a chain of AND or of OR is flat."""
    from sqlglot import exp

    if isinstance(node, exp.Paren):
        return _tree(node.this)
    if isinstance(node, (exp.And, exp.Or)):
        kind = type(node)
        parts: list[object] = []
        for side in (node.left, node.right):
            bare = side.unnest()
            tree = _tree(bare)
            parts += tree[1] if isinstance(bare, kind) else [tree]  # type: ignore[index]
        return kind.__name__, parts
    if isinstance(node, exp.Column):
        return node.name.lower()
    children = [_tree(child) for child in node.iter_expressions()]
    return (
        type(node).__name__,
        node.name.lower()
        if not children and not isinstance(node, exp.Literal)
        else str(node.args.get("this") if not children else ""),
        children,
    )


FAULTS = [
    ("postgresql", "ARRAY[1, 2]", ""),
    ("postgresql", "array[[1,2],[3,4]]", ""),
    ("postgresql", "(ARRAY[1, 2])[1]", ""),
    ("postgresql", "'{}'::jsonb", ""),
    ("postgresql", "E'a,b\\'c'", ""),
    ("postgresql", "$$a, b;$$", ""),
    ("postgresql", "1, 2", "a comma"),
    ("postgresql", "(1, 2]", "parentheses do not match"),
    ("postgresql", "a)", "parentheses do not match"),
    ("postgresql", "(a", "parentheses do not match"),
    ("postgresql", "a; DROP TABLE b", "a semicolon"),
    ("postgresql", "'a", "a quote is not closed"),
    ("postgresql", "a -- b", "a comment"),
    ("mysql", "'it\\'", "a quote is not closed"),
    ("mysql", "'it\\'s'", ""),
    ("mysql", "`a", "a quote is not closed"),
    ("mssql", "1 DROP TABLE b", "DROP begins another statement"),
    ("sqlite", "(1), (2)", "a comma"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "sql", "fault"), FAULTS)
def test_sql_that_is_not_one_expression_has_a_fault(dialect: str, sql: str, fault: str) -> None:
    assert expression_fault(sql, dialect, alone=True).startswith(fault)
    assert bool(expression_fault(sql, dialect, alone=True)) is bool(fault)


def test_a_list_is_split_at_its_own_commas() -> None:
    assert split_list("a, f(b, c), ARRAY[1, 2], 'x,y', \"d,e\"", "postgresql") == [
        "a",
        "f(b, c)",
        "ARRAY[1, 2]",
        "'x,y'",
        '"d,e"',
    ]
    head, items, tail = body("CREATE TABLE `a(b` (`c` int DEFAULT '\\'),', KEY (`c`)) ENGINE=x", "mariadb")
    assert (head, items, tail) == ("CREATE TABLE `a(b` (", ["`c` int DEFAULT '\\'),'", " KEY (`c`)"], " ENGINE=x")


RENAMED = [
    ("postgresql", "age > 1 AND age(born) <> 'age' AND \"age\" < 9", "years > 1 AND age(born) <> 'age' AND \"years\" < 9"),
    ("postgresql", '"Age" > age AND AGE < 1', '"Age" > years AND years < 1'),
    ("mysql", "`Age` > 'it\\'s age' OR age", "`years` > 'it\\'s age' OR years"),
    ("sqlite", "[age] > x.age AND aged", '"years" > x.years AND aged'),
    ("postgresql", "a::age = age", "a::age = years"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "sql", "after"), RENAMED)
def test_a_column_is_renamed_and_nothing_else(dialect: str, sql: str, after: str) -> None:
    assert renamed_in(sql, "age", "years", dialect) == after
