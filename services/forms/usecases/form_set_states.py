"""Lists the form sets of this server with their state, and moves one in its life."""

from chassis.clock import Clock
from chassis.identity import EVERY_SCOPE, Caller
from services.forms.domain.form_set_life import FormSetState, FormSetStatus, require_move
from services.forms.usecases.ports import FormSets, OpensWork
from services.forms.usecases.publish_form_set import MANAGE, load_known


class ListFormSets:
    """Lists what is shipped, oldest first."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets) -> None:
        self._open_work, self._form_sets = open_work, form_sets

    async def __call__(self, caller: Caller) -> list[FormSetStatus]:
        """Return each version with its state.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        async with self._open_work() as work:
            return [
                FormSetStatus(version, await work.form_set_states.declared(version), await work.campaigns.uses(version))
                for version in self._form_sets.available()
            ]


class SetFormSetState:
    """Only a published form set may be taken by a campaign; a campaign that has it keeps it once it is closed."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._form_sets, self._clock = open_work, form_sets, clock

    async def __call__(self, caller: Caller, version: str, state: FormSetState) -> None:
        """Move a form set; it may be there already.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            CampaignMalformed: this server does not have that form set.
            FormSetStateRefused: no such move, or a campaign uses it.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        load_known(self._form_sets, version)
        async with self._open_work() as work:
            now = await work.form_set_states.get(version)
            is_used = await work.campaigns.uses(version)
            require_move(now, state, is_used=is_used)
            await work.form_set_states.save(version, state, caller.name, self._clock.now())
            await work.commit()
