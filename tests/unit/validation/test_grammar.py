import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.validation.domain.errors import MalformedExpression
from services.validation.domain.grammar import Limits, parse
from services.validation.domain.syntax import (
    And,
    Call,
    Column,
    Comparison,
    FormLines,
    Not,
    Number,
    Or,
    Product,
    Reference,
    Sum,
    Text,
)


def test_a_reference_may_have_a_column() -> None:
    assert parse("BA.900") == Reference("BA.900", None)
    assert parse("BA.900.n1") == Reference("BA.900", "n1")


def test_products_bind_tighter_than_sums() -> None:
    assert parse("1+2*3") == Sum(
        ((False, Number(Decimal(1))), (False, Product(((False, Number(Decimal(2))), (False, Number(Decimal(3)))))))
    )


def test_sums_are_flat_and_keep_their_signs() -> None:
    tree = parse("AA.010-AA.020+AA.030")

    assert isinstance(tree, Sum)
    assert [subtracted for subtracted, _ in tree.terms] == [False, True, False]


def test_division_is_left_to_right() -> None:
    tree = parse("8/4/2")

    assert isinstance(tree, Product)
    assert [divided for divided, _ in tree.factors] == [False, True, True]


def test_logical_words_and_functions_give_the_same_nodes() -> None:
    assert parse("TRUE and FALSE") == parse("AND(TRUE,FALSE)")
    assert parse("TRUE or FALSE") == parse("OR(TRUE, FALSE)")
    assert parse("not TRUE") == parse("NOT(TRUE)")
    assert isinstance(parse("TRUE or FALSE and TRUE"), Or)
    assert isinstance(parse("TRUE and not FALSE"), And)
    assert isinstance(parse("not 1<2"), Not)


def test_for_all_takes_a_form_and_bare_columns() -> None:
    tree = parse("FORALL(BA.*, amort<=brut)")

    assert tree == Call("FORALL", (FormLines("BA"), Comparison("<=", Column("amort"), Column("brut"))))


def test_a_quoted_text_is_taken_as_it_is() -> None:
    assert parse(r'REGEX(ID.120,"[^@ ]+@\d")') == Call("REGEX", (Reference("ID.120", None), Text(r"[^@ ]+@\d")))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1+",
        "(1",
        "1)",
        "1 2",
        "1<2<3",
        "BA.9",
        "BA.900.",
        "BA.900.net.x",
        "ba.900",
        "1.2.3",
        "1e5",
        '"open',
        "FOO",
        "a.b",
        "x[0]",
        "lambda: 1",
        "__import__('os')",
        "1;2",
        "é",
        "and",
        "AND()",
        "NOT(TRUE,FALSE)",
        "IF(",
        "EQ(1,,2)",
        "\x00",
    ],
)
def test_what_is_not_in_the_language_is_refused(text: str) -> None:
    with pytest.raises(MalformedExpression):
        parse(text)


def test_an_expression_may_not_be_too_long_too_deep_or_too_big() -> None:
    with pytest.raises(MalformedExpression, match="characters"):
        parse("1" + "+1" * 2_000)
    with pytest.raises(MalformedExpression, match="deep"):
        parse("(" * 65 + "1" + ")" * 65)
    with pytest.raises(MalformedExpression, match="deep"):
        parse("-" * 65 + "1")
    with pytest.raises(MalformedExpression, match="nodes"):
        parse("+".join(["1"] * 1_999), Limits(length=10_000, nodes=1_000))


def test_a_sum_of_ten_thousand_terms_is_one_node_deep() -> None:
    tree = parse("+".join(["AA.010"] * 10_000), Limits(length=100_000, nodes=20_000))

    assert isinstance(tree, Sum)
    assert len(tree.terms) == 10_000


@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused_by_name(text: str) -> None:
    with contextlib.suppress(MalformedExpression):
        parse(text)


@given(
    st.lists(
        st.sampled_from(["1", "AA.010", "+", "-", "*", "(", ")", "<", "and", "not", "AND(", ",", '"x"']), max_size=25
    )
)
def test_any_sequence_of_tokens_parses_or_is_refused_by_name(tokens: list[str]) -> None:
    with contextlib.suppress(MalformedExpression):
        parse(" ".join(tokens))
