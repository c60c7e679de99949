import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import formsets
from services.validation.domain.errors import MalformedExpression
from services.validation.domain.grammar import parse
from services.validation.domain.json_form import from_json, to_json
from services.validation.domain.syntax import Cell

SCHEMA = json.loads((Path(formsets.__file__).parent / "expression.schema.json").read_text(encoding="utf-8"))


def expressions() -> list[str]:
    """Every expression of the shipped packages."""
    found = []
    for version in formsets.available():
        form_set = formsets.load(version)
        found += [control.expression for control in form_set.controls if control.expression]
        found += [line.formula for form in form_set.forms for line in form.lines if line.formula]
        found += [text for form in form_set.forms for text in form.derived_columns.values()]
    return sorted(set(found))


def test_every_shipped_expression_comes_back_the_same_and_follows_the_schema() -> None:
    validator = Draft202012Validator(SCHEMA)
    for expression in expressions():
        written = json.loads(json.dumps(to_json(parse(expression))))

        assert from_json(written) == parse(expression)
        if len(expression) < 200:
            validator.validate(written)


def test_the_form_is_plain() -> None:
    assert to_json(parse("BA.010.brut-2*amort <= 0.10 and not TRUE")) == {
        "and": [
            {
                "compare": "<=",
                "left": {
                    "sum": [
                        {"plus": {"reference": "BA.010.brut"}},
                        {"minus": {"product": [{"times": {"number": "2"}}, {"times": {"column": "amort"}}]}},
                    ]
                },
                "right": {"number": "0.10"},
            },
            {"not": {"boolean": True}},
        ]
    }
    assert to_json(parse("COUNT(BA.010:BA.040, n==PREV(n))"))["arguments"][0] == {"lines": "BA.010:BA.040"}


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        [],
        {},
        {"number": 5},
        {"number": "-5"},
        {"number": "5+5"},
        {"number": "1e9"},
        {"text": 'a"b'},
        {"boolean": 1},
        {"reference": "BA.900+1"},
        {"reference": "BA.*"},
        {"column": "__class__"},
        {"column": "BA.900"},
        {"lines": "BA.010"},
        {"sum": []},
        {"sum": [{"plus": {"number": "1"}, "minus": {"number": "1"}}]},
        {"sum": [{"times": {"number": "1"}}]},
        {"product": [{"over": {"number": "1"}}]},
        {"compare": "in", "left": {"number": "1"}, "right": {"number": "1"}},
        {"and": []},
        {"or": {}},
        {"call": "open", "arguments": []},
        {"call": "__IMPORT__", "arguments": [{"text": "os"}, 5]},
        {"call": "ABS", "arguments": {}},
        {"not": {"number": "1"}, "and": []},
    ],
)
def test_what_is_not_an_expression_is_refused(value: Any) -> None:
    with pytest.raises(MalformedExpression):
        from_json(value)


def test_a_deep_or_large_form_is_refused() -> None:
    deep: dict[str, Any] = {"boolean": True}
    for _ in range(100):
        deep = {"not": deep}
    for value in (deep, {"and": [{"boolean": True}] * 3_000}):
        with pytest.raises(MalformedExpression, match="too large or too deep"):
            from_json(value)


def test_a_bound_expression_has_no_json_form() -> None:
    with pytest.raises(TypeError):
        to_json(Cell("BA.010.brut"))
