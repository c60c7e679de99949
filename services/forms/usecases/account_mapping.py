"""Shows and saves how the accounts of a body fill its filings."""

from dataclasses import dataclass

from chassis.clock import Clock
from chassis.errors import Invalid, Violation
from chassis.identity import Caller
from formsets import FormSet, UnknownFormSet
from services.forms.domain.accounts import AccountMapping, MappedPrefix, prefixes_of, require_sound
from services.forms.usecases.permitting import require_on_body
from services.forms.usecases.ports import FormSets, OpensWork


@dataclass(frozen=True, slots=True)
class MappingInForce:
    """Every prefix in force for one accounting package of a body, and the packages it has a mapping for."""

    prefixes: list[MappedPrefix]
    packages: list[str]


class GetAccountMapping:
    """Returns what the form set says and what the body saved over it."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets) -> None:
        self._open_work, self._form_sets = open_work, form_sets

    async def __call__(self, caller: Caller, siren: str, form_set: str, package: str) -> MappingInForce:
        """Return the mapping in force.

        Raises:
            BodyUnknown: the caller does not read this body.
            Invalid: no such form set.
        """
        require_on_body(caller, "filing.import", siren)
        loaded = _loaded(self._form_sets, form_set)
        async with self._open_work() as work:
            saved = await work.mappings.find(siren, form_set, package)
            packages = await work.mappings.packages(siren)
        return MappingInForce(prefixes_of(loaded, saved.fitting(loaded) if saved else ()), packages)


class SaveAccountMapping:
    """Replaces what the body saved for one accounting package; saving the same again changes nothing."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._form_sets, self._clock = open_work, form_sets, clock

    async def __call__(
        self, caller: Caller, siren: str, form_set: str, package: str, prefixes: list[MappedPrefix]
    ) -> list[MappedPrefix]:
        """Save, and return every prefix in force.

        Raises:
            BodyUnknown: the caller does not read this body.
            Invalid: no such form set, or a rule that could not be applied.
        """
        require_on_body(caller, "filing.import", siren)
        loaded = _loaded(self._form_sets, form_set)
        require_sound(loaded, package, prefixes)
        mapping = AccountMapping(siren, form_set, package, tuple(prefixes), caller.name, self._clock.now())
        async with self._open_work() as work:
            await work.mappings.save(mapping)
            await work.commit()
        return prefixes_of(loaded, prefixes)


def _loaded(form_sets: FormSets, version: str) -> FormSet:
    try:
        return form_sets.load(version)
    except UnknownFormSet:
        raise Invalid(violations=[Violation("form_set", "Référentiel inconnu.", "FORM_SET_UNKNOWN")]) from None
