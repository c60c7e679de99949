"""What a change reported by the forms service does to the facts held here, decided without I/O.

Forms does not know causality: it says what was typed and when. What its author could have had before their eyes is what
this server had *told* forms by then. A version that forms had not been told of is never overwritten: the change stands
beside it and the body chooses.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chassis.errors import Failure
from services.sync.domain.concept import Catalogue, Nature
from services.sync.domain.fact import Edit, Fact, FactKey, OtherValue, Outcome, SharedFact, Source, Writer
from services.sync.domain.hlc import HybridTime
from services.sync.domain.version_vector import VersionVector


@dataclass(frozen=True, slots=True)
class ReportedChange:
    """A change made in a filing of this server."""

    concept: str
    value: str | None
    source: Source
    author: str
    changed_at: datetime
    other: OtherValue | None = None
    """What stands beside it, when this puts a value back that was in conflict: the choice between the two is taken back."""


@dataclass(frozen=True, slots=True)
class Telling:
    """The forms service has acknowledged the fact as it stood in ``context``."""

    concept: str
    context: VersionVector
    told_at: datetime


@dataclass(slots=True)
class Publication:
    """The facts of one body and year while a report is worked through."""

    siren: str
    year: int
    writer: Writer
    catalogue: Catalogue
    facts: dict[str, SharedFact]
    tellings: Sequence[Telling]
    now: HybridTime
    written: list[Fact] = field(default_factory=list)
    """New versions, to be sent to the entitled peers."""
    to_tell: dict[str, str] = field(default_factory=dict)
    """Concept → why forms must hear how the fact stands: a conflict, or a refusal."""

    def take(self, changes: Iterable[ReportedChange]) -> None:
        """Work through ordinary changes; one that is refused leaves the others alone."""
        changes = list(changes)
        if changes and self.writer.is_ministry and any(fact.sealed for fact in self.facts.values()):
            # Forms lets nobody edit a signed ER: a change after the seal means that it was reopened.
            self._reopen(changes[0].author)
        for change in changes:
            self._take(change)

    def seal(self, changes: Iterable[ReportedChange]) -> None:
        """Freeze the values that were signed, and with them every fact that the report does not name."""
        if not self.writer.is_ministry:
            self.take(changes)
            return
        named = list(changes)
        for change in named:
            if change.concept not in self.catalogue:
                self.to_tell[change.concept] = "UNKNOWN_CONCEPT"
                continue
            fact = self._fact(change.concept)
            is_as_held = fact.current is not None and fact.current.value == change.value
            base = None if is_as_held and not fact.is_conflict else self._base(fact, change)
            self._seal(fact, Edit(change.value, change.source, change.author, base))
        author = named[0].author if named else "forms"
        for concept in sorted(set(self.facts) - {change.concept for change in named}):
            current = self.facts[concept].current
            if current is not None:
                self._seal(self.facts[concept], Edit(current.value, current.source, author, current.vector))

    def _take(self, change: ReportedChange) -> None:
        concept = self.catalogue.get(change.concept)
        if concept is None:
            self.to_tell[change.concept] = "UNKNOWN_CONCEPT"
            return
        fact = self._fact(change.concept)
        is_ours_alone = concept.nature is Nature.COMPUTED and self.writer.is_ministry
        base = None if is_ours_alone else self._base(fact, change)
        edit = Edit(change.value, change.source, change.author, base)
        try:
            if change.other is None or fact.is_conflict:
                after, outcome = fact.changed(edit, concept=concept, writer=self.writer, now=self.now)
            else:
                after, outcome = fact.taken_back(edit, change.other, concept=concept, writer=self.writer, now=self.now)
        except Failure as failure:
            self.to_tell[change.concept] = failure.code
            return
        self._keep(fact, after)
        if outcome is Outcome.CONFLICT or fact.is_conflict:
            # Forms shows the conflict until it hears that the change ended it.
            self.to_tell[change.concept] = "CONFLICT"

    def _base(self, fact: SharedFact, change: ReportedChange) -> VersionVector:
        """Return what the author can have seen: our own versions, and what forms had been told by then."""
        base = VersionVector()
        for version in fact.versions:
            if version.writer == self.writer.server:
                base = base.join(version.vector)
        told = [t for t in self.tellings if t.concept == change.concept and t.told_at <= change.changed_at]
        for telling in told:
            base = base.join(telling.context)
        if fact.is_conflict and (change.source is Source.IMPORTED or change.other is not None):
            # A file does not choose between two people, nor who takes a change back: they only replace what was ours.
            own = [version.vector for version in fact.versions if version.holder == self.writer.server]
            base = own[-1] if own else VersionVector()
        return base

    def _seal(self, fact: SharedFact, edit: Edit) -> None:
        after, outcome = fact.sealed_as(edit, writer=self.writer, now=self.now)
        self._keep(fact, after)
        if outcome is Outcome.CONFLICT:
            self.to_tell[fact.key.concept] = "CONFLICT"

    def _reopen(self, author: str) -> None:
        for fact in list(self.facts.values()):
            after, _ = fact.reopened(author=author, writer=self.writer, now=self.now)
            self._keep(fact, after)

    def _fact(self, concept: str) -> SharedFact:
        return self.facts.get(concept) or SharedFact(FactKey(self.siren, self.year, concept))

    def _keep(self, before: SharedFact, after: SharedFact) -> None:
        self.facts[after.key.concept] = after
        self.written += [version for version in after.versions if version not in before.versions]


def latest_tellings(tellings: Iterable[Telling]) -> Mapping[str, VersionVector]:
    """Return, for each concept, the whole of what forms has been told."""
    known: dict[str, VersionVector] = {}
    for telling in tellings:
        known[telling.concept] = known.get(telling.concept, VersionVector()).join(telling.context)
    return known
