"""Failures of the validation service, by name."""

from chassis.errors import Invalid


class MalformedExpression(Invalid):
    """An expression is not in the rule language, is ill-typed, or exceeds a limit of the language."""

    reason = "MALFORMED_EXPRESSION"


class CyclicFormulas(Invalid):
    """Formulas depend on each other in a circle, so no order computes them."""

    reason = "CYCLIC_FORMULAS"
