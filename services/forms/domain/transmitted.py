"""Which of the filings transmitted to the authority an officer looks for."""

from dataclasses import dataclass

from services.forms.domain.filing import Document, Filing, Step
from services.forms.domain.review import ReviewState

ACCENTED, PLAIN = "àâäáãåçéèêëíìîïñóòôöõúùûüýÿ’", "aaaaaaceeeeiiiinooooouuuuyy'"
"""Letters that people leave out when they look for a name, and what they type instead."""


def plain(text: str) -> str:
    """Return a name as it is looked for: lower case, without accents."""
    return text.lower().translate(str.maketrans(ACCENTED, PLAIN))


@dataclass(frozen=True, slots=True)
class TransmittedFilter:
    """What a filing must be to be listed; what is not said does not matter."""

    body: str = ""
    """Some of the name of the body, or the beginning of its SIREN."""
    document: Document | None = None
    year: int = 0
    step: Step | None = None
    """Where it is now; one that was reopened is at step 1, 2 or 3."""
    review: ReviewState | None = None
    """State of a review under way: of filings at step 4 only."""

    def takes(self, filing: Filing) -> bool:
        """Tell whether a filing is listed: signed once, and what is asked for."""
        return (
            filing.signed_version > 0
            and (plain(self.body) in plain(filing.body.name) or filing.body.siren.startswith(self.body))
            and self.document in (None, filing.document)
            and self.year in (0, filing.year)
            and self.step in (None, filing.step)
            and (self.review is None or (filing.step, filing.review.state) == (Step.REVIEW, self.review))
        )
