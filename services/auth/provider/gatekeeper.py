"""Decides whether a name and a password open the door, without telling a stranger anything."""

from dataclasses import dataclass
from datetime import timedelta

from chassis.errors import Unauthenticated
from services.auth.domain.account import LONGEST_PASSWORD, Account
from services.auth.domain.errors import TooManyAttempts
from services.auth.usecases.identity_ports import Accounts, Attempts, Passwords

_LONGEST_USERNAME = 64


class WrongCredentials(Unauthenticated):
    """Nom d'utilisateur ou mot de passe incorrect."""

    reason = "WRONG_CREDENTIALS"


@dataclass(frozen=True, slots=True)
class Budget:
    """So many wrong attempts in a window."""

    limit: int
    window: timedelta


PER_ADDRESS = Budget(100, timedelta(minutes=5))
PER_ACCOUNT = Budget(20, timedelta(minutes=15))
PER_ACCOUNT_A_DAY = Budget(60, timedelta(days=1))
PER_DEVICE = Budget(40, timedelta(days=1))
"""A browser that logged in before has its own budget: a stranger who burns the account's cannot lock its owner out.

Together with the account's own this stays under 100 guesses a day (attack A14)."""


class Gatekeeper:
    """Checks passwords within budgets; unknown, disabled and wrong take the same time and get the same answer."""

    def __init__(self, accounts: Accounts, passwords: Passwords, attempts: Attempts) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._attempts = attempts

    async def admit(self, username: str, password: str, address: str, device: str | None) -> Account:
        """Return the account that the password opens.

        Args:
            username: as typed; case and outer spaces do not count.
            password: as typed.
            address: network address of the browser.
            device: proven identifier of a browser in which this very account logged in before.

        Raises:
            WrongCredentials: whatever is wrong.
            TooManyAttempts: a budget is used up; the password was not looked at.
        """
        name = username.strip().lower()[:_LONGEST_USERNAME]
        keys = _budgets(name, address, device)
        for key, budget in keys.items():
            if not await self._attempts.take(key, budget.limit, budget.window):
                raise TooManyAttempts
        account = await self._accounts.by_username(name)
        is_open = account is not None and account.is_active and len(password) <= LONGEST_PASSWORD
        password_hash = account.password_hash if account is not None and is_open else self._passwords.decoy
        fits = await self._passwords.fits(password_hash, password[:LONGEST_PASSWORD])
        if account is None or not is_open or not fits:
            raise WrongCredentials
        for key in keys:
            await self._attempts.give_back(key)
        return account


def _budgets(name: str, address: str, device: str | None) -> dict[str, Budget]:
    keys = {f"address:{address}": PER_ADDRESS}
    if device is not None:
        return keys | {f"device:{device}": PER_DEVICE}
    return keys | {f"account:{name}": PER_ACCOUNT, f"account-day:{name}": PER_ACCOUNT_A_DAY}
