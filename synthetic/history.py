"""The years of one body, one after the other."""

from synthetic.books import Exercice
from synthetic.chance import seeded
from synthetic.chart import HISTORY_OPENS
from synthetic.opening import open_books
from synthetic.profile import Profile
from synthetic.year_end import YearEnd


def keep_books(profile: Profile, key: str, last_year: int) -> list[Exercice]:
    """The exercices from the opening of the history to `last_year`, in order.

    Each year draws from its own generator, so a year is the same however far the history goes on.
    """
    history = [open_books(profile, seeded(key, HISTORY_OPENS))]
    for year in range(HISTORY_OPENS + 1, last_year + 1):
        history.append(YearEnd(profile, history[-1], seeded(key, year)).close())
    return history
