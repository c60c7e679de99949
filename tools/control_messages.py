"""The three parts of a control's message (what, where, how to fix) in French and English, from its expression.

What is official in French and hand-written in English (`formsets/source/messages.json`); where and how are generated from
the expression, unless the same file has a sentence that says it better. A control without an expression has its own.
"""

from collections.abc import Mapping
from typing import Any

from formsets.consequences import CONSEQUENCES
from services.validation.domain.grammar import parse
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
    children,
)

_SIGNS = {"==": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}


def message(control: Mapping[str, Any], written: Mapping[str, str], labels: Mapping[str, str]) -> dict[str, Any]:
    """The official sentence and its three parts in both languages.

    Args:
        control: the control as in domain.json.
        written: its hand-written sentences: `what_en`, and where they exist `where_…`, `how_…`, and `consequence_…` of one
            that asks for something else than its severity does.
        labels: line code → label.

    Raises:
        ValueError: no place can be told from the expression, and none is written.
    """
    tree = parse(control["expression"]) if control["expression"] else None
    texts = {}
    for index, language in enumerate(("fr", "en")):
        where = written.get(f"where_{language}") or (_where(tree, labels, index) if tree else "")
        if not where:
            raise ValueError(f"{control['id']}: write where it is about, `where_{language}`.")
        how = written.get(f"how_{language}") or (_how(tree, index) if tree else "")
        consequence = written.get(f"consequence_{language}") or CONSEQUENCES[control["severity"]][language]
        texts[language] = {
            "what": control["message"] if language == "fr" else written["what_en"],
            "where": where,
            "how": f"{how} {consequence}",
        }
    return {"message": control["message"], "texts": texts}


def _where(tree: Node, labels: Mapping[str, str], language: int) -> str:
    every = ("toutes les lignes", "every line")[language]
    named = [f"{address} ({every if ':' in address else labels.get(address[:6], every)})" for address in _named(tree)]
    opened, joint = (("Cases : ", " ; "), ("Cells: ", "; "))[language]
    return f"{opened}{joint.join(named)}." if named else ""


def _named(tree: Node) -> list[str]:
    found: dict[str, None] = {}
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call) and node.name == "PREV":
            if isinstance(node.arguments[0], Reference):
                found[f"{_text(node.arguments[0])} N-1"] = None
            continue
        if isinstance(node, Reference):
            found[f"{node.line}.{node.column}" if node.column else node.line] = None
        elif isinstance(node, FormLines):
            found[_lines(node)] = None
        waiting.extend(reversed(children(node)))
    return list(found)


def _how(tree: Node, language: int) -> str:
    """One sentence that says what would make the control pass."""
    match tree:
        case Call("EQ", (left, right, tolerance)):
            allowed = "" if _text(tolerance) == "0" else (" à {} près", " within {}")[language].format(_text(tolerance))
            return ("Rendez égaux {} et {}{}.", "Make {} equal to {}{}.")[language].format(
                _text(left), _text(right), allowed
            )
        case Call("BETWEEN", (value, low, high)):
            return (
                "Vérifiez {} : une valeur entre {} et {} est attendue.",
                "Check {}: a value between {} and {} is expected.",
            )[language].format(_text(value), _text(low), _text(high))
        case Call("IMPLIES", (premise, conclusion)):
            return ("Quand {}, il est attendu : {}.", "When {}, this is expected: {}.")[language].format(
                _condition(premise, language), _condition(conclusion, language)
            )
        case _:
            return ("Il est attendu : {}.", "This is expected: {}.")[language].format(_condition(tree, language))


def _condition(node: Node, language: int) -> str:
    match node:
        case Comparison(sign, left, right):
            return f"{_text(left)} {_SIGNS[sign]} {_text(right)}"
        case And(operands):
            return (" et ", " and ")[language].join(_condition(operand, language) for operand in operands)
        case Or(operands):
            return (" ou ", " or ")[language].join(_condition(operand, language) for operand in operands)
        case Not(Comparison("==", left, right)):
            return _condition(Comparison("!=", left, right), language)
        case Not(operand):
            return f"{_text(operand)} = {('non', 'no')[language]}"
        case _:
            return f"{_text(node)} = {('oui', 'yes')[language]}"


def _text(node: Node) -> str:
    """An expression as people write it."""
    match node:
        case Reference(line, column):
            return f"{line}.{column}" if column else line
        case Column(name):
            return name
        case FormLines():
            return _lines(node)
        case Call("PREV", (cell,)):
            return f"{_text(cell)} (N-1)"
        case Number(value):
            return f"{value:f}"
        case Text(value):
            return value
        case Boolean(value):
            return str(value).upper()
        case Sum(terms):
            parts = [("− " if subtracted else "+ ") + _text(term) for subtracted, term in terms]
            return " ".join(parts).removeprefix("+ ")
        case Product(factors):
            parts = [("÷ " if divided else "× ") + _operand(factor) for divided, factor in factors]
            return " ".join(parts).removeprefix("× ")
        case Call(name, arguments):
            return f"{name}({', '.join(map(_text, arguments))})"
        case _:
            return ", ".join(map(_text, children(node)))


def _lines(node: FormLines) -> str:
    if node.first == node.last:
        return node.first or f"{node.form}.*"
    return f"{node.first}:{node.last}"


def _operand(node: Node) -> str:
    return f"({_text(node)})" if isinstance(node, Sum) else _text(node)
