"""Text to tree: the tokenizer and the recursive-descent parser of the rule language.

The grammar is in `docs/rule-language.md`. Limits keep a hostile or mistaken expression from costing anything.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from services.validation.domain.errors import MalformedExpression
from services.validation.domain.syntax import (
    And,
    Boolean,
    Call,
    Column,
    Comparison,
    FormLines,
    Node,
    Not,
    Number,
    Or,
    Product,
    Reference,
    Sum,
    Text,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an expression may cost."""

    length: int = 4_000
    """Characters."""
    depth: int = 64
    """Operators and functions inside each other."""
    nodes: int = 2_000


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
      (?P<lines>[A-Z]{2}\.\*|[A-Z]{2}\.[0-9]{3}:[A-Z]{2}\.[0-9]{3}(?![A-Za-z0-9_.]))
    | (?P<reference>[A-Z]{2}\.[0-9]{3}(?:\.[a-z][a-z0-9]*)?(?![A-Za-z0-9_.]))
    | (?P<number>[0-9]{1,30}(?:\.[0-9]{1,30})?(?![A-Za-z0-9_.]))
    | (?P<text>"[^"\n]*")
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>==|!=|<=|>=|[-+*/<>(),])
    )""",
    re.VERBOSE,
)
_COLUMN = re.compile(r"[a-z][a-z0-9]*")
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_OPERATOR_WORDS = frozenset({"and", "or", "not"})
_OPERATOR_NAMES = frozenset({"AND", "OR", "NOT", "SUM"})
"""Functions that are operators too, and give the same nodes."""


def parse(text: str, limits: Limits | None = None) -> Node:
    """The tree of an expression, references not yet resolved.

    Raises:
        MalformedExpression: the text is not in the language, or exceeds a limit; the message gives the position.
    """
    limits = limits or Limits()
    if len(text) > limits.length:
        raise MalformedExpression(f"The expression has {len(text)} characters; {limits.length} are allowed.")
    return _Parser(text, limits).whole()


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    end = len(text.rstrip(" \t\r\n"))
    while position < end:
        found = _TOKEN.match(text, position)
        if not found or found.lastgroup is None:
            raise MalformedExpression(
                f"Unexpected character at position {position}: {text[position : position + 20]!r}."
            )
        tokens.append(_Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
        position = found.end()
    tokens.append(_Token("end", "", end))
    return tokens


class _Parser:
    """One pass over the tokens of one expression."""

    def __init__(self, text: str, limits: Limits) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._limits = limits
        self._nodes = 0
        self._depth = 0

    def whole(self) -> Node:
        """The expression, up to the end of the text."""
        node = self._nested(self._disjunction)
        if self._now.kind != "end":
            self._fail(f"unexpected {self._now.text!r}")
        return node

    @property
    def _now(self) -> _Token:
        return self._tokens[self._at]

    def _fail(self, why: str) -> NoReturn:
        raise MalformedExpression(f"At position {self._now.position}: {why}.")

    def _taken(self, *texts: str) -> str | None:
        """The current token's text, consumed, when it is one of these signs or operator words."""
        token = self._now
        if token.text in texts and token.kind in {"sign", "word"}:
            self._at += 1
            return token.text
        return None

    def _expect(self, text: str) -> None:
        if not self._taken(text):
            self._fail(f"{text!r} expected")

    def _counted(self, node: Node) -> Node:
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            self._fail(f"more than {self._limits.nodes} nodes")
        return node

    def _nested(self, rule: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > self._limits.depth:
            self._fail(f"nested more than {self._limits.depth} deep")
        node = rule()
        self._depth -= 1
        return node

    def _disjunction(self) -> Node:
        operands = [self._conjunction()]
        while self._taken("or"):
            operands.append(self._conjunction())
        return operands[0] if len(operands) == 1 else self._counted(Or(tuple(operands)))

    def _conjunction(self) -> Node:
        operands = [self._negation()]
        while self._taken("and"):
            operands.append(self._negation())
        return operands[0] if len(operands) == 1 else self._counted(And(tuple(operands)))

    def _negation(self) -> Node:
        if self._taken("not"):
            return self._counted(Not(self._nested(self._negation)))
        return self._comparison()

    def _comparison(self) -> Node:
        left = self._sum()
        sign = self._taken(*_COMPARISONS)
        if not sign:
            return left
        node = self._counted(Comparison(sign, left, self._sum()))  # type: ignore[arg-type]  # one of _COMPARISONS
        if self._now.text in _COMPARISONS:
            self._fail("comparisons do not chain; use BETWEEN or 'and'")
        return node

    def _sum(self) -> Node:
        terms = [(False, self._product())]
        while sign := self._taken("+", "-"):
            terms.append((sign == "-", self._product()))
        return terms[0][1] if len(terms) == 1 else self._counted(Sum(tuple(terms)))

    def _product(self) -> Node:
        factors = [(False, self._factor())]
        while sign := self._taken("*", "/"):
            factors.append((sign == "/", self._factor()))
        return factors[0][1] if len(factors) == 1 else self._counted(Product(tuple(factors)))

    def _factor(self) -> Node:
        if self._taken("-"):
            return self._counted(Sum(((True, self._nested(self._factor)),)))
        return self._primary()

    def _primary(self) -> Node:
        token = self._now
        if self._taken("("):
            node = self._nested(self._disjunction)
            self._expect(")")
            return node
        if token.kind in {"end", "sign"} or token.text in _OPERATOR_WORDS:
            self._fail("a value is expected" if token.kind == "end" else f"unexpected {token.text!r}")
        self._at += 1
        return self._counted(self._operand(token))

    def _operand(self, token: _Token) -> Node:
        match token.kind:
            case "number":
                return Number(Decimal(token.text))
            case "text":
                return Text(token.text[1:-1])
            case "reference":
                return Reference(token.text[:6], token.text[7:] or None)
            case "lines":
                first, _, last = token.text.partition(":")
                return FormLines(first[:2], first, last) if last else FormLines(first[:2])
            case _:
                return self._word(token.text)

    def _word(self, word: str) -> Node:
        if self._taken("("):
            return self._call(word)
        if word in {"TRUE", "FALSE"}:
            return Boolean(word == "TRUE")
        if not _COLUMN.fullmatch(word):
            self._fail(f"unknown word {word!r}")
        return Column(word)

    def _call(self, name: str) -> Node:
        arguments: list[Node] = []
        if not self._taken(")"):
            arguments.append(self._nested(self._disjunction))
            while self._taken(","):
                arguments.append(self._nested(self._disjunction))
            self._expect(")")
        if name in _OPERATOR_NAMES and (not arguments or (name == "NOT" and len(arguments) > 1)):
            self._fail(f"{name} does not take {len(arguments)} operand(s)")
        match name:
            case "AND":
                return And(tuple(arguments))
            case "OR":
                return Or(tuple(arguments))
            case "NOT":
                return Not(arguments[0])
            case "SUM" if not isinstance(arguments[0], FormLines):
                return Sum(tuple((False, argument) for argument in arguments))
            case _:
                return Call(name, tuple(arguments))
