"""The wording of forms and lines, from the questionnaire packages shipped with the product."""

from collections.abc import Mapping

import formsets


class PackagedLabels:
    """The ``Labels`` port over ``formsets``."""

    def of(self, version: str, digest: str) -> Mapping[str, str]:
        """Return code → wording; empty when the package at hand is not the very one that was filled."""
        try:
            form_set = formsets.load(version)
        except (formsets.UnknownFormSet, formsets.FormSetCorrupt):
            return {}
        if form_set.digest.rpartition(":")[2] != digest.rpartition(":")[2]:
            return {}
        lines = {line.code: line.label for form in form_set.forms for line in form.lines}
        return {form.code: form.title for form in form_set.forms} | lines
